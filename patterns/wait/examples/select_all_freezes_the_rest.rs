//! Mistake: `select_all` over bare futures, and then work on the first result. Futures that are no
//! tasks move only while somebody polls them, so the others stand still until the work is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::select_all;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wait::{first_completed, wait};

/// Downloads so many parts, each of which takes 100 ms.
async fn download(parts: usize, got: Arc<AtomicUsize>) {
    for _ in 0..parts {
        sleep(Duration::from_millis(100)).await;
        got.fetch_add(1, Ordering::Relaxed);
    }
}

/// Work on the first file that has come, which takes a second.
async fn work() {
    sleep(Duration::from_secs(1)).await;
}

/// Returns how many parts of the other file have come during the work.
pub async fn mistake() -> usize {
    let got = Arc::new(AtomicUsize::new(0));
    let downloads = [1, 20].map(|parts| download(parts, Arc::clone(&got)).boxed());
    let (_, _, others) = select_all(downloads).await;
    let before = got.load(Ordering::Relaxed);
    work().await;
    let during = got.load(Ordering::Relaxed) - before;
    drop(others);
    during
}

/// Returns how many parts of the other file have come during the work.
pub async fn with_wait() -> usize {
    let got = Arc::new(AtomicUsize::new(0));
    let downloads = [1, 20].map(|parts| download(parts, Arc::clone(&got)));
    let mut others: JoinSet<_> = downloads.into_iter().collect();
    wait(&mut others, first_completed, None, &mut Vec::new()).await;
    let before = got.load(Ordering::Relaxed);
    work().await;
    let during = got.load(Ordering::Relaxed) - before;
    others.shutdown().await;
    during
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} parts in a second", mistake().await);
    println!("recipe:  {} parts in a second", with_wait().await);
}
