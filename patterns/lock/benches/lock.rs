//! What the recipe costs, beside other ways to keep tasks out of each other's way.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. Where nothing is awaited with the lock held, the
//! recipe is `Shared::with`; where something is, `KeyedLock::lock`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use common::bench::Ways;
use criterion::{Criterion, criterion_group, criterion_main};
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
    let mut group = |name: &str, tasks, runtime, measure: fn(Turns<'_>)| {
        let ways = Ways::new(criterion, name, runtime, 20);
        measure(Turns { ways, tasks });
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
fn add(mut turns: Turns<'_>) {
    turns.way("lock", Shared::new(0), |count| async move {
        for _ in 0..TURNS {
            count.with(|count| *count += 1);
        }
    });
    turns.way("std::sync::Mutex", Mutex::new(0), |count| async move {
        for _ in 0..TURNS {
            *count.lock().expect("nobody panics") += 1;
        }
    });
    let count = parking_lot::Mutex::new(0);
    turns.way(
        "parking_lot::Mutex (poisoning)",
        count,
        |count| async move {
            for _ in 0..TURNS {
                *count.lock() += 1;
            }
        },
    );
    let count = AtomicU64::new(0);
    turns.way("atomic (more than a number)", count, |count| async move {
        for _ in 0..TURNS {
            count.fetch_add(1, Relaxed);
        }
    });
    let count = tokio::sync::Mutex::new(0);
    turns.way(
        "tokio::sync::Mutex (poisoning)",
        count,
        |count| async move {
            for _ in 0..TURNS {
                *count.lock().await += 1;
            }
        },
    );
    let count = async_lock::Mutex::new(0);
    turns.way("async_lock::Mutex (poisoning)", count, |count| async move {
        for _ in 0..TURNS {
            *count.lock().await += 1;
        }
    });
    let count = actor(turns.ways.runtime, false);
    turns.way("actor (sync callers)", count, |count| async move {
        for _ in 0..TURNS {
            ask(&count).await;
        }
    });
}

/// Every task looks up numbers that nobody changes.
fn read(mut turns: Turns<'_>) {
    const NUMBERS: [u64; 8] = [1; 8];
    fn sum(numbers: &[u64; 8]) -> u64 {
        std::hint::black_box(numbers).iter().sum()
    }
    turns.way("lock", Shared::new(NUMBERS), |numbers| async move {
        for _ in 0..TURNS {
            numbers.with(|numbers| sum(numbers));
        }
    });
    turns.way(
        "std::sync::Mutex",
        Mutex::new(NUMBERS),
        |numbers| async move {
            for _ in 0..TURNS {
                sum(&numbers.lock().expect("nobody panics"));
            }
        },
    );
    let numbers = RwLock::new(NUMBERS);
    turns.way("std::sync::RwLock", numbers, |numbers| async move {
        for _ in 0..TURNS {
            sum(&numbers.read().expect("nobody panics"));
        }
    });
    let numbers = tokio::sync::RwLock::new(NUMBERS);
    turns.way(
        "tokio::sync::RwLock (poisoning)",
        numbers,
        |numbers| async move {
            for _ in 0..TURNS {
                sum(&*numbers.read().await);
            }
        },
    );
}

/// Every task adds to one number, with an await between reading and writing.
fn add_across_await(mut turns: Turns<'_>) {
    let count = (KeyedLock::new(), AtomicU64::new(0));
    turns.way("lock", count, |count| async move {
        for _ in 0..TURNS {
            let _guard = count.0.lock("count").await;
            let read = count.1.load(Relaxed);
            yield_now().await;
            count.1.store(read + 1, Relaxed);
        }
    });
    let count = tokio::sync::Mutex::new(0);
    turns.way("tokio::sync::Mutex (keys)", count, |count| async move {
        for _ in 0..TURNS {
            let mut count = count.lock().await;
            let read = *count;
            yield_now().await;
            *count = read + 1;
        }
    });
    let count = async_lock::Mutex::new(0);
    turns.way(
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
    let count = actor(turns.ways.runtime, true);
    turns.way("actor (keys)", count, |count| async move {
        for _ in 0..TURNS {
            ask(&count).await;
        }
    });
}

/// No two tasks want the same key: what a lock costs that nobody waits for.
fn own_key(mut turns: Turns<'_>) {
    let locks = (KeyedLock::new(), AtomicU64::new(0));
    turns.way("lock", locks, |locks| async move {
        let key = locks.1.fetch_add(1, Relaxed);
        for _ in 0..TURNS {
            drop(locks.0.lock(key).await);
        }
    });
    let locks = (
        std::array::from_fn::<_, 10, _>(|_| tokio::sync::Mutex::new(())),
        AtomicU64::new(0),
    );
    turns.way("tokio::sync::Mutex (keys)", locks, |locks| async move {
        let key = locks.1.fetch_add(1, Relaxed) as usize % 10;
        for _ in 0..TURNS {
            drop(locks.0[key].lock().await);
        }
    });
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

/// What the ways of a group share: how many tasks take turns.
struct Turns<'a> {
    ways: Ways<'a>,
    tasks: usize,
}

impl Turns<'_> {
    /// Measures one way: so many tasks that share `state`, and take all of their turns.
    fn way<S, F>(&mut self, name: &str, state: S, task: fn(Arc<S>) -> F)
    where
        S: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (state, tasks) = (Arc::new(state), self.tasks);
        self.ways.timed(name, |iterations| {
            let state = Arc::clone(&state);
            async move {
                let start = Instant::now();
                for _ in 0..iterations {
                    let states = std::iter::repeat_n(Arc::clone(&state), tasks);
                    states.map(task).collect::<JoinSet<()>>().join_all().await;
                }
                start.elapsed()
            }
        });
    }
}
