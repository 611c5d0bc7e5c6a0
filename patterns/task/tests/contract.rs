//! What a set of tasks promises, one test for each promise.
//!
//! A number such as K1 is a behaviour that CPython's own tests of asyncio check.

use std::any::Any;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use common::cancellation::alive_tasks;
use task::{Failure, Stopped, Tasks};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{block_in_place, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const NOW: Duration = Duration::ZERO;
/// Longer than anything here takes: where something is broken, a test fails and does not hang.
const LONG: Duration = Duration::from_secs(30);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

type Set = Tasks<&'static str>;

/// What was reported, and when.
type Reports = Arc<Mutex<Vec<(Duration, String)>>>;

/// A set, and what it has reported.
fn tasks() -> (Set, Reports) {
    let start = Instant::now();
    let reports = Reports::default();
    let list = reports.clone();
    let tasks = Tasks::new(move |name, failure| {
        let report = (start.elapsed(), format!("{name} {failure:#}"));
        list.lock().expect("nothing panics in here").push(report);
    });
    (tasks, reports)
}

/// Asks every task to stop, and waits until it has.
async fn end(tasks: &Set) -> Stopped {
    tasks.stop(LONG, NOW).await
}

/// Holds `alive` and never ends.
async fn hold(alive: Arc<()>) -> Result<(), &'static str> {
    let _alive = alive;
    pending().await
}

/// Ends `millis` after it was asked to.
async fn polite(stop: CancellationToken, millis: u64) -> Result<(), &'static str> {
    stop.cancelled().await;
    sleep(ms(millis)).await;
    Ok(())
}

async fn panic_after(millis: u64, payload: impl Any + Send) -> Result<(), &'static str> {
    sleep(ms(millis)).await;
    panic_any(payload)
}

fn one_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built")
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime can be built")
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(String::from).into()
}

// 9 of the inventory: asyncio calls its exception handler when the task is collected, if ever.
#[tokio::test(start_paused = true)]
async fn an_error_is_reported_when_it_happens() {
    let (tasks, reports) = tasks();
    let fail = async {
        sleep(ms(10)).await;
        Err("no route")
    };
    tasks.spawn("mail", |_| fail).unwrap();
    sleep(ms(20)).await;
    let told = (ms(10), String::from("mail failed: no route"));
    assert_eq!(*reports.lock().unwrap(), [told]);
    assert_eq!(alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_reported_when_it_happens_with_its_text() {
    let (tasks, reports) = tasks();
    let text = String::from("broken");
    tasks.spawn("a", |_| panic_after(10, "bug")).unwrap();
    tasks.spawn("b", |_| panic_after(20, text)).unwrap();
    tasks.spawn("c", |_| panic_after(30, 7)).unwrap();
    sleep(ms(40)).await;
    let told = [
        (ms(10), String::from("a panicked: bug")),
        (ms(20), String::from("b panicked: broken")),
        (ms(30), String::from("c panicked: its payload is no text")),
    ];
    assert_eq!(*reports.lock().unwrap(), told);
    assert_eq!(tasks.running(), names([]));
}

#[tokio::test(start_paused = true)]
async fn the_payload_of_a_panic_is_kept() {
    let (sender, payload) = mpsc::channel();
    let tasks = Tasks::<()>::new(move |_, failure| match failure {
        Failure::Panic(payload) => sender.send(payload).unwrap(),
        Failure::Error(()) => panic!("it panicked"),
    });
    let task = async { panic_any(7_u8) };
    tasks.spawn("task", |_| task).unwrap();
    yield_now().await;
    assert_eq!(*payload.try_recv().unwrap().downcast::<u8>().unwrap(), 7);
}

// An error that is one is the cause. All of them are in the text in the form `{:#}`.
#[test]
fn f3_the_error_of_a_task_is_the_cause_of_its_failure() {
    let disk_full = || std::io::Error::other("disk full");
    let failure = Failure::Error(disk_full());
    let cause = std::error::Error::source(&failure).expect("there is a cause");
    assert!(cause.is::<std::io::Error>());
    assert_eq!(failure.to_string(), "failed");
    assert_eq!(format!("{failure:#}"), "failed: disk full");

    let text = Failure::Error(String::from("disk full"));
    assert_eq!(format!("{text:#}"), "failed: disk full");
    let chain = anyhow::Error::from(disk_full()).context("cannot save");
    let failure = Failure::Error(chain);
    assert_eq!(format!("{failure:#}"), "failed: cannot save: disk full");
}

#[tokio::test]
async fn a_set_shows_who_runs() {
    let (tasks, _reports) = tasks();
    tasks.spawn("a", |_| hold(Arc::default())).unwrap();
    assert_eq!(format!("{tasks:?}"), r#"Tasks { running: ["a"] }"#);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_is_reported() {
    let (tasks, reports) = tasks();
    // Dropped with the future, not in its body.
    let bomb = Bomb;
    let ends = std::future::poll_fn(move |_| {
        let _bomb = &bomb;
        std::task::Poll::Ready(Ok(()))
    });
    tasks.spawn("ends", |_| ends).unwrap();
    yield_now().await;
    let bomb = Bomb;
    let is_aborted = async move {
        let _bomb = bomb;
        pending().await
    };
    tasks.spawn("aborted", |_| is_aborted).unwrap();
    yield_now().await;
    assert_eq!(tasks.stop(NOW, ms(10)).await.aborted, ["aborted"]);
    let told = ["ends", "aborted"].map(|name| (NOW, format!("{name} panicked: in a destructor")));
    assert_eq!(*reports.lock().unwrap(), told);
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_nobody_else() {
    let (tasks, reports) = tasks();
    tasks.spawn("fails", |_| async { Err("broken") }).unwrap();
    tasks.spawn("panics", |_| panic_after(0, "bug")).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let flag = done.clone();
    let works = async move {
        sleep(ms(100)).await;
        flag.store(true, Ordering::Relaxed);
        Ok(())
    };
    tasks.spawn("works", |_| works).unwrap();
    sleep(ms(50)).await;
    assert_eq!(reports.lock().unwrap().len(), 2);
    assert_eq!(tasks.running(), ["works"]);
    sleep(ms(100)).await;
    assert!(done.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn what_was_reported_runs_no_longer() {
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let set: Arc<std::sync::OnceLock<Set>> = Arc::default();
    let tasks = set.clone();
    let new = Tasks::new(move |_, _| {
        let running = tasks.get().expect("it was set").running();
        sender.send(running).expect("somebody listens");
    });
    let tasks = set.get_or_init(|| new);
    tasks.spawn("stays", |stop| polite(stop, 0)).unwrap();
    tasks.spawn("fails", |_| async { Err("broken") }).unwrap();
    tasks.spawn("panics", |_| panic_after(1, "bug")).unwrap();
    sleep(ms(10)).await;
    assert_eq!(seen.try_recv().unwrap(), ["stays", "panics"]);
    assert_eq!(seen.try_recv().unwrap(), ["stays"]);
    end(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_report_that_panics_leaves_the_set_in_order() {
    let tasks = Tasks::new(|_, _| panic!("the report"));
    tasks.spawn("fails", |_| async { Err("broken") }).unwrap();
    tasks.spawn("stays", |stop| polite(stop, 0)).unwrap();
    yield_now().await;
    assert_eq!(tasks.running(), ["stays"]);
    assert_eq!(end(&tasks).await.asked, ["stays"]);
}

// T10
#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_a_task_that_has_ended() {
    let (tasks, _reports) = tasks();
    let alive = Arc::new(());
    for number in 0..1_000 {
        let held = alive.clone();
        let work = async move {
            let _held = held;
            yield_now().await;
            if number % 2 == 0 { Ok(()) } else { Err("odd") }
        };
        tasks.spawn(number.to_string(), |_| work).unwrap();
    }
    assert_eq!(tasks.running().len(), 1_000);
    sleep(ms(1)).await;
    assert_eq!(tasks.running(), names([]));
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(alive_tasks(), 0);
}

// T14: a task of asyncio has a name that is never asked for; here every task has one.
#[tokio::test(start_paused = true)]
async fn who_runs_is_listed_in_the_order_of_the_start() {
    let (tasks, _reports) = tasks();
    assert_eq!(tasks.running(), names([]));
    let ends_after = |millis| async move {
        sleep(ms(millis)).await;
        Ok(())
    };
    tasks.spawn("c", |_| ends_after(30)).unwrap();
    tasks.spawn("a", |_| ends_after(10)).unwrap();
    tasks.spawn("b", |_| ends_after(20)).unwrap();
    tasks.spawn("a", |_| ends_after(40)).unwrap();
    assert_eq!(tasks.running(), ["c", "a", "b", "a"]);
    sleep(ms(15)).await;
    assert_eq!(tasks.running(), ["c", "b", "a"]);
    sleep(ms(10)).await;
    assert_eq!(tasks.running(), ["c", "a"]);
    end(&tasks).await;
    assert_eq!(tasks.running(), names([]));
}

#[tokio::test(start_paused = true)]
async fn stop_says_who_stopped_when_asked_and_who_was_aborted() {
    let (tasks, _reports) = tasks();
    let start = Instant::now();
    tasks.spawn("quick", |stop| polite(stop, 10)).unwrap();
    tasks.spawn("deaf", |_| hold(Arc::default())).unwrap();
    tasks.spawn("slow", |stop| polite(stop, 90)).unwrap();
    tasks.spawn("late", |stop| polite(stop, 110)).unwrap();
    tasks.spawn("over", |_| async { Ok(()) }).unwrap();
    yield_now().await;
    let expected = Stopped {
        asked: names(["quick", "slow"]),
        aborted: names(["deaf", "late"]),
        ..Stopped::default()
    };
    assert_eq!(tasks.stop(ms(100), ms(100)).await, expected);
    assert_eq!(start.elapsed(), ms(100));
    assert_eq!(alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn stop_returns_as_soon_as_all_have_ended() {
    let (tasks, _reports) = tasks();
    let start = Instant::now();
    tasks.spawn("quick", |stop| polite(stop, 10)).unwrap();
    assert_eq!(tasks.stop(ms(100), ms(100)).await.asked, ["quick"]);
    assert_eq!(start.elapsed(), ms(10));
    // And another time at once.
    let again = tasks.stop(ms(100), ms(100)).await;
    assert_eq!(again.asked, names([]));
    assert_eq!(start.elapsed(), ms(10));
}

#[tokio::test(start_paused = true)]
async fn an_endless_grace_waits_for_the_work_in_hand() {
    let (tasks, _reports) = tasks();
    let start = Instant::now();
    let long = async {
        sleep(ms(60_000)).await;
        Ok(())
    };
    tasks.spawn("long", |_| long).unwrap();
    let endless = tasks.stop(Duration::MAX, NOW);
    let stopped = timeout(ms(120_000), endless).await.unwrap();
    assert_eq!(stopped.asked, ["long"]);
    assert_eq!(start.elapsed(), ms(60_000));
}

#[tokio::test(start_paused = true)]
async fn a_failure_while_stopping_is_reported() {
    let (tasks, reports) = tasks();
    let fails = |stop: CancellationToken| async move {
        stop.cancelled().await;
        Err("cannot flush")
    };
    tasks.spawn("fails", fails).unwrap();
    assert_eq!(end(&tasks).await.asked, ["fails"]);
    let told = (NOW, String::from("fails failed: cannot flush"));
    assert_eq!(*reports.lock().unwrap(), [told]);
}

// K1: asyncio's one `cancel` is here two: what asks can be refused, an abort cannot.
#[tokio::test(start_paused = true)]
async fn a_task_can_refuse_to_be_asked_but_not_an_abort() {
    let (tasks, _reports) = tasks();
    let cleaned = Arc::new(AtomicBool::new(false));
    let flag = cleaned.clone();
    let refuses = |stop: CancellationToken| async move {
        stop.cancelled().await;
        sleep(ms(1_000)).await;
        flag.store(true, Ordering::Relaxed);
        Ok(())
    };
    tasks.spawn("refuses", refuses).unwrap();
    assert_eq!(tasks.stop(ms(999), ms(1)).await.aborted, ["refuses"]);
    sleep(ms(10)).await;
    assert!(!cleaned.load(Ordering::Relaxed));
}

// K2
#[tokio::test(start_paused = true)]
async fn a_task_that_is_stopped_before_its_first_step_never_runs() {
    let (tasks, _reports) = tasks();
    let alive = Arc::new(());
    let (held, ran) = (alive.clone(), Arc::new(AtomicBool::new(false)));
    let flag = ran.clone();
    let work = async move {
        let _held = held;
        flag.store(true, Ordering::Relaxed);
        Ok(())
    };
    tasks.spawn("work", |_| work).unwrap();
    assert_eq!(tasks.stop(NOW, ms(1)).await.aborted, ["work"]);
    assert!(!ran.load(Ordering::Relaxed));
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(alive_tasks(), 0);
}

#[test]
fn n3_who_was_aborted_with_no_time_left_is_aborted_and_not_running() {
    for runtime in [one_thread(), two_workers()] {
        runtime.block_on(async {
            for grace in [NOW, ms(10)] {
                let (tasks, _reports) = tasks();
                for name in ["one", "two", "three"] {
                    tasks.spawn(name, |_| hold(Arc::default())).unwrap();
                }
                yield_now().await;
                let stopped = tasks.stop(grace, NOW).await;
                assert_eq!(stopped.aborted, ["one", "two", "three"]);
                assert_eq!(stopped.running, names([]));
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn n3_many_that_are_behind_others_in_the_queue_are_aborted_in_no_time() {
    let (tasks, _reports) = tasks();
    let start = Instant::now();
    for number in 0..1_000 {
        tasks
            .spawn(number.to_string(), |_| hold(Arc::default()))
            .unwrap();
    }
    let busy = AbortOnDropHandle::new(tokio::spawn(async {
        loop {
            yield_now().await;
        }
    }));
    yield_now().await;
    assert_eq!(tasks.stop(NOW, NOW).await.aborted.len(), 1_000);
    assert_eq!(start.elapsed(), NOW);
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn n3_a_refused_spawn_does_not_call_its_work() {
    let (tasks, _reports) = tasks();
    end(&tasks).await;
    let mut calls = 0;
    let work = |_| {
        calls += 1;
        pending()
    };
    tasks.spawn("late", work).unwrap_err();
    assert_eq!(calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_work_that_makes_no_future_leaves_nothing() {
    let (tasks, reports) = tasks();
    let panics = |_| -> std::future::Ready<Result<(), &'static str>> { panic!("no future") };
    let spawn = AssertUnwindSafe(|| tasks.spawn("task", panics));
    assert!(catch_unwind(spawn).is_err());
    assert_eq!(tasks.running(), names([]));
    assert_eq!(end(&tasks).await, Stopped::default());
    assert_eq!(*reports.lock().unwrap(), []);
}

#[tokio::test]
async fn n3_a_blocking_task_that_came_to_its_end_after_the_grace_has_its_own_word() {
    let (tasks, reports) = tasks();
    let (begun, release, work) = block();
    tasks.spawn_blocking("blocks", work).unwrap();
    tasks.spawn("deaf", |_| hold(Arc::default())).unwrap();
    begun.await.unwrap();
    // It is let go when the other one has been aborted, which is after the grace.
    let let_go = async {
        while tasks.running().len() > 1 {
            yield_now().await;
        }
        release.send(()).unwrap();
    };
    let (stopped, ()) = tokio::join!(tasks.stop(NOW, LONG), let_go);
    let expected = Stopped {
        late: names(["blocks"]),
        aborted: names(["deaf"]),
        ..Stopped::default()
    };
    assert_eq!(stopped, expected);
    assert_eq!(*reports.lock().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn n3_a_task_that_is_started_before_the_first_poll_of_stop_is_stopped_too() {
    let (tasks, _reports) = tasks();
    let stopping = tasks.stop(ms(10), NOW);
    tasks.spawn("in time", |stop| polite(stop, 0)).unwrap();
    assert_eq!(stopping.await.asked, ["in time"]);
}

#[tokio::test(start_paused = true)]
async fn two_that_stop_at_the_same_time_say_the_same() {
    let (tasks, _reports) = tasks();
    tasks.spawn("deaf", |_| hold(Arc::default())).unwrap();
    tasks.spawn("quick", |stop| polite(stop, 5)).unwrap();
    let expected = Stopped {
        asked: names(["quick"]),
        aborted: names(["deaf"]),
        ..Stopped::default()
    };
    let (short, long) = tokio::join!(tasks.stop(ms(10), NOW), tasks.stop(ms(100), NOW));
    assert_eq!(short, expected);
    assert_eq!(long, expected);
}

/// The worker that a timer woke has the driver of all timers with it.
#[test]
fn n1_stop_returns_in_time_while_every_worker_blocks() {
    for count in [1, 2] {
        let workers = Builder::new_multi_thread()
            .worker_threads(count)
            .enable_time()
            .build();
        workers.expect("a runtime can be built").block_on(async {
            let (tasks, _reports) = tasks();
            let mut stuck = Vec::new();
            // One after the other: the last has the driver with it.
            for number in 1..=count {
                let (begun, release, work) = block();
                let wait = if number == count { ms(1) } else { NOW };
                let blocks = move |stop| async move {
                    if wait > NOW {
                        sleep(wait).await;
                    }
                    work(stop)
                };
                tasks.spawn("stuck", blocks).unwrap();
                begun.await.unwrap();
                stuck.push(release);
            }
            let stopped = tasks.stop(ms(1), ms(1)).await;
            assert_eq!(stopped.running, vec!["stuck"; count]);
            for release in stuck {
                release.send(()).unwrap();
            }
            let stopped = tasks.stop(LONG, NOW).await;
            assert!(stopped.running.is_empty() && stopped.aborted.is_empty());
        });
    }
}

// T12
#[tokio::test(start_paused = true)]
async fn no_task_is_started_after_stop() {
    let (tasks, _reports) = tasks();
    tasks.spawn("stays", |_| hold(Arc::default())).unwrap();
    let stopping = tasks.stop(ms(100), ms(100));
    let spawn = async {
        let alive = Arc::new(());
        let refused = tasks.spawn("late", |_| hold(alive.clone())).unwrap_err();
        assert_eq!(refused.to_string(), "the tasks are being stopped");
        let held = alive.clone();
        let work = move |_| {
            let _held = held;
            panic!("it was started");
        };
        tasks.spawn_blocking("late", work).unwrap_err();
        assert_eq!(Arc::strong_count(&alive), 1);
        assert_eq!(tasks.running(), ["stays"]);
    };
    let (stopped, ()) = tokio::join!(biased; stopping, spawn);
    assert_eq!(stopped.aborted, ["stays"]);
    tasks.spawn("late", |_| hold(Arc::default())).unwrap_err();
    assert_eq!(alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_set_aborts_every_task() {
    let (tasks, _reports) = tasks();
    let alive = Arc::new(());
    for name in ["a", "b", "c"] {
        tasks.spawn(name, |_| hold(alive.clone())).unwrap();
    }
    yield_now().await;
    assert_eq!(Arc::strong_count(&alive), 4);
    drop(tasks);
    sleep(ms(1)).await;
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(alive_tasks(), 0);
}

/// Begins to block, and blocks until it is released.
fn block() -> (
    oneshot::Receiver<()>,
    mpsc::Sender<()>,
    impl FnOnce(CancellationToken) -> Result<(), &'static str> + Send + 'static,
) {
    let (begin, begun) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let work = move |_| {
        begin.send(()).expect("the test waits");
        released.recv_timeout(LONG).map_err(|_| "never released")
    };
    (begun, release, work)
}

#[tokio::test]
async fn dropping_the_set_asks_those_that_block() {
    let (tasks, _reports) = tasks();
    let (begun, release, block) = block();
    let (tell, asked) = oneshot::channel();
    let work = |stop: CancellationToken| {
        block(stop.clone())?;
        tell.send(stop.is_cancelled()).map_err(|_| "nobody listens")
    };
    tasks.spawn_blocking("blocks", work).unwrap();
    begun.await.unwrap();
    drop(tasks);
    release.send(()).unwrap();
    assert!(asked.await.unwrap());
}

// 31 of the inventory
#[tokio::test(start_paused = true)]
async fn a_blocking_task_that_has_begun_cannot_be_aborted() {
    let (tasks, reports) = tasks();
    let (begun, release, work) = block();
    tasks.spawn_blocking("blocks", work).unwrap();
    begun.await.unwrap();
    let stopped = tasks.stop(NOW, NOW).await;
    assert_eq!(stopped.running, ["blocks"]);
    assert_eq!(stopped.aborted, names([]));
    assert_eq!(tasks.running(), ["blocks"]);
    // It is still tracked, and ends by itself. Released before the call, it could end before it.
    let release = async { release.send(()).unwrap() };
    let (stopped, ()) = tokio::join!(biased; tasks.stop(LONG, NOW), release);
    assert_eq!(stopped.late, ["blocks"]);
    assert_eq!(*reports.lock().unwrap(), []);
}

#[test]
fn a_blocking_task_that_has_not_begun_can() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let (tasks, _reports) = tasks();
        let (begun, release, work) = block();
        tasks.spawn_blocking("blocks", work).unwrap();
        begun.await.unwrap();
        let work = |_| panic!("it has begun");
        tasks.spawn_blocking("waits for the thread", work).unwrap();
        tasks.stop(NOW, NOW).await;
        release.send(()).unwrap();
        tasks.stop(LONG, NOW).await;
        assert_eq!(tasks.running(), names([]));
    });
}

#[tokio::test]
async fn a_blocking_task_reports_its_failure() {
    let (tasks, reports) = tasks();
    tasks.spawn_blocking("fails", |_| Err("broken")).unwrap();
    tasks.stop(LONG, NOW).await;
    let (tasks, more) = self::tasks();
    tasks.spawn_blocking("panics", |_| panic!("bug")).unwrap();
    tasks.stop(LONG, NOW).await;
    assert_eq!(reports.lock().unwrap()[0].1, "fails failed: broken");
    assert_eq!(more.lock().unwrap()[0].1, "panics panicked: bug");
}

#[test]
fn a_task_that_does_not_await_is_found_running() {
    two_workers().block_on(async {
        let (tasks, _reports) = tasks();
        let (begun, release, work) = block();
        let computes = |stop| async move { block_in_place(|| work(stop)) };
        tasks.spawn("computes", computes).unwrap();
        begun.await.unwrap();
        assert_eq!(tasks.stop(NOW, NOW).await.running, ["computes"]);
        release.send(()).unwrap();
        assert_eq!(tasks.stop(LONG, NOW).await.running, names([]));
    });
}

#[test]
fn stop_waits_for_the_destructors_of_a_task() {
    struct Slow(mpsc::Receiver<()>, Arc<AtomicBool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.0.recv_timeout(LONG);
            self.1.store(true, Ordering::Release);
        }
    }

    two_workers().block_on(async {
        let (tasks, _reports) = tasks();
        let (release, released) = mpsc::channel();
        let dropped = Arc::new(AtomicBool::new(false));
        let slow = Slow(released, dropped.clone());
        // Captured, and never polled or polled: in both cases it is dropped before its place.
        let work = async move {
            let _slow = slow;
            pending().await
        };
        tasks.spawn("slow", |_| work).unwrap();
        assert_eq!(tasks.stop(NOW, NOW).await.running, ["slow"]);
        release.send(()).unwrap();
        assert_eq!(tasks.stop(LONG, NOW).await.running, names([]));
        assert!(dropped.load(Ordering::Acquire));
    });
}

// T11
#[tokio::test(start_paused = true)]
async fn a_task_can_start_others() {
    let (tasks, _reports) = tasks();
    let tasks = Arc::new(tasks);
    let weak = Arc::downgrade(&tasks);
    let parent = async move {
        let tasks = weak.upgrade().ok_or("the set is gone")?;
        let child = tasks.spawn("child", |stop| polite(stop, 0));
        child.map_err(|_| "refused")
    };
    tasks.spawn("parent", |_| parent).unwrap();
    yield_now().await;
    assert_eq!(tasks.running(), ["child"]);
    assert_eq!(end(&tasks).await.asked, ["child"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stops_its_own_set_is_aborted_after_the_grace() {
    let (tasks, reports) = tasks();
    let tasks = Arc::new(tasks);
    let weak = Arc::downgrade(&tasks);
    let stops = async move {
        let tasks = weak.upgrade().ok_or("the set is gone")?;
        tasks.stop(ms(100), ms(100)).await;
        Err("it came back")
    };
    tasks.spawn("stops", |_| stops).unwrap();
    sleep(ms(99)).await;
    assert_eq!(tasks.running(), ["stops"]);
    sleep(ms(2)).await;
    assert_eq!(tasks.running(), names([]));
    assert_eq!(*reports.lock().unwrap(), []);
    assert_eq!(Arc::strong_count(&tasks), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cancels_its_token_stops_nobody_else() {
    let (tasks, _reports) = tasks();
    let cancels = |stop: CancellationToken| async move {
        stop.cancel();
        Ok(())
    };
    tasks.spawn("cancels", cancels).unwrap();
    tasks.spawn("stays", |stop| polite(stop, 0)).unwrap();
    sleep(ms(1)).await;
    assert_eq!(tasks.running(), ["stays"]);
    end(&tasks).await;
}

#[tokio::test(start_paused = true)]
async fn every_task_is_started_at_once() {
    let (tasks, _reports) = tasks();
    let started = Arc::new(AtomicUsize::new(0));
    for number in 0..1_000 {
        let started = started.clone();
        let work = async move {
            started.fetch_add(1, Ordering::Relaxed);
            pending().await
        };
        tasks.spawn(number.to_string(), |_| work).unwrap();
    }
    sleep(ms(1)).await;
    assert_eq!(started.load(Ordering::Relaxed), 1_000);
    assert_eq!(tasks.stop(NOW, ms(1)).await.aborted.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn tasks_begin_in_the_order_of_their_start_on_one_thread() {
    let (tasks, _reports) = tasks();
    let begun = Arc::new(Mutex::new(Vec::new()));
    for number in 0..100 {
        let begun = begun.clone();
        let work = async move {
            begun.lock().unwrap().push(number);
            Ok(())
        };
        tasks.spawn("task", |_| work).unwrap();
    }
    // 14 of the inventory: none has begun in `spawn`.
    assert!(begun.lock().unwrap().is_empty());
    end(&tasks).await;
    assert_eq!(*begun.lock().unwrap(), Vec::from_iter(0..100));
}

#[test]
fn tasks_run_on_several_threads() {
    two_workers().block_on(async {
        let (tasks, _reports) = tasks();
        // Each of the two blocks its thread until the other one runs.
        let both = Arc::new(Barrier::new(2));
        for name in ["one", "other"] {
            let both = both.clone();
            let meet = async move {
                block_in_place(|| both.wait());
                Ok(())
            };
            tasks.spawn(name, |_| meet).unwrap();
        }
        tasks.stop(LONG, NOW).await;
    });
}

#[test]
fn outside_of_a_runtime_spawn_panics_and_leaves_nothing() {
    let tasks = Tasks::<()>::new(|_, _| panic!("none fails"));
    let spawn = AssertUnwindSafe(|| tasks.spawn("a", |_| pending()));
    assert!(catch_unwind(spawn).is_err());
    let spawn = AssertUnwindSafe(|| tasks.spawn_blocking("b", |_| Ok(())));
    assert!(catch_unwind(spawn).is_err());
    assert_eq!(tasks.running(), names([]));
}

// K3: what a runtime drops at its end is not lost sight of.
#[test]
fn a_runtime_that_shuts_down_ends_the_tasks() {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime can be built");
    let tasks = {
        let _inside = runtime.enter();
        let tasks = Tasks::<()>::new(|_, _| panic!("none fails"));
        tasks.spawn("a", |_| pending()).unwrap();
        tasks
    };
    assert_eq!(tasks.running(), ["a"]);
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_eq!(tasks.running(), names([]));
    // Its spawn drops the task at once, and with it the place that the spawn has given it.
    let _inside = handle.enter();
    tasks.spawn("b", |_| pending()).unwrap();
    assert_eq!(tasks.running(), names([]));
}
