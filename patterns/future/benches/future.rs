//! What the recipe costs, beside other ways to set a value once, and to start a future.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. Where there are waiters, the recipe is
//! `promise`; where futures are started, `spawn_eager`.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use future::{promise, spawn_eager};
use futures::FutureExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{SetOnce, oneshot, watch};
use tokio::task::{JoinSet, yield_now};
use tokio_util::task::AbortOnDropHandle;

/// How many futures are started one after the other in one call.
const STARTS: usize = 100;

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("the runtime can start two threads");
    let mut group = |name: &str, ways: &dyn Fn(Measure<'_>)| {
        let mut group = criterion.benchmark_group(name);
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(50)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        let runtime = &runtime;
        ways(Measure { group, runtime });
    };
    group("set, 1 waiter", &|measure| set_once(measure, 1));
    group("set, 1,000 waiters", &|measure| set_once(measure, 1_000));
    group("start, ready", &|measure| start(measure, || ready(7)));
    group("start, yields once", &|measure| start(measure, yield_once));
    group("start, waits for the caller", &|measure| {
        start_waiting(measure)
    });
}

async fn yield_once() -> u64 {
    yield_now().await;
    7
}

/// So many tasks wait for a value, which is then set.
fn set_once(mut measure: Measure<'_>, waiters: usize) {
    measure.way("future", move || async move {
        let (setter, waiter) = promise();
        let waits = (0..waiters).map(|_| {
            let waiter = waiter.clone();
            async move { *waiter.wait().await.expect("it is set") }
        });
        all(waits, || setter.set(7).expect("it is the first")).await
    });
    measure.way("SetOnce (an end without a value)", move || async move {
        let value = Arc::new(SetOnce::new());
        let waits = (0..waiters).map(|_| {
            let value = Arc::clone(&value);
            async move { *value.wait().await }
        });
        all(waits, || value.set(7).expect("it is the first")).await
    });
    measure.way("watch (set only once)", move || async move {
        let (sender, receiver) = watch::channel(None);
        let waits = (0..waiters).map(|_| {
            let mut receiver = receiver.clone();
            async move {
                let value = receiver.wait_for(Option::is_some).await;
                value.expect("it is set").unwrap_or_default()
            }
        });
        let set = || sender.send(Some(7)).expect("somebody waits");
        all(waits, set).await
    });
    measure.way("oneshot and Shared (set by many)", move || async move {
        let (sender, receiver) = oneshot::channel();
        let receiver = receiver.shared();
        let waits = (0..waiters).map(|_| {
            let receiver = receiver.clone();
            async move { receiver.await.expect("it is set") }
        });
        all(waits, || sender.send(7).expect("somebody waits")).await
    });
    measure.way("a oneshot each (late waiters)", move || async move {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..waiters).map(|_| oneshot::channel()).unzip();
        let waits = receivers
            .into_iter()
            .map(|receiver| async move { receiver.await.expect("it is set") });
        let set = || {
            for sender in senders {
                sender.send(7).expect("somebody waits");
            }
        };
        all(waits, set).await
    });
    measure.group.finish();
}

/// Lets every one of them wait in a task of its own, then sets the value, and returns the sum.
async fn all<F>(waits: impl Iterator<Item = F>, set: impl FnOnce()) -> u64
where
    F: Future<Output = u64> + Send + 'static,
{
    let mut tasks: JoinSet<u64> = waits.collect();
    yield_now().await;
    set();
    let mut sum = 0;
    while let Some(joined) = tasks.join_next().await {
        sum += joined.expect("no task panics");
    }
    sum
}

/// Futures are started and joined, one after the other.
fn start<F>(mut measure: Measure<'_>, future: fn() -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    measure.way("future", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            sum += spawn_eager(future()).join().await.expect("it ends");
        }
        sum
    });
    measure.way("tokio::spawn (a first poll at once)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let task = AbortOnDropHandle::new(tokio::spawn(future()));
            sum += task.await.expect("it ends");
        }
        sum
    });
    measure.way("await in place (a task)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            sum += future().await;
        }
        sum
    });
    measure.group.finish();
}

/// Futures are started, get what they wait for, and are joined, one after the other.
fn start_waiting(mut measure: Measure<'_>) {
    async fn receive(receiver: oneshot::Receiver<u64>) -> u64 {
        receiver.await.expect("it is sent")
    }
    measure.way("future", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let (sender, receiver) = oneshot::channel();
            let started = spawn_eager(receive(receiver));
            sender.send(7).expect("it waits");
            sum += started.join().await.expect("it ends");
        }
        sum
    });
    measure.way("tokio::spawn (a first poll at once)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let (sender, receiver) = oneshot::channel();
            let task = AbortOnDropHandle::new(tokio::spawn(receive(receiver)));
            sender.send(7).expect("it waits");
            sum += task.await.expect("it ends");
        }
        sum
    });
    measure.group.finish();
}

struct Measure<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

impl Measure<'_> {
    fn way<F>(&mut self, name: &str, call: impl Fn() -> F + Copy + Send + 'static)
    where
        F: Future<Output = u64> + Send + 'static,
    {
        let runtime = self.runtime;
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                // A task of its own: `block_on` would run it on a thread that is no worker, from
                // where every spawn and every wake has to reach the workers.
                let body = runtime.spawn(async move {
                    let start = Instant::now();
                    for _ in 0..iterations {
                        std::hint::black_box(call().await);
                    }
                    start.elapsed()
                });
                runtime.block_on(body).expect("no way panics")
            });
        });
    }
}
