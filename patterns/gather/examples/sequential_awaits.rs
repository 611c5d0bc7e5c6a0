//! Mistake: two futures are made first and awaited in turn, as one would with asyncio's tasks.
//! A Rust future does nothing before its first poll, so the second starts when the first has ended.

use std::time::Duration;

use gather::gather;
use tokio::time::{Instant, sleep};

/// A request that takes 300 ms.
async fn fetch(page: &'static str) -> &'static str {
    sleep(Duration::from_millis(300)).await;
    page
}

/// Returns how long both requests took.
pub async fn mistake() -> Duration {
    let start = Instant::now();
    let one = fetch("one");
    let two = fetch("two");
    let pages = [one.await, two.await];
    assert_eq!(pages, ["one", "two"]);
    start.elapsed()
}

/// Returns how long both requests took.
pub async fn with_gather() -> Duration {
    let start = Instant::now();
    let pages = gather([fetch("one"), fetch("two")]).await;
    assert_eq!(pages, ["one", "two"]);
    start.elapsed()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} ms", mistake().await.as_millis());
    println!("recipe:  {} ms", with_gather().await.as_millis());
}
