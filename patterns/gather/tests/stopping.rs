//! What stops when: a task that is aborted from outside, a destructor that panics, many panics.

use std::future::pending;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use common::cancellation::alive_tasks;
use futures::{FutureExt as _, poll};
use gather::{Outcome, gather, gather_settled, gather_tasks, try_gather};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn f1_more_results_than_tokios_budget_come_in_input_order() {
    let mut call = Box::pin(gather((0..1_000).map(async |index| index)));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1)).await;
    assert_eq!(alive_tasks(), 0);
    assert!(call.await.into_iter().eq(0..1_000));
}

#[tokio::test(start_paused = true)]
async fn f1_more_errors_than_tokios_budget_come_in_the_order_of_time() {
    let futures = (0..1_000).rev().map(|index| async move {
        sleep(ms(index)).await;
        Err::<(), _>(index)
    });
    let mut call = Box::pin(try_gather(futures));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(1_001)).await;
    assert_eq!(alive_tasks(), 0);
    let failure = call.await.unwrap_err();
    assert_eq!((failure.index, failure.error), (999, 0));
    assert!(
        failure
            .later
            .into_iter()
            .map(|(_, error)| error)
            .eq(1..1_000)
    );
}

#[tokio::test(start_paused = true)]
async fn f2_many_panics_cost_no_more_than_many_settled() {
    // How long the call takes once all tasks have panicked, without a word of the panic hook.
    async fn after_all<R>(call: impl Future<Output = R>) -> (R, Duration) {
        let mut call = pin!(call);
        assert!(poll!(&mut call).is_pending());
        sleep(ms(1)).await;
        assert_eq!(alive_tasks(), 0);
        let start = std::time::Instant::now();
        (call.await, start.elapsed())
    }
    let panics = || (0..20_000).map(async |_| -> Result<(), ()> { resume_unwind(Box::new(())) });

    let (outcomes, settled) = after_all(gather_settled(panics())).await;
    assert_eq!(outcomes.len(), 20_000);
    let call = AssertUnwindSafe(try_gather(panics())).catch_unwind();
    let (result, took) = after_all(call).await;
    assert!(result.is_err());
    // An abort of all for each panic takes a thousand times as long.
    assert!(took < 50 * settled, "{took:?} and {settled:?}");
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
    let futures = [holds.boxed(), PanicsWhenDropped.boxed()];
    let call = AssertUnwindSafe(try_gather(futures)).catch_unwind();
    let payload = timeout(ms(1_000), call).await.unwrap().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"dropped"));
    assert_eq!((Arc::strong_count(&alive), alive_tasks()), (1, 0));
}

// asyncio: `gather(*tasks, return_exceptions=True)`, and `tasks[1].cancel()`.
#[tokio::test(start_paused = true)]
async fn f11e_a_child_that_is_cancelled_is_cancelled_in_its_place() {
    let start = Instant::now();
    let work = |millis| async move {
        sleep(ms(millis)).await;
        Ok::<_, ()>(millis)
    };
    let tasks = [20, 1_000, 30].map(|millis| tokio::spawn(work(millis)));
    let second = tasks[1].abort_handle();
    let cancel = async {
        sleep(ms(10)).await;
        second.abort();
    };
    let (outcomes, ()) = tokio::join!(gather_tasks(tasks), cancel);
    let [Outcome::Ok(20), Outcome::Cancelled, Outcome::Ok(30)] = outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(start.elapsed(), ms(30));
}

#[tokio::test(start_paused = true)]
async fn f11e_a_call_that_is_never_polled_stops_its_tasks() {
    let alive = Arc::new(());
    let task = tokio::spawn({
        let alive = Arc::clone(&alive);
        async move {
            let _alive = alive;
            pending::<Result<(), ()>>().await
        }
    });
    let call = gather_tasks([task]);
    sleep(ms(1)).await;
    assert_eq!(alive_tasks(), 1);
    drop(call);
    sleep(ms(1)).await;
    assert_eq!((Arc::strong_count(&alive), alive_tasks()), (1, 0));
}

#[test]
fn f8_a_tracker_waits_for_the_children_of_a_task_that_was_aborted() {
    let (begun, has_begun) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let child = {
        let ended = Arc::clone(&ended);
        async move {
            begun.send(()).expect("the test waits");
            block_in_place(|| released.recv().expect("the test releases it"));
            ended.store(true, Ordering::Release);
        }
    };
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    // It owns `release`: a test that fails lets go of the child.
    runtime.expect("it starts").block_on(async move {
        let tracker = TaskTracker::new();
        let caller = tokio::spawn(gather([tracker.track_future(child)]));
        has_begun.await.expect("it begins");

        // The caller has ended, and its child is in the middle of a poll.
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert!(!ended.load(Ordering::Acquire));

        tracker.close();
        let mut wait = Box::pin(tracker.wait());
        assert!(poll!(&mut wait).is_pending());
        release.send(()).expect("it waits to be released");
        wait.await;
        assert!(ended.load(Ordering::Acquire));
    });
}
