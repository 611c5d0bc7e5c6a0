//! A flag that many tasks wait for, and that can be set and cleared again and again.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use tokio::sync::Notify;

/// A flag that is up or down. Tasks wait until it is up, and any thread may raise or lower it.
///
/// Tasks share it as they share Tokio's own primitives: in an [`Arc`], or as a
/// `static`. It needs no runtime.
///
/// What a task did before it called [`set`](Event::set) or [`clear`](Event::clear) is seen by a task
/// that has seen the change.
#[derive(Debug, Default)]
pub struct Event {
    /// How often the flag has been raised and lowered. It starts down, so it is up when this is odd.
    changes: AtomicUsize,
    /// Only wakes. What is true stands in `changes`.
    waiters: Notify,
}

impl Event {
    /// A flag that is down.
    pub const fn new() -> Self {
        Self {
            changes: AtomicUsize::new(0),
            waiters: Notify::const_new(),
        }
    }

    /// Raises the flag and wakes every task that waits.
    ///
    /// They pass even when [`clear`](Event::clear) lowers the flag before they run. A flag that is
    /// up already stays up.
    pub fn set(&self) {
        // Makes an even number odd. The call that did so is the one that wakes.
        let before = self.changes.fetch_or(1, AcqRel);
        if !is_up(before) {
            self.waiters.notify_waiters();
        }
    }

    /// Lowers the flag: who waits from now on waits for the next [`set`](Event::set).
    ///
    /// Wakes nobody, and keeps back nobody who waited when the flag was raised. A flag that is down
    /// already stays down.
    pub fn clear(&self) {
        let lower = |changes| is_up(changes).then(|| changes.wrapping_add(1));
        // An error says that the flag was down.
        let _ = self.changes.fetch_update(AcqRel, Acquire, lower);
    }

    /// Whether the flag is up now. By the time you look at the answer it may be old.
    pub fn is_set(&self) -> bool {
        is_up(self.changes.load(Acquire))
    }

    /// Waits until the flag is up.
    ///
    /// Waiting begins when this is called, not when the future is first polled. The future is ready
    /// if the flag was up at the call, or has been raised since, however shortly. A future that is
    /// ready at its first poll does not yield to other tasks.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait, and leaves nothing behind. A wait takes nothing from
    /// anyone, so nothing is lost; but a new call waits anew, and does not know of a flag that was
    /// raised and lowered between the two. To miss nothing over several rounds of a `select!`, pin
    /// one future and poll it until it is ready.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + '_ {
        self.since(self.changes.load(Acquire))
    }

    /// Waits until the flag is up, and borrows nothing: the future can become a task.
    ///
    /// Waiting begins when this is called, as with [`wait`](Event::wait). A task whose own code calls
    /// `wait` begins to wait when it first runs, and misses what was raised and lowered before that.
    /// One that is given this future has waited since before it was spawned:
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use event::Event;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let gate = Arc::new(Event::new());
    ///     let waiter = tokio::spawn(Arc::clone(&gate).wait_owned());
    ///     gate.set();
    ///     gate.clear();
    ///     waiter.await.unwrap();
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// As that of [`wait`](Event::wait).
    pub fn wait_owned(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let at_call = self.changes.load(Acquire);
        async move { self.since(at_call).await }
    }

    /// Waits until the flag is up, or was since there had been so many changes.
    #[allow(clippy::manual_async_fn)] // An async function keeps its arguments twice.
    fn since(&self, at_call: usize) -> impl Future<Output = ()> + Send + '_ {
        async move {
            if is_up(at_call) {
                return;
            }
            loop {
                // Made before the look at the count. A `set` that comes before the look is seen by
                // it, and one that comes after it wakes this.
                let woken = self.waiters.notified();
                if self.changes.load(Acquire) != at_call {
                    return;
                }
                // A wake-up can come late, from a `set` on another thread whose flag was lowered
                // again before this call. So it is no reason to pass. The count is.
                woken.await;
            }
        }
    }
}

/// The flag is up when it was raised once more than it was lowered.
fn is_up(changes: usize) -> bool {
    changes % 2 == 1
}
