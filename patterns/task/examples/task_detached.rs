//! Mistake: a task's handle is dropped in the belief that this stops the task. It detaches it: the
//! task runs on, and there is no way left to stop it, to wait for it or to learn of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use task::Tasks;
use tokio::time::sleep;

/// Asks for news every 100 ms, for ever.
async fn poll(asked: Arc<AtomicUsize>) -> Result<(), String> {
    loop {
        sleep(Duration::from_millis(100)).await;
        asked.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns how often it asked in the second after its owner was dropped.
pub async fn mistake() -> usize {
    let asked = Arc::new(AtomicUsize::new(0));
    let owner = tokio::spawn(poll(asked.clone()));
    sleep(Duration::from_millis(250)).await;
    drop(owner);
    asked_in_a_second(&asked).await
}

/// Returns how often it asked in the second after its owner was dropped.
pub async fn with_tasks() -> usize {
    let asked = Arc::new(AtomicUsize::new(0));
    let owner = Tasks::new(|name, failure| eprintln!("{name} {failure:#}"));
    let started = owner.spawn("poll", |_| poll(asked.clone()));
    started.expect("the set is not stopped");
    sleep(Duration::from_millis(250)).await;
    drop(owner);
    asked_in_a_second(&asked).await
}

async fn asked_in_a_second(asked: &AtomicUsize) -> usize {
    let before = asked.load(Ordering::Relaxed);
    sleep(Duration::from_millis(1001)).await;
    asked.load(Ordering::Relaxed) - before
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} times after the end", mistake().await);
    println!("recipe:  {} times after the end", with_tasks().await);
}
