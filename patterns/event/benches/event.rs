//! What the recipe costs, beside other ways to wake many tasks.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::bench::{Ways, two_threads};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use event::Event;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

/// How many tasks wait, and how the table writes it.
const COUNTS: [(usize, &str); 3] = [(10, "10"), (1_000, "1,000"), (100_000, "100,000")];

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = two_threads();
    for (count, written) in COUNTS {
        let samples = if count > 1_000 { 10 } else { 50 };
        let name = format!("{written} waiters woken");
        wake_all(Ways::new(criterion, name, &runtime, samples), count);
    }
    pass(criterion.benchmark_group("wait, already set"));
}

/// The recipe's promises on a `watch`: the flag, and how often it was raised.
type Raised = watch::Sender<(bool, usize)>;

fn raise(raised: &Raised) {
    raised.send_modify(|(up, count)| (*up, *count) = (true, *count + 1));
}

async fn wait_for_raised(raised: &Raised) {
    let mut receiver = raised.subscribe();
    let (_, at_call) = *receiver.borrow();
    let over = receiver.wait_for(|(up, count)| *up || *count != at_call);
    over.await.expect("the sender is here");
}

async fn wait_for_flag(flag: &watch::Sender<bool>) {
    let mut receiver = flag.subscribe();
    let over = receiver.wait_for(|up| *up);
    over.await.expect("the sender is here");
}

/// From the set to the end of the last task that waited for it.
fn wake_all(mut ways: Ways<'_>, count: usize) {
    // To spawn the tasks takes longer than what is measured.
    let time = Duration::from_millis(if count > 1_000 { 200 } else { 500 });
    ways.group
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(time);
    let mut wakes = Wakes { ways, count };

    wakes.way("event", Event::new, Event::set, |event| async move {
        event.wait().await;
    });
    wakes.way(
        "watch with a count",
        Raised::default,
        raise,
        |raised| async move { wait_for_raised(&raised).await },
    );
    wakes.way(
        "watch (the pulse)",
        watch::Sender::default,
        |flag| {
            flag.send_replace(true);
        },
        |flag| async move { wait_for_flag(&flag).await },
    );
    wakes.way(
        "Notify (the flag)",
        Notify::new,
        Notify::notify_waiters,
        |notify| async move { notify.notified().await },
    );
    wakes.way(
        "event-listener (the flag)",
        event_listener::Event::<()>::new,
        |event| {
            event.notify(usize::MAX);
        },
        |event| async move { event.listen().await },
    );
    wakes.way(
        "broadcast (the flag)",
        || broadcast::Sender::new(1),
        |sender| {
            sender.send(()).expect("the tasks receive");
        },
        |sender| async move {
            let mut receiver = sender.subscribe();
            receiver.recv().await.expect("the sender is here");
        },
    );
    wakes.way(
        "CancellationToken (clear)",
        CancellationToken::new,
        CancellationToken::cancel,
        |token| async move { token.cancelled().await },
    );
}

/// What the ways of a group share: how many tasks wait.
struct Wakes<'a> {
    ways: Ways<'a>,
    count: usize,
}

impl Wakes<'_> {
    fn way<S, W>(&mut self, name: &str, new: fn() -> S, set: fn(&S), wait: fn(Arc<S>) -> W)
    where
        S: Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let count = self.count;
        self.ways.timed(name, move |iterations| async move {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                took += wake(count, new(), set, wait).await;
            }
            took
        });
    }
}

/// How many tasks have begun to wait, how many have ended, and who is told of the last.
#[derive(Default)]
struct Progress {
    waiting: AtomicUsize,
    ended: AtomicUsize,
    last: Notify,
}

async fn wake<S, W>(count: usize, shared: S, set: fn(&S), wait: fn(Arc<S>) -> W) -> Duration
where
    S: Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::new(shared);
    let progress = Arc::new(Progress::default());
    for _ in 0..count {
        let progress = Arc::clone(&progress);
        let wait = wait(Arc::clone(&shared));
        tokio::spawn(async move {
            let mut wait = pin!(wait);
            let mut first = true;
            poll_fn(|context| {
                let polled = wait.as_mut().poll(context);
                if std::mem::take(&mut first) {
                    progress.waiting.fetch_add(1, Ordering::Release);
                }
                polled
            })
            .await;
            if progress.ended.fetch_add(1, Ordering::AcqRel) + 1 == count {
                progress.last.notify_one();
            }
        });
    }
    while progress.waiting.load(Ordering::Acquire) < count {
        yield_now().await;
    }

    let start = Instant::now();
    set(&shared);
    progress.last.notified().await;
    start.elapsed()
}

/// What a loop pays in each round for a wait that does not wait.
fn pass(mut group: BenchmarkGroup<'_, WallTime>) {
    group
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));

    let event = Event::new();
    event.set();
    let raised = Raised::default();
    raise(&raised);
    let flag = watch::Sender::new(true);
    let token = CancellationToken::new();
    token.cancel();
    group.bench_function("event", |bencher| {
        bencher.iter(|| now(black_box(&event).wait()));
    });
    group.bench_function("watch with a count", |bencher| {
        bencher.iter(|| now(wait_for_raised(black_box(&raised))));
    });
    group.bench_function("watch (the pulse)", |bencher| {
        bencher.iter(|| now(wait_for_flag(black_box(&flag))));
    });
    group.bench_function("CancellationToken (clear)", |bencher| {
        bencher.iter(|| now(black_box(&token).cancelled()));
    });
    group.finish();
}

/// Polls once a wait that is over.
fn now(wait: impl Future<Output = ()>) {
    assert!(futures::FutureExt::now_or_never(wait).is_some());
}
