//! Mistake: read, await, write. One thread runs all tasks, so nothing happens at the same time, but
//! at the await the others have their turn: they read the same number, and all but one addition is
//! lost. An atomic, or a lock taken twice, does not help: it is the time in between that is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lock::KeyedLock;
use tokio::task::{JoinSet, yield_now};

/// Adds 1, with a query in between.
async fn read_await_write(count: &AtomicU64) {
    let read = count.load(Ordering::Relaxed);
    yield_now().await;
    count.store(read + 1, Ordering::Relaxed);
}

/// Returns what ten tasks have counted that add 1 a hundred times each.
pub async fn mistake() -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let count = Arc::clone(&count);
        tasks.spawn(async move {
            for _ in 0..100 {
                read_await_write(&count).await;
            }
        });
    }
    tasks.join_all().await;
    count.load(Ordering::Relaxed)
}

/// Returns what ten tasks have counted that add 1 a hundred times each.
pub async fn with_lock() -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let locks = KeyedLock::new();
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (count, locks) = (Arc::clone(&count), locks.clone());
        tasks.spawn(async move {
            for _ in 0..100 {
                let _guard = locks.lock("count").await;
                read_await_write(&count).await;
            }
        });
    }
    tasks.join_all().await;
    count.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: {} of 1000", mistake().await);
    println!("recipe:  {} of 1000", with_lock().await);
}
