//! A bounded queue of work for several producers and consumers, which knows when all is done.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use concurrent_queue::ConcurrentQueue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};
use tokio::task::coop::consume_budget;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Closed, full, empty: the errors of Tokio's channels. They hold the item that was not taken.
pub use tokio::sync::mpsc::error::{
    SendError as Closed, TryRecvError as TryGetError, TrySendError as TryPutError,
};

/// A bounded queue of work, first in, first out. Share it in an [`Arc`].
///
/// Whoever shares it like that has to [`close`](Self::close) it. The ends that [`split`](Self::split)
/// makes close it by themselves.
#[derive(Debug)]
pub struct Queue<T> {
    // Without a lock: what others wrote, such as an item's destructor, cannot run under one. A push
    // and the closing are one step each, and the room for a peak is given back in small blocks.
    jobs: ConcurrentQueue<Job<T>>,
    // Permits for free places, and for jobs that are there. A semaphore serves in order of arrival,
    // and hands the permit of a waiter who was dropped to the next.
    free: Arc<Semaphore>,
    ready: Semaphore,
    unfinished: TaskTracker,
}

impl<T> Queue<T> {
    /// Makes an empty queue with room for `capacity` items. `NonZeroUsize::MAX` is no bound.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            jobs: ConcurrentQueue::unbounded(),
            free: Arc::new(Semaphore::new(capacity.get().min(Semaphore::MAX_PERMITS))),
            ready: Semaphore::new(0),
            unfinished: TaskTracker::new(),
        }
    }

    /// Makes the two ends of the queue: the first for its producers, the second for its consumers.
    ///
    /// Give each task a clone. When the last clone of the first is dropped, however that comes, the
    /// queue is [closed](Self::close). When the last of the second is, nobody is left to do what is in
    /// it: it is [closed now](Self::close_now), and the items are dropped. Call this once.
    pub fn split(self: &Arc<Self>) -> (Arc<End<T>>, Arc<End<T>>) {
        let end = |close| Arc::new(End(Arc::clone(self), close));
        (end(Self::close), end(|queue| drop(queue.close_now())))
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
    pub async fn reserve(&self) -> Result<Slot<'_, T>, Closed<()>> {
        let permit = acquire(&self.free).await;
        Ok(Slot(self, permit.ok_or(Closed(()))?))
    }

    /// Puts the item if a place is free, and not promised to a producer who already waits.
    ///
    /// # Errors
    /// When the queue is full or closed. The error holds the item.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        match self.free.try_acquire() {
            Ok(permit) => Ok(Slot(self, permit).put(item)?),
            Err(TryAcquireError::NoPermits) => Err(TryPutError::Full(item)),
            Err(TryAcquireError::Closed) => Err(TryPutError::Closed(item)),
        }
    }

    /// Waits for a job. `None` means that the queue is closed and that all in it has been taken.
    ///
    /// # Cancel safety
    /// Dropping the call takes no job. Called again, it waits behind those who came since.
    pub async fn get(&self) -> Option<Job<T>> {
        let permit = acquire(&self.ready).await;
        self.take(permit)
    }

    /// Takes a job if one is there, and not promised to a consumer who already waits.
    ///
    /// # Errors
    /// When the queue is empty. When it is closed too, the error is `Disconnected`.
    pub fn try_get(&self) -> Result<Job<T>, TryGetError> {
        match self.ready.try_acquire() {
            Err(TryAcquireError::NoPermits) => Err(TryGetError::Empty),
            permit => self.take(permit.ok()).ok_or(TryGetError::Disconnected),
        }
    }

    /// Waits until all that was put is done: for the first moment at which nothing is unfinished.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn join(&self) {
        // An open tracker never lets `wait` pass. A closed one hands out tokens all the same.
        self.unfinished.close();
        self.unfinished.wait().await;
    }

    /// Lets nothing more in. Consumers get what is there, and then `None`.
    ///
    /// Producers who wait get an error, and so do those who hold a place, when they use it.
    pub fn close(&self) {
        self.jobs.close();
        self.free.close();
        self.ready.close();
    }

    /// Closes the queue and returns what nobody has taken, in order. That counts as done.
    ///
    /// Jobs that were taken go on, and [`join`](Self::join) still waits for them.
    pub fn close_now(&self) -> Vec<T> {
        self.close();
        self.jobs.try_iter().map(|job| job.item).collect()
    }

    /// The number of jobs that nobody has taken yet.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether all that was put has been taken. It may not be done yet.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    fn take(&self, permit: Option<SemaphorePermit<'_>>) -> Option<Job<T>> {
        // Without a permit it is closed: nothing comes any more, and what is there is anybody's.
        if let Some(permit) = permit {
            permit.forget();
        }
        self.jobs.pop().ok().inspect(|_| self.free.add_permits(1))
    }

    fn put(&self, item: T) -> Result<(), Closed<T>> {
        let token = self.unfinished.token();
        let put = self.jobs.push(Job { item, token });
        let put = put.map(|()| self.ready.add_permits(1));
        put.map_err(|refused| Closed(refused.into_inner().item))
    }
}

/// Waits for a permit, or returns `None` when the semaphore is closed.
async fn acquire(permits: &Semaphore) -> Option<SemaphorePermit<'_>> {
    // Where nobody waits this is twice as fast as `acquire` alone, which sets up its waiting first.
    let permit = match permits.try_acquire() {
        Err(TryAcquireError::NoPermits) => return permits.acquire().await.ok(),
        permit => permit.ok(),
    };
    // Like `acquire`, a task that never has to wait lets others run from time to time, and has its
    // permit before that: it does not lose its turn.
    consume_budget().await;
    permit
}

/// One end of a [`Queue`], made by [`split`](Queue::split). It can do all that the queue can.
///
/// A task that puts into the queue it gets from holds a consumer's end only. See the page.
#[derive(Debug)]
pub struct End<T>(Arc<Queue<T>>, fn(&Queue<T>));

impl<T> End<T> {
    /// Like [`reserve`](Queue::reserve), for a place that can be moved to another task.
    ///
    /// # Errors
    /// When the queue is closed, or is closed while this waits.
    ///
    /// # Cancel safety
    /// Dropping the call takes no place, and drops the end: call it on a clone.
    pub async fn reserve_owned(self: Arc<Self>) -> Result<OwnedSlot<T>, Closed<()>> {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        Ok(OwnedSlot(self, permit.map_err(|_| Closed(()))?))
    }
}

impl<T> Deref for End<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.0
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        (self.1)(&self.0);
    }
}

/// A free place that is yours. Dropping it gives it to the next who waits.
#[derive(Debug)]
#[must_use = "dropping it gives the place back"]
pub struct Slot<'a, T>(&'a Queue<T>, SemaphorePermit<'a>);

impl<T> Slot<'_, T> {
    /// Puts the item into the queue, without waiting.
    ///
    /// # Errors
    /// When the queue was closed since the place was reserved. The error holds the item.
    pub fn put(self, item: T) -> Result<(), Closed<T>> {
        self.0.put(item).map(|()| self.1.forget())
    }
}

/// A [`Slot`] without a lifetime. Until it is used or dropped it keeps the end that it came from.
#[derive(Debug)]
#[must_use = "dropping it gives the place back"]
pub struct OwnedSlot<T>(Arc<End<T>>, OwnedSemaphorePermit);

impl<T> OwnedSlot<T> {
    /// Puts the item into the queue, without waiting.
    ///
    /// # Errors
    /// When the queue was closed since the place was reserved. The error holds the item.
    pub fn put(self, item: T) -> Result<(), Closed<T>> {
        self.0.put(item).map(|()| self.1.forget())
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
