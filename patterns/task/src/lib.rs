//! Background tasks with names: each failure is reported at once, and all stop together.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{AbortHandle, Abortable, Aborted, lazy};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// How a task failed.
#[derive(Debug, Error)]
pub enum Failure<E> {
    /// It returned this error.
    #[error("failed: {0}")]
    Error(E),
    /// It panicked, with this payload.
    #[error("panicked: {}", text(.0.as_ref()))]
    Panic(Box<dyn Any + Send>),
}

/// A task was not started.
#[derive(Debug, Error)]
#[error("the tasks are being stopped")]
pub struct Refused;

/// What became of the tasks that [`Tasks::stop`] found running. Each name is in one list.
#[derive(Debug, PartialEq)]
pub struct Stopped {
    /// Those that ended in the time they were given.
    pub asked: Vec<String>,
    /// Those that did not, were aborted, and have ended.
    pub aborted: Vec<String>,
    /// Those that were aborted and still run: they block, or compute without an await.
    pub running: Vec<String>,
}

/// Tasks that run in the background until they end or are stopped.
///
/// # Cancel safety
/// Dropping it aborts every task, and asks those that cannot be aborted. Drop cannot wait;
/// [`stop`](Self::stop) does.
pub struct Tasks<E>(Arc<Shared<E>>);

struct Shared<E> {
    report: Report<E>,
    stop: CancellationToken,
    /// Says when the last task has ended. Closed with the registry locked, it refuses new ones.
    tracker: TaskTracker,
    next: AtomicU64,
    registry: Mutex<Registry>,
}

type Report<E> = Box<dyn Fn(&str, Failure<E>) + Send + Sync>;

/// Not a `HashMap`, which would keep the room for the most tasks that there ever were.
type Registry = BTreeMap<u64, (String, AbortHandle)>;

/// A task's place in the registry, given up when the task is dropped, however it ends.
struct Place<E> {
    id: u64,
    shared: Arc<Shared<E>>,
    /// Dropped last: whoever waits for the tracker finds the task gone from the registry.
    _tracked: TaskTrackerToken,
}

impl<E: Send + 'static> Tasks<E> {
    /// Makes an empty set, which calls `report` with the name and the failure of a task that fails.
    ///
    /// The task itself calls it, at once: it may send to a channel or write to a log, but not
    /// block. When `report` panics, only the panic hook says so.
    pub fn new(report: impl Fn(&str, Failure<E>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            report: Box::new(report),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            next: AtomicU64::new(0),
            registry: Mutex::default(),
        }))
    }

    /// Starts a task. `work` makes its future from the token that asks it to stop.
    ///
    /// # Errors
    /// When [`stop`](Self::stop) was called before.
    ///
    /// # Panics
    /// Outside a Tokio runtime. A panic of `work` before it returns its future is the caller's.
    pub fn spawn<W, F>(&self, name: impl Into<String>, work: W) -> Result<(), Refused>
    where
        W: FnOnce(CancellationToken) -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let task = self.enter(name.into(), work(self.0.stop.child_token()))?;
        tokio::spawn(task);
        Ok(())
    }

    /// Starts a task that blocks, on a thread for such tasks. Once it has begun, an abort has no
    /// effect: let it look at its token now and then.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn_blocking<W>(&self, name: impl Into<String>, work: W) -> Result<(), Refused>
    where
        W: FnOnce(CancellationToken) -> Result<(), E> + Send + 'static,
    {
        let stop = self.0.stop.child_token();
        // As a future that is ready at its first poll, it is watched as any other.
        let task = self.enter(name.into(), lazy(move |_| work(stop)))?;
        tokio::task::spawn_blocking(move || task.now_or_never());
        Ok(())
    }

    /// The names of the tasks that run now, in the order in which they were started.
    pub fn running(&self) -> Vec<String> {
        names(&self.0.registry(), |_| true)
    }

    /// Stops all tasks, waits for their end, and says how each has ended.
    ///
    /// Asks every task, aborts those that have not ended after `grace`, and gives up on those that
    /// have not ended `after_abort` later. From the call on, no task is started.
    ///
    /// # Cancel safety
    /// What a dropped call has begun is not undone: the tasks stay asked. Another call goes on.
    pub async fn stop(&self, grace: Duration, after_abort: Duration) -> Stopped {
        let all = {
            let registry = self.0.registry();
            self.0.tracker.close();
            registry.clone()
        };
        self.0.stop.cancel();
        let _ = timeout(grace, self.0.tracker.wait()).await;
        let late = self.0.abort();
        let _ = timeout(after_abort, self.0.tracker.wait()).await;
        let left = self.0.registry().clone();
        Stopped {
            asked: names(&all, |id| !late.contains_key(id)),
            aborted: names(&late, |id| !left.contains_key(id)),
            running: names(&left, |_| true),
        }
    }

    /// Gives the work a place, and makes the task of it that reports its failure.
    fn enter<F>(
        &self,
        name: String,
        work: F,
    ) -> Result<impl Future<Output = ()> + use<E, F>, Refused>
    where
        F: Future<Output = Result<(), E>>,
    {
        // Not Tokio's handle, which comes with the spawn: a stop before that would miss the task.
        let (abort, registration) = AbortHandle::new_pair();
        let mut registry = self.0.registry();
        if self.0.tracker.is_closed() {
            return Err(Refused);
        }
        let place = Place {
            id: self.0.next.fetch_add(1, Ordering::Relaxed),
            shared: self.0.clone(),
            _tracked: self.0.tracker.token(),
        };
        registry.insert(place.id, (name, abort));
        // `fuse` drops work that has ended while a panic of its destructor is still caught.
        let work = AssertUnwindSafe(Abortable::new(work, registration).fuse()).catch_unwind();
        Ok(work.map(move |ended| {
            let failure = match ended {
                Ok(Ok(Ok(())) | Err(Aborted)) => return,
                Ok(Ok(Err(error))) => Failure::Error(error),
                Err(payload) => Failure::Panic(payload),
            };
            // It leaves first: what is reported no longer runs.
            let gone = place.shared.registry().remove(&place.id);
            if let Some((name, _)) = gone {
                (place.shared.report)(&name, failure);
            }
        }))
    }
}

impl<E> Drop for Tasks<E> {
    fn drop(&mut self) {
        self.0.abort();
        self.0.stop.cancel();
    }
}

impl<E> Shared<E> {
    /// Aborts the tasks that run, and returns them.
    fn abort(&self) -> Registry {
        let running = self.registry().clone();
        running.values().for_each(|(_, abort)| abort.abort());
        running
    }

    /// Nothing panics while the registry is locked.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        self.shared.registry().remove(&self.id);
    }
}

fn names(tasks: &Registry, which: impl Fn(&u64) -> bool) -> Vec<String> {
    let tasks = tasks.iter().filter(|(id, _)| which(id));
    tasks.map(|(_, (name, _))| name.clone()).collect()
}

/// The text that `panic!` makes of its arguments.
fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("its payload is no text")
}
