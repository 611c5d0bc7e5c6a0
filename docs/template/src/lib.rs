//! Run a future as a task of its own, and have what it returns.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::future::Future;
use std::panic::resume_unwind;

use tokio_util::task::AbortOnDropHandle;

/// Runs the future as a task of its own and returns what it returns.
///
/// The task is started when the call is first polled.
///
/// # Cancel safety
/// Dropping the call cancels the task. Drop cannot wait, so a task that is in the middle of a poll
/// on another thread ends at its next await.
///
/// # Panics
/// When the future panics: its panic continues here. Also outside a Tokio runtime, and when the
/// runtime shuts down.
pub async fn in_task<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match AbortOnDropHandle::new(tokio::spawn(future)).await {
        Ok(output) => output,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(_) => panic!("the runtime shut down while in_task was waiting for its task"),
        },
    }
}
