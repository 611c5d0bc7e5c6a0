//! The two ends of a queue: what happens when the last who has one of them is gone.
//!
//! The name of a test begins with the report that it answers.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use futures::FutureExt;
use queue::{Closed, End, Queue, TryPutError};
use tokio::task::{JoinError, JoinSet, spawn, yield_now};
use tokio::time::{Instant, sleep, timeout};

/// Of virtual time: what takes longer hangs.
const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn queue<T>(capacity: usize) -> Arc<Queue<T>> {
    let capacity = NonZeroUsize::new(capacity).expect("no test has a queue without room");
    Arc::new(Queue::new(capacity))
}

fn is_ready(future: impl Future) -> bool {
    future.now_or_never().is_some()
}

/// The ways in which a task ends that was to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    ByAnError,
    ByAPanic,
    Aborted,
}

const WAYS: [Ends; 3] = [Ends::ByAnError, Ends::ByAPanic, Ends::Aborted];

/// What a task that ended like that returns.
fn check(way: Ends, ended: Result<Result<(), &'static str>, JoinError>) {
    match way {
        Ends::ByAnError => assert_eq!(ended.expect("it returns"), Err("refused")),
        Ends::ByAPanic => assert!(ended.is_err_and(|ended| ended.is_panic())),
        Ends::Aborted => assert!(ended.is_err_and(|ended| ended.is_cancelled())),
    }
}

/// Ends. An abort has to come from outside.
async fn end(way: Ends) -> Result<(), &'static str> {
    match way {
        Ends::ByAnError => Err("refused"),
        Ends::ByAPanic => panic!("broken"),
        Ends::Aborted => std::future::pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn n4_consumers_end_after_what_was_put_when_the_last_producer_fails() {
    for way in WAYS {
        let queue = queue(10);
        let (producer, consumer) = queue.split();
        let failing = spawn(async move {
            for item in 1..=13 {
                let slot = producer.reserve().await.map_err(|_| "closed")?;
                slot.put(item).map_err(|_| "closed")?;
            }
            end(way).await
        });
        let mut consumers = JoinSet::new();
        for _ in 0..3 {
            let consumer = Arc::clone(&consumer);
            consumers.spawn(async move {
                let mut done = 0;
                while let Some(_job) = consumer.get().await {
                    sleep(ms(10)).await;
                    done += 1;
                }
                done
            });
        }
        drop(consumer);
        sleep(ms(1)).await;
        if way == Ends::Aborted {
            sleep(ms(100)).await;
            failing.abort();
        }
        check(way, failing.await);
        let done = timeout(HOUR, consumers.join_all()).await;
        let done: usize = done.expect("the consumers hang").into_iter().sum();
        assert_eq!(done, 13, "{way:?}");
        assert!(is_ready(queue.join()));
        assert_eq!(alive_tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f12_producers_hear_that_the_last_consumer_has_failed_and_join_ends() {
    for way in WAYS {
        let queue = queue(2);
        let (producer, consumer) = queue.split();
        let mut consumers = JoinSet::new();
        for _ in 0..2 {
            let consumer = Arc::clone(&consumer);
            consumers.spawn(async move {
                let _job = consumer.get().await.expect("there is one");
                sleep(ms(10)).await;
                end(way).await
            });
        }
        drop(consumer);
        let producing = spawn(async move {
            let mut put = 0;
            loop {
                let Ok(slot) = producer.reserve().await else {
                    return put;
                };
                slot.put(put).expect("a consumer is there");
                put += 1;
            }
        });
        sleep(ms(20)).await;
        if way == Ends::Aborted {
            consumers.abort_all();
        }
        while let Some(ended) = consumers.join_next().await {
            check(way, ended);
        }
        // Two were in hand, two in the queue, and for the fifth there was no place.
        let put = timeout(HOUR, producing).await.expect("the producer hangs");
        assert_eq!(put.unwrap(), 4, "{way:?}");
        timeout(HOUR, queue.join()).await.expect("join hangs");
        assert!(queue.is_empty());
        assert_eq!(alive_tasks(), 0);
    }
}

// The item of a consumer that returns its first error goes with it.
#[tokio::test(start_paused = true)]
async fn p6_consumers_that_return_their_first_error_stop_the_producer() {
    async fn consume(queue: Arc<End<u32>>) -> Result<(), u32> {
        while let Some(job) = queue.get().await {
            if *job % 2 == 0 {
                return Err(*job);
            }
        }
        Ok(())
    }

    let queue = queue(1);
    let (producer, consumer) = queue.split();
    let mut consumers = JoinSet::new();
    for _ in 0..2 {
        consumers.spawn(consume(Arc::clone(&consumer)));
    }
    drop(consumer);
    let produce = async {
        for item in 1.. {
            let slot = producer.reserve().await?;
            slot.put(item).map_err(|Closed(_)| Closed(()))?;
        }
        Ok(())
    };
    let produced = timeout(HOUR, produce).await.expect("the producer hangs");
    assert_eq!(produced, Err(Closed(())));
    let mut errors: Vec<_> = consumers.join_all().await;
    errors.sort_unstable();
    assert_eq!(errors, [Err(2), Err(4)]);
    queue.close();
    timeout(HOUR, queue.join()).await.expect("join hangs");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_one_task_still_has_keeps_the_queue_open() {
    let queue = queue(1);
    let (producer, consumer) = queue.split();
    let (other_producer, other_consumer) = (Arc::clone(&producer), Arc::clone(&consumer));
    drop((producer, consumer));
    queue.try_put(1).unwrap();
    assert_eq!(*queue.try_get().unwrap(), 1);
    drop(other_consumer);
    assert_eq!(queue.try_put(2), Err(TryPutError::Closed(2)));
    drop(other_producer);
}

#[tokio::test(start_paused = true)]
async fn a_queue_whose_ends_are_gone_is_closed_for_all_who_share_it() {
    let queue = queue(1);
    let (producer, _consumer) = queue.split();
    queue.try_put(1).unwrap();
    drop(producer);
    assert!(is_ready(queue.reserve()));
    assert_eq!(*queue.get().await.unwrap(), 1);
    assert!(queue.get().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn join_waits_for_the_jobs_that_outlive_the_last_consumer() {
    let start = Instant::now();
    let queue = queue(2);
    let (_producer, consumer) = queue.split();
    queue.try_put("in hand").unwrap();
    queue.try_put("in the queue").unwrap();
    let (_, token) = consumer.get().await.unwrap().into_parts();
    drop(consumer);
    assert!(queue.is_empty());
    let work = spawn(async move {
        sleep(ms(30)).await;
        drop(token);
    });
    timeout(HOUR, queue.join()).await.expect("join hangs");
    assert_eq!(start.elapsed(), ms(30));
    work.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_consumer_can_have_back_what_nobody_has_taken() {
    let queue = queue(3);
    let (_producer, consumer) = queue.split();
    for item in 1..=3 {
        queue.try_put(item).unwrap();
    }
    drop(consumer.get().await);
    assert_eq!(consumer.close_now(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn p5_an_owned_slot_moves_to_another_task_and_keeps_the_queue_open() {
    let queue = queue(2);
    let (producer, consumer) = queue.split();
    let mut tasks = JoinSet::new();
    for item in [20, 10] {
        let slot = Arc::clone(&producer).reserve_owned().await.unwrap();
        tasks.spawn(async move {
            sleep(ms(item)).await;
            slot.put(item)
        });
    }
    // Both places are taken, and no producer is left but for the slots.
    assert_eq!(producer.try_put(0), Err(TryPutError::Full(0)));
    drop(producer);
    assert_eq!(*consumer.get().await.unwrap(), 10);
    assert_eq!(*consumer.get().await.unwrap(), 20);
    assert!(timeout(HOUR, consumer.get()).await.unwrap().is_none());
    for put in tasks.join_all().await {
        assert_eq!(put, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn p5_an_owned_slot_gives_its_place_or_its_item_back() {
    let queue = queue(1);
    let (producer, _consumer) = queue.split();
    let slot = Arc::clone(&producer).reserve_owned().await.unwrap();
    drop(slot);
    let slot = Arc::clone(&producer).reserve_owned().await.unwrap();
    queue.close();
    assert_eq!(slot.put("late"), Err(Closed("late")));
    let refused = producer.reserve_owned().await;
    assert_eq!(refused.unwrap_err(), Closed(()));
}

#[test]
fn reserve_owned_takes_no_place_and_no_end_along() {
    let points = drop_at_every_await(|| {
        let queue = queue(1);
        queue.try_put(0).unwrap();
        let (producer, consumer) = queue.split();
        let call = {
            let producer = Arc::clone(&producer);
            async move {
                let getting = spawn(async move {
                    yield_now().await;
                    drop(consumer.get().await);
                    consumer
                });
                let slot = producer.reserve_owned().await.unwrap();
                drop((slot, getting.await.unwrap()));
            }
        };
        let nothing_is_lost = async move {
            sleep(ms(1)).await;
            // The place is free. Where the consumer is gone, it is closed for that reason.
            match producer.try_put(1) {
                Ok(()) => assert_eq!(producer.try_put(2), Err(TryPutError::Full(2))),
                Err(refused) => assert_eq!(refused, TryPutError::Closed(1)),
            }
            drop(producer);
            // This was the last one: the calls that were dropped have none.
            assert_eq!(queue.try_put(3), Err(TryPutError::Closed(3)));
            assert_eq!(alive_tasks(), 0);
        };
        (call, nothing_is_lost)
    });
    assert!(points.get() >= 1);
}
