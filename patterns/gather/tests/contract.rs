//! What the three functions promise, one test for each promise.
//!
//! A number such as G1 is a behaviour that CPython's own tests of `asyncio.gather` check.

use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use common::cancellation::alive_tasks;
use futures::{FutureExt, future, poll};
use gather::{Outcome, TryGatherError, gather, gather_settled, try_gather};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};

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

// G1
#[tokio::test(start_paused = true)]
async fn results_come_in_input_order() {
    let start = Instant::now();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let futures = [30, 20, 10].map(|millis| {
        let ended = Arc::clone(&ended);
        async move {
            sleep(ms(millis)).await;
            ended.lock().unwrap().push(millis);
            millis
        }
    });
    assert_eq!(gather(futures).await, [30, 20, 10]);
    assert_eq!(*ended.lock().unwrap(), [10, 20, 30]);
    assert_eq!(start.elapsed(), ms(30));

    let futures = [30, 20, 10].map(|millis| after(millis, Ok::<_, ()>(millis)));
    assert_eq!(try_gather(futures).await.unwrap(), [30, 20, 10]);

    let futures = [30, 20, 10].map(|millis| after(millis, Ok::<_, ()>(millis)));
    let outcomes = gather_settled(futures).await;
    let [Outcome::Ok(30), Outcome::Ok(20), Outcome::Ok(10)] = outcomes[..] else {
        panic!("{outcomes:?}");
    };
}

// G1
#[tokio::test(start_paused = true)]
async fn every_future_is_started_at_once() {
    let start = Instant::now();
    gather((0..1_000).map(|_| sleep(ms(10)))).await;
    assert_eq!(start.elapsed(), ms(10));

    try_gather((0..1_000).map(|_| after(10, Ok::<_, ()>(()))))
        .await
        .unwrap();
    assert_eq!(start.elapsed(), ms(20));

    gather_settled((0..1_000).map(|_| after(10, Ok::<_, ()>(())))).await;
    assert_eq!(start.elapsed(), ms(30));
}

#[tokio::test]
async fn tasks_are_polled_in_the_order_of_the_input_on_one_thread() {
    // More than the 128 that Tokio lets a task have before it must yield.
    let polled = Arc::new(Mutex::new(Vec::new()));
    let futures = |first| {
        (first..first + 1_000).map(|index| {
            let polled = Arc::clone(&polled);
            async move {
                polled.lock().unwrap().push(index);
                Ok::<_, ()>(())
            }
        })
    };
    gather(futures(0)).await;
    try_gather(futures(1_000)).await.unwrap();
    gather_settled(futures(2_000)).await;
    assert!(polled.lock().unwrap().iter().copied().eq(0..3_000));
}

#[test]
fn tasks_run_on_several_threads() {
    // Each of the two blocks its thread until the other one runs. Without `block_in_place` the
    // other one can be stuck in the queue of the blocked worker.
    let futures = || {
        let both = Arc::new(Barrier::new(2));
        [Arc::clone(&both), both].map(|both| async move {
            block_in_place(|| both.wait());
            Ok::<_, ()>(())
        })
    };
    workers(2).block_on(async {
        gather(futures()).await;
        try_gather(futures()).await.unwrap();
        gather_settled(futures()).await;
    });
}

#[tokio::test]
async fn nothing_starts_before_the_first_poll() {
    let started = Arc::new(AtomicUsize::new(0));
    let futures = || {
        let started = Arc::clone(&started);
        [async move {
            started.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(())
        }]
    };
    let calls = (
        gather(futures()),
        try_gather(futures()),
        gather_settled(futures()),
    );
    tokio::task::yield_now().await;
    assert_eq!(started.load(Ordering::Relaxed), 0);
    assert_eq!(alive_tasks(), 0);

    let _results = future::join3(calls.0, calls.1, calls.2).await;
    assert_eq!(started.load(Ordering::Relaxed), 3);
}

// G6
#[test]
fn an_empty_input_returns_at_once() {
    type Nothing = [future::Ready<Result<u8, u8>>; 0];
    let nothing: Nothing = [];
    // One poll, and no runtime.
    assert!(gather(nothing).now_or_never().unwrap().is_empty());
    let nothing: Nothing = [];
    let values = try_gather(nothing).now_or_never().unwrap().unwrap();
    assert!(values.is_empty());
    let nothing: Nothing = [];
    assert!(gather_settled(nothing).now_or_never().unwrap().is_empty());
}

// G2: the result is asyncio's. The others are not: they are stopped before the call returns.
#[tokio::test(start_paused = true)]
async fn try_gather_returns_the_first_error_after_the_others_have_stopped() {
    let start = Instant::now();
    let alive = Arc::new(());
    let futures = [
        hold(Arc::clone(&alive)).boxed(),
        after(10, Err("refused")).boxed(),
        after(5, Ok(())).boxed(),
        hold(Arc::clone(&alive)).boxed(),
    ];
    // A call that did not stop the others would wait for ever.
    let call = timeout(ms(1_000), try_gather(futures));
    let failure = call.await.unwrap().unwrap_err();
    assert_eq!(held(&alive), 0);
    assert_eq!(alive_tasks(), 0);
    assert_eq!((failure.index, failure.error), (1, "refused"));
    assert!(failure.later.is_empty());
    assert_eq!(start.elapsed(), ms(10));
}

/// Drives `call` until the receiver hears that the cancellation is under way, and lets `release` end
/// what cannot be cancelled. Nothing but that may let the call return.
async fn waits_for_what_is_released<R>(
    call: impl Future<Output = R>,
    cancelling: oneshot::Receiver<()>,
    release: mpsc::Sender<()>,
) -> R {
    let mut call = pin!(call);
    tokio::select! {
        biased;
        _ = cancelling => {}
        _ = &mut call => panic!("the call returned before everything had stopped"),
    }
    assert!(poll!(&mut call).is_pending());
    release.send(()).expect("it waits to be released");
    call.await
}

// G2
#[test]
fn try_gather_waits_for_a_task_that_does_not_await() {
    let both = Arc::new(Barrier::new(2));
    let (release, released) = mpsc::channel();
    let (held, cancelling) = oneshot::channel::<()>();
    let stopped = Arc::new(AtomicBool::new(false));
    let futures = [
        {
            let (both, stopped) = (Arc::clone(&both), Arc::clone(&stopped));
            async move {
                block_in_place(|| {
                    both.wait();
                    released.recv().unwrap();
                });
                stopped.store(true, Ordering::Release);
                Ok(())
            }
        }
        .boxed(),
        async move {
            block_in_place(|| both.wait());
            Err("refused")
        }
        .boxed(),
        async move {
            // It is dropped, and the receiver hears of it, when this future is cancelled.
            let _held = held;
            pending().await
        }
        .boxed(),
    ];
    workers(3).block_on(async {
        let call = waits_for_what_is_released(try_gather(futures), cancelling, release);
        assert_eq!(call.await.unwrap_err().index, 1);
        assert!(stopped.load(Ordering::Acquire));
    });
}

// G2
#[test]
fn try_gather_waits_for_a_slow_drop() {
    struct SlowDrop {
        begun: Option<oneshot::Sender<()>>,
        released: mpsc::Receiver<()>,
        ended: Arc<AtomicBool>,
    }
    impl Drop for SlowDrop {
        fn drop(&mut self) {
            drop(self.begun.take());
            let _ = self.released.recv();
            self.ended.store(true, Ordering::Release);
        }
    }

    let (release, released) = mpsc::channel();
    let (begun, cancelling) = oneshot::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let slow = SlowDrop {
        begun: Some(begun),
        released,
        ended: Arc::clone(&ended),
    };
    let (start, started) = oneshot::channel();
    let futures = [
        async move {
            let _slow = slow;
            start.send(()).unwrap();
            pending().await
        }
        .boxed(),
        async move {
            started.await.unwrap();
            Err::<(), _>("refused")
        }
        .boxed(),
    ];
    workers(2).block_on(async {
        let call = waits_for_what_is_released(try_gather(futures), cancelling, release);
        assert_eq!(call.await.unwrap_err().index, 1);
        assert!(ended.load(Ordering::Acquire));
    });
}

// G2
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
    let failure = try_gather(futures).await.unwrap_err();
    // It had ended before the cancellation could reach it.
    assert!(done.load(Ordering::Relaxed));
    assert_eq!((failure.index, failure.later), (0, vec![]));
}

// G9: asyncio drops these without a word.
#[tokio::test(start_paused = true)]
async fn later_errors_are_kept() {
    let failing = |millis: [u64; 3]| {
        let texts = ["zero", "one", "two"];
        (millis.into_iter().zip(texts)).map(|(millis, text)| after(millis, Err::<(), _>(text)))
    };

    let failure = try_gather(failing([10, 20, 30])).await.unwrap_err();
    assert_eq!((failure.index, failure.error), (0, "zero"));
    assert!(failure.later.is_empty());

    let failure = try_gather(failing([20, 10, 10])).await.unwrap_err();
    assert_eq!((failure.index, failure.error), (1, "one"));
    assert_eq!(failure.later, [(2, "two")]);

    let failure = try_gather(failing([10, 10, 10])).await.unwrap_err();
    assert_eq!((failure.index, failure.error), (0, "zero"));
    assert_eq!(failure.later, [(1, "one"), (2, "two")]);
}

#[test]
fn the_error_says_which_future_failed_and_how_many_after_it() {
    let failure = |later| TryGatherError {
        index: 1,
        error: "refused",
        later,
    };
    let none = failure(vec![]);
    assert_eq!(none.to_string(), "future 1 failed");
    assert_eq!(format!("{none:#}"), "future 1 failed: refused");
    let one = failure(vec![(0, "late")]);
    assert_eq!(one.to_string(), "future 1 failed, and 1 more failed");
    let two = failure(vec![(0, "late"), (2, "late")]);
    let text = "future 1 failed, and 2 more failed: refused";
    assert_eq!(format!("{two:#}"), text);
}

// G2
#[tokio::test(start_paused = true)]
async fn gather_passes_a_panic_on_after_the_others_have_stopped() {
    let start = Instant::now();
    let alive = Arc::new(());
    let futures = [
        hold::<()>(Arc::clone(&alive)).boxed(),
        panic_after(10, "broken").boxed(),
        hold(Arc::clone(&alive)).boxed(),
    ];
    // A call that did not stop the others would wait for ever.
    let call = timeout(ms(1_000), panic_of(gather(futures)));
    assert_eq!(call.await.unwrap(), "broken");
    assert_eq!(held(&alive), 0);
    assert_eq!(alive_tasks(), 0);
    assert_eq!(start.elapsed(), ms(10));
}

#[tokio::test(start_paused = true)]
async fn try_gather_passes_a_panic_on_after_the_others_have_stopped() {
    let start = Instant::now();
    let alive = Arc::new(());
    let futures = [
        hold::<Result<(), ()>>(Arc::clone(&alive)).boxed(),
        panic_after(10, "broken").boxed(),
        hold(Arc::clone(&alive)).boxed(),
    ];
    // A call that did not stop the others would wait for ever.
    let call = timeout(ms(1_000), panic_of(try_gather(futures)));
    assert_eq!(call.await.unwrap(), "broken");
    assert_eq!(held(&alive), 0);
    assert_eq!(alive_tasks(), 0);
    assert_eq!(start.elapsed(), ms(10));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_before_an_error() {
    let futures = |error_at, panic_at| {
        [
            after(error_at, Err::<(), _>("refused")).boxed(),
            panic_after(panic_at, "broken").boxed(),
        ]
    };
    assert_eq!(panic_of(try_gather(futures(10, 10))).await, "broken");
    assert_eq!(panic_of(try_gather(futures(20, 10))).await, "broken");
    // A task that is cancelled in time does not panic.
    assert_eq!(try_gather(futures(10, 20)).await.unwrap_err().index, 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_of_several_panics_is_passed_on() {
    let panics = || [panic_after::<()>(10, "first"), panic_after(10, "second")];
    assert_eq!(panic_of(gather(panics())).await, "first");
}

// G3, G4, G5
#[test]
fn settled_gives_value_error_panic_and_cancelled_in_place() {
    let other = paused();
    let futures = [
        ready(Ok("value")).boxed(),
        pending().boxed(),
        async { panic!("broken") }.boxed(),
        ready(Err("refused")).boxed(),
    ];
    let mut call = pin!(gather_settled(futures));

    let entered = other.enter();
    assert!(call.as_mut().now_or_never().is_none());
    drop(entered);
    other.block_on(async { sleep(ms(1)).await });
    drop(other);

    let outcomes = call.now_or_never().unwrap();
    let [
        Outcome::Ok("value"),
        Outcome::Cancelled,
        Outcome::Panicked(payload),
        Outcome::Err("refused"),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(payload.downcast_ref(), Some(&"broken"));
}

// G4: the call fails, and its caller is not cancelled.
#[test]
fn gather_and_try_gather_panic_when_the_runtime_of_the_tasks_shuts_down() {
    let other = paused();
    let mut call = pin!(gather([pending::<()>()]));
    let mut try_call = pin!(try_gather([pending::<Result<(), ()>>()]));

    let entered = other.enter();
    assert!(call.as_mut().now_or_never().is_none());
    assert!(try_call.as_mut().now_or_never().is_none());
    drop(entered);
    drop(other);

    let text = "the runtime shut down while gather was waiting for its tasks";
    assert_eq!(panic_of(call).now_or_never().unwrap(), text);
    assert_eq!(panic_of(try_call).now_or_never().unwrap(), text);
}

// G3
#[tokio::test(start_paused = true)]
async fn settled_lets_the_others_run_on() {
    let start = Instant::now();
    let futures = [
        after(10, Err("refused")).boxed(),
        panic_after(20, "broken").boxed(),
        after(30, Ok("value")).boxed(),
    ];
    let outcomes = gather_settled(futures).await;
    assert_eq!(start.elapsed(), ms(30));
    let [
        Outcome::Err("refused"),
        Outcome::Panicked(_),
        Outcome::Ok("value"),
    ] = outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
}

// G8, and G11 for gather_settled: it collects failures, and is cancelled all the same.
#[tokio::test(start_paused = true)]
async fn dropping_the_call_stops_every_task() {
    let alive = Arc::new(());
    let futures = || [(); 3].map(|()| hold::<Result<(), ()>>(Arc::clone(&alive)));
    let calls: [fn(_) -> _; 3] = [
        |futures| gather(futures).map(drop).boxed(),
        |futures| try_gather(futures).map(drop).boxed(),
        |futures| gather_settled(futures).map(drop).boxed(),
    ];
    for start in calls {
        let mut call = start(futures());
        assert!(poll!(&mut call).is_pending());
        sleep(ms(1)).await;
        assert_eq!((held(&alive), alive_tasks()), (3, 3));

        drop(call);
        sleep(ms(1)).await;
        assert_eq!((held(&alive), alive_tasks()), (0, 0));
    }
}

// G8
#[tokio::test(start_paused = true)]
async fn a_timeout_stops_every_task() {
    let start = Instant::now();
    let alive = Arc::new(());
    let futures = [(); 3].map(|()| hold::<()>(Arc::clone(&alive)));
    timeout(ms(10), gather(futures)).await.unwrap_err();
    assert_eq!(start.elapsed(), ms(10));
    sleep(ms(1)).await;
    assert_eq!(held(&alive), 0);
}

// G10
#[tokio::test(start_paused = true)]
async fn aborting_a_call_that_has_ended_keeps_its_result() {
    let caller = tokio::spawn(gather([after(10, 1), after(10, 2)]));
    sleep(ms(20)).await;
    assert!(caller.is_finished());
    caller.abort();
    assert_eq!(caller.await.unwrap(), [1, 2]);
}

// G13
#[tokio::test(start_paused = true)]
async fn a_task_that_was_spawned_before_survives_a_dropped_call() {
    let start = Instant::now();
    let (send, receive) = oneshot::channel();
    let shielded = tokio::spawn(async move { send.send(after(20, "value").await) });
    // Dropping a JoinHandle detaches its task.
    let call = gather([async { shielded.await.unwrap() }]);
    timeout(ms(10), call).await.unwrap_err();
    assert_eq!(receive.await.unwrap(), "value");
    assert_eq!(start.elapsed(), ms(20));
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_panics_leaves_nothing_running() {
    let alive = Arc::new(());
    let futures = || {
        let alive = Arc::clone(&alive);
        (0..4).map(move |index| {
            assert!(index < 2, "no third future");
            hold::<Result<(), ()>>(Arc::clone(&alive))
        })
    };
    let calls = [
        gather(futures()).map(drop).boxed(),
        try_gather(futures()).map(drop).boxed(),
        gather_settled(futures()).map(drop).boxed(),
    ];
    for call in calls {
        assert_eq!(panic_of(call).await, "no third future");
        sleep(ms(1)).await;
        assert_eq!(alive_tasks(), 0);
    }
    assert_eq!(held(&alive), 0);
}
