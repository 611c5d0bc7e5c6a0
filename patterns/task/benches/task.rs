//! What the recipe costs, beside other ways to start tasks in the background.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::bench::Ways;
use criterion::{Criterion, criterion_group, criterion_main};
use task::Tasks;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio_util::task::TaskTracker;

/// What a task returns.
type Ended = Result<(), Infallible>;

/// How many tasks, and how the table writes it.
const COUNTS: [(usize, &str); 3] = [(10, "10"), (1_000, "1,000"), (100_000, "100,000")];

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("the runtime can start two threads");
    for (count, written) in COUNTS {
        let samples = if count > 1_000 { 10 } else { 50 };
        measure_all(Ways::new(criterion, written, &runtime, samples), count);
    }
}

/// Measures every way with `count` tasks, from the first spawn to the end of the last task.
fn measure_all(mut ways: Ways<'_>, count: usize) {
    ways.way("task", move || async move {
        let tasks = Tasks::new(|name, failure| panic!("{name} {failure:#}"));
        for _ in 0..count {
            let started = tasks.spawn("task", |_| work());
            started.expect("the set is not stopped");
        }
        let stopped = tasks.stop(Duration::MAX, Duration::ZERO).await;
        assert!(stopped.running.is_empty());
    });
    ways.way("TaskTracker (names, reports, stop)", move || async move {
        let tasks = TaskTracker::new();
        for _ in 0..count {
            tasks.spawn(work());
        }
        tasks.close();
        tasks.wait().await;
    });
    ways.way(
        "JoinSet (names, reports while nobody waits)",
        move || async move {
            let mut tasks: JoinSet<Ended> = (0..count).map(|_| work()).collect();
            while let Some(ended) = tasks.join_next().await {
                let Ok(()) = ended.expect("no task panics");
            }
        },
    );
    ways.way(
        "tokio::spawn (names, reports, stop, wait)",
        move || async move {
            // Something has to say that the last has ended.
            let left = Arc::new((AtomicUsize::new(count), Notify::new()));
            for _ in 0..count {
                let left = left.clone();
                tokio::spawn(async move {
                    let Ok(()) = work().await;
                    if left.0.fetch_sub(1, Ordering::AcqRel) == 1 {
                        left.1.notify_one();
                    }
                });
            }
            left.1.notified().await;
        },
    );
}

async fn work() -> Ended {
    yield_now().await;
    Ok(())
}
