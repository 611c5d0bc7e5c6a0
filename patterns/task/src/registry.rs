//! Which tasks run, and how those have ended that a stop found running.

use std::collections::BTreeMap;
use std::future::pending;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::{pin::pin, thread, time::Duration};

use futures::channel::oneshot;
use futures::future::{AbortHandle, AbortRegistration, select};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// What there is at least, on several threads, until a task that was aborted has been dropped.
const MOMENT: Duration = Duration::from_millis(100);

/// How a task has ended.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// In the time it was given.
    Asked,
    /// By itself, after it was aborted.
    Late,
    /// It was dropped.
    Aborted,
}

#[derive(Default)]
pub(super) struct Registry {
    /// Says when the last task has ended. Closed with the entries locked, it refuses new ones.
    tracker: TaskTracker,
    entries: Mutex<Entries>,
}

/// No `HashMap`, which would keep the room for the most tasks that there ever were.
#[derive(Default)]
struct Entries {
    /// How many have entered before.
    before: u64,
    running: BTreeMap<NonZeroU64, (String, AbortHandle)>,
    /// Of those that ran when the registry was closed.
    ended: BTreeMap<NonZeroU64, End>,
}

impl Registry {
    /// None when it is closed.
    pub(super) fn enter(
        &self,
        name: String,
    ) -> Option<(NonZeroU64, TaskTrackerToken, AbortRegistration)> {
        // Not Tokio's handle, which comes with the spawn: a stop before that would miss the task.
        let (abort, registration) = AbortHandle::new_pair();
        let mut entries = self.entries();
        if self.tracker.is_closed() {
            return None;
        }
        let id = NonZeroU64::MIN.saturating_add(entries.before);
        entries.before += 1;
        entries.running.insert(id, (name, abort));
        Some((id, self.tracker.token(), registration))
    }

    /// Takes a task out, which has ended in one of two ways: the second when it was aborted.
    pub(super) fn leave(&self, id: NonZeroU64, [end, when_aborted]: [End; 2]) -> Option<String> {
        let mut entries = self.entries();
        let (name, abort) = entries.running.remove(&id)?;
        if self.tracker.is_closed() {
            let aborted = abort.is_aborted();
            let end = if aborted { when_aborted } else { end };
            entries.ended.insert(id, end);
        }
        // What the handle drops is not ours, and may do anything.
        drop(entries);
        Some(name)
    }

    /// Refuses tasks from now on, and returns those that run.
    pub(super) fn close(&self) -> Vec<(NonZeroU64, String)> {
        let entries = self.entries();
        self.tracker.close();
        let running = entries.running.iter();
        running.map(|(&id, (name, _))| (id, name.clone())).collect()
    }

    /// Aborts the tasks that run.
    pub(super) fn abort(&self) {
        let running = self.entries().running.clone();
        running.values().for_each(|(_, abort)| abort.abort());
    }

    /// Waits until the last one has ended, once it is closed, and at most so long.
    pub(super) async fn all_ended(&self, time: Duration) {
        select(pin!(self.tracker.wait()), pin!(deadline(time))).await;
    }

    /// The same for those that were aborted: each has the turn in which it is dropped.
    pub(super) async fn all_dropped(&self, time: Duration) {
        let runtime = Handle::current();
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return self.all_ended(time.max(MOMENT)).await;
        }
        // So many can be in the queue of the only thread.
        let mut before = runtime.metrics().num_alive_tasks();
        while before > 0 && !self.tracker.is_empty() {
            before -= 1;
            yield_now().await;
        }
        self.all_ended(time).await;
    }

    /// None while it runs.
    pub(super) fn end(&self, id: NonZeroU64) -> Option<End> {
        self.entries().ended.get(&id).copied()
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = self.entries();
        let running = entries.running.values();
        running.map(|(name, _)| name.clone()).collect()
    }

    /// Nothing panics while the entries are locked.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits so long, also while every worker blocks. Tokio's timer alone does not: who blocks after a timer
/// woke it can have the driver of all timers with it. So a thread wakes the caller, and ends with it.
async fn deadline(time: Duration) {
    let begun = Instant::now();
    if begun.checked_add(time).is_none() {
        return pending().await;
    }
    let (_waiting, is_dropped) = mpsc::channel::<()>();
    let (wake, woken) = oneshot::channel();
    let wait = move || {
        let _ = is_dropped.recv_timeout(time);
        let _ = wake.send(());
    };
    // Where there are no more threads, Tokio's timer is left.
    let _ = thread::Builder::new().spawn(wait);
    let thread = async {
        // On a paused clock it comes too early, and Tokio's timer counts.
        if woken.await.is_err() || begun.elapsed() < time {
            pending().await
        }
    };
    select(pin!(sleep(time)), pin!(thread)).await;
}
