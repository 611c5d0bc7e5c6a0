use std::{
    collections::HashMap,
    fmt::Debug,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use tokio::{runtime::Handle, time::Instant};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, filter::filter_fn, layer::Context, registry::LookupSpan};

use super::{Bar, Lane, LevelAt, Line, Mark, MarkAt, State, TARGET, Timeline};

/// A layer that records a timeline, and a handle to what it has recorded.
///
/// The layer brings its own filter: other layers and their filters neither see less nor slow it
/// down. It calls `on_line` with each line of the transcript as it is said, on the thread that says
/// it. Two threads that speak at once may call it at once.
pub fn recorder<S>(
    on_line: impl Fn(&Line) + Send + Sync + 'static,
) -> (impl Layer<S> + Send + Sync, Recording)
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let recording = Recording::default();
    let recorder = Recorder {
        recording: recording.clone(),
        on_line,
    };
    let ours = filter_fn(|metadata| metadata.target() == TARGET);
    let filter = ours.with_max_level_hint(LevelFilter::INFO);
    (recorder.with_filter(filter), recording)
}

/// What a [`recorder`] has recorded so far. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Recorded>>);

impl Recording {
    /// Makes this moment the timeline's zero. Without it, the first event is.
    ///
    /// Call it inside the runtime: the recording then reads that runtime's clock, paused or not,
    /// on every thread. Once the clock runs, another call does nothing.
    pub fn start(&self) {
        self.lock().now();
    }

    /// What was recorded up to now. Bars that are still open end now; lanes stay open.
    pub fn snapshot(&self) -> Timeline {
        let mut recorded = self.lock();
        if recorded.lanes.iter().any(|lane| lane.end.is_none()) {
            recorded.now();
        }
        let length = recorded.latest;
        let mut lanes = recorded.lanes.clone();
        // Bars are kept in the order in which they were made, not in which they began.
        let mut bars: Vec<&OpenBar> = recorded.bars.iter().collect();
        bars.sort_by_key(|bar| (bar.start, bar.order));
        for bar in bars {
            let Some(lane) = bar.lane else {
                continue;
            };
            let lane = &mut lanes[lane];
            let latest = lane.end.unwrap_or(length);
            lane.bars.push(Bar {
                state: bar.state,
                what: bar.what.clone(),
                start: bar.start,
                end: bar.end.unwrap_or(latest).min(latest),
            });
        }
        Timeline {
            length,
            lanes,
            lines: recorded.lines.clone(),
        }
    }

    // Nothing panics while it holds the lock, so that a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Recorded {
    clock: Option<Clock>,
    latest: Duration,
    // Without their bars, which may still change their lane.
    lanes: Vec<Lane>,
    bars: Vec<OpenBar>,
    next_order: usize,
    lines: Vec<Line>,
    spans: HashMap<Id, Place>,
    // The spans that each thread is in, the innermost last.
    entered: HashMap<ThreadId, Vec<Id>>,
}

#[derive(Debug)]
struct Clock {
    zero: Instant,
    // A paused clock can be read inside of its runtime only.
    runtime: Option<Handle>,
}

#[derive(Debug)]
struct OpenBar {
    lane: Option<usize>,
    state: State,
    what: String,
    start: Duration,
    // Tells which of two bars is the outer one when both start at the same time.
    order: usize,
    end: Option<Duration>,
}

/// What a span stands for.
#[derive(Debug)]
struct Place {
    kind: Kind,
    entered: bool,
    // Entered by a panic that drops it: the panic came from elsewhere.
    dropped_by_panic: bool,
    // Left by a panic: the panic came from inside.
    panicked: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Lane(usize),
    Bar(usize),
}

impl Recorded {
    fn now(&mut self) -> Duration {
        let clock = self.clock.get_or_insert_with(|| Clock {
            zero: Instant::now(),
            runtime: Handle::try_current().ok(),
        });
        let _context = clock.runtime.as_ref().map(Handle::enter);
        let now = Instant::now().saturating_duration_since(clock.zero);
        self.latest = self.latest.max(now);
        self.latest
    }

    /// The lane of the innermost span that this thread is in.
    fn current_lane(&self) -> Option<usize> {
        let entered = self.entered.get(&thread::current().id())?;
        let mut kinds = entered.iter().rev().filter_map(|id| self.spans.get(id));
        kinds.find_map(|place| match place.kind {
            Kind::Lane(lane) => Some(lane),
            Kind::Bar(bar) => self.bars[bar].lane,
        })
    }

    fn is_open(&self, lane: usize) -> bool {
        self.lanes[lane].end.is_none()
    }

    fn open(&mut self, id: Id, kind: Kind) {
        let place = Place {
            kind,
            entered: false,
            dropped_by_panic: false,
            panicked: false,
        };
        self.spans.insert(id, place);
    }

    fn open_lane(&mut self, name: String) -> Kind {
        let start = self.now();
        self.lanes.push(Lane {
            name,
            start,
            ..Lane::default()
        });
        Kind::Lane(self.lanes.len() - 1)
    }

    fn open_bar(&mut self, state: State, what: String) -> Kind {
        let start = self.now();
        let lane = self.current_lane().filter(|&lane| self.is_open(lane));
        let order = self.next_order();
        self.bars.push(OpenBar {
            lane,
            state,
            what,
            start,
            order,
            end: None,
        });
        Kind::Bar(self.bars.len() - 1)
    }

    fn enter(&mut self, id: &Id) {
        let outer = self.current_lane();
        let Some(place) = self.spans.get_mut(id) else {
            return;
        };
        place.dropped_by_panic |= thread::panicking();
        let is_first = !mem::replace(&mut place.entered, true);
        let kind = place.kind;
        let entered = self.entered.entry(thread::current().id()).or_default();
        entered.push(id.clone());
        if is_first {
            self.begin(kind, outer);
        }
    }

    /// A future is instrumented where it is made. It begins where it is first polled, which may be
    /// later, and in another lane.
    fn begin(&mut self, kind: Kind, outer: Option<usize>) {
        let now = self.now();
        match kind {
            Kind::Lane(lane) if self.is_open(lane) => self.lanes[lane].start = now,
            Kind::Lane(_) => {}
            Kind::Bar(bar) => {
                let lane = outer.or(self.bars[bar].lane);
                self.bars[bar].lane = lane.filter(|&lane| self.is_open(lane));
                self.bars[bar].start = now;
                self.bars[bar].order = self.next_order();
            }
        }
    }

    fn next_order(&mut self) -> usize {
        self.next_order += 1;
        self.next_order
    }

    fn exit(&mut self, id: &Id) {
        let thread = thread::current().id();
        if let Some(entered) = self.entered.get_mut(&thread) {
            if let Some(last) = entered.iter().rposition(|other| other == id) {
                entered.remove(last);
            }
            if entered.is_empty() {
                self.entered.remove(&thread);
            }
        }
        if let Some(place) = self.spans.get_mut(id) {
            place.panicked |= thread::panicking() && !place.dropped_by_panic;
        }
    }

    /// Returns the line to say, if there is one.
    fn close(&mut self, id: &Id) -> Option<Line> {
        let place = self.spans.remove(id)?;
        match place.kind {
            Kind::Bar(bar) => {
                self.bars[bar].end = Some(self.now());
                None
            }
            Kind::Lane(lane) if self.is_open(lane) => {
                let end = match place.panicked {
                    true => Mark::Panicked,
                    false => Mark::Cancelled,
                };
                self.mark(lane, end, String::new());
                Some(self.say(Some(lane), end.name().to_owned()))
            }
            Kind::Lane(_) => None,
        }
    }

    fn mark(&mut self, lane: usize, mark: Mark, text: String) {
        let at = self.now();
        if self.is_open(lane) {
            let lane = &mut self.lanes[lane];
            lane.marks.push(MarkAt { mark, text, at });
            lane.end = mark.is_end().then_some(at);
        }
    }

    fn level(&mut self, lane: usize, level: usize) {
        let at = self.now();
        if self.is_open(lane) {
            self.lanes[lane].levels.push(LevelAt { level, at });
        }
    }

    fn say(&mut self, lane: Option<usize>, text: String) -> Line {
        let line = Line {
            at: self.now(),
            lane: lane.map(|lane| self.lanes[lane].name.clone()),
            text,
        };
        self.lines.push(line.clone());
        line
    }
}

struct Recorder<C> {
    recording: Recording,
    on_line: C,
}

impl<S, C> Layer<S> for Recorder<C>
where
    S: Subscriber,
    C: Fn(&Line) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let fields = Fields::of(|fields| attributes.record(fields));
        let name = attributes.metadata().name();
        let state = State::ALL.into_iter().find(|state| state.name() == name);
        let mut recorded = self.recording.lock();
        let kind = match (name, state) {
            ("lane", _) => recorded.open_lane(fields.name),
            (_, Some(state)) => recorded.open_bar(state, fields.text),
            (_, None) => return,
        };
        recorded.open(id.clone(), kind);
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.recording.lock().enter(id);
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        self.recording.lock().exit(id);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let line = self.recording.lock().close(&id);
        if let Some(line) = line {
            (self.on_line)(&line);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let fields = Fields::of(|fields| event.record(fields));
        let mut recorded = self.recording.lock();
        let lane = recorded.current_lane();
        if let Some(mark) = fields.mark {
            if let Some(lane) = lane {
                recorded.mark(lane, mark, fields.text);
            }
        } else if let Some(level) = fields.level {
            if let Some(lane) = lane {
                recorded.level(lane, level);
            }
        } else if let Some(message) = fields.message {
            let line = recorded.say(lane, message);
            // What it calls may use the recording.
            drop(recorded);
            (self.on_line)(&line);
        }
    }
}

#[derive(Default)]
struct Fields {
    name: String,
    text: String,
    mark: Option<Mark>,
    level: Option<usize>,
    message: Option<String>,
}

impl Fields {
    fn of(record: impl FnOnce(&mut Self)) -> Self {
        let mut fields = Fields::default();
        record(&mut fields);
        fields
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "lane" => self.name = value.to_owned(),
            "what" | "text" => self.text = value.to_owned(),
            "mark" => self.mark = Mark::ALL.into_iter().find(|mark| mark.name() == value),
            "level" => self.level = value.parse().ok(),
            "message" => self.message = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
