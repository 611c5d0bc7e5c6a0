//! What the recipe costs, beside other ways to wait for some of many.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::future::pending;

use common::bench::Ways;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::future::{BoxFuture, join_all, select_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet, yield_now};
use wait::{all_completed, as_completed, first_completed, wait};

/// How many futures, and how the table writes it.
const COUNTS: [(usize, &str); 2] = [(10, "10"), (1_000, "1,000")];

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("the runtime can start two threads");
    for (count, written) in COUNTS {
        let mut group = |name, ways: fn(Ways<'_>, usize)| {
            ways(Ways::new(criterion, name, &runtime, 50), count);
        };
        group(format!("first of {written}, stop the others"), first_of);
        group(format!("{written}, one by one"), one_by_one);
        group(format!("all of {written}"), all_of);
    }
}

/// One ends after a yield, the others never. At the end all of them have stopped.
fn first_of(mut ways: Ways<'_>, count: usize) {
    let futures = move || (0..count).map(one_ends);
    ways.way("wait", move || async move {
        let mut tasks: JoinSet<usize> = futures().collect();
        let mut done = Vec::new();
        wait(&mut tasks, first_completed, None, &mut done).await;
        tasks.shutdown().await;
        done
    });
    ways.way("JoinSet", move || async move {
        let mut tasks: JoinSet<usize> = futures().collect();
        let mut done = Vec::new();
        done.extend(tasks.join_next_with_id().await);
        while let Some(joined) = tasks.try_join_next_with_id() {
            done.push(joined);
        }
        tasks.shutdown().await;
        done
    });
    let name = "select_all over JoinHandles (cancel safety, others that have ended)";
    ways.way(name, move || async move {
        let tasks: Vec<JoinHandle<usize>> = futures().map(tokio::spawn).collect();
        let (first, _, others) = select_all(tasks).await;
        for task in &others {
            task.abort();
        }
        join_all(others).await;
        first
    });
    let name = "select_all (tasks, cancel safety, others that have ended)";
    ways.way(name, move || async move {
        let futures: Vec<BoxFuture<'_, usize>> = futures().map(|future| future.boxed()).collect();
        let (first, _, others) = select_all(futures).await;
        drop(others);
        first
    });
    ways.way("FuturesUnordered (tasks)", move || async move {
        let mut futures: FuturesUnordered<_> = futures().collect();
        let mut done = Vec::new();
        done.extend(futures.next().await);
        while let Some(Some(place)) = futures.next().now_or_never() {
            done.push(place);
        }
        done
    });
}

async fn one_ends(place: usize) -> usize {
    if place > 0 {
        return pending().await;
    }
    yield_once(place).await
}

/// Each waits for an answer, and the answers come one at a time: the last future is the first to end.
fn one_by_one(mut ways: Ways<'_>, count: usize) {
    let requests = move || {
        let requests = (0..count).map(|_| {
            let (send, answer) = oneshot::channel::<usize>();
            (send, async move { answer.await.expect("it is sent") })
        });
        let (mut senders, futures): (Vec<_>, Vec<_>) = requests.unzip();
        senders.reverse();
        (senders, futures)
    };
    ways.way("wait", move || async move {
        let (senders, futures) = requests();
        let mut tasks: JoinSet<usize> = futures.into_iter().collect();
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            wait(&mut tasks, first_completed, None, &mut done).await;
        }
        done
    });
    let name = "as_completed (others that have ended)";
    ways.way(name, move || async move {
        let (senders, futures) = requests();
        let mut tasks: JoinSet<usize> = futures.into_iter().collect();
        let mut ended = as_completed(&mut tasks);
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            done.extend(ended.next().await);
        }
        done
    });
    ways.way("JoinSet", move || async move {
        let (senders, futures) = requests();
        let mut tasks: JoinSet<usize> = futures.into_iter().collect();
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            done.extend(tasks.join_next_with_id().await);
            while let Some(joined) = tasks.try_join_next_with_id() {
                done.push(joined);
            }
        }
        done
    });
    let name = "FuturesUnordered over JoinHandles (cancellation, others that have ended)";
    ways.way(name, move || async move {
        let (senders, futures) = requests();
        let mut tasks: FuturesUnordered<_> = futures.into_iter().map(tokio::spawn).collect();
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            done.extend(tasks.next().await);
        }
        done
    });
    ways.way("FuturesUnordered (tasks)", move || async move {
        let (senders, futures) = requests();
        let mut futures: FuturesUnordered<_> = futures.into_iter().collect();
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            done.extend(futures.next().await);
        }
        done
    });
    let name = "select_all (tasks, cancel safety, others that have ended)";
    ways.way(name, move || async move {
        let (senders, futures) = requests();
        let mut futures: Vec<BoxFuture<'_, usize>> =
            futures.into_iter().map(|future| future.boxed()).collect();
        let mut done = Vec::new();
        for (place, send) in senders.into_iter().enumerate() {
            send.send(place).expect("it is awaited");
            let (answer, _, others) = select_all(futures).await;
            done.push(answer);
            futures = others;
        }
        done
    });
}

/// Each ends after a yield, and the results are in a `Vec`.
fn all_of(mut ways: Ways<'_>, count: usize) {
    let futures = move || (0..count).map(yield_once);
    ways.way("wait", move || async move {
        let mut tasks: JoinSet<usize> = futures().collect();
        let mut done = Vec::new();
        wait(&mut tasks, all_completed, None, &mut done).await;
        done
    });
    ways.way("JoinSet", move || async move {
        let mut tasks: JoinSet<usize> = futures().collect();
        let mut done = Vec::new();
        while let Some(joined) = tasks.join_next_with_id().await {
            done.push(joined);
        }
        done
    });
    ways.way("FuturesUnordered (tasks)", move || async move {
        let futures: FuturesUnordered<_> = futures().collect();
        futures.collect::<Vec<usize>>().await
    });
}

async fn yield_once(place: usize) -> usize {
    yield_now().await;
    place
}
