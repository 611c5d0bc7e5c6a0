//! Mistake: one semaphore for many small requests and a rare large one that takes all permits. It
//! is served in turn, so while it waits for the last permit it keeps all that come free, and every
//! small request waits behind it.

use std::num::NonZeroU32;
use std::time::Duration;

use semaphore::SharedLimit;
use tokio::time::{Instant, sleep};

const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();
const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Holds one permit for a minute.
async fn download(limit: &SharedLimit) {
    let _permit = limit.acquire(1).await.expect("nobody closes it");
    sleep(Duration::from_secs(60)).await;
}

/// Takes `weight`, and returns how long it waited for it.
async fn request(limit: &SharedLimit, weight: u32) -> Duration {
    let start = Instant::now();
    let _permit = limit.acquire(weight).await.expect("nobody closes it");
    start.elapsed()
}

/// Returns how long a small request waits, with one permit of ten in use.
pub async fn mistake() -> Duration {
    let limit = SharedLimit::new(TEN);
    let (_, _, waited) = tokio::join!(download(&limit), request(&limit, 10), request(&limit, 1));
    waited
}

/// Returns how long a small request waits when the large one has a limit of its own.
pub async fn with_a_limit_each() -> Duration {
    let small = SharedLimit::new(TEN);
    let large = SharedLimit::new(ONE);
    let (_, _, waited) = tokio::join!(download(&small), request(&large, 1), request(&small, 1));
    waited
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: waits for {} s", mistake().await.as_secs());
    println!(
        "apart:   waits for {} s",
        with_a_limit_each().await.as_secs()
    );
}
