//! Threads and runtimes, for demos that show which of them does what.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tokio::time::advance;

use crate::timeline::count;

/// Runs the future on a runtime of its own: one with so many workers, or one without, which has
/// one thread for everything. What the future has left running is dropped.
///
/// It is on a thread of its own: inside a runtime, another one cannot block the thread. With `paused`
/// the future stays on the caller's runtime, whose clock the timeline reads.
///
/// # Errors
/// When the system gives no threads, on zero workers, and when the future panics on its own runtime.
///
/// # Cancel safety
/// Dropping the call does not stop the future on its own runtime.
pub async fn on_runtime<T, M>(workers: Option<usize>, paused: bool, main: M) -> anyhow::Result<T>
where
    T: Send + 'static,
    M: AsyncFnOnce() -> anyhow::Result<T> + Send + 'static,
{
    if paused {
        return main().await;
    }
    let on_thread = move || {
        let mut builder = match workers {
            None => Builder::new_current_thread(),
            Some(_) => Builder::new_multi_thread(),
        };
        let workers = workers.unwrap_or(1);
        let runtime = builder.worker_threads(workers).enable_all().build()?;
        let value = runtime.block_on(main());
        runtime.shutdown_background();
        value
    };
    spawn_blocking(on_thread).await?
}

/// What [`on_runtime`] has: `one thread`, `2 workers`.
pub fn in_words(workers: Option<usize>) -> String {
    match workers {
        None => "one thread".to_owned(),
        Some(workers) => count(workers, "worker"),
    }
}

/// Keeps the thread busy for so long. On the paused clock it makes time pass, and lets nobody else
/// run meanwhile.
///
/// # Panics
/// When told that the clock is paused, and it is not.
pub fn block(time: Duration, paused: bool) {
    if paused {
        // The first poll moves the clock. The others would let other tasks run.
        let mut context = Context::from_waker(Waker::noop());
        let _moved = pin!(advance(time)).poll(&mut context);
    } else {
        thread::sleep(time);
    }
}

/// Numbers for threads, from one, in the order in which they are first seen.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<Mutex<Vec<ThreadId>>>);

impl Numbers {
    /// The number of the thread that calls this.
    pub fn of_this_thread(&self) -> usize {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let this = thread::current().id();
        let index = seen.iter().position(|id| *id == this);
        let index = index.unwrap_or_else(|| {
            seen.push(this);
            seen.len() - 1
        });
        index + 1
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Handle, RuntimeFlavor};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn blocking_moves_the_paused_clock_and_lets_nobody_run() {
        let start = Instant::now();
        let task = tokio::spawn(async move { start.elapsed() });
        block(Duration::from_millis(40), true);
        assert_eq!(start.elapsed(), Duration::from_millis(40));
        assert_eq!(task.await.unwrap(), Duration::from_millis(40));
    }

    #[tokio::test]
    async fn a_runtime_has_the_workers_that_it_was_asked_for() {
        let kind = async || {
            let handle = Handle::current();
            Ok((handle.runtime_flavor(), handle.metrics().num_workers()))
        };
        let one = on_runtime(None, false, kind).await.unwrap();
        assert_eq!(one, (RuntimeFlavor::CurrentThread, 1));
        let three = on_runtime(Some(3), false, kind).await.unwrap();
        assert_eq!(three, (RuntimeFlavor::MultiThread, 3));
        let here = on_runtime(Some(3), true, async || Ok(thread::current().id()));
        assert_eq!(here.await.unwrap(), thread::current().id());
    }

    #[test]
    fn threads_are_numbered_as_they_come() {
        let numbers = Numbers::default();
        assert_eq!(numbers.of_this_thread(), 1);
        let other = numbers.clone();
        let other = thread::spawn(move || other.of_this_thread());
        assert_eq!(other.join().unwrap(), 2);
        assert_eq!(numbers.of_this_thread(), 1);
    }
}
