//! Mistake: a producer and its consumer are made, then awaited in turn. While the first is awaited,
//! the second does not run. As soon as the channel is full, they wait for ever.

use std::time::Duration;

use future::spawn_eager;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

const HOUR: Duration = Duration::from_secs(3600);

async fn produce(numbers: Sender<u32>) {
    for number in 1..=10 {
        if numbers.send(number).await.is_err() {
            break;
        }
    }
}

async fn add_up(mut numbers: Receiver<u32>) -> u32 {
    let mut sum = 0;
    while let Some(number) = numbers.recv().await {
        sum += number;
    }
    sum
}

/// Returns the sum. It should be 55.
pub async fn mistake() -> Result<u32, Elapsed> {
    let (sender, receiver) = channel(4);
    let producer = produce(sender);
    let consumer = add_up(receiver);
    timeout(HOUR, producer).await?;
    timeout(HOUR, consumer).await
}

/// Returns the sum. It should be 55.
pub async fn with_spawn_eager() -> Result<u32, Elapsed> {
    let (sender, receiver) = channel(4);
    let producer = spawn_eager(produce(sender));
    let consumer = spawn_eager(add_up(receiver));
    let produced = timeout(HOUR, producer.join()).await?;
    produced.expect("it does not panic");
    let sum = timeout(HOUR, consumer.join()).await?;
    Ok(sum.expect("it does not panic"))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?} after an hour", mistake().await);
    println!("recipe:  {:?}", with_spawn_eager().await);
}
