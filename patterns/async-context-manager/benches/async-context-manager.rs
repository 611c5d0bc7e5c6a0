//! What the recipe costs, beside other ways to open, use and close.
//!
//! A name has in parentheses what that way lacks. Opening and closing do next to nothing here, so
//! that the cost of the protection is all there is to see.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use async_context_manager::{with_resource, with_stack};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio_util::task::TaskTracker;

criterion_group!(benches, compare);
criterion_main!(benches);

const MANY: usize = 10;

fn compare(criterion: &mut Criterion) {
    let runtimes = [
        ("one thread", Builder::new_current_thread()),
        ("two threads", Builder::new_multi_thread()),
    ];
    for (threads, mut builder) in runtimes {
        let runtime = builder.worker_threads(2).build();
        let runtime = runtime.expect("the runtime can start two threads");
        let group = criterion.benchmark_group(format!("1 resource, {threads}"));
        measure_one(group, &runtime);
        let group = criterion.benchmark_group(format!("{MANY} resources, {threads}"));
        measure_many(group, &runtime);
    }
}

/// Stands for a connection: waits once while it opens, while it works and while it closes.
struct Resource(usize);

impl Resource {
    async fn open() -> Result<Self, Infallible> {
        yield_now().await;
        Ok(Self(1))
    }

    async fn work(&mut self) -> Result<usize, Infallible> {
        yield_now().await;
        Ok(self.0)
    }

    async fn close(self) -> Result<(), Infallible> {
        yield_now().await;
        Ok(())
    }
}

fn measure_one(group: BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    let mut measure = Measure { group, runtime };
    measure.way("async_context_manager", |tracker| async move {
        let call = with_resource(&tracker, Resource::open(), Resource::close, Resource::work);
        call.await.unwrap_or(0)
    });
    measure.way(
        "TaskTracker::spawn (end with the caller, borrowing)",
        |tracker| async move { tracker.spawn(by_hand()).await.expect("nothing panics") },
    );
    measure.way("by hand (closing after a panic or a drop)", |_| by_hand());
    measure.group.finish();
}

async fn by_hand() -> usize {
    let Ok(mut resource) = Resource::open().await;
    let Ok(value) = resource.work().await;
    let Ok(()) = resource.close().await;
    value
}

fn measure_many(group: BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    let mut measure = Measure { group, runtime };
    measure.way("async_context_manager", |tracker| async move {
        let call = with_stack(&tracker, async |stack| {
            let mut resources = Vec::with_capacity(MANY);
            for _ in 0..MANY {
                resources.push(stack.enter(Resource::open(), Resource::close).await?);
            }
            resources[MANY - 1].work().await
        });
        call.await.unwrap_or(0)
    });
    measure.way(
        "TaskTracker::spawn (end with the caller, borrowing)",
        |tracker| async move { tracker.spawn(many_by_hand()).await.expect("nothing panics") },
    );
    measure.way("by hand (closing after a panic or a drop)", |_| {
        many_by_hand()
    });
    measure.group.finish();
}

async fn many_by_hand() -> usize {
    let mut resources = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        let Ok(resource) = Resource::open().await;
        resources.push(resource);
    }
    let Ok(value) = resources[MANY - 1].work().await;
    while let Some(resource) = resources.pop() {
        let Ok(()) = resource.close().await;
    }
    value
}

struct Measure<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

impl Measure<'_> {
    /// Measures one way, from opening to the end of closing.
    fn way<C>(&mut self, name: &str, call: impl Fn(TaskTracker) -> C + Copy + Send + 'static)
    where
        C: Future<Output = usize> + Send + 'static,
    {
        let runtime = self.runtime;
        self.group
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                // A task of its own: `block_on` would run it on a thread that is no worker, from
                // where every spawn and every wake has to reach the workers.
                let body = runtime.spawn(async move {
                    let tracker = TaskTracker::new();
                    let start = Instant::now();
                    for _ in 0..iterations {
                        assert_eq!(std::hint::black_box(call(tracker.clone()).await), 1);
                    }
                    start.elapsed()
                });
                runtime.block_on(body).expect("no way panics")
            });
        });
    }
}
