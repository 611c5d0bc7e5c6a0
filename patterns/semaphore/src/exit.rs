//! How a task tells the caller that it has ended.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::mpsc::UnboundedSender;

/// A place in flight, and what came of it: nothing when the future panicked or was cancelled.
pub(super) type Ended<T, E> = (usize, Option<Result<T, Report<E>>>);

/// Tells the caller once that a future has been dropped, whatever has ended it.
pub(super) struct Exit<T, E: Debug> {
    place: usize,
    sender: Option<Arc<UnboundedSender<Ended<T, E>>>>,
}

impl<T, E: Debug> Exit<T, E> {
    pub(super) fn new(place: usize, sender: Arc<UnboundedSender<Ended<T, E>>>) -> Self {
        let sender = Some(sender);
        Self { place, sender }
    }

    pub(super) fn send(mut self, result: Result<T, E>) {
        self.tell(Some(result.map_err(|error| Report(Some(error)))));
    }

    fn tell(&mut self, result: Option<Result<T, Report<E>>>) {
        if let Some(sender) = self.sender.take() {
            // Without a receiver it comes back, and an error logs itself.
            drop(sender.send((self.place, result)));
        }
    }
}

impl<T, E: Debug> Drop for Exit<T, E> {
    fn drop(&mut self) {
        self.tell(None);
    }
}

/// An error on its way. One that nobody takes out is logged: the caller is gone, or panics.
pub(super) struct Report<E: Debug>(Option<E>);

impl<E: Debug> Report<E> {
    pub(super) fn take(&mut self) -> Option<E> {
        self.0.take()
    }
}

impl<E: Debug> Drop for Report<E> {
    fn drop(&mut self) {
        if let Some(error) = &self.0 {
            tracing::error!("nobody receives this error: {error:?}");
        }
    }
}

/// As Tokio's `yield_now`, but the runtime does not look at its timers and sockets in between: for
/// short tasks that would take longer than they do.
pub(super) fn let_others_run() -> impl Future<Output = ()> {
    let mut is_first = true;
    poll_fn(move |context| {
        if mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}
