//! Wait for some of many tasks, and keep the others.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use futures::stream::{self, Stream};
use tokio::task::coop::poll_proceed;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

/// A task that has ended, and how.
#[derive(Debug)]
pub struct Done<T> {
    /// Which task: the `id` of the [`AbortHandle`](tokio::task::AbortHandle) that spawning returned.
    pub id: Id,
    /// What the task returned, or that it panicked or was cancelled.
    pub result: Result<T, JoinError>,
}

impl<T> From<Result<(Id, T), JoinError>> for Done<T> {
    fn from(joined: Result<(Id, T), JoinError>) -> Self {
        match joined {
            Ok((id, value)) => Self {
                id,
                result: Ok(value),
            },
            Err(stopped) => Self {
                id: stopped.id(),
                result: Err(stopped),
            },
        }
    }
}

/// For [`wait`]: until a task has ended, whatever its end.
pub fn first_completed<T>(_: &Done<T>) -> bool {
    true
}

/// For [`wait`]: until a task has returned `Err` or has panicked. One that was cancelled is no error.
pub fn first_error<T, E>(done: &Done<Result<T, E>>) -> bool {
    match &done.result {
        Ok(result) => result.is_err(),
        Err(stopped) => stopped.is_panic(),
    }
}

/// For [`wait`]: until a task has returned `Ok`.
pub fn first_success<T, E>(done: &Done<Result<T, E>>) -> bool {
    matches!(done.result, Ok(Ok(_)))
}

/// For [`wait`]: until every task has ended.
pub fn all_completed<T>(_: &Done<T>) -> bool {
    // No task ends the wait. The end of the set does.
    false
}

/// Waits until `until` says yes to a task that has ended, or no task is left, or the deadline has
/// passed. Every task that has ended by then moves from the set to the end of `done`, in the order
/// in which they ended. The others stay in the set and run on.
///
/// `until` is [`first_completed`], [`first_error`], [`first_success`], [`all_completed`] or a
/// closure. It is called once for each task that moves.
///
/// Returns whether `until` has said yes or no task is left: `false` means that the deadline came
/// first. An empty set returns `true` at once. A deadline that has passed takes what has ended,
/// without waiting, though a caller that has used up its turn yields.
///
/// # Errors
/// None of its own. An error or a panic of a task is that task's [`Done::result`].
///
/// # Cancel safety
/// Cancel safe. When the call is dropped, what has ended is in `done` or in the set, and the tasks
/// run on. No answer of `until` gets lost: a call that was still waiting has had no yes.
///
/// # Panics
/// When `until` panics; its task is in `done` then. With a deadline, also outside a Tokio runtime
/// that has time enabled.
pub async fn wait<T: 'static>(
    tasks: &mut JoinSet<T>,
    mut until: impl FnMut(&Done<T>) -> bool,
    deadline: Option<Instant>,
    done: &mut Vec<Done<T>>,
) -> bool {
    let mut met = false;
    let mut take = |ended| {
        done.push(ended);
        met |= done.last().is_some_and(&mut until);
        met
    };

    let waiting = async {
        while let Some(ended) = poll_fn(|context| poll_next(tasks, context)).await {
            if take(ended) {
                break;
            }
        }
    };
    match deadline {
        // Not `select!`: a set with always another result could keep its timer from being polled.
        Some(deadline) => _ = timeout_at(deadline, waiting).await,
        None => waiting.await,
    }

    // Without an await: once `until` has said yes, nothing can be cancelled any more.
    while let Some(joined) = tasks.try_join_next_with_id() {
        take(joined.into());
    }
    met || tasks.is_empty()
}

/// The tasks as they end, the first to end first. The stream ends when the set is empty.
///
/// For a deadline of the whole stream, use
/// [`take_until`](futures::StreamExt::take_until)`(Box::pin(sleep_until(deadline)))`.
///
/// # Cancel safety
/// The stream holds nothing but the borrow. When it, or its `next`, is dropped, what it has not
/// given out is in the set, and the tasks run on.
pub fn as_completed<T: 'static>(
    tasks: &mut JoinSet<T>,
) -> impl Stream<Item = Done<T>> + Unpin + '_ {
    stream::poll_fn(|context| poll_next(tasks, context))
}

/// The next task that ends. A caller that has used up its turn yields first: in its `poll_join_next`
/// a set yields, too, but it does so with a result in hand, and puts that behind the others.
fn poll_next<T: 'static>(
    tasks: &mut JoinSet<T>,
    context: &mut Context<'_>,
) -> Poll<Option<Done<T>>> {
    // Dropped at once: it is the set that takes from the turn.
    drop(ready!(poll_proceed(context)));
    let joined = tasks.poll_join_next_with_id(context);
    joined.map(|joined| joined.map(Done::from))
}
