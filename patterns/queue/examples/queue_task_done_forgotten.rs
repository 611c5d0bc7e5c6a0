//! Mistake: the consumer counts an item as done in a statement after the work. An error leaves by
//! the `?` before it, as a panic or a cancellation would, and so whoever waits for the count to
//! come to zero waits for ever.

use std::num::NonZeroUsize;
use std::time::Duration;

use queue::Queue;
use tokio::sync::watch;
use tokio::time::{error::Elapsed, timeout};

const HOUR: Duration = Duration::from_secs(3600);

async fn work(item: u32) -> Result<(), &'static str> {
    if item == 2 { Err("refused") } else { Ok(()) }
}

/// Returns that all were done, or that this was not seen within an hour.
pub async fn mistake() -> Result<(), Elapsed> {
    let (sender, receiver) = async_channel::unbounded();
    let unfinished = watch::Sender::new(0);
    for item in [1, 2, 3] {
        unfinished.send_modify(|count| *count += 1);
        sender.send(item).await.expect("it is open");
    }
    sender.close();

    let mut join = unfinished.subscribe();
    let handle = async |item| {
        work(item).await?;
        unfinished.send_modify(|count| *count -= 1);
        Ok::<_, &str>(())
    };
    let consume = async {
        while let Ok(item) = receiver.recv().await {
            if let Err(failure) = handle(item).await {
                assert_eq!(failure, "refused");
            }
        }
    };
    let join = async {
        join.wait_for(|count| *count == 0)
            .await
            .expect("it is open");
    };
    timeout(HOUR, async { tokio::join!(consume, join).1 }).await
}

/// Returns that all were done, or that this was not seen within an hour.
pub async fn with_queue() -> Result<(), Elapsed> {
    let queue = Queue::new(NonZeroUsize::MAX);
    for item in [1, 2, 3] {
        queue.try_put(item).expect("it is open and has room");
    }
    queue.close();

    let consume = async {
        while let Some(job) = queue.get().await {
            if let Err(failure) = work(*job).await {
                assert_eq!(failure, "refused");
            }
        }
    };
    timeout(HOUR, async { tokio::join!(consume, queue.join()).1 }).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_queue().await);
}
