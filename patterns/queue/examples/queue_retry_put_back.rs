//! Mistake: a consumer puts a job that has failed back into the queue. A producer has taken the place
//! that it left, and soon all consumers wait for one, which only they could free.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use queue::{End, Queue};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);
const ITEMS: u32 = 10;

/// Fails at the first attempt, and gives the item back.
struct Item {
    attempts: u32,
}

async fn work(mut item: Item) -> Result<(), Item> {
    sleep(Duration::from_millis(10)).await;
    item.attempts += 1;
    if item.attempts == 1 {
        Err(item)
    } else {
        Ok(())
    }
}

/// Returns how many items were done, as an error when that took longer than an hour.
pub async fn mistake() -> Result<u32, u32> {
    run(async |queue| {
        let mut done = 0;
        while let Some(job) = queue.get().await {
            let (item, token) = job.into_parts();
            match work(item).await {
                Ok(()) => done += 1,
                Err(item) => {
                    let Ok(place) = queue.reserve().await else {
                        break;
                    };
                    place.put(item).expect("it is open");
                }
            }
            drop(token);
        }
        done
    })
    .await
}

/// Returns how many items were done, as an error when that took longer than an hour.
pub async fn in_hand() -> Result<u32, u32> {
    run(async |queue| {
        let mut done = 0;
        while let Some(job) = queue.get().await {
            // The item changes hands at each attempt. The token says that the job is not done.
            let (mut item, token) = job.into_parts();
            while let Err(back) = work(item).await {
                item = back;
                sleep(Duration::from_millis(50)).await;
            }
            drop(token);
            done += 1;
        }
        done
    })
    .await
}

async fn run<W>(consume: impl Fn(Arc<End<Item>>) -> W) -> Result<u32, u32>
where
    W: Future<Output = u32> + Send + 'static,
{
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let (producer, consumer) = queue.split();
    let mut consumers = JoinSet::new();
    for _ in 0..2 {
        consumers.spawn(consume(Arc::clone(&consumer)));
    }
    drop(consumer);
    let produce = async {
        for _ in 0..ITEMS {
            let place = producer.reserve().await.expect("a consumer is there");
            place
                .put(Item { attempts: 0 })
                .expect("a consumer is there");
        }
        queue.join().await;
    };
    let ended = timeout(HOUR, produce).await;
    queue.close();
    let mut done = 0;
    while let Some(consumer) = consumers.join_next().await {
        done += consumer.expect("no consumer panics");
    }
    if ended.is_ok() { Ok(done) } else { Err(done) }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", in_hand().await);
}
