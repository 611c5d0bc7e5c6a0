//! Many failures at once, destructors that panic, and callers that go.

use std::future::{pending, ready};
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use common::cancellation::alive_tasks;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt as _, poll};
use semaphore::{Refused, SharedLimit, map_limited, try_map_limited};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

const ONE: NonZeroU32 = NonZeroU32::MIN;
const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();
const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const ALL: NonZeroUsize = NonZeroUsize::MAX;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn f1_more_results_than_tokios_budget_come_in_input_order() {
    let mut call = Box::pin(map_limited(0..1_000, ALL, ready));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1)).await;
    assert_eq!(alive_tasks(), 0);
    assert!(call.await.into_iter().eq(0..1_000));
}

#[tokio::test(start_paused = true)]
async fn f1_more_errors_than_tokios_budget_come_in_the_order_of_time() {
    let fail = |index| async move {
        sleep(ms(index)).await;
        Err::<(), _>(index)
    };
    let mut call = Box::pin(try_map_limited((0..1_000).rev(), ALL, fail));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1_001)).await;
    assert_eq!(alive_tasks(), 0);
    let failure = call.await.unwrap_err();
    assert_eq!((failure.index, failure.error), (999, 0));
    let later = failure.later.into_iter().map(|(_, error)| error);
    assert!(later.eq(1..1_000));
}

#[tokio::test(start_paused = true)]
async fn f1_the_first_panic_after_more_results_than_tokios_budget_is_passed_on() {
    let work = |index: u64| async move {
        sleep(ms(index)).await;
        if index >= 500 {
            // Without a word of the panic hook.
            resume_unwind(Box::new(index));
        }
    };
    let mut call =
        Box::pin(AssertUnwindSafe(map_limited((0..1_000).rev(), ALL, work)).catch_unwind());
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1_001)).await;
    assert_eq!(alive_tasks(), 0);
    let payload = call.await.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&500_u64));
}

#[test]
fn f2_many_failures_cost_no_more_than_each_once() {
    const MANY: usize = 30_000;
    let fail = |index| async move {
        if index % 2 == 0 {
            // Without a word of the panic hook.
            resume_unwind(Box::new(index));
        }
        Err::<(), _>(index)
    };
    let start = std::time::Instant::now();
    let runtime = Builder::new_current_thread().build().expect("it starts");
    let call = AssertUnwindSafe(try_map_limited(0..MANY, ALL, fail)).catch_unwind();
    assert!(runtime.block_on(call).is_err());
    // It takes half a second. An abort of all for each failure takes half a minute.
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Ends at once, and panics when it is dropped.
struct PanicsWhenDropped;

impl Future for PanicsWhenDropped {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn n5_a_destructor_that_panics_stops_the_others() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let holds = async move {
        let _held = held;
        pending().await
    };
    let work: [BoxFuture<'static, Result<(), ()>>; 2] = [holds.boxed(), PanicsWhenDropped.boxed()];
    let call = AssertUnwindSafe(try_map_limited(work, TWO, |work| work)).catch_unwind();
    let payload = timeout(ms(1_000), call).await.unwrap().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"dropped"));
    assert_eq!((Arc::strong_count(&alive), alive_tasks()), (1, 0));
}

#[test]
fn f8_a_tracker_waits_for_the_futures_of_a_task_that_was_aborted() {
    // Dropped last: it waits for the work, which ends when the test's half of a channel is gone.
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("it starts");
    let (begun, has_begun) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let work = {
        let ended = Arc::clone(&ended);
        async move {
            begun.send(()).expect("the test waits");
            _ = block_in_place(|| released.recv());
            ended.store(true, Ordering::Release);
        }
    };
    runtime.block_on(async {
        let tracker = TaskTracker::new();
        let tracked = tracker.clone();
        let call = map_limited([work], TWO, move |work| tracked.track_future(work));
        let caller = tokio::spawn(call);
        has_begun.await.expect("it begins");

        // The caller has ended, and its child is in the middle of a poll.
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert!(!ended.load(Ordering::Acquire));

        tracker.close();
        let mut wait = pin!(tracker.wait());
        assert!(poll!(&mut wait).is_pending());
        release.send(()).expect("it waits to be released");
        wait.await;
        assert!(ended.load(Ordering::Acquire));
    });
}

#[tokio::test(start_paused = true)]
async fn f13_a_waiter_that_nobody_polls_stops_everyone_behind_it() {
    let limit = SharedLimit::new(ONE);
    let permit = limit.try_acquire(1).unwrap();
    let mut kept = Box::pin(limit.acquire(1));
    assert!(poll!(&mut kept).is_pending());
    drop(permit);
    // The permit is set aside for the one that is kept, and that nobody asks.
    assert!(timeout(ms(3_600_000), limit.acquire(1)).await.is_err());
    drop(kept);
    assert!(limit.try_acquire(1).is_ok());
}

#[tokio::test(start_paused = true)]
async fn f13_a_holder_that_nobody_polls_stops_everyone_behind_it_and_a_task_does_not() {
    let limit = SharedLimit::new(ONE);
    let work = {
        let limit = limit.clone();
        async move { limit.run(1, sleep(ms(10))).await }
    };
    let mut kept = Box::pin(work);
    assert!(poll!(&mut kept).is_pending());
    assert!(timeout(ms(3_600_000), limit.acquire(1)).await.is_err());

    let start = Instant::now();
    let task = tokio::spawn(kept);
    assert!(limit.acquire(1).await.is_ok());
    assert_eq!(start.elapsed(), ms(0));
    assert_eq!(task.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn p4_a_caller_waits_for_none_of_those_who_have_gone() {
    let limit = SharedLimit::new(THREE);
    let handshakes = AtomicUsize::new(0);
    let handshake = || async {
        handshakes.fetch_add(1, Ordering::Relaxed);
        sleep(ms(20)).await;
    };
    let call = |_| timeout(ms(50), limit.run(1, handshake()));
    let ended = join_all((0..300).map(call)).await;
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 6);

    let start = Instant::now();
    handshakes.store(0, Ordering::Relaxed);
    assert_eq!(limit.run(1, handshake()).await, Ok(()));
    assert_eq!(start.elapsed(), ms(20));
    assert_eq!(handshakes.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn run_holds_a_permit_until_its_work_has_ended_or_is_dropped() {
    let limit = SharedLimit::new(ONE);
    let mut first = Box::pin(limit.run(1, sleep(ms(10))));
    assert!(poll!(&mut first).is_pending());
    assert_eq!(limit.try_acquire(1).unwrap_err(), Refused::Full);
    assert_eq!(first.await, Ok(()));
    assert!(limit.try_acquire(1).is_ok());

    let mut second = Box::pin(limit.run(1, pending::<()>()));
    assert!(poll!(&mut second).is_pending());
    drop(second);
    assert!(limit.try_acquire(1).is_ok());

    limit.close();
    let never = async { panic!("it has begun") };
    assert_eq!(limit.run(1, never).await, Err::<(), _>(Refused::Closed));
}

#[tokio::test]
async fn a_limit_that_is_closed_and_a_weight_that_is_too_heavy_are_refused_at_once_each_time() {
    let limit = SharedLimit::new(ONE);
    for _ in 0..10 {
        let refused = limit.acquire(2).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err(), Refused::TooHeavy(2));
    }
    limit.close();
    for _ in 0..10 {
        let refused = limit.acquire(1).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err(), Refused::Closed);
    }
}
