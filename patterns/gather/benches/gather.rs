//! What the recipe costs, beside other ways to run many futures at once.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::convert::Infallible;
use std::future::ready;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use futures_concurrency::future::Join as _;
use gather::{gather, gather_settled};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet, yield_now};

/// What a future returns: its place in the input. `gather_settled` asks for a `Result`.
type Place = Result<usize, Infallible>;

/// How many futures, and how the table writes it.
const COUNTS: [(usize, &str); 3] = [(10, "10"), (1_000, "1,000"), (200_000, "200,000")];

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("the runtime can start two threads");
    for (count, written) in COUNTS {
        let group = criterion.benchmark_group(format!("{written}, ready"));
        measure_all(group, &runtime, count, |place| ready(Ok(place)));
        let group = criterion.benchmark_group(format!("{written}, yield once"));
        measure_all(group, &runtime, count, yield_once);
    }
}

async fn yield_once(place: usize) -> Place {
    yield_now().await;
    Ok(place)
}

/// Measures every way with `count` futures, each of which returns its own place.
fn measure_all<F>(
    mut group: BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    count: usize,
    future: fn(usize) -> F,
) where
    F: Future<Output = Place> + Send + 'static,
{
    // One call with 200,000 futures takes a good part of a second.
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(if count > 1_000 { 10 } else { 50 })
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    let futures = move || (0..count).map(future);
    let mut measure = Measure { group, runtime };

    measure.way("gather", move || gather(futures()));
    // A panic leaves this loop at once: the set is dropped, and nobody waits for the other tasks.
    measure.way("JoinSet (wait after a panic)", move || async move {
        let mut tasks: JoinSet<Place> = futures().collect();
        // The value is the place, which gives the recipe's order without its index.
        let mut values: Vec<Place> = vec![Ok(0); count];
        while let Some(joined) = tasks.join_next().await {
            let Ok(place) = joined.expect("no future panics");
            values[place] = Ok(place);
        }
        values
    });
    measure.way("gather_settled", move || gather_settled(futures()));
    measure.way("Vec<JoinHandle> (cancellation)", move || async move {
        let tasks: Vec<JoinHandle<Place>> = futures().map(tokio::spawn).collect();
        let mut values = Vec::with_capacity(count);
        for task in tasks {
            values.push(task.await.expect("no future panics"));
        }
        values
    });
    measure.way("join_all (tasks)", move || join_all(futures()));
    measure.way("futures-concurrency (tasks)", move || {
        futures().collect::<Vec<F>>().join()
    });
    measure.way("FuturesUnordered (tasks, order)", move || {
        futures()
            .collect::<FuturesUnordered<F>>()
            .collect::<Vec<Place>>()
    });
    measure.group.finish();
}

struct Measure<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
}

impl Measure<'_> {
    /// Measures one way, from making the futures to dropping the values.
    fn way<C>(&mut self, name: &str, call: impl Fn() -> C + Copy + Send + 'static)
    where
        C: Future + Send + 'static,
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
