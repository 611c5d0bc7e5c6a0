//! Mistake: `timeout` around a `JoinHandle`. When the time is up it drops the handle, which detaches
//! the task: nobody has its result, nobody can stop it, and it runs on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use wait::{first_completed, wait};

const LIMIT: Duration = Duration::from_millis(100);

/// Saves a page, which takes 300 ms.
async fn save(saved: Arc<AtomicUsize>) {
    sleep(Duration::from_millis(300)).await;
    saved.fetch_add(1, Ordering::Relaxed);
}

/// Returns how many pages were saved in the second after the caller had given up.
pub async fn mistake() -> usize {
    let saved = Arc::new(AtomicUsize::new(0));
    let task = tokio::spawn(save(Arc::clone(&saved)));
    timeout(LIMIT, task).await.expect_err("300 ms are too long");
    saved_afterwards(&saved).await
}

/// Returns how many pages were saved in the second after the caller had given up.
pub async fn with_wait() -> usize {
    let saved = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    tasks.spawn(save(Arc::clone(&saved)));
    let mut done = Vec::new();
    let deadline = Some(Instant::now() + LIMIT);
    if !wait(&mut tasks, first_completed, deadline, &mut done).await {
        // It is still in the set: ours to wait for again, or to stop.
        tasks.shutdown().await;
    }
    saved_afterwards(&saved).await
}

async fn saved_afterwards(saved: &AtomicUsize) -> usize {
    sleep(Duration::from_secs(1)).await;
    saved.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} saved after the timeout", mistake().await);
    println!("recipe:  {} saved after the timeout", with_wait().await);
}
