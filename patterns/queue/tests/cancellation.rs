//! Each function is dropped at every await, and takes nothing along.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use queue::{Queue, TryPutError};
use tokio::time::sleep;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Every place is free, and there are no more than there should be.
fn has_room_for_one(queue: &Queue<u32>) {
    assert!(queue.is_empty());
    queue.try_put(0).expect("a place is lost");
    assert_eq!(queue.try_put(0), Err(TryPutError::Full(0)));
}

#[test]
fn get_takes_no_job_along() {
    let points = drop_at_every_await(|| {
        let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
        let got = Arc::new(AtomicUsize::new(0));
        let call = {
            let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
            async move {
                let (to, from) = (Arc::clone(&queue), Arc::clone(&got));
                let _producer = tokio::spawn(async move {
                    for item in 1..=3 {
                        sleep(ms(10)).await;
                        let slot = to.reserve().await.expect("it is open");
                        slot.put(item).expect("it is open");
                    }
                    sleep(ms(10)).await;
                    to.close();
                });
                let to = Arc::clone(&queue);
                // Another one waits behind this: a job that this has been promised is for it.
                let _other = tokio::spawn(async move {
                    sleep(ms(5)).await;
                    while let Some(_job) = to.get().await {
                        from.fetch_add(1, Ordering::Relaxed);
                    }
                });
                while let Some(_job) = queue.get().await {
                    got.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let nothing_is_lost = async move {
            sleep(ms(100)).await;
            queue.join().await;
            assert_eq!(got.load(Ordering::Relaxed), 3);
            assert!(queue.is_empty());
            assert_eq!(alive_tasks(), 0, "a task waits for ever");
        };
        (call, nothing_is_lost)
    });
    // For the first job, the third, and the end.
    assert_eq!(points.get(), 3);
}

#[test]
fn reserve_takes_no_place_and_no_item_along() {
    let points = drop_at_every_await(|| {
        let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
        let items = Arc::new(Mutex::new(VecDeque::from([1, 2, 3])));
        let call = {
            let (queue, items) = (Arc::clone(&queue), Arc::clone(&items));
            async move {
                let from = Arc::clone(&queue);
                let _consumer = tokio::spawn(async move {
                    while let Some(_job) = from.get().await {
                        sleep(ms(10)).await;
                    }
                });
                loop {
                    let slot = queue.reserve().await.expect("it is open");
                    let Some(item) = items.lock().unwrap().pop_front() else {
                        break;
                    };
                    slot.put(item).expect("it is open");
                }
            }
        };
        let nothing_is_lost = async move {
            // Who comes later finds all as it should be, and goes on with the rest.
            loop {
                let slot = queue.reserve().await.expect("it is open");
                let Some(item) = items.lock().unwrap().pop_front() else {
                    break;
                };
                slot.put(item).expect("it is open");
            }
            queue.join().await;
            queue.close();
            sleep(ms(10)).await;
            assert_eq!(alive_tasks(), 0, "a task waits for ever");
        };
        (call, nothing_is_lost)
    });
    // For the second place, the third, and the one that is not needed.
    assert_eq!(points.get(), 3);
}

#[test]
fn reserve_gives_a_place_that_it_was_promised_to_the_next() {
    let points = drop_at_every_await(|| {
        let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
        queue.try_put(0).expect("it is open and empty");
        let call = {
            let queue = Arc::clone(&queue);
            async move {
                let from = Arc::clone(&queue);
                let _consumer = tokio::spawn(async move {
                    sleep(ms(10)).await;
                    drop(from.get().await);
                });
                let after = Arc::clone(&queue);
                let _other = tokio::spawn(async move {
                    let slot = after.reserve().await.expect("it is open");
                    drop(slot);
                });
                drop(queue.reserve().await.expect("it is open"));
            }
        };
        let nothing_is_lost = async move {
            sleep(ms(100)).await;
            assert_eq!(alive_tasks(), 0, "a task waits for ever");
            has_room_for_one(&queue);
        };
        (call, nothing_is_lost)
    });
    assert_eq!(points.get(), 1);
}

#[test]
fn join_changes_nothing() {
    let points = drop_at_every_await(|| {
        let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
        let call = {
            let queue = Arc::clone(&queue);
            async move {
                for item in [1, 2] {
                    queue.try_put(item).expect("it is open and empty");
                    let job = queue.get().await;
                    let _worker = tokio::spawn(async move {
                        sleep(ms(10)).await;
                        drop(job);
                    });
                    queue.join().await;
                }
            }
        };
        let nothing_is_lost = async move {
            queue.join().await;
            sleep(ms(1)).await;
            assert_eq!(alive_tasks(), 0);
            has_room_for_one(&queue);
        };
        (call, nothing_is_lost)
    });
    assert_eq!(points.get(), 2);
}
