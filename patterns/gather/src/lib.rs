//! Run many futures at once, each as a task of its own, and have their results in input order.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::panic::resume_unwind;

use futures::FutureExt as _;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Why [`try_gather`] has no values.
///
/// `index` and `error` are the first failure. An error of a task that failed before its
/// cancellation reached it is not lost: it stands in `later`.
#[derive(Debug, Error)]
#[error("future {index} failed: {error}{}", and_later(later))]
pub struct TryGatherError<E> {
    /// The failed future's place in the input, counted from zero.
    pub index: usize,
    /// What it failed with.
    pub error: E,
    /// Places and errors of futures that failed after it, in the order in which they ended.
    pub later: Vec<(usize, E)>,
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
    /// Its task was cancelled: its runtime shut down while the caller, on another one, went on.
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
    I: IntoIterator,
    I::Item: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let infallible = futures
        .into_iter()
        .map(|future| future.map(Ok::<_, Infallible>));
    match try_gather(infallible).await {
        Ok(values) => values,
        Err(TryGatherError { error, .. }) => match error {},
    }
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
/// As [`gather`].
///
/// # Panics
/// As [`gather`]. A panic goes before an error. When several futures panic, the first panic
/// continues here; the panic hook has reported each.
pub async fn try_gather<I, T, E>(futures: I) -> Result<Vec<T>, TryGatherError<E>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (index, future) in futures.into_iter().enumerate() {
        // Not an async block: it would keep room for the future twice, before and while it is awaited.
        tasks.spawn(future.map(move |result| (index, result)));
    }

    let mut values: Vec<Option<T>> = Vec::new();
    values.resize_with(tasks.len(), || None);
    let mut failure: Option<TryGatherError<E>> = None;
    let mut panic = None;
    // Runs until the set is empty, also after a failure: that is what waits for the cancelled.
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((index, Ok(value))) => values[index] = Some(value),
            Ok((index, Err(error))) => match &mut failure {
                Some(first) => first.later.push((index, error)),
                None => {
                    let later = Vec::new();
                    failure = Some(TryGatherError {
                        index,
                        error,
                        later,
                    });
                    tasks.abort_all();
                }
            },
            Err(stopped) => {
                if let Ok(payload) = stopped.try_into_panic() {
                    panic.get_or_insert(payload);
                    tasks.abort_all();
                }
            }
        }
    }

    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let values = values.into_iter().collect::<Option<Vec<T>>>();
    Ok(values.expect("the runtime shut down while gather was waiting for its tasks"))
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
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let spawn = |future| AbortOnDropHandle::new(tokio::spawn(future));
    let tasks: Vec<_> = futures.into_iter().map(spawn).collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(match task.await {
            Ok(Ok(value)) => Outcome::Ok(value),
            Ok(Err(error)) => Outcome::Err(error),
            Err(stopped) => match stopped.try_into_panic() {
                Ok(payload) => Outcome::Panicked(payload),
                Err(_) => Outcome::Cancelled,
            },
        });
    }
    outcomes
}

fn and_later<E>(later: &[(usize, E)]) -> impl fmt::Display {
    fmt::from_fn(move |f| match later.len() {
        0 => Ok(()),
        more => write!(f, ", and {more} more failed"),
    })
}
