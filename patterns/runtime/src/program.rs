//! The tasks of a program, by name.

use std::collections::BTreeSet;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// What main starts its tasks with. Clones are handles to the same program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub(super) stop: CancellationToken,
    pub(super) abort: CancellationToken,
    tasks: TaskTracker,
    names: Arc<Mutex<Names>>,
}

#[derive(Debug, Default)]
struct Names {
    /// In the order of their start. Who owns the name is running.
    running: Vec<Weak<str>>,
    panicked: BTreeSet<Box<str>>,
}

/// What a task has until it ends, however it does.
struct Place {
    name: Arc<str>,
    names: Arc<Mutex<Names>>,
    /// Dropped last: whoever waits for the last one finds the name gone.
    _tracked: TaskTrackerToken,
}

impl Program {
    /// A token that is cancelled when the program stops. Cancelling it stops only who has it.
    pub fn token(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Starts a task that should end when the [`token`](Self::token) is cancelled. The handle's value
    /// is `None` when the task had to be aborted, and when it was refused: the program stops already,
    /// and the future was dropped at once. Panics outside a Tokio runtime.
    pub fn spawn<F>(&self, name: &str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let Some(place) = self.enter(name) else {
            return tokio::spawn(ready(None));
        };
        let abortable = self.abort.clone().run_until_cancelled_owned(future);
        tokio::spawn(abortable.inspect(move |_| drop(place)))
    }

    /// Starts a closure that should return when the [`token`](Self::token) is cancelled: nothing else
    /// stops it, once it has begun. The handle's value is `None` when it had not begun at the deadline,
    /// and when it was refused. Panics outside a Tokio runtime.
    pub fn spawn_blocking<R: Send + 'static>(
        &self,
        name: &str,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<Option<R>> {
        let Some(place) = self.enter(name) else {
            return tokio::spawn(ready(None));
        };
        let abort = self.abort.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            (!abort.is_cancelled()).then(f)
        })
    }

    /// None when the program stops. Nothing comes between the look and the entry.
    fn enter(&self, name: &str) -> Option<Place> {
        let name = Arc::from(name);
        let mut names = lock(&self.names);
        if self.tasks.is_closed() {
            return None;
        }
        // When half of them have ended, their room is given back: not at each end, which would need the
        // lock, and not when the room is full, which after a peak may be never.
        let most = 2 * self.tasks.len() + 16;
        if names.running.len() >= most {
            names.running.retain(|name| name.strong_count() > 0);
            names.running.shrink_to(most);
        }
        names.running.push(Arc::downgrade(&name));
        Some(Place {
            name,
            names: self.names.clone(),
            _tracked: self.tasks.token(),
        })
    }

    /// Asks every task to stop, and refuses those that come.
    pub(super) fn close(&self) {
        let names = lock(&self.names);
        self.tasks.close();
        drop(names);
        self.stop.cancel();
    }

    /// Waits until every task has ended.
    pub(super) async fn ended(&self) {
        self.tasks.wait().await;
    }

    pub(super) fn running(&self) -> Vec<String> {
        let names = lock(&self.names);
        let running = names.running.iter().filter_map(Weak::upgrade);
        running.map(|name| name.to_string()).collect()
    }

    pub(super) fn panicked(&self) -> Vec<String> {
        let names = lock(&self.names);
        names.panicked.iter().map(|name| name.to_string()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if thread::panicking() {
            let name = Box::from(&*self.name);
            lock(&self.names).panicked.insert(name);
        }
    }
}

/// Nothing panics while the names are locked.
fn lock(names: &Mutex<Names>) -> MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}
