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

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    use super::*;
    use crate::timeline::recorder;

    #[tokio::test]
    async fn a_gauge_is_a_lane_and_knows_the_most() {
        let (layer, recording) = recorder(|_| {});
        let _subscriber = tracing_subscriber::registry().with(layer).set_default();
        recording.start();

        let gauge = Gauge::new("queue");
        for amount in [1, 3, 2] {
            gauge.show(amount);
        }
        gauge.end();
        assert_eq!(gauge.most(), 3);
        let lanes = recording.snapshot().lanes;
        let levels = lanes[0].levels.iter().map(|at| at.level);
        assert_eq!(levels.collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(lanes[0].outcome(), Some(Mark::Done));
    }
}
