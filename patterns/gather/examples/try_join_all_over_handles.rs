//! Mistake: `try_join_all` over the handles of tasks that return a `Result`. The error it looks
//! for is the handle's own, a panic; the task's error is to it a value like any other, which
//! stops nothing and is found when the slowest has ended.

use std::time::Duration;

use futures::future::try_join_all;
use gather::try_gather;
use tokio::time::{Instant, sleep};

/// A request that takes `millis`. The page of 100 ms is refused.
async fn fetch(millis: u64) -> Result<u64, &'static str> {
    sleep(Duration::from_millis(millis)).await;
    if millis == 100 {
        Err("refused")
    } else {
        Ok(millis)
    }
}

/// Returns the error, and when it was known.
pub async fn mistake() -> (&'static str, Duration) {
    let start = Instant::now();
    let handles = [100, 300, 600].map(|millis| tokio::spawn(fetch(millis)));
    let results = try_join_all(handles).await.expect("no task panics");
    let pages: Result<Vec<u64>, _> = results.into_iter().collect();
    (pages.expect_err("one is refused"), start.elapsed())
}

/// Returns the error, and when it was known.
pub async fn with_gather() -> (&'static str, Duration) {
    let start = Instant::now();
    let pages = try_gather([100, 300, 600].map(fetch)).await;
    let failure = pages.expect_err("one is refused");
    (failure.error, start.elapsed())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (error, at) = mistake().await;
    println!("mistake: {error}, known after {} ms", at.as_millis());
    let (error, at) = with_gather().await;
    println!("recipe:  {error}, known after {} ms", at.as_millis());
}
