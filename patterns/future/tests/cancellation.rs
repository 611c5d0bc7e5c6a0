//! Each async function is dropped at every await, and nothing is left or lost.

use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use future::{NeverSet, promise, spawn_eager};
use tokio::task::yield_now;
use tokio::time::sleep;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_dropped_wait_takes_nothing_from_the_others() {
    let points = drop_at_every_await(|| {
        let (setter, waiter) = promise();
        let other = waiter.clone();
        tokio::spawn(async move {
            sleep(ms(10)).await;
            setter.set(7).expect("it is the first");
        });
        let others = tokio::spawn({
            let waiter = waiter.clone();
            async move { waiter.wait().await.copied() }
        });
        let call = async move {
            sleep(ms(1)).await;
            assert_eq!(waiter.wait().await, Ok(&7));
            sleep(ms(1)).await;
        };
        let check = async move {
            assert_eq!(others.await.expect("it does not panic"), Ok(7));
            assert_eq!(other.wait().await, Ok(&7), "a late waiter");
            assert_eq!(alive_tasks(), 0, "a task is left");
        };
        (call, check)
    });
    assert_eq!(points.get(), 3);
}

#[test]
fn a_dropped_setter_ends_the_wait_wherever_it_is_dropped() {
    let points = drop_at_every_await(|| {
        let (setter, waiter) = promise();
        let call = async move {
            sleep(ms(1)).await;
            yield_now().await;
            setter.set(7).expect("it is the first");
            sleep(ms(1)).await;
        };
        let check = async move {
            // Either way there is an end, and nobody hangs.
            let end = waiter.wait().await;
            assert!([Ok(&7), Err(NeverSet)].contains(&end));
        };
        (call, check)
    });
    assert_eq!(points.get(), 3);
}

#[test]
fn a_dropped_join_cancels_its_task() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let inside = Arc::clone(&alive);
        let call = async move {
            let started = spawn_eager(async move {
                let _inside = inside;
                for _ in 0..3 {
                    sleep(ms(10)).await;
                }
                7
            });
            yield_now().await;
            assert_eq!(started.join().await.expect("it does not panic"), 7);
        };
        let check = async move {
            assert_eq!(alive_tasks(), 0, "the task is left");
            assert_eq!(Arc::strong_count(&alive), 1, "its future is left");
        };
        (call, check)
    });
    // The yield, and the wait for the task.
    assert_eq!(points.get(), 2);
}
