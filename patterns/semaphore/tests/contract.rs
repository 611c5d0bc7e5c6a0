//! What the recipe promises, one test for each promise.
//!
//! A number such as S8 is a behaviour that CPython's own tests of `asyncio.Semaphore` check.

use std::future::{pending, ready};
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::time::Duration;
use std::{iter, thread};

use common::cancellation::alive_tasks;
use futures::executor::block_on;
use futures::{FutureExt, poll};
use semaphore::{Permit, Refused, SharedLimit, TryMapError, map_limited, try_map_limited};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, TryAcquireError, oneshot};
use tokio::task::{JoinSet, block_in_place, yield_now};
use tokio::time::{Instant, sleep, timeout};

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const THREE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Ends with `result` after `millis`.
async fn after<R>(millis: u64, result: R) -> R {
    sleep(ms(millis)).await;
    result
}

/// Panics with `text` after `millis`.
async fn panic_after<R>(millis: u64, text: &'static str) -> R {
    sleep(ms(millis)).await;
    panic!("{text}")
}

/// Holds `alive` and never ends.
async fn hold<R>(alive: Arc<()>) -> R {
    let _alive = alive;
    pending().await
}

/// How many futures hold `alive`, and so have not been dropped.
fn held(alive: &Arc<()>) -> usize {
    Arc::strong_count(alive) - 1
}

/// The text that a call panicked with.
async fn panic_of<R>(call: impl Future<Output = R>) -> String {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(_) => panic!("the call returned"),
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => String::from(*text),
            Err(payload) => *payload.downcast().expect("the payload is text"),
        },
    }
}

/// The call's result, unless it hangs.
async fn in_time<R>(call: impl Future<Output = R>) -> R {
    let hour = Duration::from_secs(3600);
    timeout(hour, call).await.expect("the call hangs")
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be built")
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(count)
        .build()
        .expect("a runtime can be built")
}

/// Counts how many are at work, and the most there were.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

impl Gauge {
    async fn work(self, millis: u64) {
        let (now, most) = &*self.0;
        let at_work = now.fetch_add(1, Ordering::Relaxed) + 1;
        most.fetch_max(at_work, Ordering::Relaxed);
        sleep(ms(millis)).await;
        now.fetch_sub(1, Ordering::Relaxed);
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_are_in_flight() {
    let start = Instant::now();
    let gauge = Gauge::default();
    in_time(map_limited(0..10, THREE, |_| gauge.clone().work(10))).await;
    assert_eq!(gauge.most(), 3);
    // Three, three, three and one.
    assert_eq!(start.elapsed(), ms(40));

    let gauge = Gauge::default();
    in_time(map_limited(0..10, ONE, |_| gauge.clone().work(10))).await;
    assert_eq!(gauge.most(), 1);
    assert_eq!(start.elapsed(), ms(140));

    let gauge = Gauge::default();
    in_time(map_limited(0..10, NonZeroUsize::MAX, |_| {
        gauge.clone().work(10)
    }))
    .await;
    assert_eq!(gauge.most(), 10);
    assert_eq!(start.elapsed(), ms(150));
}

#[test]
fn no_more_than_the_limit_are_in_flight_on_several_threads() {
    let now = Arc::new(AtomicUsize::new(0));
    let work = |_| {
        let now = Arc::clone(&now);
        async move {
            assert!(now.fetch_add(1, Ordering::Relaxed) < 3);
            yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
        }
    };
    workers(2).block_on(async {
        assert_eq!(map_limited(0..1_000, THREE, work).await.len(), 1_000);
    });
}

#[tokio::test(start_paused = true)]
async fn results_come_in_input_order() {
    let start = Instant::now();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let begin = |millis| {
        let ended = Arc::clone(&ended);
        async move {
            sleep(ms(millis)).await;
            ended.lock().unwrap().push(millis);
            millis
        }
    };
    assert_eq!(
        map_limited([30, 10, 5, 20], TWO, begin).await,
        [30, 10, 5, 20]
    );
    assert_eq!(*ended.lock().unwrap(), [10, 5, 30, 20]);
    assert_eq!(start.elapsed(), ms(35));

    let values = try_map_limited([30, 10, 5, 20], TWO, |n| after(n, Ok::<_, ()>(n))).await;
    assert_eq!(values.unwrap(), [30, 10, 5, 20]);
}

// S3, for the fan-out: what ends makes room for as many.
#[tokio::test(start_paused = true)]
async fn a_slow_item_holds_up_none_but_itself() {
    let start = Instant::now();
    // While the first sleeps, the other place serves the rest.
    let items = [100].into_iter().chain([10; 10]);
    in_time(map_limited(items, TWO, |millis| sleep(ms(millis)))).await;
    assert_eq!(start.elapsed(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn the_next_item_is_taken_only_when_there_is_room() {
    let taken = AtomicUsize::new(0);
    let items = (0_usize..6).inspect(|_| {
        taken.fetch_add(1, Ordering::Relaxed);
    });
    let mut call = pin!(map_limited(items, TWO, |index| sleep(ms(
        [10, 20, 30][index % 3]
    ))));
    let mut seen = Vec::new();
    for wait in [5, 10, 10, 10, 10, 10] {
        assert!(timeout(ms(wait), &mut call).await.is_err());
        seen.push(taken.load(Ordering::Relaxed));
    }
    // A task ends after 10, 20, 30, 40 and 50 ms. The fifth finds no item left.
    assert_eq!(seen, [2, 3, 4, 5, 6, 6]);
    assert_eq!(in_time(call).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn items_begin_in_input_order() {
    let begun = Arc::new(Mutex::new(Vec::new()));
    let begin = |index: u64| {
        let begun = Arc::clone(&begun);
        async move {
            begun.lock().unwrap().push(index);
            sleep(ms(index * 7 % 5)).await;
        }
    };
    map_limited(0..10, THREE, begin).await;
    assert_eq!(*begun.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn tasks_that_have_ended_are_gone_while_others_wait() {
    let mut most = 0;
    let begin = |_| {
        most = most.max(alive_tasks());
        yield_now()
    };
    assert_eq!(map_limited(0..1_000, THREE, begin).await.len(), 1_000);
    // When an item is taken, there is room for its task.
    assert_eq!(most, 2);
}

#[tokio::test(start_paused = true)]
async fn endless_items_end_at_the_first_error() {
    let mut called = 0;
    let begin = |n: u64| {
        called += 1;
        after(10, if n == 7 { Err(n) } else { Ok(()) })
    };
    let failure = in_time(try_map_limited(0.., THREE, begin))
        .await
        .unwrap_err();
    assert_eq!((failure.index, failure.error), (7, 7));
    // 6, 7 and 8 end in the same instant, and nothing takes their places.
    assert_eq!(called, 9);
}

#[tokio::test]
async fn items_and_function_may_borrow_from_the_caller() {
    let words = [String::from("one"), String::from("three")];
    let mut calls = 0;
    let lengths = map_limited(&words, TWO, |word| {
        calls += 1;
        ready(word.len())
    });
    assert_eq!(lengths.await, [3, 5]);
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn an_iterator_that_has_ended_is_not_asked_again() {
    let mut items = [Some(1), None, Some(2)].into_iter();
    // Not a fused iterator: after its end it would go on.
    let items = iter::from_fn(|| items.next().expect("it was asked again"));
    assert_eq!(map_limited(items, TWO, ready).await, [1]);
}

#[tokio::test]
async fn a_call_may_be_a_task_itself() {
    let inner = tokio::spawn(map_limited(0..3, TWO, ready));
    assert_eq!(inner.await.unwrap(), [0, 1, 2]);
    let inner = |n: u64| map_limited(0..n, TWO, ready);
    let sizes = map_limited(1..=3, TWO, inner).await;
    assert_eq!(sizes, [vec![0], vec![0, 1], vec![0, 1, 2]]);
}

#[tokio::test]
async fn nothing_starts_before_the_first_poll() {
    let started = Arc::new(AtomicUsize::new(0));
    let begin = |()| {
        started.fetch_add(1, Ordering::Relaxed);
        ready(Ok::<_, ()>(()))
    };
    let call = map_limited([()], ONE, begin);
    let try_call = try_map_limited([()], ONE, begin);
    yield_now().await;
    assert_eq!(started.load(Ordering::Relaxed), 0);
    call.await;
    try_call.await.unwrap();
    assert_eq!(started.load(Ordering::Relaxed), 2);
}

#[test]
fn an_empty_input_returns_at_once() {
    // One poll, and no runtime.
    let nothing: [u8; 0] = [];
    assert!(
        map_limited(nothing, ONE, ready)
            .now_or_never()
            .unwrap()
            .is_empty()
    );
    let values = try_map_limited(nothing, ONE, |n| ready(Ok::<_, ()>(n)));
    assert!(values.now_or_never().unwrap().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tasks_run_on_while_the_call_is_not_polled_but_none_begins() {
    let ended = Arc::new(AtomicUsize::new(0));
    let begin = |millis| {
        let ended = Arc::clone(&ended);
        async move {
            sleep(ms(millis)).await;
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut call = pin!(map_limited([10; 4], TWO, begin));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1_000)).await;
    assert_eq!(ended.load(Ordering::Relaxed), 2);
    assert_eq!(in_time(call).await.len(), 4);
}

#[test]
fn tasks_run_on_several_threads() {
    // Each of the two blocks its thread until the other one runs. Without `block_in_place` the
    // other one can be stuck in the queue of the blocked worker.
    let both = Arc::new(Barrier::new(2));
    let begin = |_| {
        let both = Arc::clone(&both);
        async move {
            block_in_place(|| both.wait());
            thread::current().id()
        }
    };
    let threads = workers(2).block_on(map_limited(0..2, TWO, begin));
    assert_ne!(threads[0], threads[1]);
}

#[tokio::test(start_paused = true)]
async fn try_map_limited_returns_the_first_error_after_the_others_have_stopped() {
    let start = Instant::now();
    let alive = Arc::new(());
    let begin = |item| match item {
        "hold" => hold(Arc::clone(&alive)).boxed(),
        "fail" => after(10, Err("refused")).boxed(),
        _ => after(5, Ok(())).boxed(),
    };
    let items = ["hold", "pass", "fail", "never begun"]
        .into_iter()
        .inspect(|item| {
            assert_ne!(*item, "never begun");
        });
    let failure = in_time(try_map_limited(items, TWO, begin))
        .await
        .unwrap_err();
    assert_eq!((held(&alive), alive_tasks()), (0, 0));
    assert_eq!((failure.index, failure.error), (2, "refused"));
    assert!(failure.later.is_empty());
    assert_eq!(start.elapsed(), ms(15));
}

#[test]
fn try_map_limited_waits_for_a_slow_drop() {
    struct SlowDrop(Arc<AtomicBool>);
    impl Drop for SlowDrop {
        fn drop(&mut self) {
            for _ in 0..1_000 {
                thread::yield_now();
            }
            self.0.store(true, Ordering::Release);
        }
    }

    let dropped = Arc::new(AtomicBool::new(false));
    let slow = SlowDrop(Arc::clone(&dropped));
    let (start, started) = oneshot::channel();
    let futures = [
        async move {
            let _slow = slow;
            start.send(()).unwrap();
            // Not for ever: a call that does not cancel it is to fail another test, not to hang here.
            for _ in 0..100_000 {
                yield_now().await;
            }
            Ok(())
        }
        .boxed(),
        async move {
            started.await.unwrap();
            Err::<(), _>("refused")
        }
        .boxed(),
    ];
    workers(2).block_on(async {
        let failure = try_map_limited(futures, TWO, |future| future).await;
        assert_eq!(failure.unwrap_err().index, 1);
        assert!(dropped.load(Ordering::Acquire));
    });
}

#[tokio::test(start_paused = true)]
async fn later_errors_are_kept() {
    let failing = async |millis: [u64; 3]| {
        let items = millis.into_iter().zip(["zero", "one", "two"]);
        let call = try_map_limited(items, THREE, |(millis, text)| {
            after(millis, Err::<(), _>(text))
        });
        in_time(call).await.unwrap_err()
    };

    let failure = failing([10, 20, 30]).await;
    assert_eq!((failure.index, failure.error), (0, "zero"));
    assert!(failure.later.is_empty());

    let failure = failing([20, 10, 10]).await;
    assert_eq!((failure.index, failure.error), (1, "one"));
    assert_eq!(failure.later, [(2, "two")]);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_comes_after_the_error_is_no_error() {
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    let futures = [
        ready(Err("refused")).boxed(),
        async move {
            flag.store(true, Ordering::Relaxed);
            Ok(())
        }
        .boxed(),
    ];
    let failure = try_map_limited(futures, TWO, |future| future)
        .await
        .unwrap_err();
    // It had ended before the cancellation could reach it.
    assert!(done.load(Ordering::Relaxed));
    assert_eq!((failure.index, failure.later), (0, vec![]));
}

#[test]
fn errors_say_what_happened() {
    let text = |later| {
        let error = "refused";
        TryMapError {
            index: 1,
            error,
            later,
        }
    };
    assert_eq!(text(vec![]).to_string(), "item 1 failed");
    assert_eq!(format!("{:#}", text(vec![])), "item 1 failed: refused");
    let two = text(vec![(0, "late")]);
    assert_eq!(two.to_string(), "item 1 failed, and 1 more failed");
    let both = format!("{two:#}");
    assert_eq!(both, "item 1 failed, and 1 more failed: refused");

    assert_eq!(Refused::Full.to_string(), "the limit is reached");
    assert_eq!(Refused::Closed.to_string(), "the limit is closed");
    let heavy = Refused::TooHeavy(7).to_string();
    assert_eq!(heavy, "a weight of 7 is more than the whole limit");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_passed_on_after_the_others_have_stopped() {
    let start = Instant::now();
    let alive = Arc::new(());
    let begin = |item| match item {
        "hold" => hold::<()>(Arc::clone(&alive)).boxed(),
        "panic" => panic_after(10, "broken").boxed(),
        other => unreachable!("{other} was begun"),
    };
    let call = map_limited(["hold", "panic", "a third"], TWO, begin);
    assert_eq!(in_time(panic_of(call)).await, "broken");
    assert_eq!((held(&alive), alive_tasks()), (0, 0));

    let begin = |item| match item {
        "hold" => hold::<Result<(), ()>>(Arc::clone(&alive)).boxed(),
        "panic" => panic_after(10, "broken").boxed(),
        other => unreachable!("{other} was begun"),
    };
    let call = try_map_limited(["hold", "panic", "a third"], TWO, begin);
    assert_eq!(in_time(panic_of(call)).await, "broken");
    assert_eq!((held(&alive), alive_tasks()), (0, 0));
    assert_eq!(start.elapsed(), ms(20));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_before_an_error() {
    let call = |error_at, panic_at| {
        let futures = [
            after(error_at, Err::<(), _>("refused")).boxed(),
            panic_after(panic_at, "broken").boxed(),
        ];
        in_time(try_map_limited(futures, TWO, |future| future))
    };
    assert_eq!(panic_of(call(10, 10)).await, "broken");
    assert_eq!(panic_of(call(20, 10)).await, "broken");
    // A task that is cancelled in time does not panic.
    assert_eq!(call(10, 20).await.unwrap_err().index, 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_of_several_panics_is_passed_on() {
    let call = map_limited(["first", "second"], TWO, |text| panic_after::<()>(10, text));
    assert_eq!(in_time(panic_of(call)).await, "first");
}

#[test]
fn it_panics_when_the_runtime_of_the_tasks_shuts_down() {
    let other = paused();
    let taken = AtomicUsize::new(0);
    let items = iter::repeat(()).inspect(|()| {
        taken.fetch_add(1, Ordering::Relaxed);
    });
    let mut call = pin!(map_limited(items, TWO, |()| pending::<()>()));

    let entered = other.enter();
    assert!(call.as_mut().now_or_never().is_none());
    drop(entered);
    drop(other);

    let text = "the runtime shut down while map_limited was waiting for its tasks";
    assert_eq!(block_on(panic_of(call)), text);
    assert_eq!(taken.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_stops_every_task() {
    let alive = Arc::new(());
    let items = || iter::repeat_with(|| Arc::clone(&alive));
    let calls = [
        map_limited(items(), TWO, hold::<()>)
            .map(drop)
            .boxed_local(),
        try_map_limited(items(), TWO, hold::<Result<(), ()>>)
            .map(drop)
            .boxed_local(),
    ];
    for mut call in calls {
        assert!(poll!(&mut call).is_pending());
        sleep(ms(1)).await;
        assert_eq!((held(&alive), alive_tasks()), (2, 2));

        drop(call);
        sleep(ms(1)).await;
        assert_eq!((held(&alive), alive_tasks()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_iterator_or_of_the_function_leaves_nothing_running() {
    let alive = Arc::new(());
    let items = (0..4).inspect(|index| assert!(*index < 2, "no third item"));
    let call = map_limited(items, THREE, |_| hold::<()>(Arc::clone(&alive)));
    assert_eq!(panic_of(call).await, "no third item");
    sleep(ms(1)).await;
    assert_eq!((held(&alive), alive_tasks()), (0, 0));

    let begin = |index| {
        assert!(index < 2, "no third future");
        hold::<()>(Arc::clone(&alive))
    };
    assert_eq!(
        panic_of(map_limited(0..4, THREE, begin)).await,
        "no third future"
    );
    sleep(ms(1)).await;
    assert_eq!((held(&alive), alive_tasks()), (0, 0));
}

/// Takes a permit for 10 ms, and writes down who had it.
async fn turn(limit: &SharedLimit, weight: u32, name: &str, turns: &Mutex<Vec<String>>) {
    let _permit = limit.acquire(weight).await.expect("it is open");
    let turns = || turns.lock().expect("nobody panics with it");
    turns().push(name.to_owned());
    sleep(ms(10)).await;
}

fn limit(size: u32) -> SharedLimit {
    SharedLimit::new(NonZeroU32::new(size).expect("a limit of a test is not 0"))
}

// S1
#[tokio::test]
async fn a_limit_of_zero_does_not_exist_and_a_semaphore_of_zero_is_locked() {
    assert_eq!(NonZeroU32::new(0), None);
    let semaphore = Semaphore::new(0);
    let mut waiter = pin!(semaphore.acquire());
    assert!(poll!(&mut waiter).is_pending());
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    semaphore.add_permits(1);
    assert!(poll!(&mut waiter).is_ready());
}

// S3
#[tokio::test(start_paused = true)]
async fn as_many_are_let_in_as_permits_come_back() {
    let limit = limit(3);
    let mut permits: Vec<Permit> = (0..3).map(|_| limit.try_acquire(1).unwrap()).collect();
    let inside = Arc::new(AtomicUsize::new(0));
    let mut waiters = JoinSet::new();
    for _ in 0..4 {
        let (limit, inside) = (limit.clone(), Arc::clone(&inside));
        waiters.spawn(async move {
            let _permit = limit.acquire(1).await.unwrap();
            inside.fetch_add(1, Ordering::Relaxed);
            pending::<()>().await;
        });
    }
    for let_in in [0, 1, 3] {
        permits.truncate(3 - let_in);
        sleep(ms(1)).await;
        assert_eq!(inside.load(Ordering::Relaxed), let_in);
    }
    waiters.shutdown().await;
    assert!(limit.try_acquire(3).is_ok());
}

// S4, S6
#[tokio::test]
async fn a_waiter_that_is_dropped_leaves_the_line() {
    let limit = limit(1);
    let permit = limit.try_acquire(1).unwrap();
    let mut first = Box::pin(limit.acquire(1));
    let mut second = pin!(limit.acquire(1));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(first);
    drop(permit);
    let Poll::Ready(Ok(permit)) = poll!(&mut second) else {
        panic!("the second was not served");
    };
    drop(permit);
    assert!(limit.try_acquire(1).is_ok());
}

// S5, S9: several come back at once, and the head of the line was dropped.
#[tokio::test(start_paused = true)]
async fn permits_that_come_back_skip_the_waiters_that_were_dropped() {
    let limit = limit(2);
    let permits = limit.try_acquire(2).unwrap();
    let turns = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    let mut handles = Vec::new();
    for name in ["1", "2", "3"] {
        let (limit, turns) = (limit.clone(), Arc::clone(&turns));
        handles.push(tasks.spawn(async move { turn(&limit, 1, name, &turns).await }));
    }
    sleep(ms(1)).await;
    handles[0].abort();
    drop(permits);
    while in_time(tasks.join_next()).await.is_some() {}
    assert_eq!(*turns.lock().unwrap(), ["2", "3"]);
    assert!(limit.try_acquire(2).is_ok());
}

// S7
#[tokio::test]
async fn a_waiter_that_is_dropped_with_its_permit_granted_passes_it_on() {
    let limit = limit(2);
    let permits = limit.try_acquire(2).unwrap();
    let mut first = Box::pin(limit.acquire(2));
    let mut second = pin!(limit.acquire(2));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    // Both permits are the first one's now, which does not know of it yet.
    drop(permits);
    assert!(poll!(&mut second).is_pending());
    drop(first);
    assert!(poll!(&mut second).is_ready());
    assert!(limit.try_acquire(2).is_ok());
}

// S8
#[tokio::test(start_paused = true)]
async fn first_come_first_served_and_who_comes_again_goes_to_the_back() {
    let limit = limit(1);
    let turns = Mutex::new(Vec::new());
    let twice = async |name| {
        turn(&limit, 1, name, &turns).await;
        turn(&limit, 1, name, &turns).await;
    };
    in_time(async { tokio::join!(twice("a"), twice("b"), twice("c")) }).await;
    assert_eq!(*turns.lock().unwrap(), ["a", "b", "c", "a", "b", "c"]);
}

// S10: a permit comes back once. With a semaphore, anybody can add what was never there.
#[tokio::test]
async fn a_limit_does_not_grow_but_a_semaphore_does() {
    let limit = limit(1);
    for _ in 0..3 {
        drop(limit.try_acquire(1).unwrap());
    }
    let _permit = limit.try_acquire(1).unwrap();
    assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Full);

    let semaphore = Semaphore::new(1);
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 2);
}

// S11
#[tokio::test(start_paused = true)]
async fn a_permit_comes_back_when_nobody_waits() {
    let limit = limit(2);
    let permit = in_time(limit.acquire(2)).await.unwrap();
    assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Full);
    drop(permit);
    assert!(limit.try_acquire(2).is_ok());
}

#[tokio::test(start_paused = true)]
async fn weights_add_up() {
    let start = Instant::now();
    let limit = limit(5);
    let turns = Mutex::new(Vec::new());
    let turn = |weight, name| turn(&limit, weight, name, &turns);
    in_time(async { tokio::join!(turn(2, "a"), turn(3, "b"), turn(4, "c"), turn(1, "d")) }).await;
    assert_eq!(*turns.lock().unwrap(), ["a", "b", "c", "d"]);
    assert_eq!(start.elapsed(), ms(20));
}

#[tokio::test(start_paused = true)]
async fn a_heavy_request_is_served_in_its_turn_and_not_overtaken() {
    let limit = limit(3);
    let turns = Mutex::new(Vec::new());
    let turn = |weight, name| turn(&limit, weight, name, &turns);
    let visitor = async {
        sleep(ms(5)).await;
        // Two of three permits are not in use, but the heavy request has a claim to them.
        assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Full);
    };
    let others = async { tokio::join!(turn(1, "b"), visitor) };
    in_time(async { tokio::join!(turn(1, "a"), turn(3, "heavy"), others) }).await;
    assert_eq!(*turns.lock().unwrap(), ["a", "heavy", "b"]);
}

#[tokio::test]
async fn a_weight_of_zero_always_has_room() {
    let limit = limit(1);
    let _all = limit.try_acquire(1).unwrap();
    let mut waiter = pin!(limit.acquire(1));
    assert!(poll!(&mut waiter).is_pending());
    assert!(limit.try_acquire(0).is_ok());
    assert!(poll!(pin!(limit.acquire(0))).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_weight_above_the_limit_is_refused_where_a_semaphore_waits_for_ever() {
    let limit = limit(2);
    let refused = Refused::TooHeavy(3);
    assert_eq!(in_time(limit.acquire(3)).await.unwrap_err(), refused);
    assert_eq!(limit.try_acquire(3).unwrap_err(), refused);
    assert!(limit.try_acquire(2).is_ok());

    let semaphore = Semaphore::new(2);
    let wait = timeout(Duration::from_secs(3600), semaphore.acquire_many(3));
    assert!(wait.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn closing_refuses_those_who_wait_and_those_who_come() {
    let limit = limit(2);
    let permit = limit.try_acquire(1).unwrap();
    let mut waiter = pin!(limit.acquire(2));
    assert!(poll!(&mut waiter).is_pending());
    limit.clone().close();
    assert_eq!(in_time(waiter).await.unwrap_err(), Refused::Closed);
    assert_eq!(
        in_time(limit.acquire(1)).await.unwrap_err(),
        Refused::Closed
    );
    assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Closed);
    // It stays closed when the last permit has come back.
    drop(permit);
    assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Closed);
}

#[tokio::test(start_paused = true)]
async fn one_limit_holds_for_several_calls() {
    let start = Instant::now();
    let gauge = Gauge::default();
    let shared = limit(3);
    let begin = |_| {
        let (gauge, limit) = (gauge.clone(), shared.clone());
        async move {
            let _permit = limit.acquire(1).await.unwrap();
            gauge.work(10).await;
        }
    };
    let one = map_limited(0..6, THREE, begin);
    let other = map_limited(0..6, THREE, begin);
    in_time(async { tokio::join!(one, other) }).await;
    assert_eq!(gauge.most(), 3);
    assert_eq!(start.elapsed(), ms(40));
}

#[test]
fn a_permit_goes_along_into_a_blocking_call() {
    let limit = limit(1);
    workers(1).block_on(async {
        let permit = limit.acquire(1).await.unwrap();
        let (begin, begun) = oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            begin.send(()).unwrap();
            ended.recv().unwrap_err();
        });
        begun.await.unwrap();
        // What has begun cannot be cancelled, and it keeps its permit.
        blocking.abort();
        assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Full);
        drop(end);
        blocking.await.unwrap();
        assert!(limit.try_acquire(1).is_ok());
    });
}
