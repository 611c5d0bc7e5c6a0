//! Each function is dropped at every await, and leaves nothing running behind.

use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use gather::{gather, gather_settled, gather_tasks, try_gather};
use tokio::time::sleep;

/// Sleeps, then ends with `result`, and holds `alive` for as long as it is not dropped.
async fn work<R>(alive: Arc<()>, millis: u64, result: R) -> R {
    sleep(Duration::from_millis(millis)).await;
    drop(alive);
    result
}

async fn nothing_is_left(alive: Arc<()>) {
    assert_eq!(Arc::strong_count(&alive), 1, "a future was not dropped");
    assert_eq!(alive_tasks(), 0, "a task is left");
}

#[test]
fn gather_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let futures = [10, 20, 30].map(|millis| work(Arc::clone(&alive), millis, millis));
        let call = async { assert_eq!(gather(futures).await, [10, 20, 30]) };
        (call, nothing_is_left(alive))
    });
    // One wait for each future, in input order.
    assert_eq!(points.get(), 3);
}

#[test]
fn try_gather_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let futures =
            [10, 30, 20].map(|millis| work(Arc::clone(&alive), millis, Ok::<_, ()>(millis)));
        let call = async { assert_eq!(try_gather(futures).await.unwrap(), [10, 30, 20]) };
        (call, nothing_is_left(alive))
    });
    // The third has ended when its turn comes.
    assert_eq!(points.get(), 2);
}

#[test]
fn try_gather_leaves_nothing_running_while_it_stops_the_others() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let futures = [
            work(Arc::clone(&alive), 10, Ok(())),
            work(Arc::clone(&alive), 30, Ok(())),
            work(Arc::clone(&alive), 20, Err("refused")),
            work(Arc::clone(&alive), 40, Ok(())),
        ];
        let call = async { assert_eq!(try_gather(futures).await.unwrap_err().index, 2) };
        (call, nothing_is_left(alive))
    });
    // For the value, for the error, and for the two cancelled tasks, which stop in one go.
    assert_eq!(points.get(), 3);
}

#[test]
fn gather_settled_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let futures = [
            work(Arc::clone(&alive), 10, Ok(())),
            work(Arc::clone(&alive), 20, Err("refused")),
            work(Arc::clone(&alive), 40, Ok(())),
            work(Arc::clone(&alive), 30, Ok(())),
        ];
        let call = async { assert_eq!(gather_settled(futures).await.len(), 4) };
        (call, nothing_is_left(alive))
    });
    // It waits in input order: the fourth has ended when its turn comes.
    assert_eq!(points.get(), 3);
}

#[test]
fn gather_tasks_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let tasks = [10, 20, 30]
            .map(|millis| tokio::spawn(work(Arc::clone(&alive), millis, Ok::<_, ()>(millis))));
        let call = gather_tasks(tasks);
        let call = async { assert_eq!(call.await.len(), 3) };
        (call, nothing_is_left(alive))
    });
    assert_eq!(points.get(), 3);
}
