//! Mistake: tasks that call `wait` themselves, and a pulse right after they were spawned. A task calls
//! it when it first runs, and then the flag is down again.

use std::sync::Arc;
use std::time::Duration;

use event::Event;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Longer than anything here takes: who waits for so long hangs.
const HOUR: Duration = Duration::from_secs(3600);

/// Returns how many of three tasks the pulse has let pass.
pub async fn mistake() -> usize {
    let gate = Arc::new(Event::new());
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let gate = Arc::clone(&gate);
        tasks.spawn(async move { timeout(HOUR, gate.wait()).await.is_ok() });
    }
    gate.set();
    gate.clear();
    count(tasks).await
}

/// Returns how many of three tasks the pulse has let pass.
pub async fn with_wait_owned() -> usize {
    let gate = Arc::new(Event::new());
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let wait = Arc::clone(&gate).wait_owned();
        tasks.spawn(async move { timeout(HOUR, wait).await.is_ok() });
    }
    gate.set();
    gate.clear();
    count(tasks).await
}

async fn count(tasks: JoinSet<bool>) -> usize {
    let passed = tasks.join_all().await;
    passed.into_iter().filter(|&passed| passed).count()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} of 3 have passed", mistake().await);
    println!("recipe:  {} of 3 have passed", with_wait_owned().await);
}
