//! Mistake: `send` under a timeout, or in a branch of `select!`. Its future owns the item. When the
//! time is up the future is dropped, and the item with it; trying again would send the next one.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use queue::Queue;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_millis(10);

/// Returns which of the items 1 to 5 have arrived.
pub async fn mistake() -> Vec<u32> {
    let (sender, mut receiver) = mpsc::channel(1);
    let produce = async move {
        for item in 1..=5 {
            if timeout(PATIENCE, sender.send(item)).await.is_err() {
                // It took too long: do something else for a while, and go on.
                sleep(PATIENCE).await;
            }
        }
    };
    let consume = async {
        let mut arrived = Vec::new();
        while let Some(item) = receiver.recv().await {
            sleep(3 * PATIENCE).await;
            arrived.push(item);
        }
        arrived
    };
    tokio::join!(produce, consume).1
}

/// Returns which of the items 1 to 5 have arrived.
pub async fn with_queue() -> Vec<u32> {
    let queue = Queue::new(NonZeroUsize::MIN);
    let produce = async {
        let mut items = VecDeque::from([1, 2, 3, 4, 5]);
        while let Some(&item) = items.front() {
            match timeout(PATIENCE, queue.reserve()).await {
                Ok(slot) => {
                    let slot = slot.expect("it is open");
                    slot.put(item).expect("it is open");
                    items.pop_front();
                }
                Err(_) => sleep(PATIENCE).await,
            }
        }
        queue.close();
    };
    let consume = async {
        let mut arrived = Vec::new();
        while let Some(item) = queue.get().await {
            sleep(3 * PATIENCE).await;
            arrived.push(*item);
        }
        arrived
    };
    tokio::join!(produce, consume).1
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_queue().await);
}
