//! What the recipe costs, beside other ways to hand work from several tasks to several others.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it. One call is one item, put and got.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::bench::{Ways, two_threads};
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use queue::{End, Queue};
use tokio::runtime::Builder;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

criterion_group!(benches, compare);
criterion_main!(benches);

/// A way to hand over items, which here are numbers.
trait Way: Clone + Send + Sync + 'static {
    fn new(bound: usize) -> Self;
    fn put(&self, item: u64) -> impl Future<Output = ()> + Send;
    fn get(&self) -> impl Future<Output = u64> + Send;
}

/// The ends for producers and for consumers.
type Ends = (Arc<End<u64>>, Arc<End<u64>>);

impl Way for Ends {
    fn new(bound: usize) -> Self {
        let bound = NonZeroUsize::new(bound).expect("the bound is not zero");
        Arc::new(Queue::new(bound)).split()
    }

    async fn put(&self, item: u64) {
        let slot = self.0.reserve().await.expect("it is open");
        slot.put(item).expect("it is open");
    }

    async fn get(&self) -> u64 {
        *self.1.get().await.expect("it is open")
    }
}

/// The receiver behind a lock, so that several can take from it in turn.
type Channel<T> = (mpsc::Sender<T>, Mutex<mpsc::Receiver<T>>);
type Tracked = (Arc<Channel<(u64, TaskTrackerToken)>>, TaskTracker);
type AsyncChannel = (async_channel::Sender<u64>, async_channel::Receiver<u64>);
type Flume = (flume::Sender<u64>, flume::Receiver<u64>);
type Kanal = (kanal::AsyncSender<u64>, kanal::AsyncReceiver<u64>);

impl Way for Arc<Channel<u64>> {
    fn new(bound: usize) -> Self {
        let (sender, receiver) = mpsc::channel(bound);
        Arc::new((sender, Mutex::new(receiver)))
    }

    async fn put(&self, item: u64) {
        self.0.send(item).await.expect("it is open");
    }

    async fn get(&self) -> u64 {
        self.1.lock().await.recv().await.expect("it is open")
    }
}

impl Way for Tracked {
    fn new(bound: usize) -> Self {
        let (sender, receiver) = mpsc::channel(bound);
        let tracker = TaskTracker::new();
        tracker.close();
        (Arc::new((sender, Mutex::new(receiver))), tracker)
    }

    async fn put(&self, item: u64) {
        let permit = self.0.0.reserve().await.expect("it is open");
        permit.send((item, self.1.token()));
    }

    async fn get(&self) -> u64 {
        let job = self.0.1.lock().await.recv().await;
        job.expect("it is open").0
    }
}

impl Way for AsyncChannel {
    fn new(bound: usize) -> Self {
        async_channel::bounded(bound)
    }

    async fn put(&self, item: u64) {
        self.0.send(item).await.expect("it is open");
    }

    async fn get(&self) -> u64 {
        self.1.recv().await.expect("it is open")
    }
}

impl Way for Flume {
    fn new(bound: usize) -> Self {
        flume::bounded(bound)
    }

    async fn put(&self, item: u64) {
        self.0.send_async(item).await.expect("it is open");
    }

    async fn get(&self) -> u64 {
        self.1.recv_async().await.expect("it is open")
    }
}

impl Way for Kanal {
    fn new(bound: usize) -> Self {
        kanal::bounded_async(bound)
    }

    async fn put(&self, item: u64) {
        self.0.send(item).await.expect("it is open");
    }

    async fn get(&self) -> u64 {
        self.1.recv().await.expect("it is open")
    }
}

fn compare(criterion: &mut Criterion) {
    let two = two_threads();
    let one_thread = Builder::new_current_thread()
        .build()
        .expect("the runtime can start");
    for (tasks, bound) in [(4, 100), (4, 1), (1, 100)] {
        let name = format!("{tasks} × {tasks}, bound {bound}");
        measure_all(Ways::new(criterion, name, &two, 30), tasks, bound);
    }
    let name = "4 × 4, bound 100, one thread";
    measure_all(Ways::new(criterion, name, &one_thread, 30), 4, 100);
}

/// Measures every way with so many producers and as many consumers.
fn measure_all(mut ways: Ways<'_>, tasks: u64, bound: usize) {
    // One call is one item: the samples differ in how many, and criterion fits a line.
    ways.group
        .sampling_mode(SamplingMode::Linear)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let ways = &mut ways;
    way::<Ends>(ways, "queue", tasks, bound);
    way::<Tracked>(ways, "mpsc behind a Mutex, TaskTracker", tasks, bound);
    way::<Arc<Channel<u64>>>(ways, "mpsc behind a Mutex (join)", tasks, bound);
    let name = "async-channel (join, order of arrival, yielding)";
    way::<AsyncChannel>(ways, name, tasks, bound);
    let name = "flume (join, order of arrival, yielding)";
    way::<Flume>(ways, name, tasks, bound);
    let name = "kanal (join, cancel safety, yielding)";
    way::<Kanal>(ways, name, tasks, bound);
}

fn way<W: Way>(ways: &mut Ways<'_>, name: &str, tasks: u64, bound: usize) {
    ways.timed(name, |items| hand_over(W::new(bound), items, tasks));
}

/// The time it takes to hand over so many items.
async fn hand_over<W: Way>(way: W, items: u64, tasks: u64) -> Duration {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        // The first ones have one more where the division leaves a rest.
        let share = items / tasks + u64::from(task < items % tasks);
        let (producer, consumer) = (way.clone(), way.clone());
        running.spawn(async move {
            for item in 0..share {
                producer.put(item).await;
            }
        });
        running.spawn(async move {
            for _ in 0..share {
                black_box(consumer.get().await);
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no way panics");
    }
    start.elapsed()
}
