//! Run many futures at once, each as a task of its own, and have their results in input order.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::collections::BTreeMap;
use std::convert::{Infallible, identity};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};
use std::{any::Any, fmt};

use futures::{FutureExt as _, task::AtomicWaker};
use thiserror::Error;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::AbortOnDropHandle;

/// Why [`try_gather`] has no values.
///
/// `index` and `error` are the first failure. An error of a task that failed before its
/// cancellation reached it is not lost: it stands in `later`.
///
/// The first error is the [`source`](std::error::Error::source), so the text does not repeat it;
/// `{:#}` writes it, too. `String` and `anyhow::Error` do not implement
/// [`Error`](std::error::Error), and so neither does this with one of them:
/// [`std::io::Error::other`] makes an error of both.
#[derive(Debug, Error)]
pub struct TryGatherError<E> {
    /// The failed future's place in the input, counted from zero.
    pub index: usize,
    /// What it failed with.
    #[source]
    pub error: E,
    /// Places and errors of futures that failed after it, in the order in which they ended.
    pub later: Vec<(usize, E)>,
}

impl<E: fmt::Display> fmt::Display for TryGatherError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "future {} failed", self.index)?;
        if !self.later.is_empty() {
            write!(f, ", and {} more failed", self.later.len())?;
        }
        if f.alternate() {
            write!(f, ": {:#}", self.error)?;
        }
        Ok(())
    }
}

/// How one future of [`gather_settled`] ended.
#[derive(Debug)]
pub enum Outcome<T, E> {
    /// It returned `Ok`.
    Ok(T),
    /// It returned `Err`.
    Err(E),
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// Its task was cancelled: by a handle of the caller's, see [`gather_tasks`], or its runtime shut
    /// down while the caller, on another one, went on.
    Cancelled,
}

/// Runs every future as a task of its own and returns their values in input order.
///
/// The tasks are started when the call is first polled. An empty input returns at once.
///
/// # Cancel safety
/// Dropping the call cancels every task. Drop cannot wait, so a task that is in the middle of a
/// poll on another thread ends at its next await. Values that had arrived are lost.
///
/// # Panics
/// When a future panics: every other task is cancelled, and once all have stopped the panic
/// continues here. Also outside a Tokio runtime, and when the tasks' runtime shuts down.
pub async fn gather<I, T>(futures: I) -> Vec<T>
where
    I: IntoIterator<Item: Future<Output = T> + Send + 'static>,
    T: Send + 'static,
{
    let ok = |future: I::Item| future.map(Ok::<_, Infallible>);
    let Ok(values) = try_gather(futures.into_iter().map(ok)).await;
    values
}

/// Runs every future as a task of its own and returns their values in input order, or the first
/// error, after every other task has been cancelled and has stopped.
///
/// The tasks are started when the call is first polled. An empty input returns at once.
///
/// # Errors
/// The first error in time, with the errors that came before the cancellation took effect. A task
/// stops at its next await: one that does not await delays the return until it has ended.
///
/// # Cancel safety
/// As [`gather`]. Errors that had come, or come later, are logged with `tracing`.
///
/// # Panics
/// As [`gather`]. A panic goes before an error, which is logged. When several futures panic, the
/// first panic continues here; the panic hook has reported each.
pub async fn try_gather<I, T, E>(futures: I) -> Result<Vec<T>, TryGatherError<E>>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>> + Send + 'static>,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    // How many have failed, and who is to hear of it while another task has its turn. Not a
    // `CancellationToken`, which counts nothing and locks at each look.
    let failed = Arc::new((AtomicUsize::new(0), AtomicWaker::new()));
    let spawn = |future: I::Item| {
        let failed = Arc::clone(&failed);
        let tell = move |ended| {
            let failure = match ended {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => Ok(Unheard(Some(error))),
                Err(payload) => Err(payload),
            };
            let order = failed.0.fetch_add(1, Relaxed);
            failed.1.wake();
            Err(Box::new((order, failure))) // Boxed, or each task keeps room for it.
        };
        // The first `map` drops the future, whose destructor may panic, where that is caught. Not an
        // async block: it would keep room for the future twice, before and while it is awaited.
        let caught = AssertUnwindSafe(future.map(identity)).catch_unwind();
        AbortOnDropHandle::new(tokio::spawn(caught.map(tell)))
    };
    let tasks: Vec<_> = futures.into_iter().map(spawn).collect();

    let count = tasks.len();
    let mut tasks = tasks.into_iter();
    let (mut values, mut failures) = (Vec::with_capacity(count), BTreeMap::new());
    let mut stopping = false;
    // Takes every task in its turn, also after a failure: that is what waits for the cancelled.
    while let Some(mut task) = tasks.next() {
        let ended = poll_fn(|context| {
            let ended = task.poll_unpin(context);
            if ended.is_pending() && !stopping {
                failed.1.register(context.waker());
                stopping = failed.0.load(Relaxed) > 0;
                if stopping {
                    task.abort();
                    tasks.as_slice().iter().for_each(AbortOnDropHandle::abort);
                }
            }
            ended
        });
        let index = count - tasks.len() - 1;
        match ended.await.map_err(JoinError::try_into_panic) {
            Ok(Ok(value)) => values.push(value),
            Ok(Err(failure)) => _ = failures.insert(failure.0, (index, failure.1)),
            // It was cancelled, and a destructor panicked.
            Err(Ok(payload)) => _ = failures.insert(usize::MAX, (index, Err(payload))),
            Err(Err(_cancelled)) => {}
        }
    }

    if values.len() == count {
        return Ok(values);
    }
    // This may panic: the errors still log themselves.
    drop(values);
    let in_order = failures.into_values();
    let (errors, panics): (Vec<_>, Vec<_>) = in_order.partition(|(_, failure)| failure.is_ok());
    let first = panics.into_iter().find_map(|(_, failure)| failure.err());
    if let Some(payload) = first {
        drop(errors);
        resume_unwind(payload);
    }
    let errors = errors.into_iter();
    let mut errors = errors.filter_map(|(index, failure)| Some((index, failure.ok()?.0.take()?)));
    let (index, error) = errors.next().expect(SHUT_DOWN);
    let later = errors.collect();
    Err(TryGatherError {
        index,
        error,
        later,
    })
}

/// Runs every future as a task of its own and returns how each ended, in input order.
///
/// Nothing that happens to one task stops another. The tasks are started when the call is first
/// polled. An empty input returns at once.
///
/// # Cancel safety
/// As [`gather`].
///
/// # Panics
/// Outside a Tokio runtime. A future's panic is a value, [`Outcome::Panicked`].
pub async fn gather_settled<I, T, E>(futures: I) -> Vec<Outcome<T, E>>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>> + Send + 'static>,
    T: Send + 'static,
    E: Send + 'static,
{
    gather_tasks(futures.into_iter().map(tokio::spawn)).await
}

/// As [`gather_settled`], for tasks that the caller has spawned: it can keep an
/// [`AbortHandle`](tokio::task::AbortHandle) of each, and one that it cancels is
/// [`Outcome::Cancelled`] in its place.
///
/// # Cancel safety
/// As [`gather`], also before the first poll: the call owns the tasks.
///
/// # Panics
/// None of its own.
///
/// # Examples
/// ```
/// use gather::{Outcome, gather_tasks};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let quick = tokio::spawn(async { Ok::<_, ()>("page") });
///     let stuck = tokio::spawn(std::future::pending());
///     let stop = stuck.abort_handle();
///
///     let call = gather_tasks([quick, stuck]);
///     stop.abort();
///     let outcomes = call.await;
///     assert!(matches!(outcomes[..], [Outcome::Ok("page"), Outcome::Cancelled]));
/// }
/// ```
pub fn gather_tasks<I, T, E>(tasks: I) -> impl Future<Output = Vec<Outcome<T, E>>>
where
    I: IntoIterator<Item = JoinHandle<Result<T, E>>>,
{
    let tasks: Vec<_> = tasks.into_iter().map(AbortOnDropHandle::new).collect();
    async move {
        let mut outcomes = Vec::with_capacity(tasks.len());
        for task in tasks {
            outcomes.push(match task.await.map_err(JoinError::try_into_panic) {
                Ok(Ok(value)) => Outcome::Ok(value),
                Ok(Err(error)) => Outcome::Err(error),
                Err(Ok(payload)) => Outcome::Panicked(payload),
                Err(Err(_cancelled)) => Outcome::Cancelled,
            });
        }
        outcomes
    }
}

const SHUT_DOWN: &str = "the runtime shut down while gather was waiting for its tasks";

/// An error that nobody takes is logged: the caller has gone, or panics.
struct Unheard<E: fmt::Debug>(Option<E>);

impl<E: fmt::Debug> Drop for Unheard<E> {
    fn drop(&mut self) {
        if let Some(error) = &self.0 {
            tracing::error!("nobody receives this error: {error:?}");
        }
    }
}
