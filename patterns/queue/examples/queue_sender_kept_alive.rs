//! Mistake: every producer gets a clone of the sender, and the original stays where it was made.
//! The channel ends when its last sender is dropped, which this one never is, and so the receive
//! loop waits for ever.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use queue::Queue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{error::Elapsed, timeout};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns the sum of what came, or that the loop has not ended within an hour.
pub async fn mistake() -> Result<u32, Elapsed> {
    let (sender, mut receiver) = mpsc::channel(10);
    let mut producers = JoinSet::new();
    for item in [1, 2, 3] {
        let sender = sender.clone();
        producers.spawn(async move { sender.send(item).await });
    }
    let all = timeout(HOUR, async {
        let mut sum = 0;
        while let Some(item) = receiver.recv().await {
            sum += item;
        }
        sum
    });
    let all = all.await;
    // In a real program nothing says that it lives until here.
    drop(sender);
    all
}

/// Returns the sum of what came, or that the loop has not ended within an hour.
pub async fn with_queue() -> Result<u32, Elapsed> {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let mut producers = JoinSet::new();
    for item in [1, 2, 3] {
        let queue = Arc::clone(&queue);
        producers.spawn(async move {
            let slot = queue.reserve().await.expect("it is open");
            slot.put(item).expect("it is open");
        });
    }
    let close = async {
        producers.join_all().await;
        // It does not matter who still holds the queue.
        queue.close();
    };
    let consume = async {
        let mut sum = 0;
        while let Some(item) = queue.get().await {
            sum += *item;
        }
        sum
    };
    timeout(HOUR, async { tokio::join!(consume, close).0 }).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_queue().await);
}
