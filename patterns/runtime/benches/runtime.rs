//! What tasks cost on one thread and on two, with the program's clean-up and without it.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::future::pending;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use runtime::{Program, run_until};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, yield_now};

/// How many tasks, or turns of all tasks together, one call has.
const MANY: usize = 1_000;

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let one = Builder::new_current_thread().enable_all().build();
    let two = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let one = one.expect("the runtime can start");
    let two = two.expect("the runtime can start two threads");
    let mut group =
        |name: &str, ways: fn(&mut BenchmarkGroup<'_, WallTime>, &Runtime, &Runtime)| {
            let mut group = criterion.benchmark_group(name);
            group
                .sampling_mode(SamplingMode::Flat)
                .sample_size(20)
                .warm_up_time(Duration::from_millis(200))
                .measurement_time(Duration::from_secs(1));
            ways(&mut group, &one, &two);
            group.finish();
        };
    group("1,000 tasks", |group, one, two| {
        all(group, one, two, MANY, || async {});
    });
    group("10 tasks that yield", |group, one, two| {
        all(group, one, two, 10, || async {
            for _ in 0..MANY / 10 {
                yield_now().await;
            }
        });
    });
    group(
        "a task that sends to another and back",
        |group, one, two| {
            all(group, one, two, 1, ping_pong);
        },
    );
}

/// Sends a message to a second task, and waits for the answer, again and again.
async fn ping_pong() {
    let (ping, mut pinged) = mpsc::channel(1);
    let (pong, mut ponged) = mpsc::channel(1);
    let other = tokio::spawn(async move {
        while pinged.recv().await.is_some() {
            pong.send(()).await.expect("it is waited for");
        }
    });
    for _ in 0..MANY {
        ping.send(()).await.expect("the other task listens");
        ponged.recv().await.expect("the other task answers");
    }
    drop(ping);
    other.await.expect("it does not panic");
}

/// Measures every way to run `count` tasks.
fn all<F>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    one: &Runtime,
    two: &Runtime,
    count: usize,
    task: fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let with_program = move || async move {
        let main = async move |program: Program| {
            let tasks: Vec<_> = (0..count).map(|_| program.spawn("task", task())).collect();
            for task in tasks {
                task.await.expect("no task panics");
            }
        };
        let ended = run_until(Duration::from_secs(1), pending, main).await;
        assert!(ended.unfinished.is_empty());
    };
    let with_join_set = move || async move {
        let tasks: JoinSet<()> = (0..count).map(|_| task()).collect();
        tasks.join_all().await;
    };
    way(group, "runtime", one, with_program);
    way(group, "JoinSet (clean-up)", one, with_join_set);
    way(group, "runtime, 2 workers (order)", two, with_program);
    way(
        group,
        "JoinSet, 2 workers (clean-up, order)",
        two,
        with_join_set,
    );
}

fn way<F>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    runtime: &Runtime,
    call: impl Fn() -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            // A task of its own: `block_on` would run it on a thread that is no worker, from where
            // every spawn and every wake has to reach the workers.
            let body = runtime.spawn(async move {
                let start = Instant::now();
                for _ in 0..iterations {
                    call().await;
                }
                start.elapsed()
            });
            runtime.block_on(body).expect("no way panics")
        });
    });
}
