//! Set a value once and let many await it, and start a task in the call that spawns it.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{SetOnce, SetOnceError};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::AbortOnDropHandle;

/// The value was set before. This is the one that came too late.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the value is set already")]
pub struct AlreadySet<T>(pub T);

/// The setter was dropped, and had not set the value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the value will never be set: its setter was dropped")]
pub struct NeverSet;

/// Sets the value of a [`promise`]. Dropped before, it tells the waiters that there will be none.
///
/// It is not `Clone`. When several may try to be the first, let them share it in an [`Arc`]: the
/// last one to go drops it.
#[derive(Debug)]
#[must_use = "the waiters fail when the setter is dropped"]
pub struct Setter<T>(Slot<T>);

/// Waits for the value of a [`promise`]. Clones wait for the same value.
#[derive(Debug)]
pub struct Waiter<T>(Slot<T>);

/// Set to `None` when there will be no value: a `SetOnce` alone would wait for ever.
type Slot<T> = Arc<SetOnce<Option<T>>>;

/// Makes a value that is set once, later, and that any number of tasks wait for.
///
/// It belongs to no runtime. Setting it needs none, and waiting for it works under any executor.
pub fn promise<T>() -> (Setter<T>, Waiter<T>) {
    let slot = Slot::default();
    (Setter(Arc::clone(&slot)), Waiter(slot))
}

impl<T> Setter<T> {
    /// Sets the value, and wakes everybody who waits for it, in the order in which they began to.
    ///
    /// It never blocks and may be called on any thread.
    ///
    /// # Errors
    /// [`AlreadySet`] gives `value` back. The first value stays.
    pub fn set(&self, value: T) -> Result<(), AlreadySet<T>> {
        match self.0.set(Some(value)) {
            Err(SetOnceError(Some(late))) => Err(AlreadySet(late)),
            _ => Ok(()),
        }
    }
}

impl<T> Drop for Setter<T> {
    fn drop(&mut self) {
        // An error here means that there is a value, and then there is nothing to say.
        let _ = self.0.set(None);
    }
}

impl<T> Waiter<T> {
    /// Waits until the value is set. Returns at once when it is.
    ///
    /// # Errors
    /// [`NeverSet`] as soon as the setter is dropped without having set the value.
    ///
    /// # Cancel safety
    /// A call that is dropped leaves nothing behind, and changes nothing for the others.
    pub async fn wait(&self) -> Result<&T, NeverSet> {
        self.0.wait().await.as_ref().ok_or(NeverSet)
    }

    /// The value, or that there will be none. `None` while that is open.
    pub fn get(&self) -> Option<Result<&T, NeverSet>> {
        let end = self.0.get()?;
        Some(end.as_ref().ok_or(NeverSet))
    }
}

/// Not derived: that would ask for `T: Clone`.
impl<T> Clone for Waiter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What [`spawn_eager`] has started.
#[derive(Debug)]
#[must_use = "the task is cancelled when this is dropped"]
pub enum Eager<T> {
    /// The future was ready at once. There is no task.
    Ready(T),
    /// It was not, and goes on as a task. `detach` lets the task outlive its handle.
    Spawned(AbortOnDropHandle<T>),
}

impl<T> Eager<T> {
    /// Waits for the value.
    ///
    /// # Errors
    /// When the future panicked, in its first poll or later, or when its runtime shut down.
    ///
    /// # Cancel safety
    /// Dropping the call cancels the task, as dropping the [`Eager`] does. Drop cannot wait: a task
    /// that is in the middle of a poll on another thread ends at its next await.
    pub async fn join(self) -> Result<T, JoinError> {
        match self {
            Self::Ready(value) => Ok(value),
            Self::Spawned(task) => task.await,
        }
    }
}

/// Polls the future once, here and now, and makes it a task only if it is not ready.
///
/// The first poll belongs to the caller: it runs before this returns, on the caller's stack, with
/// the caller's task-locals, span and cooperative budget, and with every lock that the caller
/// holds. The task sees none of these.
///
/// A future that calls this in its own first poll makes the stack deeper. A chain of such calls, as in
/// a recursion, overflows it after some thousand links, and that ends the process. Where the length is
/// not known, `tokio::spawn` each link, or write a loop.
///
/// # Panics
/// Outside of a Tokio runtime, and then before the first poll. A panic of the future is caught in
/// the first poll, too, and comes out of [`Eager::join`].
#[track_caller]
pub fn spawn_eager<F>(future: F) -> Eager<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    // First, so that whether it panics does not depend on whether the future is ready.
    let runtime = Handle::current();
    // What has been polled may not move any more, and the task has to have it.
    let mut future = Box::pin(future);
    // Nobody is to be woken yet: a new task is polled in any case, and leaves its own waker.
    let mut context = Context::from_waker(Waker::noop());
    let first = AssertUnwindSafe(|| future.as_mut().poll(&mut context));
    let task: JoinHandle<F::Output> = match catch_unwind(first) {
        Ok(Poll::Ready(value)) => return Eager::Ready(value),
        Ok(Poll::Pending) => runtime.spawn(future),
        // Only a task can make a `JoinError`. The panic hook has spoken and is not called again.
        Err(payload) => runtime.spawn(async { resume_unwind(payload) }),
    };
    Eager::Spawned(AbortOnDropHandle::new(task))
}
