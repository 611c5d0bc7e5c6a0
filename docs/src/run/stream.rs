//! What a page gets of a run: a line of JSON for each event.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use common::demo::Snapshot;
use common::timeline::{self, Timeline};
use futures::stream;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::build::Building;
use super::demo::{End, Progress};
use super::in_turn;
use crate::book::player;

/// The pause between two pictures: short to the eye, and time for others.
const FRAME: Duration = Duration::from_millis(50);

/// An event, as the page reads it: `{"started":{"command":"…"}}`.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Event<'a> {
    Building(&'a Building),
    Started {
        command: &'a str,
    },
    Frame {
        html: &'a str,
        length: f64,
    },
    Ended {
        #[serde(flatten)]
        end: &'a End,
        notice: Option<&'a str>,
        timeline: Option<&'a Timeline>,
    },
}

impl Event<'_> {
    fn line(&self) -> Bytes {
        let json = serde_json::to_string(self);
        let json = json.expect("text and finite numbers always have a form in JSON");
        (json + "\n").into()
    }
}

/// The events of a run. It holds the newest state of the run only, so that a slow reader costs no
/// memory and does not hold up the demo. Dropping the body drops `task`, and that stops the run.
pub(super) fn body(
    progress: watch::Receiver<Progress>,
    axis: Duration,
    turns: Arc<Semaphore>,
    task: AbortOnDropHandle<()>,
) -> Body {
    let events = Events {
        progress,
        axis,
        turns,
        shown: Progress::default(),
        next_frame: Instant::now(),
        _task: task,
    };
    Body::from_stream(stream::unfold(events, async |mut events| {
        let line = events.next().await?;
        Some((Ok::<_, std::convert::Infallible>(line), events))
    }))
}

struct Events {
    progress: watch::Receiver<Progress>,
    axis: Duration,
    /// Who may draw.
    turns: Arc<Semaphore>,
    /// What the reader knows.
    shown: Progress,
    next_frame: Instant,
    _task: AbortOnDropHandle<()>,
}

impl Events {
    /// The next event, or `None` after the last.
    async fn next(&mut self) -> Option<Bytes> {
        if self.shown.ended.is_some() {
            return None;
        }
        loop {
            let now = self.progress.borrow_and_update().clone();
            if now.building != self.shown.building && self.shown.started.is_none() {
                self.shown.building = now.building;
                return self
                    .shown
                    .building
                    .as_ref()
                    .map(|now| Event::Building(now).line());
            }
            if now.started != self.shown.started {
                self.shown.started = now.started;
                let command = self.shown.started.as_deref()?;
                return Some(Event::Started { command }.line());
            }
            if let Some(snapshot) = &now.newest
                && !self.has_shown(snapshot)
                && (now.ended.is_some() || self.next_frame <= Instant::now())
            {
                return Some(self.frame(snapshot.clone()).await);
            }
            if let Some(end) = now.ended {
                return Some(self.end(end));
            }
            let is_late = now.newest.is_some_and(|newest| !self.has_shown(&newest));
            tokio::select! {
                changed = self.progress.changed() => if changed.is_err() && !self.has_ended() {
                    return Some(self.end(End::failed("the server gave the run up")));
                },
                () = sleep_until(self.next_frame), if is_late => {}
            }
        }
    }

    fn has_shown(&self, snapshot: &Arc<Snapshot>) -> bool {
        let shown = self.shown.newest.as_ref();
        shown.is_some_and(|shown| ptr::eq(&**shown, &**snapshot))
    }

    fn has_ended(&self) -> bool {
        self.progress.borrow().ended.is_some()
    }

    async fn frame(&mut self, snapshot: Arc<Snapshot>) -> Bytes {
        let (newest, axis) = (snapshot.clone(), self.axis);
        let drawn = in_turn(&self.turns, move || {
            player::timeline(&newest.timeline, axis).into_string()
        })
        .await;
        let length = timeline::milliseconds(snapshot.timeline.length);
        self.shown.newest = Some(snapshot);
        self.next_frame = Instant::now() + FRAME;
        match drawn {
            Some(html) => Event::Frame {
                html: &html,
                length,
            }
            .line(),
            None => self.end(End::failed("the timeline cannot be drawn")),
        }
    }

    fn end(&mut self, end: End) -> Bytes {
        let last = self.shown.newest.as_deref();
        let event = Event::Ended {
            end: &end,
            notice: last.and_then(|last| last.notice.as_deref()),
            timeline: last.map(|last| &last.timeline),
        };
        let line = event.line();
        self.shown.ended = Some(end);
        line
    }
}
