//! Shows what `await` does: futures polled by hand, by a toy executor, and by Tokio.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clap::{Parser, value_parser};
use common::polls::{self, poll, waker};
use common::timeline::{Bars as _, Mark, lane, mark, time, track_value};
use common::{demo, next_title, say, title};
use future::{Eager, Setter, Waiter, promise, spawn_eager};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, Sleep, sleep};

/// See every poll and every wake-up of a few futures.
///
/// A future that nobody awaits does nothing. A hand-written one is polled by hand, then by a toy
/// executor, beside two tasks that await its value. Last, Tokio polls two with an eager start.
#[derive(Parser)]
#[command(bin_name = "cargo run -p future --")]
struct Args {
    /// How often the hand-written future waits before it is ready, 0 to 10
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u64).range(..=10))]
    steps: u64,
}

const STEP: Duration = Duration::from_millis(100);
type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let start = Instant::now();
    title!("a future does nothing until it is polled");
    track_value("lazy", lazy()).await;
    next_title!("a hand-written future, polled by hand");
    track_value("by hand", by_hand(args.steps)).await;
    next_title!("the same in a toy executor, and two tasks that await its value");
    let (setter, value) = promise();
    execute(vec![
        ("first", Box::pin(await_value(value.clone()))),
        ("second", Box::pin(await_value(value))),
        ("steps", Box::pin(set_value(setter, args.steps))),
    ])
    .await;
    next_title!("an eager start: the first poll comes before the task");
    track_value("caller", start_eagerly()).await;
    let (shown, took) = (polls::counts(), time(start.elapsed()));
    Ok(format!("{shown} shown in {took} · in between, nothing ran"))
}

async fn lazy() {
    let future = async { say!("runs") };
    say!("made");
    sleep(STEP).waiting("with a future at hand").await;
    say!("awaits it");
    future.await;
}

/// A future written by hand. An `async fn` with a loop around `sleep(STEP).await` makes about this.
struct Steps {
    total: u64,
    done: u64,
    /// `None` between two steps. In a box, so that `Steps` is `Unpin`: no `unsafe` to reach it.
    timer: Option<Pin<Box<Sleep>>>,
}

fn steps(total: u64) -> Steps {
    let (done, timer) = (0, None);
    Steps { total, done, timer }
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

async fn by_hand(total: u64) {
    let (queue, mut woken) = unbounded_channel();
    let waker = waker(0, queue);
    let mut steps = pin!(steps(total));
    say!("made");
    while poll(steps.as_mut(), &waker).is_pending() {
        woken.recv().waiting("for a wake-up").await;
    }
    say!("has {}", steps.done);
}

/// The executor: it polls each task once, and then whoever was woken, until all are done. One that
/// stands alone would park its thread where this one awaits. Here Tokio has it, for the timers.
async fn execute(futures: Vec<(&str, Task)>) {
    let (queue, mut woken) = unbounded_channel();
    let mut tasks = BTreeMap::new();
    for (task, (name, future)) in futures.into_iter().enumerate() {
        let lane = lane(name);
        // All that it does is to put the task's number into the queue.
        let waker = lane.in_scope(|| waker(task, queue.clone()));
        tasks.insert(task, (future, lane, waker));
        // It is new, and nobody will wake what has never been polled.
        let _ = queue.send(task);
    }
    // From here on only wakers can send: when the last has gone with its task, `recv` has an end.
    drop(queue);
    while let Some(task) = woken.recv().await {
        // A task that has ended may be woken still, and one may be woken twice.
        if let Some((future, lane, waker)) = tasks.get_mut(&task)
            && lane.in_scope(|| poll(future.as_mut(), waker)).is_ready()
        {
            lane.in_scope(|| mark(Mark::Done, ""));
            tasks.remove(&task);
        }
    }
}

async fn await_value(value: Waiter<u64>) {
    let value = value.wait().waiting("for the value").await;
    value.map_or_else(|never| say!("{never}"), |value| say!("has {value}"));
}

async fn set_value(setter: Setter<u64>, total: u64) {
    let done = steps(total).waiting("for timers").await;
    say!("sets {done}");
    setter.set(done).unwrap_or_else(|late| say!("{late}"));
}

async fn start_eagerly() {
    for (name, wait) in [("cached", Duration::ZERO), ("fetched", STEP)] {
        let load = async move {
            say!("starts");
            if !wait.is_zero() {
                sleep(wait).waiting("for the answer").await;
            }
            say!("ends");
        };
        let started = spawn_eager(track_value(name, load));
        match &started {
            Eager::Ready(()) => say!("{name}: was ready, needs no task"),
            Eager::Spawned(_) => say!("{name}: is pending, now a task"),
        }
        let joined = started.join().waiting("for the task").await;
        joined.unwrap_or_else(|error| say!("{name}: {error}"));
    }
}
