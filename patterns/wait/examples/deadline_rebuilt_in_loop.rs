//! Mistake: a `sleep` inside of the loop is meant as the deadline of the whole. Each round makes a
//! new one, which begins at nothing, and a result that comes every 100 ms keeps it from ever firing.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use wait::{all_completed, wait};

const LIMIT: Duration = Duration::from_millis(250);

/// Ten requests. One is answered every 100 ms.
fn requests() -> JoinSet<()> {
    let sleeps = (1..=10).map(|n| sleep(Duration::from_millis(100 * n)));
    sleeps.collect()
}

/// Returns how long the caller waited.
pub async fn mistake() -> Duration {
    let start = Instant::now();
    let mut tasks = requests();
    loop {
        tokio::select! {
            ended = tasks.join_next() => if ended.is_none() { break },
            () = sleep(LIMIT) => break,
        }
    }
    start.elapsed()
}

/// Returns how long the caller waited.
pub async fn with_wait() -> Duration {
    let start = Instant::now();
    let mut tasks = requests();
    let mut done = Vec::new();
    wait(&mut tasks, all_completed, Some(start + LIMIT), &mut done).await;
    let waited = start.elapsed();
    tasks.shutdown().await;
    waited
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let limit = LIMIT.as_millis();
    println!("mistake: {} ms of {limit}", mistake().await.as_millis());
    println!("recipe:  {} ms of {limit}", with_wait().await.as_millis());
}
