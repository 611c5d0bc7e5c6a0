//! Background tasks with names: each failure is reported at once, and all stop together.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::{any::Any, fmt, future::Future, num::NonZeroU64, panic::AssertUnwindSafe};
use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use futures::future::{AbortRegistration, Abortable, Aborted, lazy};
use thiserror::Error;
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};

mod registry;

use self::registry::{End, Registry};

/// How a task failed. Its text in the form `{:#}` has the error's, or that of the panic.
#[derive(Debug, Error)]
pub enum Failure<E> {
    /// It returned this error.
    Error(#[source] E),
    /// It panicked, with this payload.
    Panic(Box<dyn Any + Send>),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) if f.alternate() => write!(f, "failed: {error:#}"),
            Self::Error(_) => f.write_str("failed"),
            Self::Panic(payload) => write!(f, "panicked: {}", text(payload.as_ref())),
        }
    }
}

/// A task was not started.
#[derive(Debug, Error)]
#[error("the tasks are being stopped")]
pub struct Refused;

/// What became of the tasks that [`Tasks::stop`] found running. Each name is in one list.
#[derive(Debug, Default, PartialEq)]
pub struct Stopped {
    /// Those that ended in the time they were given.
    pub asked: Vec<String>,
    /// Those that ended by themselves all the same, after that time: they were in the middle of their
    /// work, blocked or computing, when they were aborted, and came to its end.
    pub late: Vec<String>,
    /// Those that did not, were aborted, and have ended.
    pub aborted: Vec<String>,
    /// Those that were aborted and still run: they block, or compute without an await. Or no thread has
    /// had the time to drop them.
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
    registry: Registry,
}

type Report<E> = Box<dyn Fn(&str, Failure<E>) + Send + Sync>;

impl<E: Send + 'static> Tasks<E> {
    /// Makes an empty set, which calls `report` with the name and the failure of a task that fails.
    ///
    /// The task itself calls it, at once: it may send to a channel or write to a log, but not
    /// block. When `report` panics, only the panic hook says so.
    pub fn new(report: impl Fn(&str, Failure<E>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            report: Box::new(report),
            stop: CancellationToken::new(),
            registry: Registry::default(),
        }))
    }

    /// Starts a task. `work` makes its future from the token that asks it to stop.
    ///
    /// # Errors
    /// When [`stop`](Self::stop) has begun. `work` is not called then.
    ///
    /// # Panics
    /// Outside a Tokio runtime. A panic of `work` before it returns its future is the caller's.
    pub fn spawn<W, F>(&self, name: impl Into<String>, work: W) -> Result<(), Refused>
    where
        W: FnOnce(CancellationToken) -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let (place, abort) = self.enter(name.into())?;
        tokio::spawn(place.watch(abort, work(self.0.stop.child_token())));
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
        let (place, abort) = self.enter(name.into())?;
        let stop = self.0.stop.child_token();
        // As a future that is ready at its first poll, it is watched as any other.
        let task = place.watch(abort, lazy(move |_| work(stop)));
        tokio::task::spawn_blocking(move || task.now_or_never());
        Ok(())
    }

    /// The names of the tasks that run now, in the order in which they were started.
    pub fn running(&self) -> Vec<String> {
        self.0.registry.names()
    }

    /// Stops all tasks, waits for their end, and says how each has ended.
    ///
    /// Asks every task, aborts those that have not ended after `grace`, and gives up on those that
    /// have not ended `after_abort` later. Both times hold also while tasks block every worker, unless
    /// this call runs on one of them. To be dropped takes a turn of a thread: with less time, each task
    /// has its turn all the same on one thread, and 100 ms for it on several.
    ///
    /// A future does nothing before it is polled: a task that is started before the first poll of this
    /// one is accepted and stopped with the others, and no task is started from then on.
    ///
    /// # Cancel safety
    /// What a dropped call has begun is not undone: the tasks stay asked. Another call goes on.
    pub async fn stop(&self, grace: Duration, after_abort: Duration) -> Stopped {
        let registry = &self.0.registry;
        let all = registry.close();
        self.0.stop.cancel();
        registry.all_ended(grace).await;
        registry.abort();
        registry.all_dropped(after_abort).await;
        let mut stopped = Stopped::default();
        for (id, name) in all {
            let list = match registry.end(id) {
                Some(End::Asked) => &mut stopped.asked,
                Some(End::Late) => &mut stopped.late,
                Some(End::Aborted) => &mut stopped.aborted,
                None => &mut stopped.running,
            };
            list.push(name);
        }
        stopped
    }

    fn enter(&self, name: String) -> Result<(Place<E>, AbortRegistration), Refused> {
        let (id, tracked, abort) = self.0.registry.enter(name).ok_or(Refused)?;
        let place = Place {
            id: Some(id),
            shared: self.0.clone(),
            _tracked: tracked,
        };
        Ok((place, abort))
    }
}

impl<E> Drop for Tasks<E> {
    fn drop(&mut self) {
        self.0.registry.abort();
        self.0.stop.cancel();
    }
}

impl<E> fmt::Debug for Tasks<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.0.registry.names();
        f.debug_struct("Tasks").field("running", &running).finish()
    }
}

/// A task's place in the registry, given up when the task is dropped, however it ends.
struct Place<E> {
    /// None when it was given up before.
    id: Option<NonZeroU64>,
    shared: Arc<Shared<E>>,
    /// Dropped last: whoever waits for the tracker finds the task gone from the registry.
    _tracked: TaskTrackerToken,
}

impl<E> Place<E> {
    /// Makes the task of the work, which reports its failure.
    fn watch<F>(mut self, abort: AbortRegistration, work: F) -> impl Future<Output = ()>
    where
        F: Future<Output = Result<(), E>>,
    {
        // `fuse` drops work that has ended while a panic of its destructor is still caught.
        let work = AssertUnwindSafe(Abortable::new(work, abort).fuse()).catch_unwind();
        work.map(move |ended| {
            let (ends, failure) = match ended {
                Ok(Err(Aborted)) => return,
                Ok(Ok(ended)) => ([End::Asked, End::Late], ended.err().map(Failure::Error)),
                // After an abort, it comes from a destructor.
                Err(payload) => ([End::Asked, End::Aborted], Some(Failure::Panic(payload))),
            };
            // It leaves first: what is reported no longer runs.
            if let Some((name, failure)) = self.leave(ends).zip(failure) {
                (self.shared.report)(&name, failure);
            }
        })
    }

    /// Says how it has ended, and how when it was aborted.
    fn leave(&mut self, ends: [End; 2]) -> Option<String> {
        self.shared.registry.leave(self.id.take()?, ends)
    }
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        self.leave([End::Aborted; 2]);
    }
}

/// The text that `panic!` makes of its arguments.
fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("its payload is no text")
}
