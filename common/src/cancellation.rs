//! Drops a future at each of its awaits in turn and checks after each that nothing is broken.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::select;
use tokio::time::sleep;

/// A future with more points than this is taken to have no end.
const MOST_POINTS: usize = 10_000;
/// Virtual time after which the future, or the invariant, is taken to hang.
const LONGEST_RUN: Duration = Duration::from_secs(3600);
/// Any virtual sleep does: the clock moves on only when no task has anything left to do.
const SETTLE: Duration = Duration::from_millis(1);

/// Runs a future and drops it at its first await, then its second, and so on until it completes.
/// Returns the number of points at which it was dropped.
///
/// A point is one return of [`Poll::Pending`]. At each the future is dropped twice, in two runs:
/// right after it was suspended, and when it has been woken but not yet polled again. The second
/// is where a permit or a message that was already handed over gets lost.
///
/// `make` is called once for each run. It returns the future and the invariant: a future that
/// panics when something is broken. The invariant is awaited after the drop, once the tasks that
/// the drop has cancelled are gone. A first run goes to the future's end and counts the points;
/// the invariant is checked after it, too. Every run must have the same points.
///
/// Each run has a current-thread Tokio runtime of its own, with a paused clock. [`alive_tasks`]
/// counts what a run leaves behind; the next run does not see it.
/// Work on `spawn_blocking` threads holds the clock; work on other threads does not. A task that
/// yields for ever, without waiting for anything, holds the clock for ever.
///
/// # Panics
/// - When the future completes without an await: there was no point to drop it at.
/// - When the future or the invariant panics. The message says in which run.
/// - When the future or the invariant takes more than an hour of virtual time: it hangs.
/// - When the future has not completed after 10,000 points.
/// - When a later run has fewer points than the first.
/// - When called inside a Tokio runtime.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use common::cancellation::drop_at_every_await;
/// use tokio::sync::Semaphore;
/// use tokio::time::{Duration, sleep};
///
/// let points = drop_at_every_await(|| {
///     let permits = Arc::new(Semaphore::new(1));
///     let work = {
///         let permits = Arc::clone(&permits);
///         async move {
///             let _permit = permits.acquire().await;
///             sleep(Duration::from_millis(10)).await;
///         }
///     };
///     (work, async move { assert_eq!(permits.available_permits(), 1) })
/// });
/// assert_eq!(points.get(), 1);
/// ```
#[track_caller]
pub fn drop_at_every_await<F, C>(make: impl Fn() -> (F, C)) -> NonZeroUsize
where
    F: Future,
    C: Future<Output = ()>,
{
    let whole = || run(&make, MOST_POINTS, When::Suspended);
    let Run::Completed { points } = named(whole, || "run to its end".into()) else {
        panic!("the future has not completed after {MOST_POINTS} awaits");
    };
    let points = NonZeroUsize::new(points)
        .expect("the future completed without an await: it was never dropped");
    for point in 1..=points.get() {
        for when in [When::Suspended, When::Woken] {
            let dropped = || match run(&make, point, when) {
                Run::Dropped => {}
                Run::Completed { .. } => panic!("the first run had more awaits than this one"),
            };
            named(dropped, || format!("at await {point}, dropped {when:?}"));
        }
    }
    points
}

/// The number of tasks on the current runtime that have not ended.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Suspended,
    Woken,
}

enum Run {
    Dropped,
    Completed { points: usize },
}

fn run<F, C>(make: impl Fn() -> (F, C), point: usize, when: When) -> Run
where
    F: Future,
    C: Future<Output = ()>,
{
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime needs only a few file descriptors");
    runtime.block_on(async {
        let (future, invariant) = make();
        let dropping = DropAt {
            future: Some(Box::pin(future)),
            points: 0,
            at: point,
            when,
        };
        let run = within(dropping, "the future hangs").await;
        sleep(SETTLE).await;
        within(invariant, "the invariant hangs").await;
        run
    })
}

/// Not `timeout`, which polls the future once more when the time is up: that would pass for a
/// wake-up.
async fn within<R>(future: impl Future<Output = R>, otherwise: &str) -> R {
    select! {
        biased;
        () = sleep(LONGEST_RUN) => panic!("{otherwise}"),
        result = future => result,
    }
}

/// Drops its future, inside of a poll, at its return of `Pending` number `at`.
struct DropAt<F> {
    future: Option<Pin<Box<F>>>,
    points: usize,
    at: usize,
    when: When,
}

impl<F: Future> Future for DropAt<F> {
    type Output = Run;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Run> {
        if self.points < self.at
            && let Some(future) = &mut self.future
        {
            if future.as_mut().poll(context).is_ready() {
                let points = self.points;
                return Poll::Ready(Run::Completed { points });
            }
            self.points += 1;
            if self.points < self.at || self.when == When::Woken {
                return Poll::Pending;
            }
        }
        self.future = None;
        Poll::Ready(Run::Dropped)
    }
}

/// Says in a panic's message which run it came from.
#[track_caller]
fn named<R>(run: impl FnOnce() -> R, name: impl FnOnce() -> String) -> R {
    let payload = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => return result,
        Err(payload) => payload,
    };
    let text = payload.downcast_ref::<String>().map(String::as_str);
    match text.or_else(|| payload.downcast_ref::<&str>().copied()) {
        Some(text) => panic!("{}: {text}", name()),
        None => resume_unwind(payload),
    }
}
