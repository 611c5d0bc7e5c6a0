//! What the recipe promises, one test for each promise.
//!
//! A number such as K3 is a behaviour that CPython's own tests of asyncio check.

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, Termination as _};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::FutureExt as _;
use runtime::{Ended, Program, call_at, call_later, call_soon, run, run_until};
use tokio::runtime::{Builder, Handle, LocalRuntime, Runtime};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, block_in_place, coop, spawn_local, yield_now};
use tokio::time::{Instant, advance, sleep, timeout};

const GRACE: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// What blocks for so long fails its test, and does not hang.
const LONG: Duration = Duration::from_secs(30);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime can be built")
}

fn workers(count: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(count).enable_all().build();
    runtime.expect("a runtime can be built")
}

/// Asks to stop after so many milliseconds, one request after the other.
fn asked<const N: usize>(after: [u64; N]) -> impl AsyncFnMut() {
    let mut delays = after.into_iter();
    async move || match delays.next() {
        Some(delay) => sleep(ms(delay)).await,
        None => pending().await,
    }
}

/// Lines that tasks write, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn add(&self, line: &'static str) {
        self.0.lock().expect("nobody panics").push(line);
    }

    fn lines(&self) -> Vec<&'static str> {
        self.0.lock().expect("nobody panics").clone()
    }
}

/// Says so when it is dropped.
struct OnDrop(Log, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

fn text(panicked: thread::Result<impl Sized>) -> String {
    let payload = panicked.err().expect("it panics");
    match payload.downcast::<&str>() {
        Ok(text) => String::from(*text),
        Err(payload) => *payload.downcast().expect("the payload is text"),
    }
}

// run

#[test]
fn run_returns_what_main_returns() {
    let ended = run(paused(), GRACE, async |_| 42).unwrap();
    assert_eq!(ended.value, Some(42));
    assert!(!ended.interrupted && ended.unfinished.is_empty());
}

#[test]
fn an_error_of_main_is_a_value() {
    let ended = run(paused(), GRACE, async |_| Err::<(), _>("refused")).unwrap();
    assert_eq!(ended.value, Some(Err("refused")));
}

// asyncio's Runner: every run has a runtime of its own here.
#[test]
fn run_can_be_called_again() {
    for value in 0..3 {
        let ended = run(paused(), GRACE, async |_| value).unwrap();
        assert_eq!(ended.value, Some(value));
    }
}

#[test]
fn main_need_not_be_send_and_runs_on_the_calling_thread() {
    let count = Rc::new(Cell::new(0));
    for runtime in [paused(), workers(2)] {
        let main = async |_| {
            count.set(count.get() + 1);
            thread::current().id()
        };
        let ended = run(runtime, GRACE, main).unwrap();
        assert_eq!(ended.value, Some(thread::current().id()));
    }
    assert_eq!(count.get(), 2);
}

#[test]
fn tasks_that_are_not_send_run_in_a_local_set() {
    let main = async |_| {
        let count = Rc::new(Cell::new(41));
        let tasks = LocalSet::new();
        let task = async || {
            let inner = count.clone();
            spawn_local(async move { inner.set(inner.get() + 1) })
                .await
                .unwrap();
            count.get()
        };
        tasks.run_until(task()).await
    };
    assert_eq!(run(paused(), GRACE, main).unwrap().value, Some(42));
}

#[test]
fn in_a_local_runtime_they_need_no_local_set() {
    let runtime = LocalRuntime::new().expect("a runtime can be built");
    let ended = runtime.block_on(run_until(GRACE, pending, async |_| {
        let count = Rc::new(Cell::new(41));
        let inner = count.clone();
        spawn_local(async move { inner.set(inner.get() + 1) })
            .await
            .unwrap();
        count.get()
    }));
    assert_eq!(ended.value, Some(42));
}

#[test]
fn one_thread_runs_all_tasks_of_a_current_thread_runtime() {
    let main = async |program: Program| {
        let task = program.spawn("task", async { thread::current().id() });
        task.await.unwrap()
    };
    let ended = run(paused(), GRACE, main).unwrap();
    assert_eq!(ended.value, Some(Some(thread::current().id())));
}

#[test]
fn several_threads_run_tasks_at_the_same_time() {
    let main = async |program: Program| {
        let both = Arc::new(Barrier::new(2));
        let tasks = ["a", "b"].map(|name| {
            let both = Arc::clone(&both);
            // Each blocks its thread until the other one runs.
            program.spawn(name, async move {
                block_in_place(|| both.wait());
                thread::current().id()
            })
        });
        let mut threads = Vec::new();
        for task in tasks {
            threads.push(task.await.unwrap());
        }
        threads[0] != threads[1]
    };
    assert_eq!(run(workers(2), GRACE, main).unwrap().value, Some(true));
}

// K4: a nested run is refused.
#[test]
fn run_inside_a_runtime_panics() {
    let nested = catch_unwind(|| {
        paused().block_on(async { run(paused(), GRACE, async |_| ()).map(|ended| ended.value) })
    });
    let text = text(nested);
    assert!(
        text.starts_with("Cannot start a runtime from within a runtime. "),
        "{text}"
    );
}

#[test]
fn run_in_a_blocking_closure_of_a_runtime_does_not() {
    let inner = || run(paused(), GRACE, async |_| 42);
    let outer = workers(1).block_on(async { tokio::task::spawn_blocking(inner).await });
    assert_eq!(outer.unwrap().unwrap().value, Some(42));
}

#[test]
fn run_ends_while_a_blocking_call_that_nobody_waits_for_goes_on() {
    let (gate, wait) = mpsc::channel::<()>();
    let (gone, has_gone) = mpsc::channel();
    let ended = run(workers(1), Duration::ZERO, async |_| {
        let (begun, has_begun) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            begun.send(()).unwrap();
            let _closed = wait.recv();
            gone.send(()).unwrap();
        });
        has_begun.await.unwrap();
    });
    assert!(ended.unwrap().value.is_some());
    assert!(has_gone.try_recv().is_err(), "run waited for it");
    drop(gate);
    has_gone.recv().unwrap();
}

// The end of main

// K3: what main leaves behind is ended, and waited for.
#[test]
fn what_main_leaves_behind_is_asked_to_stop_and_waited_for() {
    let log = Log::default();
    let start = async |program: Program| {
        let (token, log) = (program.token(), log.clone());
        program.spawn("saver", async move {
            token.cancelled().await;
            log.add("asked");
            sleep(ms(300)).await;
            log.add("saved");
        });
        yield_now().await;
        "main's value"
    };
    paused().block_on(async {
        let begin = Instant::now();
        let ended = run_until(GRACE, pending, start).await;
        assert_eq!(begin.elapsed(), ms(300));
        assert_eq!(ended.value, Some("main's value"));
        assert!(!ended.interrupted && ended.unfinished.is_empty());
    });
    assert_eq!(log.lines(), ["asked", "saved"]);
}

#[tokio::test(start_paused = true)]
async fn n2_what_is_started_after_the_stop_is_refused() {
    let log = Log::default();
    let begin = Instant::now();
    let ended = run_until(GRACE, asked([100]), async |program| {
        let token = program.token();
        token.cancelled().await;
        let late = OnDrop(log.clone(), "dropped");
        let late = program.spawn("late", async move {
            let _late = late;
            sleep(HOUR).await;
        });
        // At once, and not by a task.
        assert_eq!(log.lines(), ["dropped"]);
        let call = || panic!("it was started");
        let late_call = program.spawn_blocking("late call", call);
        assert_eq!(late.await.unwrap(), None);
        assert_eq!(late_call.await.unwrap(), None::<()>);
        sleep(ms(5)).await;
    });
    let ended = ended.await;
    assert_eq!(begin.elapsed(), ms(105));
    assert!(ended.value.is_some() && ended.unfinished.is_empty());
}

// K1: a task may refuse to be cancelled until the deadline, and not longer.
#[tokio::test(start_paused = true)]
async fn what_does_not_stop_is_aborted_at_the_deadline_and_named() {
    let log = Log::default();
    let begin = Instant::now();
    let ended = run_until(GRACE, pending, async |program| {
        let gone = program.spawn("gone before", ready(()));
        gone.await.unwrap();
        for name in ["one", "two"] {
            let guard = OnDrop(log.clone(), name);
            program.spawn(name, async move {
                let _guard = guard;
                pending::<()>().await;
            });
        }
        program.spawn("in time", sleep(ms(999)));
        42
    });
    let ended = ended.await;
    assert_eq!(begin.elapsed(), GRACE);
    assert_eq!(ended.value, Some(42));
    assert_eq!(ended.unfinished, ["one", "two"]);
    assert_eq!(
        log.lines(),
        ["one", "two"],
        "they were dropped before it returned"
    );
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_an_aborted_task_says_none() {
    let mut task = None;
    let ended = run_until(ms(10), pending, async |program| {
        task = Some(program.spawn("deaf", pending::<()>()));
    });
    assert_eq!(ended.await.unfinished, ["deaf"]);
    let stopped = timeout(HOUR, task.unwrap()).await.unwrap();
    assert_eq!(stopped.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_started_after_the_end_does_not_run() {
    let ended = run_until(GRACE, pending, async |program| program).await;
    let program = ended.value.unwrap();
    let late = program.spawn("late", async { panic!("it runs") });
    assert_eq!(late.await.unwrap(), None::<()>);
    assert!(program.token().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_blocking_closure_is_waited_for_and_can_look_at_the_token() {
    let log = Log::default();
    let ended = run_until(GRACE, pending, async |program| {
        let (token, log) = (program.token(), log.clone());
        program.spawn_blocking("import", move || {
            Handle::current().block_on(token.cancelled());
            log.add("stopped");
        });
    });
    assert!(ended.await.unfinished.is_empty());
    assert_eq!(log.lines(), ["stopped"]);
}

#[test]
fn a_blocking_closure_that_does_not_stop_is_named() {
    let (gate, wait) = mpsc::channel::<()>();
    let (gone, has_gone) = mpsc::channel();
    let ended = run(workers(1), Duration::ZERO, async |program| {
        let (begun, has_begun) = oneshot::channel();
        program.spawn_blocking("import", move || {
            begun.send(()).unwrap();
            let _closed = wait.recv();
            gone.send(()).unwrap();
        });
        has_begun.await.unwrap();
    });
    assert_eq!(ended.unwrap().unfinished, ["import"]);
    drop(gate);
    has_gone.recv().unwrap();
}

#[test]
fn a_blocking_closure_that_had_not_begun_at_the_deadline_never_does() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build();
    let (gate, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    runtime.expect("a runtime can be built").block_on(async {
        let mut queued = None;
        let ended = run_until(Duration::ZERO, pending, async |program| {
            program.spawn_blocking("first", move || {
                begun.send(()).unwrap();
                let _closed = wait.recv();
            });
            queued = Some(program.spawn_blocking("queued", || panic!("it has begun")));
            has_begun.await.unwrap();
        });
        assert_eq!(ended.await.unfinished, ["first", "queued"]);
        drop(gate);
        assert_eq!(queued.unwrap().await.unwrap(), None::<()>);
    });
}

#[tokio::test(start_paused = true)]
async fn names_of_tasks_that_have_ended_do_not_pile_up() {
    let ended = run_until(Duration::ZERO, pending, async |program| {
        program.spawn("deaf", pending::<()>());
        for _ in 0..10_000 {
            program.spawn("short", ready(())).await.unwrap();
        }
        format!("{program:?}").len()
    });
    let ended = ended.await;
    assert_eq!(ended.unfinished, ["deaf"]);
    // Ten thousand names, or their places, would be more than this.
    assert!(ended.value.unwrap() < 2_000);
}

// A deadline that holds

/// The worker that a timer woke has the driver of all timers with it.
#[test]
fn n1_the_deadline_holds_while_every_worker_blocks() {
    for count in [1, 2] {
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (gone, has_gone) = mpsc::channel();
        let ended = run(workers(count), ms(1), async |program| {
            let (begun, has_begun) = mpsc::channel();
            // One after the other: the last has the driver with it.
            for number in 1..=count {
                let (begun, gone, released) = (begun.clone(), gone.clone(), released.clone());
                program.spawn("stuck", async move {
                    if number == count {
                        sleep(ms(1)).await;
                    }
                    begun.send(()).unwrap();
                    // Held by one of them until the other end is gone; the rest wait for the lock.
                    let _closed = released.lock().unwrap().recv_timeout(LONG);
                    gone.send(()).unwrap();
                });
                has_begun.recv().unwrap();
            }
        });
        let ended = ended.unwrap();
        assert_eq!(ended.unfinished, vec!["stuck"; count]);
        assert!(has_gone.try_recv().is_err(), "run waited for it");
        drop(release);
        for _ in 0..count {
            has_gone.recv().unwrap();
        }
    }
}

/// Sends when it is woken.
struct Bell(Mutex<mpsc::Sender<()>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Nobody listens at the end.
        let _ = self.0.lock().expect("nobody panics").send(());
    }
}

#[test]
fn n1_the_deadline_is_one_of_tokio_s_clock() {
    let (ring, rung) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(Mutex::new(ring))));
    let mut context = Context::from_waker(&waker);
    let runtime = paused();
    let _inside = runtime.enter();
    let main = async |program: Program| drop(program.spawn("in time", sleep(ms(1))));
    let mut call = Box::pin(run_until(ms(2), pending, main));
    assert!(call.as_mut().poll(&mut context).is_pending());
    // Nobody turns the runtime: only the thread can wake it, and by Tokio's clock it is too early.
    rung.recv().unwrap();
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert!(runtime.block_on(call).unfinished.is_empty());
}

// A request to stop

// K5: Ctrl-C cancels main and waits for it. Here main is asked.
#[tokio::test(start_paused = true)]
async fn a_request_to_stop_asks_main_and_waits_for_it() {
    let begin = Instant::now();
    let ended = run_until(GRACE, asked([100]), async |program| {
        program.token().cancelled().await;
        assert_eq!(begin.elapsed(), ms(100));
        sleep(ms(200)).await;
        "saved"
    });
    let ended = ended.await;
    assert_eq!(begin.elapsed(), ms(300));
    assert_eq!(ended.value, Some("saved"));
    assert!(ended.interrupted && ended.unfinished.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_main_that_does_not_listen_is_dropped_at_the_deadline() {
    let log = Log::default();
    let begin = Instant::now();
    let ended: Ended<()> = run_until(GRACE, asked([100]), async |program| {
        let _guard = OnDrop(log.clone(), "main");
        program.spawn("deaf", pending::<()>());
        pending().await
    })
    .await;
    assert_eq!(begin.elapsed(), ms(100) + GRACE);
    assert_eq!(ended.value, None);
    assert_eq!(ended.unfinished, ["main", "deaf"]);
    assert_eq!(log.lines(), ["main"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_request_ends_the_grace() {
    let begin = Instant::now();
    let ended = run_until(HOUR, asked([100, 50]), async |program| {
        program.spawn("deaf", pending::<()>());
        program.token().cancelled().await;
        42
    });
    let ended = ended.await;
    assert_eq!(begin.elapsed(), ms(150));
    assert_eq!(ended.value, Some(42));
    assert_eq!(ended.unfinished, ["deaf"]);
}

#[tokio::test(start_paused = true)]
async fn when_main_has_returned_it_takes_two_requests_to_end_the_grace() {
    for (requests, took) in [(1, ms(1000)), (2, ms(200))] {
        let begin = Instant::now();
        // The first call is dropped when main returns, which is at once.
        let mut calls = 0;
        let asked = async || {
            calls += 1;
            if calls > requests + 1 {
                pending().await
            }
            sleep(ms(100)).await;
        };
        let main = async |program: Program| drop(program.spawn("deaf", pending::<()>()));
        let ended = run_until(GRACE, asked, main).await;
        assert_eq!(begin.elapsed(), took);
        assert!(!ended.interrupted);
        assert_eq!(ended.unfinished, ["deaf"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_main_that_is_always_ready_is_interrupted() {
    let (ask, wait) = oneshot::channel();
    let mut wait = Some(wait);
    let asked = async || match wait.take() {
        Some(wait) => wait.await.unwrap(),
        None => pending().await,
    };
    let ended = run_until(GRACE, asked, async |program| {
        ask.send(()).unwrap();
        let token = program.token();
        for _ in 0..100_000 {
            // As a receive from a channel that is never empty: it yields when the budget is used up.
            coop::consume_budget().await;
            if token.is_cancelled() {
                return;
            }
        }
        panic!("the request was not seen");
    });
    assert!(ended.await.interrupted);
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_token_stops_nobody_else() {
    let ended = run_until(GRACE, pending, async |program| {
        program.token().cancel();
        program.token().is_cancelled()
    });
    assert_eq!(ended.await.value, Some(false));
}

// K2: what is cancelled before its first step does not run. Being asked to stop is no cancellation.
#[tokio::test(start_paused = true)]
async fn a_task_that_has_not_begun_when_the_program_stops_runs_unless_the_token_guards_it() {
    let log = Log::default();
    let ended = run_until(GRACE, pending, async |program| {
        let (one, other) = (log.clone(), log.clone());
        program.spawn("asked", async move { one.add("asked") });
        let guarded = async move { other.add("guarded") };
        let guarded = program.token().run_until_cancelled_owned(guarded);
        program.spawn("guarded", guarded);
    });
    assert!(ended.await.unfinished.is_empty());
    assert_eq!(log.lines(), ["asked"]);
}

// Panics

#[test]
fn a_panic_of_main_continues_after_the_clean_up() {
    let log = Log::default();
    let main = async |program: Program| {
        let (token, log) = (program.token(), log.clone());
        program.spawn("saver", async move {
            token.cancelled().await;
            sleep(ms(10)).await;
            log.add("saved");
        });
        yield_now().await;
        panic!("on purpose");
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| run(paused(), GRACE, main)));
    assert_eq!(text(panicked), "on purpose");
    assert_eq!(log.lines(), ["saved"]);
}

#[test]
fn a_panic_of_main_does_not_wait_for_a_blocking_call() {
    let (gate, wait) = mpsc::channel::<()>();
    let (gone, has_gone) = mpsc::channel();
    let main = async |_| {
        let (begun, has_begun) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            begun.send(()).unwrap();
            let _closed = wait.recv();
            gone.send(()).unwrap();
        });
        has_begun.await.unwrap();
        panic!("on purpose");
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| run(workers(1), Duration::ZERO, main)));
    assert_eq!(text(panicked), "on purpose");
    drop(gate);
    has_gone.recv().unwrap();
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_destructors_of_a_main_that_is_cut_continues_after_the_clean_up() {
    let log = Log::default();
    let call = run_until(GRACE, asked([100]), async |program: Program| {
        let guard = OnDrop(log.clone(), "task");
        program.spawn("deaf", async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let _bomb = Bomb;
        pending::<()>().await;
    });
    let panicked = AssertUnwindSafe(call).catch_unwind().await;
    assert_eq!(text(panicked), "in a destructor");
    assert_eq!(log.lines(), ["task"]);
}

// K3: the panic of what is left behind is not lost.
#[tokio::test(start_paused = true)]
async fn a_panic_of_a_task_stays_in_its_handle_and_stops_nobody() {
    let mut task = None;
    let ended = run_until(GRACE, pending, async |program| {
        let token = program.token();
        let panics = async move {
            token.cancelled().await;
            panic!("on purpose");
        };
        task = Some(program.spawn("panics", panics));
        program.spawn("saver", sleep(ms(10)));
    });
    assert!(ended.await.unfinished.is_empty());
    let error = task.unwrap().await.unwrap_err();
    assert_eq!(text(Err::<(), _>(error.into_panic())), "on purpose");
}

#[tokio::test(start_paused = true)]
async fn n10_a_task_that_panicked_is_named_once_and_the_exit_code_is_not_0() {
    let ended = run_until(GRACE, pending, async |program| {
        for name in ["b", "a", "b"] {
            let panics = program.spawn(name, async { panic!("on purpose") });
            assert!(panics.await.is_err_and(|error| error.is_panic()));
        }
        let call = program.spawn_blocking("call", || panic!("on purpose"));
        assert!(call.await.is_err_and(|error| error.is_panic()));
        program.spawn("well", ready(())).await.unwrap();
    });
    let ended = ended.await;
    assert_eq!(ended.panicked, ["a", "b", "call"]);
    assert!(ended.unfinished.is_empty() && !ended.interrupted);
    assert_eq!(ended.code, 1);
}

#[tokio::test(start_paused = true)]
async fn n10_a_task_whose_destructor_panics_is_named() {
    let ended = run_until(GRACE, pending, async |program| {
        let bomb = Bomb;
        program.spawn("is aborted", async move {
            let _bomb = bomb;
            pending::<()>().await;
        });
        let bomb = Bomb;
        program.spawn("ends", async move { drop(bomb) });
    });
    let ended = ended.await;
    assert_eq!(ended.unfinished, ["is aborted"]);
    assert_eq!(ended.panicked, ["ends", "is aborted"]);
}

// The exit code

#[tokio::test(start_paused = true)]
async fn f4_the_exit_code_is_0_when_all_have_ended_and_1_when_something_was_cut() {
    for (second, code) in [(1_000, 0), (50, 1)] {
        let ended = run_until(HOUR, asked([100, second]), async |program| {
            let token = program.token();
            program.spawn("saver", async move {
                token.cancelled().await;
                sleep(ms(60)).await;
            });
            program.token().cancelled().await;
        });
        let ended = ended.await;
        assert!(ended.interrupted);
        assert_eq!(ended.code, code);
    }
}

#[test]
fn n10_a_main_that_returns_it_exits_with_the_code_or_that_of_its_own_value() {
    let ended = |code, value| Ended {
        code,
        ..run(paused(), GRACE, async move |_| value).unwrap()
    };
    let (fails, well) = (ExitCode::from(7), ExitCode::SUCCESS);
    assert_eq!(ended(0, well).report(), ExitCode::SUCCESS);
    assert_eq!(ended(0, fails).report(), ExitCode::from(7));
    assert_eq!(ended(1, well).report(), ExitCode::from(1));
    assert_eq!(ended(130, fails).report(), ExitCode::from(130));
}

// "Event loop is closed"
#[test]
fn a_task_on_a_runtime_that_was_shut_down_is_cancelled() {
    let ended = run(paused(), GRACE, async |_| Handle::current()).unwrap();
    let task = ended.value.unwrap().spawn(async {});
    let error = paused().block_on(task).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn outside_a_runtime_there_is_no_current_one() {
    assert!(Handle::try_current().is_err());
    let text = text(catch_unwind(|| call_soon(|| {})));
    assert!(text.starts_with("there is no reactor running"), "{text}");
}

// Timers

#[tokio::test]
async fn callbacks_are_called_in_order_on_one_thread_and_never_inside_the_call() {
    let log = Log::default();
    for name in ["one", "two", "three"] {
        let log = log.clone();
        call_soon(move || log.add(name));
    }
    assert!(log.lines().is_empty());
    yield_now().await;
    assert_eq!(log.lines(), ["one", "two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn timers_fire_at_their_time_or_at_once_when_it_is_past() {
    let begin = Instant::now();
    advance(ms(50)).await;
    let fired = Arc::new(Mutex::new(Vec::new()));
    let note = |name| {
        let fired = Arc::clone(&fired);
        move || fired.lock().unwrap().push((name, begin.elapsed()))
    };
    call_later(ms(30), note("later"));
    call_at(begin + ms(60), note("at"));
    call_at(begin, note("past"));
    sleep(ms(100)).await;
    let wanted = [("past", ms(50)), ("at", ms(60)), ("later", ms(80))];
    assert_eq!(*fired.lock().unwrap(), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_timer_runs_in_whole_milliseconds_rounded_up() {
    let begin = Instant::now();
    let (fired, wait) = oneshot::channel();
    call_later(Duration::from_micros(1_100), move || {
        fired.send(begin.elapsed()).unwrap()
    });
    assert_eq!(wait.await.unwrap(), ms(2));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_timer_never_fires_and_lets_go_of_its_callback() {
    let held = Arc::new(AtomicUsize::new(0));
    let callback = || {
        let held = Arc::clone(&held);
        move || {
            held.fetch_add(1, Ordering::Relaxed);
        }
    };
    let (soon, later) = (call_soon(callback()), call_later(ms(10), callback()));
    let due = call_later(ms(20), callback());
    soon.abort();
    later.abort();
    // Its time has come, and its task has not been polled since.
    let _jumped = futures::FutureExt::now_or_never(advance(ms(20)));
    due.abort();
    sleep(HOUR).await;
    assert_eq!(held.load(Ordering::Relaxed), 0);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_of_a_timer_changes_nothing() {
    let (fired, wait) = oneshot::channel();
    drop(call_later(ms(10), move || fired.send(()).unwrap()));
    timeout(HOUR, wait).await.unwrap().unwrap();
}

#[test]
fn timers_that_are_not_due_at_the_end_never_fire() {
    let log = Log::default();
    let main = async |_| {
        let guard = OnDrop(log.clone(), "dropped");
        call_later(ms(10), move || guard.0.add("fired"));
        yield_now().await;
    };
    assert!(run(paused(), GRACE, main).unwrap().unfinished.is_empty());
    assert_eq!(log.lines(), ["dropped"]);
}
