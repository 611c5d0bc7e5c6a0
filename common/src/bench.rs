//! What the benchmarks share: several ways to do the same, timed side by side.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use tokio::runtime::{Builder, Runtime};

/// A runtime with two threads, whatever the machine has, and without timers and sockets.
///
/// # Panics
/// When the system gives no threads.
pub fn two_threads() -> Runtime {
    let two_threads = Builder::new_multi_thread().worker_threads(2).build();
    two_threads.expect("the runtime can start two threads")
}

/// A group of ways to do the same. Dropping it ends the group.
#[expect(missing_debug_implementations, reason = "criterion's group has none")]
pub struct Ways<'a> {
    /// How criterion measures them.
    pub group: BenchmarkGroup<'a, WallTime>,
    /// Where they run.
    pub runtime: &'a Runtime,
}

impl<'a> Ways<'a> {
    /// Begins a group whose ways run on this runtime: a second for each, in so many samples.
    pub fn new(
        criterion: &'a mut Criterion,
        name: impl Into<String>,
        runtime: &'a Runtime,
        samples: usize,
    ) -> Self {
        let mut group = criterion.benchmark_group(name);
        // Flat: one call may take a good part of the second.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(samples)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        Self { group, runtime }
    }

    /// Measures one way, from the call to the drop of what it returns.
    ///
    /// # Panics
    /// When the call does.
    pub fn way<C>(&mut self, name: &str, call: impl Fn() -> C + Copy + Send + 'static)
    where
        C: Future + Send + 'static,
    {
        self.timed(name, move |iterations| async move {
            let start = Instant::now();
            for _ in 0..iterations {
                black_box(call().await);
            }
            start.elapsed()
        });
    }

    /// Measures one way that does it so many times, and says itself how long that took.
    ///
    /// # Panics
    /// When the call does.
    pub fn timed<C>(&mut self, name: &str, call: impl Fn(u64) -> C)
    where
        C: Future<Output = Duration> + Send + 'static,
    {
        let runtime = self.runtime;
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                // A task of its own: `block_on` would run it on a thread that is no worker, from
                // where every spawn and every wake has to reach the workers.
                let body = runtime.spawn(call(iterations));
                runtime.block_on(body).expect("no way panics")
            });
        });
    }
}
