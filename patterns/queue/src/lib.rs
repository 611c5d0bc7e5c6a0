//! A bounded queue of work for several producers and consumers, which knows when all is done.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::task::coop::consume_budget;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The queue is closed. Holds the item that it did not take, where there was one.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the queue is closed")]
pub struct Closed<T = ()>(pub T);

/// Why [`Queue::try_put`] did not take the item, and the item.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// No place is free, or only those promised to producers who already wait.
    #[error("the queue is full")]
    Full(T),
    /// The queue is closed.
    #[error("the queue is closed")]
    Closed(T),
}

/// Why [`Queue::try_get`] has no job.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TryGetError {
    /// No job is there, or only those promised to consumers who already wait.
    #[error("the queue is empty")]
    Empty,
    /// The queue is closed, and all that was in it has been taken.
    #[error("the queue is closed")]
    Closed,
}

/// A bounded queue of work, first in, first out. Share it in an [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct Queue<T> {
    state: Mutex<State<T>>,
    // Permits for free places, and for jobs that are there. A semaphore serves in order of arrival,
    // and hands the permit of a waiter who was dropped to the next.
    free: Semaphore,
    ready: Semaphore,
    unfinished: TaskTracker,
}

#[derive(Debug)]
struct State<T> {
    jobs: VecDeque<Job<T>>,
    closed: bool,
}

impl<T> Queue<T> {
    /// Makes an empty queue with room for `capacity` items. `NonZeroUsize::MAX` is no bound.
    pub fn new(capacity: NonZeroUsize) -> Self {
        let unfinished = TaskTracker::new();
        // An open tracker never lets `wait` pass. A closed one hands out tokens all the same.
        unfinished.close();
        let jobs = VecDeque::new();
        Self {
            state: Mutex::new(State {
                jobs,
                closed: false,
            }),
            free: Semaphore::new(capacity.get().min(Semaphore::MAX_PERMITS)),
            ready: Semaphore::new(0),
            unfinished,
        }
    }

    /// Waits for a free place, which is then yours until you use or drop the [`Slot`].
    ///
    /// There is no `put(item).await`: its future would own the item, and lose it when cancelled.
    ///
    /// # Errors
    /// When the queue is closed, or is closed while this waits.
    ///
    /// # Cancel safety
    /// Dropping the call takes no place. Called again, it waits behind those who came since.
    pub async fn reserve(&self) -> Result<Slot<'_, T>, Closed> {
        let permit = acquire(&self.free).await.ok_or(Closed(()))?;
        Ok(Slot {
            queue: self,
            permit,
        })
    }

    /// Puts the item if a place is free.
    ///
    /// # Errors
    /// When the queue is full or closed. The error holds the item.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) => return Err(TryPutError::Full(item)),
            Err(TryAcquireError::Closed) => return Err(TryPutError::Closed(item)),
        };
        let put = Slot {
            queue: self,
            permit,
        }
        .put(item);
        put.map_err(|Closed(item)| TryPutError::Closed(item))
    }

    /// Waits for a job. `None` means that the queue is closed and that all in it has been taken.
    ///
    /// # Cancel safety
    /// Dropping the call takes no job. Called again, it waits behind those who came since.
    pub async fn get(&self) -> Option<Job<T>> {
        // Without a permit it is closed: nothing comes any more, and what is there is anybody's.
        if let Some(permit) = acquire(&self.ready).await {
            permit.forget();
        }
        self.take()
    }

    /// Takes a job if one is there.
    ///
    /// # Errors
    /// When the queue is empty. When it is closed too, that is another error.
    pub fn try_get(&self) -> Result<Job<T>, TryGetError> {
        match self.ready.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::NoPermits) => return Err(TryGetError::Empty),
            Err(TryAcquireError::Closed) => {}
        }
        self.take().ok_or(TryGetError::Closed)
    }

    /// Waits until all that was put is done: for the first moment at which nothing is unfinished.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn join(&self) {
        self.unfinished.wait().await;
    }

    /// Lets nothing more in. Consumers get what is there, and then `None`.
    ///
    /// Producers who wait get an error, and so do those who hold a [`Slot`], when they use it.
    pub fn close(&self) {
        self.lock().closed = true;
        self.free.close();
        self.ready.close();
    }

    /// Closes the queue and returns what nobody has taken, in order. That counts as done.
    ///
    /// Jobs that were taken go on, and [`join`](Self::join) still waits for them.
    pub fn close_now(&self) -> Vec<T> {
        self.close();
        let jobs = mem::take(&mut self.lock().jobs);
        jobs.into_iter().map(|job| job.item).collect()
    }

    /// The number of jobs that nobody has taken yet.
    pub fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Whether all that was put has been taken. It may not be done yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self) -> Option<Job<T>> {
        let job = self.lock().jobs.pop_front()?;
        self.free.add_permits(1);
        Some(job)
    }

    // Neither wakers nor destructors run under the lock, and what does run there does not panic.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a permit, or returns `None` when the semaphore is closed.
async fn acquire(permits: &Semaphore) -> Option<SemaphorePermit<'_>> {
    // Where nobody waits this is twice as fast as `acquire` alone, which sets up its waiting first.
    // Like it, a task that never has to wait lets others run from time to time.
    consume_budget().await;
    match permits.try_acquire() {
        Err(TryAcquireError::NoPermits) => permits.acquire().await.ok(),
        permit => permit.ok(),
    }
}

/// A free place that is yours. Dropping it gives it to the next who waits.
#[derive(Debug)]
#[must_use = "dropping it gives the place back"]
pub struct Slot<'a, T> {
    queue: &'a Queue<T>,
    permit: SemaphorePermit<'a>,
}

impl<T> Slot<'_, T> {
    /// Puts the item into the queue, without waiting.
    ///
    /// # Errors
    /// When the queue was closed since the place was reserved. The error holds the item.
    pub fn put(self, item: T) -> Result<(), Closed<T>> {
        let mut state = self.queue.lock();
        if state.closed {
            return Err(Closed(item));
        }
        let token = self.queue.unfinished.token();
        state.jobs.push_back(Job { item, token });
        drop(state);
        self.permit.forget();
        self.queue.ready.add_permits(1);
        Ok(())
    }
}

/// An item that counts as unfinished until this is dropped, for whatever reason that happens.
#[derive(Debug)]
#[must_use = "dropping it marks the job as done"]
pub struct Job<T> {
    // Fields are dropped in this order: the item's destructor has run when the job is done.
    item: T,
    token: TaskTrackerToken,
}

impl<T> Job<T> {
    /// Takes the item out. The job is unfinished until the token, and every clone of it, is dropped.
    pub fn into_parts(self) -> (T, TaskTrackerToken) {
        (self.item, self.token)
    }
}

impl<T> Deref for Job<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T> DerefMut for Job<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}
