//! Mistake: a limit of 0, from a setting perhaps, for `buffered` or `buffer_unordered`. With room
//! for no future they start none, and wait for ever for one to end.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use semaphore::map_limited;
use tokio::time::{error::Elapsed, timeout};

async fn double(n: usize) -> usize {
    2 * n
}

/// Doubles three numbers, or gives up after an hour.
pub async fn mistake(limit: usize) -> Result<Vec<usize>, Elapsed> {
    let doubled = stream::iter(1..=3).map(double).buffered(limit);
    timeout(Duration::from_secs(3600), doubled.collect()).await
}

/// Doubles three numbers, if there is a limit that lets it.
pub async fn with_map_limited(limit: usize) -> Option<Vec<usize>> {
    let limit = NonZeroUsize::new(limit)?;
    Some(map_limited(1..=3, limit, double).await)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    match mistake(0).await {
        Ok(doubled) => println!("mistake: {doubled:?}"),
        Err(_) => println!("mistake: still waiting after an hour"),
    }
    match with_map_limited(0).await {
        Some(doubled) => println!("recipe:  {doubled:?}"),
        None => println!("recipe:  0 is not a limit"),
    }
}
