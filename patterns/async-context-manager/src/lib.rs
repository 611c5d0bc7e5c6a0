//! Open a resource, use it, and close it with an await, whatever happens in between.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::future::Future;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures::{FutureExt as _, TryFutureExt as _, future::BoxFuture};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Why [`with_resource`] or [`with_stack`] has no value. By then everything has been closed.
///
/// Its [source](Error::source) is the first error, and `{:#}` adds that to the text.
#[derive(Debug)]
pub enum WithError<E> {
    /// Opening failed, or the body did.
    Body(E),
    /// The body succeeded, and closing failed with these, in the order of closing.
    Close(Vec<E>),
    /// Both.
    BodyAndClose {
        /// What opening or the body failed with.
        body: E,
        /// What closing failed with, in the order of closing.
        close: Vec<E>,
    },
}

impl<E> WithError<E> {
    /// The same with each error converted: [`io::Error::other`](std::io::Error::other) makes an
    /// [`Error`] of what is none itself, such as a `String` or an `anyhow::Error`.
    pub fn map<F>(self, mut convert: impl FnMut(E) -> F) -> WithError<F> {
        match self {
            Self::Body(body) => WithError::Body(convert(body)),
            Self::Close(close) => WithError::Close(close.into_iter().map(convert).collect()),
            Self::BodyAndClose { body, close } => WithError::BodyAndClose {
                body: convert(body),
                close: close.into_iter().map(convert).collect(),
            },
        }
    }

    /// What failed, the first error, and the others.
    fn parts(&self) -> (&'static str, Option<&E>, &[E]) {
        match self {
            Self::Body(body) => ("the body failed", Some(body), &[]),
            Self::Close(close) => ("not closed", close.first(), close.get(1..).unwrap_or(&[])),
            Self::BodyAndClose { body, close } => ("the body failed", Some(body), close),
        }
    }
}

// By hand: `thiserror` cannot say that the source is the first of a list.
impl<E: Error + 'static> Error for WithError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.parts().1.map(|first| first as _)
    }
}

impl<E: Display> Display for WithError<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (what, first, others) = self.parts();
        f.write_str(what)?;
        let mut others = others.iter();
        others.try_for_each(|error| write!(f, " (not closed: {error:#})"))?;
        let first = first.filter(|_| f.alternate());
        first.map_or(Ok(()), |error| write!(f, ": {error:#}"))
    }
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
/// An error of the body or of `close` that has no receiver any more is logged with `tracing`. One of
/// `open` is dropped: nothing is open. So is the value of a body that has ended.
///
/// # Panics
/// When `open`, the body or `close` panics: it continues here when everything has been closed. It
/// goes before an error, which is logged. A panic of the body goes before one of `close`.
/// Also outside a Tokio runtime, and when the task's runtime shuts down.
pub async fn with_resource<R: Send + 'static, T, E: Display + Send + 'static, F>(
    tracker: &TaskTracker,
    open: impl Future<Output = Result<R, E>> + Send + 'static,
    close: impl FnOnce(R) -> F + Send + 'static,
    body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
) -> Result<T, WithError<E>>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let body = async |stack: &ExitStack<E>| body(&mut *stack.enter(open, close).await?).await;
    with_stack(tracker, body).await
}

/// Lends an empty stack to the body, and closes what the body has opened on it, the last first.
///
/// It is [`with_resource`] for any number of resources, with the same errors, cancel safety and
/// panics. A closing that fails or panics does not stop the others.
pub async fn with_stack<T, E: Display + Send + 'static>(
    tracker: &TaskTracker,
    body: impl AsyncFnOnce(&ExitStack<E>) -> Result<T, E>,
) -> Result<T, WithError<E>> {
    let (openings, queue) = mpsc::unbounded_channel();
    let keeper = tracker.spawn(keep(queue));
    let stack = ExitStack(openings);
    let body = AssertUnwindSafe(async { body(&stack).await });
    let ended = body.catch_unwind().await;
    let mut failed = Failures(Vec::new(), Vec::new());
    let value = failed.value(ended);
    // Ends the queue, and so begins the closing. Dropping the call does the same.
    drop(stack);

    let mut closing = keeper.await.expect("the runtime shut down first");
    let (Failures(errors, panics), Failures(close, more)) = (&mut failed, &mut closing);
    panics.append(more);
    // A destructor may panic: as long as what has failed is still in here, it is logged then.
    let value = value.filter(|_| panics.is_empty() && close.is_empty());
    if let Some(payload) = panics.drain(..).next() {
        resume_unwind(payload);
    }
    let close = std::mem::take(close);
    value.ok_or_else(|| match errors.pop() {
        None => WithError::Close(close),
        Some(body) if close.is_empty() => WithError::Body(body),
        Some(body) => WithError::BodyAndClose { body, close },
    })
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
    /// up on an opening, put the timeout into `open`. To wait for a turn, do it before the call.
    ///
    /// # Panics
    /// When `open` panics, and when the runtime shuts down. When what this returns is forgotten, as by
    /// [`mem::forget`](std::mem::forget), the resource cannot be closed, and [`with_stack`] panics.
    pub async fn enter<R: Send + 'static, F>(
        &self,
        open: impl Future<Output = Result<R, E>> + Send + 'static,
        close: impl FnOnce(R) -> F + Send + 'static,
    ) -> Result<impl DerefMut<Target = R> + '_, E>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (lend, lent) = oneshot::channel();
        let opening = async move {
            if lend.is_closed() {
                return None; // The caller went before it began.
            }
            let open = open.map_ok(|resource| Arc::new(Mutex::new(resource)));
            let opened = AssertUnwindSafe(open).catch_unwind().await;
            let kept = opened.iter().flatten().next().cloned();
            // A caller that has gone does not take it.
            drop(lend.send(opened));
            let close = async |kept: Arc<Mutex<R>>| {
                // The body has ended, and what it was lent is back.
                let resource = Arc::into_inner(kept).expect("not closed: its guard was forgotten");
                close(resource.into_inner()).await
            };
            kept.map(|kept| close(kept).boxed())
        };
        // When the runtime has shut down this fails, and drops `lend`.
        drop(self.0.send(opening.boxed()));
        let opened = lent.await.expect("the runtime shut down during an opening");
        let resource = opened.unwrap_or_else(|payload| resume_unwind(payload))?;
        Ok(resource.try_lock_owned().expect("nobody else locks it"))
    }
}

/// What has failed, on its way to the caller. An error that nobody takes out is logged.
struct Failures<E: Display>(Vec<E>, Vec<Box<dyn Any + Send>>);

impl<E: Display> Failures<E> {
    /// The value of a step, if it has one. Its error or its panic is kept.
    fn value<T>(&mut self, ended: Result<Result<T, E>, Box<dyn Any + Send>>) -> Option<T> {
        let ended = ended.map_err(|payload| self.1.push(payload)).ok()?;
        ended.map_err(|error| self.0.push(error)).ok()
    }
}

impl<E: Display> Drop for Failures<E> {
    fn drop(&mut self) {
        for error in &self.0 {
            tracing::error!("nobody receives this error: {error:#}");
        }
    }
}

/// The task: opens what the body asks for until the body has ended, then closes.
async fn keep<E: Display>(mut openings: mpsc::UnboundedReceiver<Opening<E>>) -> Failures<E> {
    let (mut stack, mut failed) = (Vec::new(), Failures(Vec::new(), Vec::new()));
    while let Some(opening) = openings.recv().await {
        let opened = AssertUnwindSafe(opening).catch_unwind().await;
        stack.extend(failed.value(opened.map(Ok)).flatten());
    }
    while let Some(close) = stack.pop() {
        failed.value(AssertUnwindSafe(close).catch_unwind().await);
    }
    failed
}
