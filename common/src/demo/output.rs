//! What a demo prints: its transcript and its timeline, or with `--live` snapshots of the timeline.

use std::io::{self, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::end;
use crate::timeline::{self, Line, Recording, Timeline, text};

/// A line that a demo prints with `--live`. The last one stands for the whole run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Snapshot {
    /// What was recorded so far.
    pub timeline: Timeline,
    /// What to notice, once the story was told.
    pub notice: Option<String>,
}

/// Where the transcript goes. Remembers the first failure, so that the demo can stop.
#[derive(Default)]
pub(super) struct Output {
    error: Mutex<Option<io::Error>>,
    failed: Notify,
}

impl Output {
    pub(super) fn line(&self, line: &Line) {
        let text = match &line.lane {
            Some(lane) => format!("{:>8}  {lane:<8}  {}", timeline::time(line.at), line.text),
            None => line.text.clone(),
        };
        self.print(&format!("{}\n", text.trim_end()));
    }

    pub(super) fn end(&self, picture: &Timeline, notice: Option<&str>) {
        let width = terminal_size::terminal_size_of(io::stdout());
        let width = width.map_or(80, |(columns, _)| usize::from(columns.0));
        let color = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        let drawing = text::draw(picture, width, color);
        self.print(&format!("\ntimeline\n{drawing}"));
        if let Some(notice) = notice {
            self.print(&format!("\n{notice}\n"));
        }
    }

    /// Returns how many bytes it has printed.
    pub(super) fn snapshot(&self, timeline: &Timeline, notice: Option<String>) -> usize {
        let timeline = timeline.clone();
        let json = serde_json::to_string(&Snapshot { timeline, notice });
        let json = json.expect("text and finite numbers always have a form in JSON");
        self.print(&format!("{json}\n"));
        json.len()
    }

    fn print(&self, text: &str) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none()
            && let Err(error) = AutoStream::auto(io::stdout().lock()).write_all(text.as_bytes())
        {
            *first = Some(error);
            self.failed.notify_one();
        }
    }

    /// Waits until something could not be printed.
    pub(super) async fn failed(&self) {
        self.failed.notified().await;
    }

    pub(super) fn result(&self) -> anyhow::Result<()> {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        end::written(first.take().map_or(Ok(()), Err))
    }
}

/// The thread that prints a growing timeline. Dropping it ends the thread.
///
/// A thread, so that it shows also what a blocking call does, and does not move a paused clock.
pub(super) struct Live {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The pause between two snapshots of a growing timeline: short to the eye.
const FRAME: Duration = Duration::from_millis(50);

impl Live {
    pub(super) fn start(recording: &Recording, output: &Arc<Output>) -> Self {
        let (end, ended) = mpsc::channel();
        let (recording, output) = (recording.clone(), output.clone());
        let thread = thread::spawn(move || {
            let mut pause = FRAME;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let start = Instant::now();
                let bytes = output.snapshot(&recording.snapshot(), None);
                // A large one takes time itself, and the demo gets most of it. It also comes less
                // often: at most a megabyte in a second, or a long run would print gigabytes.
                let size = Duration::from_micros(u64::try_from(bytes).unwrap_or(u64::MAX));
                pause = FRAME.max(4 * start.elapsed()).max(size);
            }
        });
        Live {
            end: Some(end),
            thread: Some(thread),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has no panic of its own to tell of.
            let _ = thread.join();
        }
    }
}
