//! Open a resource, use it, and close it with an await, whatever happens in between.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::any::Any;
use std::fmt::Display;
use std::mem;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _};
use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Why [`with_resource`] or [`with_stack`] has no value. By then everything has been closed.
#[derive(Debug, Error)]
pub enum WithError<E> {
    /// Opening failed, or the body did.
    #[error("{0}")]
    Body(E),
    /// The body succeeded, and closing failed with these, in the order of closing.
    #[error("not closed: {}", list(.0))]
    Close(Vec<E>),
    /// Both.
    #[error("{body}; not closed: {}", list(close))]
    BodyAndClose {
        /// What opening or the body failed with.
        body: E,
        /// What closing failed with, in the order of closing.
        close: Vec<E>,
    },
}

/// Opens a resource, lends it to the body, and closes it when the body has ended.
///
/// `open` and `close` run in a task of the tracker, the body runs here. The call returns when the
/// task has ended.
///
/// # Errors
/// What `open`, the body and `close` failed with. When `close` fails, the body's value is dropped.
///
/// # Cancel safety
/// Dropping the call drops the body. The task goes on: it finishes an `open` that has begun, then
/// it closes. `TaskTracker::wait` waits for it, and a program awaits that before its runtime ends.
/// An error of `close` then has no receiver, and is logged with `tracing`. One of `open` is dropped:
/// nothing is open.
///
/// # Panics
/// When `open`, the body or `close` panics: it continues here when everything has been closed. It
/// goes before an error, which is logged. A panic of the body goes before one of `close`.
/// Also outside a Tokio runtime, and when the task's runtime shuts down.
pub async fn with_resource<R, T, E, F>(
    tracker: &TaskTracker,
    open: impl Future<Output = Result<R, E>> + Send + 'static,
    close: impl FnOnce(R) -> F + Send + 'static,
    body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
) -> Result<T, WithError<E>>
where
    R: Send + 'static,
    E: Display + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let body = async |stack: &ExitStack<E>| body(&mut *stack.enter(open, close).await?).await;
    with_stack(tracker, body).await
}

/// Lends an empty stack to the body, and closes what the body has opened on it, the last first.
///
/// It is [`with_resource`] for any number of resources, with the same errors, cancel safety and
/// panics. A closing that fails or panics does not stop the others.
pub async fn with_stack<T, E>(
    tracker: &TaskTracker,
    body: impl AsyncFnOnce(&ExitStack<E>) -> Result<T, E>,
) -> Result<T, WithError<E>>
where
    E: Display + Send + 'static,
{
    let (openings, queue) = mpsc::unbounded_channel();
    let keeper = tracker.spawn(keep(queue));
    let stack = ExitStack(openings);
    let body = AssertUnwindSafe(async { body(&stack).await });
    let ended = body.catch_unwind().await;
    // Ends the queue, and so begins the closing. Dropping the call does the same.
    drop(stack);

    let closed = keeper.await;
    let mut closed = closed.expect("the runtime shut down before everything was closed");
    let result = match (ended, closed.panic.take()) {
        (Ok(result), None) => result,
        (Ok(result), Some(payload)) => {
            closed.errors.extend(result.err());
            resume_unwind(payload)
        }
        (Err(payload), _) => resume_unwind(payload),
    };
    match (result, mem::take(&mut closed.errors)) {
        (Ok(value), close) if close.is_empty() => Ok(value),
        (Ok(_), close) => Err(WithError::Close(close)),
        (Err(body), close) if close.is_empty() => Err(WithError::Body(body)),
        (Err(body), close) => Err(WithError::BodyAndClose { body, close }),
    }
}

/// The resources that a body of [`with_stack`] has open.
#[derive(Debug)]
pub struct ExitStack<E>(mpsc::UnboundedSender<Opening<E>>);

/// Opens a resource, and returns what closes it, if there is something to close.
type Opening<E> = BoxFuture<'static, Option<BoxFuture<'static, Result<(), E>>>>;

impl<E: Send + 'static> ExitStack<E> {
    /// Opens a resource and lends it to the body. It is closed when the body has ended, also when
    /// the body has let go of it before. Openings run one at a time, in the order of the calls.
    ///
    /// # Errors
    /// What `open` failed with. The stack is as it was then.
    ///
    /// # Cancel safety
    /// An `open` that has begun runs to its end, and the stack then holds what it opened. To give
    /// up on an opening, put the timeout into `open`.
    ///
    /// # Panics
    /// When `open` panics, and when the runtime shuts down.
    pub async fn enter<R, F>(
        &self,
        open: impl Future<Output = Result<R, E>> + Send + 'static,
        close: impl FnOnce(R) -> F + Send + 'static,
    ) -> Result<impl DerefMut<Target = R>, E>
    where
        R: Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (lend, lent) = oneshot::channel();
        let opening = async move {
            if lend.is_closed() {
                return None; // The caller went before it began.
            }
            let open = open.map_ok(|resource| Arc::new(Mutex::new(resource)));
            let opened = AssertUnwindSafe(open).catch_unwind().await;
            let kept = match &opened {
                Ok(Ok(resource)) => Some(resource.clone()),
                _ => None,
            };
            // A caller that has gone does not take it.
            drop(lend.send(opened));
            let kept = kept?;
            let close = async move {
                // The body has ended, and what it was lent is back, unless it was leaked.
                match Arc::into_inner(kept) {
                    Some(resource) => close(resource.into_inner()).await,
                    None => Ok(()),
                }
            };
            Some(close.boxed())
        };
        // When the runtime has shut down this fails, and drops `lend`.
        drop(self.0.send(opening.boxed()));
        let opened = lent.await.expect("the runtime shut down during an opening");
        let resource = opened.unwrap_or_else(|payload| resume_unwind(payload))?;
        Ok(resource.try_lock_owned().expect("nobody else locks it"))
    }
}

/// How the closings ended. What nobody takes out is logged: the caller is gone, or panics.
struct Closed<E: Display> {
    errors: Vec<E>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<E: Display> Drop for Closed<E> {
    fn drop(&mut self) {
        for error in &self.errors {
            tracing::error!("nobody receives this error: {error}");
        }
    }
}

/// The task: opens what the body asks for until the body has ended, then closes.
async fn keep<E: Display>(mut openings: mpsc::UnboundedReceiver<Opening<E>>) -> Closed<E> {
    let mut stack = Vec::new();
    while let Some(opening) = openings.recv().await {
        stack.extend(opening.await);
    }
    let (errors, panic) = (Vec::new(), None);
    let mut closed = Closed { errors, panic };
    while let Some(close) = stack.pop() {
        match AssertUnwindSafe(close).catch_unwind().await {
            Ok(result) => closed.errors.extend(result.err()),
            Err(payload) => _ = closed.panic.get_or_insert(payload),
        }
    }
    closed
}

fn list<E: Display>(errors: &[E]) -> String {
    let texts: Vec<String> = errors.iter().map(E::to_string).collect();
    texts.join("; ")
}
