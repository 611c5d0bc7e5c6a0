//! Each function is dropped at every await: nothing is left running, and no permit is lost.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use semaphore::{SharedLimit, map_limited, try_map_limited};
use tokio::time::sleep;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

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
fn map_limited_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let start = {
            let alive = Arc::clone(&alive);
            move |millis| work(Arc::clone(&alive), millis, millis)
        };
        let call = async { assert_eq!(map_limited([30, 10, 50], TWO, start).await, [30, 10, 50]) };
        (call, nothing_is_left(alive))
    });
    // For each item: until it has ended, and until what else was ready has run.
    assert_eq!(points.get(), 6);
}

#[test]
fn try_map_limited_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let start = {
            let alive = Arc::clone(&alive);
            move |millis| work(Arc::clone(&alive), millis, Ok::<_, ()>(millis))
        };
        let call = async {
            let values = try_map_limited([30, 10, 50], TWO, start).await;
            assert_eq!(values.unwrap(), [30, 10, 50]);
        };
        (call, nothing_is_left(alive))
    });
    assert_eq!(points.get(), 6);
}

#[test]
fn try_map_limited_leaves_nothing_running_while_it_stops_the_others() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let start = {
            let alive = Arc::clone(&alive);
            move |(millis, result)| work(Arc::clone(&alive), millis, result)
        };
        let items = [
            (30, Ok(())),
            (10, Ok(())),
            (10, Err("refused")),
            (0, Ok(())),
        ];
        let call = async move {
            let failure = try_map_limited(items, TWO, start).await.unwrap_err();
            assert_eq!(failure.index, 2);
        };
        (call, nothing_is_left(alive))
    });
    // Twice for the value, for the error, and for the task that is cancelled.
    assert_eq!(points.get(), 6);
}

// S4, S7
#[test]
fn acquire_leaves_the_line_and_loses_no_permit() {
    let points = drop_at_every_await(|| {
        let limit = SharedLimit::new(THREE);
        let others = limit.clone();
        let call = async move {
            // Each takes its turn for 10 ms. The second has two of three permits while it waits.
            let user = async |weight| {
                let _permit = limit.acquire(weight).await.unwrap();
                sleep(Duration::from_millis(10)).await;
            };
            tokio::join!(user(1), user(3), user(1));
        };
        let every_permit_is_back = async move { drop(others.try_acquire(3).unwrap()) };
        (call, every_permit_is_back)
    });
    // Three turns, and a wake-up for each of the two who waited.
    assert_eq!(points.get(), 5);
}

#[test]
fn tasks_that_hold_permits_give_them_back() {
    let points = drop_at_every_await(|| {
        let limit = SharedLimit::new(THREE);
        let others = limit.clone();
        let call = async move {
            map_limited([1, 2, 3], TWO, |weight| {
                let limit = limit.clone();
                async move {
                    let _permit = limit.acquire(weight).await.unwrap();
                    sleep(Duration::from_millis(10)).await;
                }
            })
            .await;
        };
        let every_permit_is_back = async move {
            drop(others.try_acquire(3).unwrap());
            assert_eq!(alive_tasks(), 0, "a task is left");
        };
        (call, every_permit_is_back)
    });
    // All three begin at once, and two have room: two rounds.
    assert_eq!(points.get(), 4);
}
