//! What the heap holds at most while a million items pass: prints a table.

use std::alloc::System;
use std::num::NonZeroUsize;
use std::sync::Arc;

use cap::Cap;
use common::bench::two_threads;
use futures::{StreamExt as _, stream};
use semaphore::map_limited;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const ITEMS: usize = 1_000_000;
const LIMIT: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// What a million items may take with the recipe, values included.
const MOST: usize = 30 * MIB;
const MIB: usize = 1024 * 1024;

fn main() {
    // From the smallest to the largest: the peak that the heap remembers never goes down.
    let values = |peak| format!("{:.1}", peak as f64 / MIB as f64);
    println!("| way | lacks | most MiB for 1,000,000 items, 64 in flight |");
    println!("| --- | --- | ---: |");
    let nothing = peak(async || {
        map_limited(0..ITEMS, LIMIT, |_| yield_now()).await;
    });
    println!(
        "| `map_limited`, values of no size | | {} |",
        values(nothing)
    );
    let unordered = peak(async || {
        let futures = stream::iter(0..ITEMS).map(work);
        futures
            .buffer_unordered(LIMIT.get())
            .collect::<Vec<usize>>()
            .await;
    });
    println!(
        "| `buffer_unordered` | tasks, order | {} |",
        values(unordered)
    );
    let numbers = peak(async || {
        map_limited(0..ITEMS, LIMIT, work).await;
    });
    println!("| `map_limited` | | {} |", values(numbers));
    let spawned = peak(async || {
        let semaphore = Arc::new(Semaphore::new(LIMIT.get()));
        let mut tasks = JoinSet::new();
        for item in 0..ITEMS {
            let semaphore = Arc::clone(&semaphore);
            tasks.spawn(async move {
                let _permit = semaphore.acquire().await.expect("nobody closes it");
                work(item).await
            });
        }
        tasks.join_all().await;
    });
    println!(
        "| `Semaphore`, all tasks at once | bounded memory, order | {} |",
        values(spawned)
    );
    assert!(numbers < MOST, "a million items take {} bytes", numbers);
}

async fn work(item: usize) -> usize {
    yield_now().await;
    item
}

/// The most that the heap has held so far.
fn peak(call: impl AsyncFn()) -> usize {
    two_threads().block_on(call());
    HEAP.max_allocated()
}
