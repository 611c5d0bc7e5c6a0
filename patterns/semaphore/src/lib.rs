//! Run a function over many items with at most n in flight, or share one limit between callers.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::convert::Infallible;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::resume_unwind;
use std::sync::Arc;

use futures::FutureExt as _;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::task::JoinSet;

/// Why [`try_map_limited`] has no values: the first failure, and those that followed.
#[derive(Debug, Error)]
#[error("item {index} failed: {error}{}", and_later(later))]
pub struct TryMapError<E> {
    /// The failed item's place in the input, counted from zero.
    pub index: usize,
    /// What it failed with.
    pub error: E,
    /// Places and errors of items that failed after it, in the order in which they ended.
    pub later: Vec<(usize, E)>,
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
/// As [`map_limited`].
///
/// # Panics
/// As [`map_limited`]. A panic goes before an error. When several futures panic, the first panic
/// continues here; the panic hook has reported each.
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
    E: Send + 'static,
{
    let mut futures = items.into_iter().fuse().map(function).enumerate();
    let mut tasks = JoinSet::new();
    let mut values: Vec<Option<T>> = Vec::new();
    let mut failures = Vec::new();
    let mut panic = None;
    let mut stopping = false;
    loop {
        while !stopping
            && tasks.len() < limit.get()
            && let Some((index, future)) = futures.next()
        {
            values.push(None);
            // Not an async block: that would keep room for the future twice.
            tasks.spawn(future.map(move |result| (index, result)));
        }
        // Goes on until the set is empty, also after a failure: that is what waits for the cancelled.
        let Some(joined) = tasks.join_next().await else {
            break;
        };
        match joined {
            Ok((index, Ok(value))) => {
                values[index] = Some(value);
                continue;
            }
            Ok((index, Err(error))) => failures.push((index, error)),
            Err(stopped) => panic = panic.or(stopped.try_into_panic().ok()),
        }
        if !stopping {
            stopping = true;
            tasks.abort_all();
        }
    }

    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    let mut later = failures.into_iter();
    if let Some((index, error)) = later.next() {
        let later = later.collect();
        return Err(TryMapError {
            index,
            error,
            later,
        });
    }
    let values = values.into_iter().collect::<Option<Vec<T>>>();
    Ok(values.expect("the runtime shut down while map_limited was waiting for its tasks"))
}

/// A limit on what all its users together have in flight. A clone is the same limit.
#[derive(Clone, Debug)]
pub struct SharedLimit {
    semaphore: Arc<Semaphore>,
    size: u32,
}

/// A share of a [`SharedLimit`]. Dropping it gives it back, and nothing else can.
#[derive(Debug)]
#[must_use = "dropped, it is given back at once: keep it with `let _permit = …`"]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// Why a [`SharedLimit`] gave no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There is no room now, and [`SharedLimit::try_acquire`] does not wait.
    #[error("the limit is reached")]
    Full,
    /// [`SharedLimit::close`] was called.
    #[error("the limit is closed")]
    Closed,
    /// This weight is more than the whole limit: a `Semaphore` would wait for ever.
    #[error("a weight of {0} is more than the whole limit")]
    TooHeavy(u32),
}

impl SharedLimit {
    /// A limit of this size. More than [`Semaphore::MAX_PERMITS`], on 32 bits, panics.
    pub fn new(size: NonZeroU32) -> Self {
        let size = size.get();
        let semaphore = Arc::new(Semaphore::new(size as usize));
        Self { semaphore, size }
    }

    /// Waits in line until there is room for `weight`, and holds up those behind it, lighter or
    /// not. A weight of zero always has room.
    ///
    /// # Errors
    /// [`Refused::TooHeavy`], or [`Refused::Closed`], also when the limit is closed meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the call leaves the line. Nothing is lost, and the next in line moves up.
    pub async fn acquire(&self, weight: u32) -> Result<Permit, Refused> {
        let permit = self.fits(weight)?.acquire_many_owned(weight).await;
        let _permit = permit.map_err(|_closed| Refused::Closed)?;
        Ok(Permit { _permit })
    }

    /// As [`acquire`](Self::acquire), but does not wait, and never goes before those who do.
    ///
    /// # Errors
    /// [`Refused::Full`] where the other would wait, and the errors of the other.
    pub fn try_acquire(&self, weight: u32) -> Result<Permit, Refused> {
        let permit = self.fits(weight)?.try_acquire_many_owned(weight);
        let _permit = permit.map_err(|error| match error {
            TryAcquireError::NoPermits => Refused::Full,
            TryAcquireError::Closed => Refused::Closed,
        })?;
        Ok(Permit { _permit })
    }

    /// Refuses all who wait and all who come. Permits that are out stay good.
    pub fn close(&self) {
        self.semaphore.close();
    }

    fn fits(&self, weight: u32) -> Result<Arc<Semaphore>, Refused> {
        if weight > self.size {
            return Err(Refused::TooHeavy(weight));
        }
        Ok(Arc::clone(&self.semaphore))
    }
}

fn and_later<E>(later: &[(usize, E)]) -> impl fmt::Display {
    fmt::from_fn(move |f| match later.len() {
        0 => Ok(()),
        more => write!(f, ", and {more} more failed"),
    })
}
