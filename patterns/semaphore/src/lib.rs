//! Run a function over many items with at most n in flight, or share one limit between callers.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::convert::Infallible;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;

use futures::FutureExt as _;
use thiserror::Error;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::task::AbortOnDropHandle;

mod exit;
mod limit;

use exit::{Exit, Report, let_others_run};
#[allow(unused_imports, reason = "a program may need one of the two only")]
pub use limit::{Permit, Refused, SharedLimit};

/// Why [`try_map_limited`] has no values: the first failure, and those that followed.
///
/// The first error is the [`source`](std::error::Error::source), so the text does not repeat it;
/// `{:#}` writes it, too. With an `E` that is no [`Error`](std::error::Error), such as `String` or
/// `anyhow::Error`, this is none either: see the page for the way.
#[derive(Debug, Error)]
pub struct TryMapError<E> {
    /// The failed item's place in the input, counted from zero.
    pub index: usize,
    /// What it failed with.
    #[source]
    pub error: E,
    /// Places and errors of items that failed after it, in the order in which they ended.
    pub later: Vec<(usize, E)>,
}

impl<E: Display> Display for TryMapError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} failed", self.index)?;
        if !self.later.is_empty() {
            write!(f, ", and {} more failed", self.later.len())?;
        }
        if f.alternate() {
            write!(f, ": {:#}", self.error)?;
        }
        Ok(())
    }
}

/// Calls `function` with every item, runs each future as a task, at most `limit` at a time, and
/// returns their values in input order.
///
/// An item is taken from the iterator when there is room for its task, and the call is polled.
/// Iterator and `function` may borrow from the caller; the futures may not.
///
/// # Cancel safety
/// Dropping the call cancels every task. Drop cannot wait, so a task that is in the middle of a
/// poll on another thread ends at its next await. Values that had arrived are lost.
///
/// # Panics
/// When a future panics: every other task is cancelled, and once all have stopped the panic
/// continues here. A panic of the iterator or of `function` does what dropping the call does.
/// Also outside a Tokio runtime, and when the tasks' runtime shuts down.
pub async fn map_limited<I, F, Fut, T>(items: I, limit: NonZeroUsize, mut function: F) -> Vec<T>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let infallible = |item| function(item).map(Ok::<_, Infallible>);
    match try_map_limited(items, limit, infallible).await {
        Ok(values) => values,
        Err(TryMapError { error, .. }) => match error {},
    }
}

/// As [`map_limited`], but ends at the first error: no further item is taken, and the call returns
/// when every other task has been cancelled and has stopped.
///
/// # Errors
/// The first error in time, with the errors that came before the cancellation took effect. A task
/// stops at its next await: one that does not await delays the return until it has ended.
///
/// # Cancel safety
/// As [`map_limited`]. An error that nobody receives any more is logged with `tracing`.
///
/// # Panics
/// As [`map_limited`]. A panic, also one of a destructor, goes before an error, which is logged.
/// When several futures panic, the first panic continues here; the panic hook has reported each.
pub async fn try_map_limited<I, F, Fut, T, E>(
    items: I,
    limit: NonZeroUsize,
    function: F,
) -> Result<Vec<T>, TryMapError<E>>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Debug + Send + 'static,
{
    let mut futures = items.into_iter().fuse().map(function).enumerate();
    let (sender, mut ended) = unbounded_channel();
    let sender = Arc::new(sender);
    let (mut values, mut failures) = (Vec::new(), Vec::new());
    let (mut panic, mut stopping, mut in_flight) = (None, false, 0);
    // The item and the task of each place, and the places that are free.
    let mut tasks: Vec<(usize, AbortOnDropHandle<()>)> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    loop {
        while !stopping && in_flight < limit.get() {
            let Some((index, future)) = futures.next() else {
                break;
            };
            values.push(None);
            let place = free.pop().unwrap_or(tasks.len());
            let exit = Exit::new(place, Arc::clone(&sender));
            // Not an async block: that would keep room for the future twice.
            let task = tokio::spawn(future.map(|result| exit.send(result)));
            let task = (index, AbortOnDropHandle::new(task));
            match tasks.get_mut(place) {
                Some(ended) => *ended = task,
                None => tasks.push(task),
            }
            in_flight += 1;
        }
        // Goes on until none is left, also after a failure: that is what waits for the cancelled.
        if in_flight == 0 {
            break;
        }
        let mut next = ended.recv().await;
        // What else is ready ends first: one round of the loop for many, and each round yields.
        let_others_run().await;
        let was_stopping = stopping;
        while let Some((place, result)) = next {
            in_flight -= 1;
            free.push(place);
            let (index, task) = &mut tasks[place];
            stopping |= !matches!(result, Some(Ok(_)));
            match result {
                Some(Ok(value)) => values[*index] = Some(value),
                Some(Err(error)) => failures.push((*index, error)),
                None => {
                    let stopped = task.await.err();
                    panic = panic.or(stopped.and_then(|error| error.try_into_panic().ok()));
                }
            }
            next = ended.try_recv().ok();
        }
        if stopping && !was_stopping {
            tasks.iter().for_each(|(_, task)| task.abort());
        }
    }

    if failures.is_empty() && panic.is_none() {
        let values = values.into_iter().collect::<Option<Vec<T>>>();
        return Ok(
            values.expect("the runtime shut down while map_limited was waiting for its tasks")
        );
    }
    // Before the errors are taken out: a destructor that panics here would lose them.
    drop(values);
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    let take = |(index, error): &mut (usize, Report<E>)| Some((*index, error.take()?));
    let mut failures = failures.iter_mut().filter_map(take);
    let (index, error) = failures.next().expect("without a panic there is an error");
    let later = failures.collect();
    Err(TryMapError {
        index,
        error,
        later,
    })
}
