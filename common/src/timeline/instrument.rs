use std::fmt::{Arguments, Display};

use tracing::instrument::Instrumented;
use tracing::{Instrument, Span, info, info_span};

use super::{Mark, TARGET};

/// A span that is a lane: a root, whatever the current span is.
///
/// [`track`] is the usual way to have one. The lane ends with its end mark, or else when the span
/// closes, which is when the span and all its child spans have been dropped.
pub fn lane(name: &str) -> Span {
    info_span!(target: TARGET, parent: None, "lane", lane = name)
}

/// A span that is a bar of [`State::Waiting`](super::State::Waiting) in the current lane.
///
/// Instrument a future with it, or enter it in code that does not await. The bar begins when the
/// span is first entered, in the lane that is current then, and ends when the span is dropped. A
/// span that is only held, and never entered, begins where it is made.
pub fn waiting(what: &str) -> Span {
    info_span!(target: TARGET, "waiting", what)
}

/// A span that is a bar of [`State::Working`](super::State::Working), like [`waiting`].
pub fn working(what: &str) -> Span {
    info_span!(target: TARGET, "working", what)
}

/// A span that is a bar of [`State::Holding`](super::State::Holding), like [`waiting`].
pub fn holding(what: &str) -> Span {
    info_span!(target: TARGET, "holding", what)
}

/// Shows what a future does, as a bar in the lane in which it runs.
///
/// ```
/// use std::time::Duration;
///
/// use common::timeline::Bars;
/// use tokio::time::sleep;
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     sleep(Duration::from_millis(300)).waiting("for the answer").await;
/// }
/// ```
pub trait Bars: Future + Sized {
    /// The future, with a bar of [`waiting`] from its first poll to its end.
    fn waiting(self, what: &str) -> Instrumented<Self> {
        self.instrument(waiting(what))
    }

    /// The future, with a bar of [`working`].
    fn working(self, what: &str) -> Instrumented<Self> {
        self.instrument(working(what))
    }

    /// The future, with a bar of [`holding`].
    fn holding(self, what: &str) -> Instrumented<Self> {
        self.instrument(holding(what))
    }
}

impl<F: Future> Bars for F {}

/// Marks this instant in the current lane.
pub fn mark(mark: Mark, text: &str) {
    info!(target: TARGET, mark = mark.name(), text);
}

/// Records how much there is of what the current lane counts, from now on.
pub fn level(level: usize) {
    info!(target: TARGET, level);
}

/// Says a line of the transcript. [`say!`](crate::say) is the short way to call it.
pub fn say(line: Arguments<'_>) {
    info!(target: TARGET, "{line}");
}

/// Says a line of the transcript, in the current lane if there is one. Takes what `format!` takes.
#[macro_export]
macro_rules! say {
    ($($argument:tt)+) => {
        $crate::timeline::say(::std::format_args!($($argument)+))
    };
}

/// Says a line of the transcript and an empty one: the title of what comes next. Takes what
/// `format!` takes.
#[macro_export]
macro_rules! title {
    ($($argument:tt)+) => {{
        $crate::say!($($argument)+);
        $crate::say!("");
    }};
}

/// As [`title!`](crate::title), with an empty line before it, too: the title of a further part.
#[macro_export]
macro_rules! next_title {
    ($($argument:tt)+) => {{
        $crate::say!("");
        $crate::title!($($argument)+);
    }};
}

/// Runs the future in a lane of its own, and marks its end: `Ok` is done, `Err` has failed.
///
/// # Cancel safety
/// It does not change how the future is cancelled. Dropping it marks the lane as cancelled.
pub fn track<F, T, E>(name: &str, future: F) -> impl Future<Output = Result<T, E>> + use<F, T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    let tracked = async move {
        let result = future.await;
        match &result {
            Ok(_) => mark(Mark::Done, ""),
            Err(error) => mark(Mark::Failed, &error.to_string()),
        }
        result
    };
    tracked.instrument(lane(name))
}

/// Runs the future in a lane of its own, and marks it as done when it returns, whatever it returns.
///
/// # Cancel safety
/// As for [`track`].
pub fn track_value<F>(name: &str, future: F) -> impl Future<Output = F::Output> + use<F>
where
    F: Future,
{
    let tracked = async move {
        let value = future.await;
        mark(Mark::Done, "");
        value
    };
    tracked.instrument(lane(name))
}
