//! A limit that several callers share.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// A limit on what all its users together have in flight. A clone is the same limit.
#[derive(Clone, Debug)]
pub struct SharedLimit {
    semaphore: Arc<Semaphore>,
    size: u32,
}

/// A share of a [`SharedLimit`]. Dropping it gives it back, and nothing else can.
#[derive(Debug)]
#[must_use = "dropped, it is given back at once: keep it with `let _permit = …`"]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// Why a [`SharedLimit`] gave no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There is no room now, and [`SharedLimit::try_acquire`] does not wait.
    #[error("the limit is reached")]
    Full,
    /// [`SharedLimit::close`] was called.
    #[error("the limit is closed")]
    Closed,
    /// This weight is more than the whole limit: a `Semaphore` would wait for ever.
    #[error("a weight of {0} is more than the whole limit")]
    TooHeavy(u32),
}

impl SharedLimit {
    /// A limit of this size. More than [`Semaphore::MAX_PERMITS`], on 32 bits, panics.
    pub fn new(size: NonZeroU32) -> Self {
        let size = size.get();
        let semaphore = Arc::new(Semaphore::new(size as usize));
        Self { semaphore, size }
    }

    /// Waits in line until there is room for `weight`, and holds up those behind it, lighter or
    /// not. A weight of zero always has room.
    ///
    /// # Errors
    /// [`Refused::TooHeavy`], or [`Refused::Closed`], also when the limit is closed meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the call leaves the line. Nothing is lost, and the next in line moves up.
    pub async fn acquire(&self, weight: u32) -> Result<Permit, Refused> {
        let permit = self.fits(weight)?.acquire_many_owned(weight).await;
        let _permit = permit.map_err(|_closed| Refused::Closed)?;
        Ok(Permit { _permit })
    }

    /// As [`acquire`](Self::acquire), but does not wait, and never goes before those who do.
    ///
    /// # Errors
    /// [`Refused::Full`] where the other would wait, and the errors of the other.
    pub fn try_acquire(&self, weight: u32) -> Result<Permit, Refused> {
        let permit = self.fits(weight)?.try_acquire_many_owned(weight);
        let _permit = permit.map_err(|error| match error {
            TryAcquireError::NoPermits => Refused::Full,
            TryAcquireError::Closed => Refused::Closed,
        })?;
        Ok(Permit { _permit })
    }

    /// Runs `work` with a permit for `weight`, which comes back when `work` has ended or is dropped.
    ///
    /// There is no permit to lose here: `acquire(…).await.is_ok()` and `let _ = …` give theirs back
    /// at once, and the compiler says nothing.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire). Then `work` has not begun.
    ///
    /// # Cancel safety
    /// Dropping the call leaves the line, or drops `work` and gives the permit back.
    pub async fn run<F: Future>(&self, weight: u32, work: F) -> Result<F::Output, Refused> {
        let _permit = self.acquire(weight).await?;
        Ok(work.await)
    }

    /// Refuses all who wait and all who come. Permits that are out stay good.
    pub fn close(&self) {
        self.semaphore.close();
    }

    fn fits(&self, weight: u32) -> Result<Arc<Semaphore>, Refused> {
        if weight > self.size {
            return Err(Refused::TooHeavy(weight));
        }
        Ok(Arc::clone(&self.semaphore))
    }
}
