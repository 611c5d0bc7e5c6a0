//! Mistake: `try_join!` over the handles of tasks. The first error returns at once and drops the
//! other handles, but dropping a handle detaches its task, which runs on behind the caller's back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gather::try_gather;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Saves a page, which takes `millis`. The page of 100 ms is refused.
async fn save(millis: u64, saved: Arc<AtomicUsize>) -> Result<(), &'static str> {
    sleep(Duration::from_millis(millis)).await;
    if millis == 100 {
        return Err("refused");
    }
    saved.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// The task's own result: the error that `try_join!` is to see.
async fn flatten(handle: JoinHandle<Result<(), &'static str>>) -> Result<(), &'static str> {
    handle.await.expect("no task panics")
}

/// Returns how many pages were saved in the second after the call had failed.
pub async fn mistake() -> usize {
    let saved = Arc::new(AtomicUsize::new(0));
    let refused = tokio::spawn(save(100, Arc::clone(&saved)));
    let other = tokio::spawn(save(300, Arc::clone(&saved)));
    let error = tokio::try_join!(flatten(refused), flatten(other));
    assert_eq!(error, Err("refused"));
    saved_afterwards(&saved).await
}

/// Returns how many pages were saved in the second after the call had failed.
pub async fn with_gather() -> usize {
    let saved = Arc::new(AtomicUsize::new(0));
    let pages = [100, 300].map(|millis| save(millis, Arc::clone(&saved)));
    let failure = try_gather(pages).await.expect_err("one is refused");
    assert_eq!(failure.error, "refused");
    saved_afterwards(&saved).await
}

async fn saved_afterwards(saved: &AtomicUsize) -> usize {
    let before = saved.load(Ordering::Relaxed);
    sleep(Duration::from_secs(1)).await;
    saved.load(Ordering::Relaxed) - before
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} saved after the error", mistake().await);
    println!("recipe:  {} saved after the error", with_gather().await);
}
