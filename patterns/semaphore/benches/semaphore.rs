//! What the recipe costs, beside other ways to keep a limit.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. In the groups that map, `semaphore` is
//! `map_limited`; in the group that shares a limit, it is `SharedLimit`.

use std::future::ready;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};

use common::bench::{Ways, two_threads};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::{FutureExt as _, StreamExt as _, stream};
use semaphore::{SharedLimit, map_limited};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};
use tokio_util::task::AbortOnDropHandle;

const ITEMS: usize = 10_000;
const MANY: NonZeroUsize = NonZeroUsize::new(64).unwrap();
const FEW: NonZeroUsize = NonZeroUsize::new(10).unwrap();

const SHARERS: usize = 1_000;
const PERMITS: NonZeroU32 = NonZeroU32::new(10).unwrap();

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = two_threads();
    let mut group = |name: &str, ways: &dyn Fn(Ways<'_>)| {
        ways(Ways::new(criterion, name, &runtime, 30));
    };
    group("map 10,000 items, 64 in flight, ready", &|ways| {
        map(ways, MANY, ready)
    });
    group("map 10,000 items, 64 in flight, yield once", &|ways| {
        map(ways, MANY, yield_once)
    });
    group("map 10,000 items, 10 in flight, yield once", &|ways| {
        map(ways, FEW, yield_once)
    });
    group("1,000 tasks share 10 permits", &share);
}

async fn yield_once(item: usize) -> usize {
    yield_now().await;
    item
}

/// Measures every way to call `function` with every item.
fn map<F>(mut ways: Ways<'_>, limit: NonZeroUsize, function: fn(usize) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    ways.way("semaphore", move || map_limited(0..ITEMS, limit, function));
    ways.way(
        "buffer_unordered over tasks (wait for the cancelled)",
        move || async move {
            let spawn = |item| {
                let task = AbortOnDropHandle::new(tokio::spawn(function(item)));
                task.map(move |joined| (item, joined.expect("no future panics")))
            };
            let mut tasks = stream::iter((0..ITEMS).map(spawn)).buffer_unordered(limit.get());
            let mut values = Vec::new();
            while let Some((item, value)) = tasks.next().await {
                if item >= values.len() {
                    values.resize(item + 1, None);
                }
                values[item] = Some(value);
            }
            values.into_iter().collect::<Option<Vec<usize>>>()
        },
    );
    ways.way("buffered over tasks (room behind a slow item)", move || {
        let spawn = move |item| AbortOnDropHandle::new(tokio::spawn(function(item)));
        let tasks = stream::iter((0..ITEMS).map(spawn)).buffered(limit.get());
        tasks
            .map(|joined| joined.expect("no future panics"))
            .collect::<Vec<usize>>()
    });
    ways.way(
        "Semaphore, a task per permit (values)",
        move || async move {
            let semaphore = Arc::new(Semaphore::new(limit.get()));
            let mut tasks = JoinSet::new();
            for item in 0..ITEMS {
                let permit = Arc::clone(&semaphore).acquire_owned().await;
                let permit = permit.expect("nobody closes it");
                let future = function(item);
                tasks.spawn(async move {
                    let value = future.await;
                    drop(permit);
                    value
                });
                while tasks.try_join_next().is_some() {}
            }
            tasks.join_all().await;
        },
    );
    ways.way(
        "Semaphore, all tasks at once (bounded memory)",
        move || async move {
            let semaphore = Arc::new(Semaphore::new(limit.get()));
            let spawn = |item| {
                let (semaphore, future) = (Arc::clone(&semaphore), function(item));
                AbortOnDropHandle::new(tokio::spawn(async move {
                    let _permit = semaphore.acquire().await.expect("nobody closes it");
                    future.await
                }))
            };
            in_order((0..ITEMS).map(spawn).collect()).await
        },
    );
    ways.way(
        "Semaphore, 1,000 tasks of ten items (tasks, values)",
        move || async move {
            let semaphore = Arc::new(Semaphore::new(limit.get()));
            let mut tasks = JoinSet::new();
            for first in (0..ITEMS).step_by(10) {
                let semaphore = Arc::clone(&semaphore);
                tasks.spawn(async move {
                    for item in first..first + 10 {
                        let _permit = semaphore.acquire().await.expect("nobody closes it");
                        function(item).await;
                    }
                });
            }
            tasks.join_all().await;
        },
    );
    ways.way(
        "async-lock, all tasks at once (bounded memory)",
        move || async move {
            let semaphore = Arc::new(async_lock::Semaphore::new(limit.get()));
            let spawn = |item| {
                let (semaphore, future) = (Arc::clone(&semaphore), function(item));
                AbortOnDropHandle::new(tokio::spawn(async move {
                    let _permit = semaphore.acquire().await;
                    future.await
                }))
            };
            in_order((0..ITEMS).map(spawn).collect()).await
        },
    );
    ways.way("workers, one iterator (borrowing)", move || async move {
        let items = Arc::new(Mutex::new(0..ITEMS));
        let mut workers = JoinSet::new();
        for _ in 0..limit.get() {
            let items = Arc::clone(&items);
            workers.spawn(async move {
                let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
                let mut values = Vec::new();
                while let Some(item) = next() {
                    values.push((item, function(item).await));
                }
                values
            });
        }
        let mut values = workers.join_all().await.concat();
        values.sort_unstable_by_key(|(item, _)| *item);
        values
    });
    ways.way("buffer_unordered (tasks, order)", move || {
        let futures = stream::iter((0..ITEMS).map(function));
        futures
            .buffer_unordered(limit.get())
            .collect::<Vec<usize>>()
    });
    ways.way("buffered (tasks, room behind a slow item)", move || {
        let futures = stream::iter((0..ITEMS).map(function));
        futures.buffered(limit.get()).collect::<Vec<usize>>()
    });
}

async fn in_order(tasks: Vec<AbortOnDropHandle<usize>>) -> Vec<usize> {
    let mut values = Vec::with_capacity(tasks.len());
    for task in tasks {
        values.push(task.await.expect("no future panics"));
    }
    values
}

/// Measures ways to share a limit between tasks that are there already.
fn share(mut ways: Ways<'_>) {
    ways.way("semaphore", || async {
        let limit = SharedLimit::new(PERMITS);
        all(|| {
            let limit = limit.clone();
            async move {
                let _permit = limit.acquire(1).await.expect("nobody closes it");
                yield_now().await;
            }
        })
        .await;
    });
    ways.way("Semaphore (error when too heavy)", || async {
        let semaphore = Arc::new(Semaphore::new(PERMITS.get() as usize));
        all(|| {
            let semaphore = Arc::clone(&semaphore);
            async move {
                let permit = semaphore.acquire_owned().await;
                let _permit = permit.expect("nobody closes it");
                yield_now().await;
            }
        })
        .await;
    });
    ways.way("async-lock (weights, closing)", || async {
        let semaphore = Arc::new(async_lock::Semaphore::new(PERMITS.get() as usize));
        all(|| {
            let semaphore = Arc::clone(&semaphore);
            async move {
                let _permit = semaphore.acquire_arc().await;
                yield_now().await;
            }
        })
        .await;
    });
}

async fn all<F: Future<Output = ()> + Send + 'static>(task: impl Fn() -> F) {
    let tasks: JoinSet<()> = (0..SHARERS).map(|_| task()).collect();
    tasks.join_all().await;
}
