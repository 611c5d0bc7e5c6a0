use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::Span;

use super::{Mark, lane, level, mark};

/// A lane that shows how much there is of something, and remembers the most.
#[derive(Debug)]
pub struct Gauge {
    lane: Span,
    most: AtomicUsize,
}

impl Gauge {
    /// A lane with this name, which shows nothing yet.
    pub fn new(name: &str) -> Self {
        Gauge {
            lane: lane(name),
            most: AtomicUsize::new(0),
        }
    }

    /// Shows how much there is from now on.
    pub fn show(&self, amount: usize) {
        self.most.fetch_max(amount, Ordering::Relaxed);
        self.lane.in_scope(|| level(amount));
    }

    /// The most that was shown.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Marks the lane as done.
    pub fn end(&self) {
        self.lane.in_scope(|| mark(Mark::Done, ""));
    }
}
