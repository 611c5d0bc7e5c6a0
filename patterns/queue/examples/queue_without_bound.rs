//! Mistake: an unbounded channel between a quick producer and a slow consumer. Nothing ever waits,
//! so the difference between the two stays in memory, and grows for as long as they run.

use std::num::NonZeroUsize;
use std::time::Duration;

use queue::Queue;
use tokio::sync::mpsc;
use tokio::time::sleep;

const ITEMS: usize = 10_000;
const PRODUCING: Duration = Duration::from_millis(1);
const CONSUMING: Duration = Duration::from_millis(10);

/// Returns how many items were in memory at once.
pub async fn mistake() -> usize {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let produce = async move {
        for item in 0..ITEMS {
            sleep(PRODUCING).await;
            sender.send(item).expect("it is open");
        }
    };
    let consume = async {
        let mut most = 0;
        while receiver.recv().await.is_some() {
            sleep(CONSUMING).await;
            most = most.max(receiver.len());
        }
        most
    };
    tokio::join!(produce, consume).1
}

/// Returns how many items were in memory at once.
pub async fn with_queue(capacity: NonZeroUsize) -> usize {
    let queue = Queue::new(capacity);
    let produce = async {
        for item in 0..ITEMS {
            sleep(PRODUCING).await;
            // When the consumer is behind, this is where the producer waits for it.
            let slot = queue.reserve().await.expect("it is open");
            slot.put(item).expect("it is open");
        }
        queue.close();
    };
    let consume = async {
        let mut most = 0;
        while let Some(_job) = queue.get().await {
            sleep(CONSUMING).await;
            most = most.max(queue.len());
        }
        most
    };
    tokio::join!(produce, consume).1
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} items at once", mistake().await);
    let capacity = NonZeroUsize::MIN.saturating_add(9);
    println!("recipe:  {} items at once", with_queue(capacity).await);
}
