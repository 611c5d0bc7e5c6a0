//! Shows what `await` does: futures polled by hand, by a toy executor, and by Tokio.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use clap::{Parser, value_parser};
use common::timeline::{Mark, lane, mark, time, track_value, waiting};
use common::{demo, say};
use future::{Eager, Setter, Waiter, promise, spawn_eager};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, Sleep, sleep};
use tracing::{Instrument as _, Span};

/// See every poll and every wake-up of a few futures.
///
/// A future that nobody awaits does nothing. A hand-written one is polled by hand, then by a toy
/// executor, beside two tasks that await its value. Last, Tokio polls two with an eager start.
#[derive(Parser)]
#[command(bin_name = "cargo run -p future --")]
struct Args {
    /// How often the hand-written future waits before it is ready, 0 to 10
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = value_parser!(u64).range(..=10))]
    steps: u64,

    #[command(flatten)]
    shared: demo::Options,
}

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

/// How long everything here waits that waits.
const STEP: Duration = Duration::from_millis(100);

static POLLS: AtomicU64 = AtomicU64::new(0);
static WAKE_UPS: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let start = Instant::now();
    say!("a future does nothing until it is polled");
    say!("");
    track_value("lazy", lazy()).await;

    say!("");
    say!("a hand-written future, polled by hand");
    say!("");
    track_value("by hand", by_hand(args.steps)).await;

    say!("");
    say!("the same in a toy executor, and two tasks that await its value");
    say!("");
    let (setter, value) = promise();
    execute(vec![
        ("first", Box::pin(await_value(value.clone()))),
        ("second", Box::pin(await_value(value))),
        ("steps", Box::pin(set_value(setter, args.steps))),
    ])
    .await;

    say!("");
    say!("an eager start: the first poll comes before the task");
    say!("");
    track_value("caller", start_eagerly()).await;

    let (polls, wake_ups) = (POLLS.load(Relaxed), WAKE_UPS.load(Relaxed));
    let took = time(start.elapsed());
    Ok(format!(
        "{polls} polls and {wake_ups} wake-ups shown in {took} · in between, nothing ran"
    ))
}

async fn lazy() {
    let future = async { say!("runs") };
    say!("made");
    sleep(STEP)
        .instrument(waiting("with a future at hand"))
        .await;
    say!("awaits it");
    future.await;
}

/// A future written by hand. An `async fn` with a loop around `sleep(STEP).await` makes about this.
#[derive(Default)]
struct Steps {
    total: u64,
    done: u64,
    /// `None` between two steps. In a box, so that `Steps` is `Unpin`: no `unsafe` to reach it.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Future for Steps {
    type Output = u64;

    /// Goes on from where the last poll stopped, as far as it gets without waiting.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        while self.done < self.total {
            let timer = self.timer.get_or_insert_with(|| {
                say!("sets a timer");
                Box::pin(sleep(STEP))
            });
            // Returns when the timer is pending. It has kept our waker then, and will call it.
            ready!(timer.as_mut().poll(context));
            self.timer = None;
            self.done += 1;
        }
        Poll::Ready(self.done)
    }
}

/// Polls once, and says what came of it.
fn poll<T>(future: Pin<&mut dyn Future<Output = T>>, waker: &Waker) -> Poll<T> {
    let polled = future.poll(&mut Context::from_waker(waker));
    POLLS.fetch_add(1, Relaxed);
    match polled {
        Poll::Pending => say!("poll: Pending"),
        Poll::Ready(_) => say!("poll: Ready"),
    }
    polled
}

/// What a waker does here: it says so, and puts the task's number into the queue of those to poll.
struct Bell {
    task: usize,
    queue: UnboundedSender<usize>,
    lane: Span,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        WAKE_UPS.fetch_add(1, Relaxed);
        self.lane.in_scope(|| {
            mark(Mark::Woken, "");
            say!("woken");
        });
        // There may be nobody left who polls.
        let _ = self.queue.send(self.task);
    }
}

async fn by_hand(steps: u64) {
    let (queue, mut woken) = unbounded_channel();
    let lane = Span::current();
    let waker = Waker::from(Arc::new(Bell {
        task: 0,
        queue,
        lane,
    }));
    let mut steps = pin!(Steps {
        total: steps,
        ..Steps::default()
    });
    say!("made");
    let done = loop {
        match poll(steps.as_mut(), &waker) {
            Poll::Ready(done) => break done,
            Poll::Pending => woken.recv().instrument(waiting("for a wake-up")).await,
        };
    };
    say!("has {done}");
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The executor: it polls each task once, and then whoever was woken, until all are done.
///
/// One that stands alone would park its thread where this one awaits. Here Tokio has the thread, for
/// the timers.
async fn execute(futures: Vec<(&str, Task)>) {
    let (queue, mut woken) = unbounded_channel();
    let mut tasks = BTreeMap::new();
    for (task, (name, future)) in futures.into_iter().enumerate() {
        let (queue, lane) = (queue.clone(), lane(name));
        let bell = Arc::new(Bell { task, queue, lane });
        tasks.insert(task, (future, Arc::clone(&bell), Waker::from(bell)));
    }
    // All are new, and nobody will wake what has never been polled.
    for task in tasks.keys() {
        let _ = queue.send(*task);
    }
    // From here on only wakers can send: when the last has gone with its task, `recv` has an end.
    drop(queue);

    while let Some(task) = woken.recv().await {
        // A task that has ended may be woken still, and one may be woken twice.
        let Some((future, bell, waker)) = tasks.get_mut(&task) else {
            continue;
        };
        if bell
            .lane
            .in_scope(|| poll(future.as_mut(), waker))
            .is_ready()
        {
            bell.lane.in_scope(|| mark(Mark::Done, ""));
            tasks.remove(&task);
        }
    }
}

async fn await_value(value: Waiter<u64>) {
    match value.wait().instrument(waiting("for the value")).await {
        Ok(value) => say!("has {value}"),
        Err(never) => say!("{never}"),
    }
}

async fn set_value(setter: Setter<u64>, steps: u64) {
    let steps = Steps {
        total: steps,
        ..Steps::default()
    }
    .instrument(waiting("for timers"));
    let done = steps.await;
    say!("sets {done}");
    if let Err(late) = setter.set(done) {
        say!("{late}");
    }
}

async fn start_eagerly() {
    for (name, wait) in [("cached", Duration::ZERO), ("fetched", STEP)] {
        let load = async move {
            say!("starts");
            if !wait.is_zero() {
                sleep(wait).instrument(waiting("for the answer")).await;
            }
            say!("ends");
        };
        let started = spawn_eager(track_value(name, load));
        match &started {
            Eager::Ready(()) => say!("{name}: was ready, needs no task"),
            Eager::Spawned(_) => say!("{name}: is pending, now a task"),
        }
        let joined = started.join().instrument(waiting("for the task")).await;
        if let Err(error) = joined {
            say!("{name}: {error}");
        }
    }
}
