//! What a waiting future costs on the heap: prints a table for 100,000 sleepers.

use std::alloc::System;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cap::Cap;
use futures::future::join_all;
use gather::{gather, gather_settled};
use tokio::runtime::Builder;
use tokio::task::{JoinHandle, JoinSet, yield_now};
use tokio::time::sleep;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// How many sleepers of the current row have begun to wait.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// What `gather_settled` asks for, and the others take.
type Slept = Result<(), Infallible>;

const SLEEPERS: usize = 100_000;

fn main() {
    println!("| way | lacks | bytes for each of 100,000 sleepers |");
    println!("| --- | --- | ---: |");
    row("`gather` | |", async || gather(sleepers()).await);
    row("`JoinSet` | wait after a panic |", async || {
        let tasks: JoinSet<Slept> = sleepers().collect();
        tasks.join_all().await
    });
    row("`gather_settled` | |", async || {
        gather_settled(sleepers()).await
    });
    row("`Vec<JoinHandle>` | cancellation |", async || {
        let tasks: Vec<JoinHandle<Slept>> = sleepers().map(tokio::spawn).collect();
        for task in tasks {
            let Ok(()) = task.await.expect("no sleeper panics");
        }
    });
    row("`join_all` | tasks |", async || join_all(sleepers()).await);
}

fn sleepers() -> impl Iterator<Item: Future<Output = Slept> + Send + 'static> {
    (0..SLEEPERS).map(|_| async {
        WAITING.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(3600)).await;
        Ok(())
    })
}

/// Prints the row that begins with these cells: the heap in use while every sleeper waits.
fn row<T>(cells: &str, call: impl AsyncFn() -> T) {
    // One thread, or a sleeper could be counted before its sleep has begun.
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("the runtime can start");
    WAITING.store(0, Ordering::Relaxed);
    let before = HEAP.allocated();
    runtime.block_on(async {
        let all_wait = async {
            while WAITING.load(Ordering::Relaxed) < SLEEPERS {
                yield_now().await;
            }
            HEAP.allocated() - before
        };
        tokio::select! {
            _ = call() => unreachable!("every sleeper sleeps for an hour"),
            bytes = all_wait => println!("| {cells} {} |", bytes / SLEEPERS),
        }
    });
}
