//! What the recipe costs, beside other ways to keep tasks out of each other's way.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. Where nothing is awaited with the lock held, the
//! recipe is `Shared::with`; where something is, `KeyedLock::lock`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use lock::{KeyedLock, Shared};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};

/// How often a task does it in one call.
const TURNS: u64 = 1_000;

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let two_threads = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the runtime can start two threads");
    let one_thread = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime can start");
    let without_io = Builder::new_current_thread()
        .build()
        .expect("the runtime can start");
    let mut group = |name: &str, tasks, runtime, ways: fn(Measure<'_>)| {
        let mut group = criterion.benchmark_group(name);
        // A call takes some milliseconds where tasks have to take turns.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(20)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        ways(Measure {
            group,
            tasks,
            runtime,
        });
    };
    group("add 1, one task", 1, &two_threads, add);
    group("add 1, 10 tasks", 10, &two_threads, add);
    group("read, 10 tasks", 10, &two_threads, read);
    let name = "await inside, 10 tasks";
    group(name, 10, &two_threads, add_across_await);
    let name = "the same, on one thread";
    group(name, 10, &one_thread, add_across_await);
    let name = "the same, on one thread without I/O";
    group(name, 10, &without_io, add_across_await);
    group("own key, 10 tasks", 10, &two_threads, own_key);
}

/// Every task adds to one number.
fn add(mut measure: Measure<'_>) {
    measure.way("lock", Shared::new(0), |count| async move {
        for _ in 0..TURNS {
            count.with(|count| *count += 1);
        }
    });
    measure.way("std::sync::Mutex", Mutex::new(0), |count| async move {
        for _ in 0..TURNS {
            *count.lock().expect("nobody panics") += 1;
        }
    });
    let count = parking_lot::Mutex::new(0);
    measure.way(
        "parking_lot::Mutex (poisoning)",
        count,
        |count| async move {
            for _ in 0..TURNS {
                *count.lock() += 1;
            }
        },
    );
    let count = AtomicU64::new(0);
    measure.way("atomic (more than a number)", count, |count| async move {
        for _ in 0..TURNS {
            count.fetch_add(1, Relaxed);
        }
    });
    let count = tokio::sync::Mutex::new(0);
    measure.way(
        "tokio::sync::Mutex (poisoning)",
        count,
        |count| async move {
            for _ in 0..TURNS {
                *count.lock().await += 1;
            }
        },
    );
    let count = async_lock::Mutex::new(0);
    measure.way("async_lock::Mutex (poisoning)", count, |count| async move {
        for _ in 0..TURNS {
            *count.lock().await += 1;
        }
    });
    let count = actor(measure.runtime, false);
    measure.way("actor (sync callers)", count, |count| async move {
        for _ in 0..TURNS {
            ask(&count).await;
        }
    });
    measure.group.finish();
}

/// Every task looks up numbers that nobody changes.
fn read(mut measure: Measure<'_>) {
    const NUMBERS: [u64; 8] = [1; 8];
    fn sum(numbers: &[u64; 8]) -> u64 {
        std::hint::black_box(numbers).iter().sum()
    }
    measure.way("lock", Shared::new(NUMBERS), |numbers| async move {
        for _ in 0..TURNS {
            numbers.with(|numbers| sum(numbers));
        }
    });
    measure.way(
        "std::sync::Mutex",
        Mutex::new(NUMBERS),
        |numbers| async move {
            for _ in 0..TURNS {
                sum(&numbers.lock().expect("nobody panics"));
            }
        },
    );
    let numbers = RwLock::new(NUMBERS);
    measure.way("std::sync::RwLock", numbers, |numbers| async move {
        for _ in 0..TURNS {
            sum(&numbers.read().expect("nobody panics"));
        }
    });
    let numbers = tokio::sync::RwLock::new(NUMBERS);
    measure.way(
        "tokio::sync::RwLock (poisoning)",
        numbers,
        |numbers| async move {
            for _ in 0..TURNS {
                sum(&*numbers.read().await);
            }
        },
    );
    measure.group.finish();
}

/// Every task adds to one number, with an await between reading and writing.
fn add_across_await(mut measure: Measure<'_>) {
    let count = (KeyedLock::new(), AtomicU64::new(0));
    measure.way("lock", count, |count| async move {
        for _ in 0..TURNS {
            let _guard = count.0.lock("count").await;
            let read = count.1.load(Relaxed);
            yield_now().await;
            count.1.store(read + 1, Relaxed);
        }
    });
    let count = tokio::sync::Mutex::new(0);
    measure.way("tokio::sync::Mutex (keys)", count, |count| async move {
        for _ in 0..TURNS {
            let mut count = count.lock().await;
            let read = *count;
            yield_now().await;
            *count = read + 1;
        }
    });
    let count = async_lock::Mutex::new(0);
    measure.way(
        "async_lock::Mutex (keys, order)",
        count,
        |count| async move {
            for _ in 0..TURNS {
                let mut count = count.lock().await;
                let read = *count;
                yield_now().await;
                *count = read + 1;
            }
        },
    );
    let count = actor(measure.runtime, true);
    measure.way("actor (keys)", count, |count| async move {
        for _ in 0..TURNS {
            ask(&count).await;
        }
    });
    measure.group.finish();
}

/// No two tasks want the same key: what a lock costs that nobody waits for.
fn own_key(mut measure: Measure<'_>) {
    let locks = (KeyedLock::new(), AtomicU64::new(0));
    measure.way("lock", locks, |locks| async move {
        let key = locks.1.fetch_add(1, Relaxed);
        for _ in 0..TURNS {
            drop(locks.0.lock(key).await);
        }
    });
    let locks = (
        std::array::from_fn::<_, 10, _>(|_| tokio::sync::Mutex::new(())),
        AtomicU64::new(0),
    );
    measure.way("tokio::sync::Mutex (keys)", locks, |locks| async move {
        let key = locks.1.fetch_add(1, Relaxed) as usize % 10;
        for _ in 0..TURNS {
            drop(locks.0[key].lock().await);
        }
    });
    measure.group.finish();
}

type Actor = mpsc::Sender<oneshot::Sender<()>>;

/// A task that owns a number and adds 1 to it for each message. It ends when the senders have gone.
fn actor(runtime: &Runtime, awaits: bool) -> Actor {
    let (sender, mut inbox) = mpsc::channel::<oneshot::Sender<()>>(64);
    runtime.spawn(async move {
        let mut count: u64 = 0;
        while let Some(reply) = inbox.recv().await {
            let read = count;
            if awaits {
                yield_now().await;
            }
            count = std::hint::black_box(read + 1);
            reply.send(()).expect("nobody gives up waiting");
        }
    });
    sender
}

async fn ask(actor: &Actor) {
    let (reply, answer) = oneshot::channel();
    actor.send(reply).await.expect("the actor runs");
    answer.await.expect("the actor answers");
}

struct Measure<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    tasks: usize,
    runtime: &'a Runtime,
}

impl Measure<'_> {
    /// Measures one way: so many tasks that share `state`, and take all of their turns.
    fn way<S, F>(&mut self, name: &str, state: S, task: fn(Arc<S>) -> F)
    where
        S: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let state = Arc::new(state);
        let (tasks, runtime) = (self.tasks, self.runtime);
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let state = Arc::clone(&state);
                // A task of its own: `block_on` would run it on a thread that is no worker, from
                // where every spawn and every wake has to reach the workers.
                let body = runtime.spawn(async move {
                    let start = Instant::now();
                    for _ in 0..iterations {
                        let states = std::iter::repeat_n(Arc::clone(&state), tasks);
                        states.map(task).collect::<JoinSet<()>>().join_all().await;
                    }
                    start.elapsed()
                });
                runtime.block_on(body).expect("no way panics")
            });
        });
    }
}
