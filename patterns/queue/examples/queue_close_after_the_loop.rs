//! Mistake: what closes the queue is a statement after a loop, on either side of it. An error leaves by
//! the `?` in the loop, as a panic or an abort would, and the other side waits for ever.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use queue::Queue;
use tokio::time::{error::Elapsed, timeout};

const HOUR: Duration = Duration::from_secs(3600);

fn check(item: u32) -> Result<u32, &'static str> {
    if item == 13 { Err("refused") } else { Ok(item) }
}

/// The producer fails. Returns how many jobs the consumer did, or that it waits for more.
pub async fn mistake_of_the_producer() -> Result<u32, Elapsed> {
    let queue = Queue::new(NonZeroUsize::MIN);
    let produce = async {
        for item in 1..=20 {
            let item = check(item)?;
            let place = queue.reserve().await.map_err(|_| "closed")?;
            place.put(item).map_err(|_| "closed")?;
        }
        queue.close();
        Ok::<_, &str>(())
    };
    let consume = async {
        let mut done = 0;
        while let Some(_job) = queue.get().await {
            done += 1;
        }
        done
    };
    timeout(HOUR, async { tokio::join!(consume, produce).0 }).await
}

/// The consumer fails. Returns how many items the producer put, or that it waits for a place.
pub async fn mistake_of_the_consumer() -> Result<u32, Elapsed> {
    let queue = Queue::new(NonZeroUsize::MIN);
    let consume = async {
        while let Some(job) = queue.get().await {
            check(*job)?;
        }
        queue.close();
        Ok::<_, &str>(())
    };
    let produce = async {
        let mut put = 0;
        while let Ok(place) = queue.reserve().await {
            put += 1;
            place.put(put).expect("it is open");
        }
        put
    };
    timeout(HOUR, async { tokio::join!(produce, consume).0 }).await
}

/// The producer fails. Returns how many jobs the consumer did, or that it waits for more.
pub async fn a_producer_with_its_end() -> Result<u32, Elapsed> {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let (producer, consumer) = queue.split();
    let produce = async move {
        for item in 1..=20 {
            let item = check(item)?;
            let place = producer.reserve().await.map_err(|_| "closed")?;
            place.put(item).map_err(|_| "closed")?;
        }
        Ok::<_, &str>(())
    };
    let consume = async move {
        let mut done = 0;
        while let Some(_job) = consumer.get().await {
            done += 1;
        }
        done
    };
    timeout(HOUR, async { tokio::join!(consume, produce).0 }).await
}

/// The consumer fails. Returns how many items the producer put, or that it waits for a place.
pub async fn a_consumer_with_its_end() -> Result<u32, Elapsed> {
    let queue = Arc::new(Queue::new(NonZeroUsize::MIN));
    let (producer, consumer) = queue.split();
    let consume = async move {
        while let Some(job) = consumer.get().await {
            check(*job)?;
        }
        Ok::<_, &str>(())
    };
    let produce = async move {
        let mut put = 0;
        while let Ok(place) = producer.reserve().await {
            put += 1;
            place.put(put).expect("a consumer is there");
        }
        put
    };
    timeout(HOUR, async { tokio::join!(produce, consume).0 }).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("the producer fails");
    println!("  mistake: {:?}", mistake_of_the_producer().await);
    println!("  recipe:  {:?}", a_producer_with_its_end().await);
    println!("the consumer fails");
    println!("  mistake: {:?}", mistake_of_the_consumer().await);
    println!("  recipe:  {:?}", a_consumer_with_its_end().await);
}
