//! Mistake: a value that means "the end" in the queue itself. Each producer puts one when it is
//! through, and each consumer that sees one passes it on and ends. So the first producer to end
//! stops all consumers, while the second still produces for nobody.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use queue::Queue;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Two producers: what each puts, one item every 10 ms.
const ITEMS: [u32; 2] = [3, 8];

/// Returns how many of the items were done.
pub async fn mistake() -> u32 {
    let (sender, receiver) = async_channel::unbounded::<Option<u32>>();
    let mut producers = JoinSet::new();
    for count in ITEMS {
        let sender = sender.clone();
        producers.spawn(async move {
            for item in 0..count {
                sleep(Duration::from_millis(10)).await;
                sender.send(Some(item)).await.expect("it is open");
            }
            sender.send(None).await.expect("it is open");
        });
    }
    let mut consumers = JoinSet::new();
    for _ in 0..2 {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        consumers.spawn(async move {
            let mut done = 0;
            while let Some(_item) = receiver.recv().await.expect("it is open") {
                done += 1;
            }
            sender.send(None).await.expect("it is open");
            done
        });
    }
    producers.join_all().await;
    consumers.join_all().await.into_iter().sum()
}

/// Returns how many of the items were done.
pub async fn with_queue() -> u32 {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let mut producers = JoinSet::new();
    for count in ITEMS {
        let queue = Arc::clone(&queue);
        producers.spawn(async move {
            for item in 0..count {
                sleep(Duration::from_millis(10)).await;
                let slot = queue.reserve().await.expect("it is open");
                slot.put(item).expect("it is open");
            }
        });
    }
    let mut consumers = JoinSet::new();
    for _ in 0..2 {
        let queue = Arc::clone(&queue);
        consumers.spawn(async move {
            let mut done = 0;
            while let Some(_job) = queue.get().await {
                done += 1;
            }
            done
        });
    }
    // The end is not in the queue: it is when all producers have ended.
    producers.join_all().await;
    queue.close();
    consumers.join_all().await.into_iter().sum()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let all: u32 = ITEMS.iter().sum();
    println!("mistake: {} of {all} done", mistake().await);
    println!("recipe:  {} of {all} done", with_queue().await);
}
