//! Mistake: a task for every item first, and in each task the wait for a permit. No more than the
//! limit work at once, but all of them exist at once: a task waits in memory for every item.

use std::alloc::System;
use std::num::NonZeroUsize;
use std::sync::Arc;

use cap::Cap;
use semaphore::map_limited;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const LIMIT: NonZeroUsize = NonZeroUsize::new(64).unwrap();

async fn work() {
    yield_now().await;
}

/// Tasks on this runtime that have not ended.
fn tasks_alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Returns the most tasks that there were at once.
pub async fn mistake(items: usize) -> usize {
    let semaphore = Arc::new(Semaphore::new(LIMIT.get()));
    let mut tasks = JoinSet::new();
    let mut most = 0;
    for _ in 0..items {
        let semaphore = Arc::clone(&semaphore);
        tasks.spawn(async move {
            let _permit = semaphore.acquire().await.expect("nobody closes it");
            work().await;
        });
        most = most.max(tasks_alive());
    }
    tasks.join_all().await;
    most
}

/// Returns the most tasks that there were at once.
pub async fn with_map_limited(items: usize) -> usize {
    let mut most = 0;
    map_limited(0..items, LIMIT, |_| {
        // One more is about to be spawned.
        most = most.max(tasks_alive() + 1);
        work()
    })
    .await;
    most
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    const ITEMS: usize = 100_000;
    // The recipe goes first, since the peak never goes down.
    let tasks = with_map_limited(ITEMS).await;
    println!("recipe:  {tasks} tasks at once, {:.1} MiB", peak());
    let tasks = mistake(ITEMS).await;
    println!("mistake: {tasks} tasks at once, {:.1} MiB", peak());
}

/// The most that the heap has held so far, in MiB.
fn peak() -> f64 {
    HEAP.max_allocated() as f64 / (1024.0 * 1024.0)
}
