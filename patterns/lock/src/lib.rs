//! Change shared state in one piece, or hold a lock for a key across awaits.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// State that tasks share, behind a lock that cannot be held across an await.
///
/// Put it in an [`Arc`], or in a `static`.
#[derive(Default)]
pub struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// Shares `state`.
    pub const fn new(state: T) -> Self {
        Self(Mutex::new(state))
    }

    /// Runs `access` while nobody else has the state, and returns what it returns.
    ///
    /// A closure cannot await, and no reference to the state leaves it. It may run in sync code,
    /// too. The thread waits while another one is in here: neither block nor compute for long.
    ///
    /// # Cancel safety
    /// There is nothing to cancel: it is not a future. What one closure does happens whole.
    ///
    /// # Panics
    /// When an earlier closure panicked, since it may have left the state half-changed. A call
    /// inside of a call, for the same state, panics or waits for ever.
    pub fn with<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        let mut state = (self.0.lock())
            .expect("an earlier closure panicked and may have left the state half-changed");
        access(&mut state)
    }
}

// Without the state, as to show it is code that is not this file's, and would run with it locked.
impl<T> Debug for Shared<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A lock for each key. A key takes up room only while somebody holds it or waits for it.
///
/// Clones are handles to the same locks. The keys are in a map, and are compared while it is locked: a
/// comparison must not use these locks. When it panics, so does the call, and the other keys go on.
#[derive(Clone)]
pub struct KeyedLock<K>(Arc<Mutex<Locks<K>>>);

impl<K> Debug for KeyedLock<K> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("KeyedLock");
        shown
            .field("in_use", &self.in_use())
            .finish_non_exhaustive()
    }
}

/// The guards and the waiters of a key own its lock. When the last has gone, so has the lock.
///
/// Not a `HashMap`, which would keep the room for the most keys that it ever held.
type Locks<K> = BTreeMap<K, Weak<AsyncMutex<()>>>;

/// Holds a key of a [`KeyedLock`] until it is dropped. It may be sent to another task.
#[derive(Debug)]
#[must_use = "the key is free again when the guard is dropped"]
pub struct KeyGuard<K: Ord> {
    /// `None` while it waits for its turn.
    held: Option<OwnedMutexGuard<()>>,
    locks: KeyedLock<K>,
    key: K,
}

impl<K: Ord + Clone> KeyedLock<K> {
    /// Makes a lock for each key that there can be. All are free.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Waits until nobody holds `key`, and holds it. Those who wait for a key get it in turn.
    ///
    /// It is not re-entrant: who holds the key and asks for it again waits for ever. To hold
    /// several keys, ask for all of them at once with [`lock_all`](Self::lock_all).
    ///
    /// # Cancel safety
    /// A call that is dropped gives up its place in the queue, and the key goes to the next.
    pub async fn lock(&self, key: K) -> KeyGuard<K> {
        let lock = self.join(&key);
        // Dropped with the call it cleans up, too: after the wait, which gives up its share first.
        let mut guard = KeyGuard {
            held: None,
            locks: self.clone(),
            key,
        };
        guard.held = Some(lock.lock_owned().await);
        guard
    }

    /// Holds every one of `keys`. A key that is given twice is held once.
    ///
    /// It takes them from the smallest to the largest, so that calls cannot deadlock, in whatever
    /// order the keys are given. They can when somebody who holds a key asks for more. While it waits
    /// for the next key, it holds those that it has.
    ///
    /// # Cancel safety
    /// A call that is dropped frees the keys that it had.
    pub async fn lock_all(&self, keys: impl IntoIterator<Item = K>) -> Vec<KeyGuard<K>> {
        let mut guards = Vec::new();
        for key in BTreeSet::from_iter(keys) {
            guards.push(self.lock(key).await);
        }
        guards
    }

    /// The lock of `key`, as its guards and waiters share it, or a new one.
    fn join(&self, key: &K) -> Arc<AsyncMutex<()>> {
        // Made before the map is locked, and dropped after: what a key's own code does is not known.
        let spare = key.clone();
        let mut locks = self.locks();
        let known = locks.get_mut(key);
        if let Some(lock) = known.as_ref().and_then(|lock| lock.upgrade()) {
            return lock;
        }
        let lock = Arc::default();
        match known {
            Some(gone) => *gone = Arc::downgrade(&lock),
            None => _ = locks.insert(spare, Arc::downgrade(&lock)),
        }
        lock
    }
}

impl<K> KeyedLock<K> {
    /// The number of keys that somebody holds or waits for.
    pub fn in_use(&self) -> usize {
        self.locks().len()
    }

    /// Nothing panics while it is locked but a key's own comparison, and the map stays usable.
    fn locks(&self) -> MutexGuard<'_, Locks<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone> Default for KeyedLock<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord> Drop for KeyGuard<K> {
    fn drop(&mut self) {
        // First, and not with the map locked: it wakes the next waiter.
        self.held = None;
        // A count of zero is final, as the lock is shared with the map locked. But by now the key
        // may have a new lock, and then its count is not zero.
        let mut locks = self.locks.locks();
        let lock = locks.get(&self.key);
        let unused = lock.is_some_and(|lock| lock.strong_count() == 0);
        let removed = unused.then(|| locks.remove_entry(&self.key));
        // The key in the map has a destructor, which may use these locks.
        drop(locks);
        drop(removed);
    }
}
