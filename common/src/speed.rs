//! How much faster something is than doing the same in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::timeline::time;

/// Adds up what several pieces of work take, which is what they would take one after the other.
/// A clone adds to the same sum.
#[derive(Clone, Debug, Default)]
pub struct InTurn {
    nanoseconds: Arc<AtomicU64>,
}

impl InTurn {
    /// Runs the work and adds the time that it takes.
    ///
    /// # Cancel safety
    /// Dropping the call drops the work, whose time is not added then.
    pub async fn add<F: Future>(self, work: F) -> F::Output {
        let start = Instant::now();
        let output = work.await;
        let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        output
    }

    /// What was added so far.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }
}

/// The two ways by name, and how much faster the second was: `sequential 400 ms · gathered 100 ms ·
/// 4.0×`.
pub fn compare((slow, slower): (&str, Duration), (fast, faster): (&str, Duration)) -> String {
    let ratio = slower.as_secs_f64() / faster.as_secs_f64();
    format!(
        "{slow} {} · {fast} {} · {ratio:.1}×",
        time(slower),
        time(faster)
    )
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_ran_at_once_is_added_up() {
        let in_turn = InTurn::default();
        let start = Instant::now();
        let work = |millis| in_turn.clone().add(sleep(Duration::from_millis(millis)));
        tokio::join!(work(100), work(300));
        assert_eq!(
            compare(("first", in_turn.total()), ("second", start.elapsed())),
            "first 400 ms · second 300 ms · 1.3×"
        );
    }
}
