//! Mistake: several consumers, and the results have to come out in the order of the items. Those that
//! are ready before their turn are kept, and while the first one takes its time, nothing bounds them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use queue::Queue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

const ITEMS: usize = 2_000;
const CONSUMERS: usize = 4;

async fn work(item: usize) -> usize {
    sleep(Duration::from_millis(if item == 0 { 600 } else { 1 })).await;
    item
}

/// Returns how many results were kept at once.
pub async fn mistake() -> usize {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let (producer, consumer) = queue.split();
    let (done, mut results) = mpsc::channel(1);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for item in 0..ITEMS {
            let place = producer.reserve().await.expect("a consumer is there");
            place.put(item).expect("a consumer is there");
        }
    });
    for _ in 0..CONSUMERS {
        let (consumer, done) = (Arc::clone(&consumer), done.clone());
        tasks.spawn(async move {
            while let Some(job) = consumer.get().await {
                done.send(work(*job).await).await.expect("it is open");
            }
        });
    }
    drop((consumer, done));
    let (mut early, mut next, mut most) = (BTreeSet::new(), 0, 0);
    while let Some(result) = results.recv().await {
        early.insert(result);
        most = most.max(early.len());
        while early.remove(&next) {
            next += 1;
        }
    }
    tasks.join_all().await;
    assert_eq!(next, ITEMS);
    most
}

/// Returns how many items were in hand at once: at work, or ready and kept.
pub async fn buffered() -> usize {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let (producer, consumer) = queue.split();
    let produce = async move {
        for item in 0..ITEMS {
            let place = producer.reserve().await.expect("a consumer is there");
            place.put(item).expect("a consumer is there");
        }
    };
    let consume = async move {
        let jobs = stream::unfold(consumer, async |consumer| {
            let job = consumer.get().await?;
            Some((job, consumer))
        });
        let in_hand = Cell::new(0);
        let results = jobs
            .inspect(|_| in_hand.set(in_hand.get() + 1))
            .map(async |job| work(*job).await)
            .buffered(CONSUMERS);
        let mut results = pin!(results);
        let (mut next, mut most) = (0, 0);
        while let Some(result) = results.next().await {
            assert_eq!(result, next);
            most = most.max(in_hand.replace(in_hand.get() - 1));
            next += 1;
        }
        assert_eq!(next, ITEMS);
        most
    };
    tokio::join!(produce, consume).1
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} results kept at once", mistake().await);
    println!("recipe:  {} items in hand at once", buffered().await);
}
