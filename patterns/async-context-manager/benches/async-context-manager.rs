//! What the recipe costs, beside other ways to open, use and close.
//!
//! A name has in parentheses what that way lacks. Opening and closing do next to nothing here, so
//! that the cost of the protection is all there is to see.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use async_context_manager::{with_resource, with_stack};
use common::bench::Ways;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Builder;
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
        let name = format!("1 resource, {threads}");
        measure_one(Ways::new(criterion, name, &runtime, 100));
        let name = format!("{MANY} resources, {threads}");
        measure_many(Ways::new(criterion, name, &runtime, 100));
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

fn measure_one(mut ways: Ways<'_>) {
    way(&mut ways, "async_context_manager", |tracker| async move {
        let call = with_resource(&tracker, Resource::open(), Resource::close, Resource::work);
        call.await.unwrap_or(0)
    });
    way(
        &mut ways,
        "TaskTracker::spawn (end with the caller, borrowing)",
        |tracker| async move { tracker.spawn(by_hand()).await.expect("nothing panics") },
    );
    way(
        &mut ways,
        "by hand (closing after a panic or a drop)",
        |_| by_hand(),
    );
}

async fn by_hand() -> usize {
    let Ok(mut resource) = Resource::open().await;
    let Ok(value) = resource.work().await;
    let Ok(()) = resource.close().await;
    value
}

fn measure_many(mut ways: Ways<'_>) {
    way(&mut ways, "async_context_manager", |tracker| async move {
        let call = with_stack(&tracker, async |stack| {
            let mut resources = Vec::with_capacity(MANY);
            for _ in 0..MANY {
                resources.push(stack.enter(Resource::open(), Resource::close).await?);
            }
            resources[MANY - 1].work().await
        });
        call.await.unwrap_or(0)
    });
    way(
        &mut ways,
        "TaskTracker::spawn (end with the caller, borrowing)",
        |tracker| async move { tracker.spawn(many_by_hand()).await.expect("nothing panics") },
    );
    way(
        &mut ways,
        "by hand (closing after a panic or a drop)",
        |_| many_by_hand(),
    );
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

/// Measures one way, from opening to the end of closing.
fn way<C>(ways: &mut Ways<'_>, name: &str, call: impl Fn(TaskTracker) -> C + Copy + Send + 'static)
where
    C: Future<Output = usize> + Send + 'static,
{
    ways.timed(name, move |iterations| async move {
        let tracker = TaskTracker::new();
        let start = Instant::now();
        for _ in 0..iterations {
            assert_eq!(black_box(call(tracker.clone()).await), 1);
        }
        start.elapsed()
    });
}
