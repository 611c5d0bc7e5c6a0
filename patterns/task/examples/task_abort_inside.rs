//! Mistake: a task spawns another one, and `abort` is called on the outer. It stops, and with it goes the
//! handle of the inner, which is detached and runs on: "abort does nothing".

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};
use tokio_util::task::AbortOnDropHandle;

/// Counts every 10 ms.
async fn count(ticks: Arc<AtomicU32>) {
    let mut interval = interval(Duration::from_millis(10));
    loop {
        interval.tick().await;
        ticks.fetch_add(1, Ordering::Relaxed);
    }
}

/// Aborts the task, waits for its end, and returns how often `ticks` grows in the 100 ms after that.
async fn abort(task: JoinHandle<()>, ticks: &AtomicU32) -> u32 {
    sleep(Duration::from_millis(25)).await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let before = ticks.load(Ordering::Relaxed);
    sleep(Duration::from_millis(100)).await;
    ticks.load(Ordering::Relaxed) - before
}

/// Returns how often the inner task still counts.
pub async fn mistake() -> u32 {
    let ticks = Arc::new(AtomicU32::new(0));
    let inner = count(ticks.clone());
    let outer = async {
        // Its handle is dropped with this future.
        let _ = tokio::spawn(inner).await;
    };
    abort(tokio::spawn(outer), &ticks).await
}

/// Returns how often the inner task still counts. Its handle aborts it when it is dropped.
pub async fn with_abort_on_drop() -> u32 {
    let ticks = Arc::new(AtomicU32::new(0));
    let inner = count(ticks.clone());
    let outer = async {
        let _ = AbortOnDropHandle::new(tokio::spawn(inner)).await;
    };
    abort(tokio::spawn(outer), &ticks).await
}

#[tokio::main]
async fn main() {
    println!(
        "mistake: the inner counts {} times after the abort",
        mistake().await
    );
    println!(
        "recipe:  the inner counts {} times",
        with_abort_on_drop().await
    );
}
