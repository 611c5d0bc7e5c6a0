//! Turns tracing spans and events into a picture of what ran when.
//!
//! A demo says what its tasks do with [`track`], [`waiting`], [`working`], [`holding`], [`mark()`],
//! [`level`] and [`say!`](crate::say). These are plain tracing spans and events with the target
//! [`TARGET`]. The layer that [`recorder`] makes collects them, on Tokio's clock, into a
//! [`Timeline`], which [`text`], [`svg`], [`table`] and [`json`] draw.
//!
//! A lane is one task. It starts when its task is first polled and ends at its first end mark
//! ([`Mark::is_end`]); what comes after that is not recorded. A task that is dropped before it has
//! marked its end is marked [`Mark::Cancelled`], or [`Mark::Panicked`] when a panic went through
//! it, and says so in the transcript. A bar or a mark outside of every lane is not recorded.
//!
//! ```
//! use std::{io, time::Duration};
//!
//! use common::timeline::{self, text, track, waiting};
//! use tokio::time::sleep;
//! use tracing::Instrument;
//! use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};
//!
//! async fn fetch(delay: Duration) -> io::Result<()> {
//!     sleep(delay).instrument(waiting("for the answer")).await;
//!     common::say!("200 OK");
//!     Ok(())
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> io::Result<()> {
//!     let (layer, recording) = timeline::recorder(|line| {
//!         println!("{:>8}  {}", timeline::time(line.at), line.text);
//!     });
//!     let _subscriber = tracing_subscriber::registry().with(layer).set_default();
//!     recording.start();
//!
//!     track("weather", fetch(Duration::from_millis(300))).await?;
//!
//!     let picture = text::draw(&recording.snapshot(), 80, false);
//!     assert!(picture.starts_with("1 lane in 300 ms: 1 done\n"));
//!     Ok(())
//! }
//! ```

mod gauge;
mod instrument;
pub mod json;
mod layout;
mod record;
mod slots;
pub mod svg;
pub mod table;
pub mod text;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use gauge::Gauge;
pub use instrument::{Bars, holding, lane, level, mark, say, track, track_value, waiting, working};
pub use layout::{count, milliseconds, plain, time};
pub use record::{Recording, recorder};
pub use slots::Slots;

/// The target of every span and event that the timeline is made of.
pub const TARGET: &str = "timeline";

/// What was recorded. All times are counted from the start of the recording.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Timeline {
    /// The last moment: now, while a lane is open, or else the time of the last thing recorded.
    #[serde(with = "json::milliseconds")]
    pub length: Duration,
    /// The lanes, in the order in which they were created.
    pub lanes: Vec<Lane>,
    /// The transcript, in the order in which the lines were said.
    pub lines: Vec<Line>,
}

/// One task.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Lane {
    /// The name that the demo gave it. Two lanes may have the same name.
    pub name: String,
    /// When the task was first polled, or created when that has not happened yet.
    #[serde(with = "json::milliseconds")]
    pub start: Duration,
    /// When the task ended, or `None` when it is still running.
    #[serde(with = "json::milliseconds_or_null")]
    pub end: Option<Duration>,
    /// What the task did, in order of start. Bars may nest, and overlap.
    pub bars: Vec<Bar>,
    /// How much there was of what it counts, in order of time. Empty for a lane that counts nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelAt>,
    /// Instants, in order of time. An end mark is the last.
    pub marks: Vec<MarkAt>,
}

impl Lane {
    /// How the task ended, or `None` when it is still running.
    pub fn outcome(&self) -> Option<Mark> {
        let end = self.marks.iter().find(|mark| mark.mark.is_end());
        end.map(|end| end.mark)
    }
}

/// What a task did for a while.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Bar {
    /// The kind of thing it did.
    pub state: State,
    /// A few words after the state: "for the answer", "permit".
    pub what: String,
    /// When it began.
    #[serde(with = "json::milliseconds")]
    pub start: Duration,
    /// When it was over; in a snapshot, the moment of the snapshot when it is not over yet.
    #[serde(with = "json::milliseconds")]
    pub end: Duration,
}

/// A change of what a lane counts, such as the jobs in a queue.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct LevelAt {
    /// How much there was from then on, until the next change.
    pub level: usize,
    /// When it was.
    #[serde(with = "json::milliseconds")]
    pub at: Duration,
}

/// An instant in a lane.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct MarkAt {
    /// The kind of instant.
    pub mark: Mark,
    /// A few words: the error of a failure, for example. May be empty.
    pub text: String,
    /// When it was.
    #[serde(with = "json::milliseconds")]
    pub at: Duration,
}

/// A line of the transcript.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Line {
    /// When it was said.
    #[serde(with = "json::milliseconds")]
    pub at: Duration,
    /// The name of the lane that said it, or `None` when it was said outside of every lane.
    pub lane: Option<String>,
    /// The line, without a line break at its end.
    pub text: String,
}

/// What a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// For something that others do.
    Waiting,
    /// On something itself.
    Working,
    /// A resource that others may want.
    Holding,
}

impl State {
    /// Every state, in the order of a legend.
    pub const ALL: [State; 3] = [State::Waiting, State::Working, State::Holding];

    /// The word for it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Working => "working",
            State::Holding => "holding",
        }
    }
}

/// A kind of instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A flag was raised.
    Set,
    /// A flag was lowered.
    Cleared,
    /// The task was woken by another.
    Woken,
    /// The end: the task has its value.
    Done,
    /// The end: the task has an error.
    Failed,
    /// The end: the task was dropped before it had finished.
    Cancelled,
    /// The end: the task panicked.
    Panicked,
}

impl Mark {
    /// Every mark, in the order of a legend. The ends come last.
    pub const ALL: [Mark; 7] = [
        Mark::Set,
        Mark::Cleared,
        Mark::Woken,
        Mark::Done,
        Mark::Failed,
        Mark::Cancelled,
        Mark::Panicked,
    ];

    /// The word for it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Set => "set",
            Mark::Cleared => "cleared",
            Mark::Woken => "woken",
            Mark::Done => "done",
            Mark::Failed => "failed",
            Mark::Cancelled => "cancelled",
            Mark::Panicked => "panicked",
        }
    }

    /// Whether it ends its lane.
    pub fn is_end(self) -> bool {
        match self {
            Mark::Done | Mark::Failed | Mark::Cancelled | Mark::Panicked => true,
            Mark::Set | Mark::Cleared | Mark::Woken => false,
        }
    }
}
