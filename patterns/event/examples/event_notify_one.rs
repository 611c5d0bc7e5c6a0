//! Mistake: `notify_one`, because it remembers when nobody waits. It remembers one wake-up for one
//! task: of many that wait, one passes.

use std::sync::Arc;
use std::time::Duration;

use event::Event;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

/// Longer than anything here takes: who waits for so long hangs.
const HOUR: Duration = Duration::from_secs(3600);

/// Returns how many of three waiting tasks were woken.
pub async fn mistake() -> usize {
    let ready = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let ready = Arc::clone(&ready);
        tasks.spawn(async move { timeout(HOUR, ready.notified()).await.is_ok() });
    }
    yield_now().await;
    ready.notify_one();
    count(tasks).await
}

/// Returns how many of three waiting tasks were woken.
pub async fn with_event() -> usize {
    let ready = Arc::new(Event::new());
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let ready = Arc::clone(&ready);
        tasks.spawn(async move { timeout(HOUR, ready.wait()).await.is_ok() });
    }
    yield_now().await;
    ready.set();
    count(tasks).await
}

async fn count(tasks: JoinSet<bool>) -> usize {
    let woken = tasks.join_all().await;
    woken.into_iter().filter(|&woken| woken).count()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} of 3 were woken", mistake().await);
    println!("recipe:  {} of 3 were woken", with_event().await);
}
