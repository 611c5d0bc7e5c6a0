//! What the recipe costs, beside other ways to set a value once, and to start a future.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. Where there are waiters, the recipe is
//! `promise`; where futures are started, `spawn_eager`.

use std::future::ready;
use std::sync::Arc;

use common::bench::{Ways, two_threads};
use criterion::{Criterion, criterion_group, criterion_main};
use future::{promise, spawn_eager};
use futures::FutureExt as _;
use tokio::sync::{SetOnce, oneshot, watch};
use tokio::task::{JoinSet, yield_now};
use tokio_util::task::AbortOnDropHandle;

/// How many futures are started one after the other in one call.
const STARTS: usize = 100;

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = two_threads();
    let mut group = |name: &str, ways: &dyn Fn(Ways<'_>)| {
        ways(Ways::new(criterion, name, &runtime, 50));
    };
    group("set, 1 waiter", &|ways| set_once(ways, 1));
    group("set, 1,000 waiters", &|ways| set_once(ways, 1_000));
    group("start, ready", &|ways| start(ways, || ready(7)));
    group("start, yields once", &|ways| start(ways, yield_once));
    group("start, waits for the caller", &start_waiting);
}

async fn yield_once() -> u64 {
    yield_now().await;
    7
}

/// So many tasks wait for a value, which is then set.
fn set_once(mut ways: Ways<'_>, waiters: usize) {
    ways.way("future", move || async move {
        let (setter, waiter) = promise();
        let waits = (0..waiters).map(|_| {
            let waiter = waiter.clone();
            async move { *waiter.wait().await.expect("it is set") }
        });
        all(waits, || setter.set(7).expect("it is the first")).await
    });
    ways.way("SetOnce (an end without a value)", move || async move {
        let value = Arc::new(SetOnce::new());
        let waits = (0..waiters).map(|_| {
            let value = Arc::clone(&value);
            async move { *value.wait().await }
        });
        all(waits, || value.set(7).expect("it is the first")).await
    });
    ways.way("watch (set only once)", move || async move {
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
    ways.way("oneshot and Shared (set by many)", move || async move {
        let (sender, receiver) = oneshot::channel();
        let receiver = receiver.shared();
        let waits = (0..waiters).map(|_| {
            let receiver = receiver.clone();
            async move { receiver.await.expect("it is set") }
        });
        all(waits, || sender.send(7).expect("somebody waits")).await
    });
    ways.way("a oneshot each (late waiters)", move || async move {
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
fn start<F>(mut ways: Ways<'_>, future: fn() -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    ways.way("future", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            sum += spawn_eager(future()).join().await.expect("it ends");
        }
        sum
    });
    ways.way("tokio::spawn (a first poll at once)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let task = AbortOnDropHandle::new(tokio::spawn(future()));
            sum += task.await.expect("it ends");
        }
        sum
    });
    ways.way("await in place (a task)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            sum += future().await;
        }
        sum
    });
}

/// Futures are started, get what they wait for, and are joined, one after the other.
fn start_waiting(mut ways: Ways<'_>) {
    async fn receive(receiver: oneshot::Receiver<u64>) -> u64 {
        receiver.await.expect("it is sent")
    }
    ways.way("future", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let (sender, receiver) = oneshot::channel();
            let started = spawn_eager(receive(receiver));
            sender.send(7).expect("it waits");
            sum += started.join().await.expect("it ends");
        }
        sum
    });
    ways.way("tokio::spawn (a first poll at once)", move || async move {
        let mut sum = 0;
        for _ in 0..STARTS {
            let (sender, receiver) = oneshot::channel();
            let task = AbortOnDropHandle::new(tokio::spawn(receive(receiver)));
            sender.send(7).expect("it waits");
            sum += task.await.expect("it ends");
        }
        sum
    });
}
