//! Shows how far work has come that is done in many pieces, of which several run at once.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish};
use tracing::Span;

use crate::say;
use crate::timeline::Slots;

/// A bar where somebody watches, a line for each tenth of the work, and a lane for each piece that
/// runs at the same time as others.
#[derive(Debug)]
pub struct Progress {
    // First, so that it is gone before a lane says that it was cancelled.
    bar: ProgressBar,
    caller: Span,
    slots: Slots,
    total: usize,
    verb: &'static str,
    ended: AtomicUsize,
}

impl Progress {
    /// Begins work in so many pieces. The lane of the caller says how many are `verb`, such as
    /// "answered".
    ///
    /// There is no bar on the paused clock, where nobody waits.
    pub fn start(caller: &Span, total: usize, verb: &'static str, paused: bool) -> Arc<Self> {
        let is_watched = !paused && io::stdout().is_terminal() && io::stderr().is_terminal();
        let target = match is_watched {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        Arc::new(Progress {
            bar: bar.with_finish(ProgressFinish::AndClear),
            caller: caller.clone(),
            slots: Slots::new("slot"),
            total,
            verb,
            ended: AtomicUsize::new(0),
        })
    }

    /// Runs a piece of the work in the first lane that is free.
    pub async fn run<F: Future>(self: Arc<Self>, piece: F) -> F::Output {
        let output = self.slots.run(piece).await;
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        if ended.is_multiple_of(self.total.div_ceil(10)) {
            let say = || say!("{ended} of {} {}", self.total, self.verb);
            self.bar.suspend(|| self.caller.in_scope(say));
        }
        output
    }

    /// Takes the bar away, and marks the lanes of the pieces as done.
    pub fn end(&self) {
        self.bar.finish_and_clear();
        self.slots.end();
    }
}
