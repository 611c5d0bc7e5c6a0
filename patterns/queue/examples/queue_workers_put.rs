//! Mistake: workers wait for a place in the queue that they take from, as in a crawler, where each page
//! leads to others. When it is full and all of them wait, nobody is left to make room.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use queue::{End, Queue};
use tokio::sync::mpsc::error::TrySendError::{Closed, Full};
use tokio::task::JoinSet;
use tokio::time::timeout;

const HOUR: Duration = Duration::from_secs(3600);
const WORKERS: usize = 4;
/// Each has two links, until there are no more pages.
const PAGES: u32 = 3_999;

fn links(page: u32) -> impl Iterator<Item = u32> {
    (2 * page..=2 * page + 1).filter(|link| *link <= PAGES)
}

/// Returns how many pages were done, as an error when that took longer than an hour.
pub async fn mistake(bound: NonZeroUsize) -> Result<u32, u32> {
    crawl(bound, async |queue, done| {
        while let Some(page) = queue.get().await {
            for link in links(*page) {
                let place = queue.reserve().await.expect("it is open");
                place.put(link).expect("it is open");
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await
}

/// The same with a queue that has no bound.
pub async fn without_bound() -> Result<u32, u32> {
    mistake(NonZeroUsize::MAX).await
}

/// The same with a bound, and a stack of the worker's own for what the queue has no room for.
pub async fn with_stack(bound: NonZeroUsize) -> Result<u32, u32> {
    crawl(bound, async |queue, done| {
        // As long as there is something on the stack, the job that it came from is not done.
        while let Some(job) = queue.get().await {
            let mut stack = vec![*job];
            while let Some(page) = stack.pop() {
                for link in links(page) {
                    match queue.try_put(link) {
                        Ok(()) => {}
                        Err(Full(link) | Closed(link)) => stack.push(link),
                    }
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}

async fn crawl<W>(
    bound: NonZeroUsize,
    work: impl Fn(Arc<End<u32>>, Arc<AtomicU32>) -> W,
) -> Result<u32, u32>
where
    W: Future<Output = ()> + Send + 'static,
{
    let queue = Arc::new(Queue::new(bound));
    let done = Arc::new(AtomicU32::new(0));
    let (producer, consumer) = queue.split();
    producer.try_put(1).expect("it is open and empty");
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(&consumer), Arc::clone(&done)));
    }
    drop(consumer);
    // The workers put as well: the end is where nothing is unfinished, and nobody finds more.
    let ended = timeout(HOUR, queue.join()).await;
    drop(producer);
    let done = done.load(Ordering::Relaxed);
    if ended.is_err() {
        return Err(done);
    }
    workers.join_all().await;
    Ok(done)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for bound in [1, 4, 100] {
        let bound = NonZeroUsize::new(bound).expect("none is zero");
        println!("bound {bound}");
        println!("  mistake: {:?}", mistake(bound).await);
        println!("  recipe:  {:?}", with_stack(bound).await);
    }
    println!("no bound:  {:?}", without_bound().await);
}
