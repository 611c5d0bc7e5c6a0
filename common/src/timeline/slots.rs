use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{Instrument, Span};

use super::{Mark, lane, mark};

/// Lanes for work that comes and goes. Each piece of work takes the first lane that is free, so
/// there are as many lanes as there was ever work at the same time.
///
/// The lanes are named after what they are, and numbered: `slot 1`, `slot 2`. They stay open until
/// [`end`](Slots::end).
///
/// ```
/// use std::time::Duration;
///
/// use common::timeline::{self, Slots};
/// use tokio::time::sleep;
/// use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let (layer, recording) = timeline::recorder(|_| {});
///     let _subscriber = tracing_subscriber::registry().with(layer).set_default();
///
///     let slots = Slots::new("slot");
///     let work = |millis| slots.run(sleep(Duration::from_millis(millis)));
///     tokio::join!(work(10), work(20));
///     work(10).await;
///     slots.end();
///
///     let lanes = recording.snapshot().lanes;
///     assert_eq!(lanes.iter().map(|lane| &*lane.name).collect::<Vec<_>>(), ["slot 1", "slot 2"]);
/// }
/// ```
#[derive(Debug)]
pub struct Slots {
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lanes: Vec<Span>,
    free: BTreeSet<usize>,
}

/// A lane in use. Dropping it frees the lane, also when the work was cancelled.
struct Taken<'a> {
    slots: &'a Slots,
    index: usize,
}

impl Slots {
    /// No lanes yet.
    pub fn new(name: &str) -> Self {
        Slots {
            name: name.to_owned(),
            state: Mutex::default(),
        }
    }

    /// Runs the future in the first lane that is free, or else in a new one.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        let (_taken, lane) = self.take();
        future.instrument(lane).await
    }

    /// Marks every lane as done.
    pub fn end(&self) {
        for lane in &self.lock().lanes {
            lane.in_scope(|| mark(Mark::Done, ""));
        }
    }

    fn take(&self) -> (Taken<'_>, Span) {
        let mut state = self.lock();
        let index = state.free.pop_first().unwrap_or_else(|| {
            let number = state.lanes.len() + 1;
            state.lanes.push(lane(&format!("{} {number}", self.name)));
            number - 1
        });
        (Taken { slots: self, index }, state.lanes[index].clone())
    }

    // Nothing panics while it holds the lock, so that a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.slots.lock().free.insert(self.index);
    }
}
