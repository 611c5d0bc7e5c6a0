//! Mistake: a consumer puts the sentinel back for the other consumers, into a queue with a bound.
//! A producer who waits takes the free place first. Then the consumer waits for a place which only
//! a consumer could free.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use queue::Queue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{error::Elapsed, timeout};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns how many items were done when the consumer had ended, or that it did not within an hour.
pub async fn mistake() -> Result<usize, Elapsed> {
    let (sender, mut receiver) = mpsc::channel::<Option<&str>>(1);
    let mut producers = JoinSet::new();
    for last in [None, Some("late")] {
        let sender = sender.clone();
        producers.spawn(async move { sender.send(last).await });
    }
    let consumer = async {
        let mut done = 0;
        while let Some(Some(_item)) = receiver.recv().await {
            done += 1;
        }
        sender.send(None).await.expect("it is open");
        done
    };
    timeout(HOUR, consumer).await
}

/// Returns how many items were done when the consumer had ended, or that it did not within an hour.
pub async fn with_queue() -> Result<usize, Elapsed> {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let mut producers = JoinSet::new();
    for items in [vec!["early"], vec!["late"]] {
        let queue = Arc::clone(&queue);
        producers.spawn(async move {
            for item in items {
                let slot = queue.reserve().await.expect("it is open");
                slot.put(item).expect("it is open");
            }
        });
    }
    let consumer = async {
        let mut done = 0;
        while let Some(_job) = queue.get().await {
            done += 1;
        }
        done
    };
    let close = async {
        producers.join_all().await;
        queue.close();
    };
    let both = async { tokio::join!(consumer, close).0 };
    timeout(HOUR, both).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_queue().await);
}
