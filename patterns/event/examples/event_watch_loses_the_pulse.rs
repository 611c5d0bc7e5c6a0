//! Mistake: a `watch` of a `bool` as an event that is set and cleared at once, to let those pass who
//! wait now. A `watch` has the latest value only: when the waiters run, the flag is down again.

use std::sync::Arc;
use std::time::Duration;

use event::Event;
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

/// Longer than anything here takes: who waits for so long hangs.
const HOUR: Duration = Duration::from_secs(3600);

/// Returns how many of three waiting tasks the pulse has let pass.
pub async fn mistake() -> usize {
    let (gate, receiver) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let mut receiver = receiver.clone();
        tasks.spawn(async move { timeout(HOUR, receiver.wait_for(|up| *up)).await.is_ok() });
    }
    yield_now().await;
    gate.send_replace(true);
    gate.send_replace(false);
    count(tasks).await
}

/// Returns how many of three waiting tasks the pulse has let pass.
pub async fn with_event() -> usize {
    let gate = Arc::new(Event::new());
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let gate = Arc::clone(&gate);
        tasks.spawn(async move { timeout(HOUR, gate.wait()).await.is_ok() });
    }
    yield_now().await;
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
    println!("recipe:  {} of 3 have passed", with_event().await);
}
