//! What the text, the SVG and the table have in common: which lanes, bars and marks are drawn, and the words.

use std::{collections::BTreeSet, time::Duration};

use super::{Bar, Lane, Mark, MarkAt, State, Timeline};

// More lanes than these are not read but skimmed.
const MOST_LANES: usize = 24;

// Bars inside of bars are told apart this deep.
const MOST_LEVELS: usize = 3;

/// The lanes to draw, and a line about the others.
pub(super) struct Fold<'a> {
    pub lanes: Vec<&'a Lane>,
    pub rest: Option<String>,
}

/// Chooses the first lanes, and the first of each kind of end among the others.
pub(super) fn fold(timeline: &Timeline) -> Fold<'_> {
    let lanes = &timeline.lanes;
    let mut shown = BTreeSet::new();
    for outcome in outcomes() {
        shown.extend(lanes.iter().position(|lane| lane.outcome() == outcome));
    }
    for index in 0..lanes.len() {
        if shown.len() < MOST_LANES {
            shown.insert(index);
        }
    }
    let is_shown = |index: &usize| shown.contains(index);
    let (shown, rest): (Vec<_>, Vec<_>) = (0..lanes.len()).partition(is_shown);
    let pick = |indices: Vec<usize>| -> Vec<&Lane> {
        let lanes = indices.into_iter().map(|index| &lanes[index]);
        lanes.collect()
    };
    Fold {
        lanes: pick(shown),
        rest: rest_line(&pick(rest), timeline.length),
    }
}

fn rest_line(rest: &[&Lane], now: Duration) -> Option<String> {
    let start = rest.iter().map(|lane| lane.start).min()?;
    let end = rest.iter().map(|lane| lane.end.unwrap_or(now)).max()?;
    let more = count(rest.len(), "more lane");
    let (ends, start, end) = (ends(rest), time(start), time(end));
    Some(format!("… {more}: {ends}, {start} to {end}"))
}

/// One sentence about the whole picture, such as `2 lanes in 300 ms: 1 done, 1 failed`.
pub(super) fn summary(timeline: &Timeline) -> String {
    let all: Vec<&Lane> = timeline.lanes.iter().collect();
    let lanes = count(all.len(), "lane");
    let size = format!("{lanes} in {}", time(timeline.length));
    match all.is_empty() {
        true => size,
        false => format!("{size}: {}", ends(&all)),
    }
}

fn ends(lanes: &[&Lane]) -> String {
    let counts = outcomes().filter_map(|outcome| {
        let same = lanes.iter().filter(|lane| lane.outcome() == outcome);
        let count = same.count();
        (count > 0).then(|| format!("{count} {}", outcome.map_or("running", Mark::name)))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn outcomes() -> impl Iterator<Item = Option<Mark>> {
    let ends = Mark::ALL.into_iter().filter(|mark| mark.is_end());
    ends.map(Some).chain([None])
}

/// How a lane ended, in words, such as `done 300 ms`.
pub(super) fn outcome(lane: &Lane) -> String {
    match lane.marks.iter().find(|mark| mark.mark.is_end()) {
        Some(end) => format!("{} {}", end.mark.name(), time(end.at)),
        None => "running".to_owned(),
    }
}

/// So many of something: `1 lane`, `2 lanes`.
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A time in words: whole milliseconds below ten seconds, then seconds with one decimal.
pub fn time(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    match milliseconds.round() {
        short if short < 10_000.0 => format!("{short} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

/// A bar as it is drawn, or several that lie too close to be told apart.
pub(super) struct Piece<'a> {
    /// How many bars it lies in.
    pub level: usize,
    pub start: Duration,
    pub end: Duration,
    pub bars: Vec<&'a Bar>,
}

impl Piece<'_> {
    /// The state that takes up most of its time.
    pub fn state(&self) -> State {
        let most = State::ALL.into_iter().rev().max_by_key(|&state| {
            let same = self.bars.iter().filter(|bar| bar.state == state);
            let time: u128 = same.clone().map(|bar| length(bar).as_nanos()).sum();
            (time, same.count())
        });
        most.unwrap_or(State::Waiting)
    }

    /// Its state, or how many of its bars have which.
    pub fn states(&self) -> String {
        if let [bar] = self.bars[..] {
            return bar.state.name().to_owned();
        }
        let counts = State::ALL.into_iter().filter_map(|state| {
            let same = self.bars.iter().filter(|bar| bar.state == state);
            let count = same.count();
            (count > 0).then(|| format!("{count} {}", state.name()))
        });
        counts.collect::<Vec<_>>().join(", ")
    }

    /// What it stands for, and when.
    pub fn words(&self) -> String {
        let what = match self.bars[..] {
            [bar] => format!("{} {}", self.states(), bar.what),
            ref bars => format!("{} bars drawn as one: {}", bars.len(), self.states()),
        };
        let length = self.end.saturating_sub(self.start);
        format!(
            "{}, {} to {} ({})",
            what.trim_end(),
            time(self.start),
            time(self.end),
            time(length)
        )
    }
}

fn length(bar: &Bar) -> Duration {
    bar.end.saturating_sub(bar.start)
}

/// The bars of a lane in the order to draw them, the outer before the inner. Bars shorter than
/// `shortest` are drawn as one where they lie together, and so are those that lie too deep.
pub(super) fn pieces(lane: &Lane, shortest: Duration) -> Vec<Piece<'_>> {
    let mut levels: [Vec<Piece>; MOST_LEVELS] = Default::default();
    for bar in &lane.bars {
        let is_free = |pieces: &Vec<Piece>| pieces.last().is_none_or(|last| last.end <= bar.start);
        let deepest = MOST_LEVELS - 1;
        let level = levels.iter().position(is_free).unwrap_or(deepest);
        let piece = Piece {
            level,
            start: bar.start,
            end: bar.end,
            bars: vec![bar],
        };
        match levels[level].last_mut() {
            Some(last) if bar.start < last.end || are_one(last, bar, shortest) => {
                last.end = last.end.max(bar.end);
                last.bars.push(bar);
            }
            _ => levels[level].push(piece),
        }
    }
    levels.into_iter().flatten().collect()
}

fn are_one(piece: &Piece, bar: &Bar, shortest: Duration) -> bool {
    let is_short = |bar: &Bar| length(bar) < shortest;
    is_short(bar)
        && piece.bars.last().is_some_and(|last| is_short(last))
        && bar.start.saturating_sub(piece.end) < shortest
}

/// The times at which a lane counted more than nothing, each with how much it was at most. Times
/// shorter than `shortest` are drawn as one where they lie together. `now` ends a lane that is open.
pub(super) fn levels(
    lane: &Lane,
    shortest: Duration,
    now: Duration,
) -> Vec<(Duration, Duration, usize)> {
    let ends = lane.levels.iter().skip(1).map(|next| next.at);
    let ends = ends.chain([lane.end.unwrap_or(now)]);
    let mut steps: Vec<(Duration, Duration, usize)> = Vec::new();
    for (from, end) in lane.levels.iter().zip(ends) {
        match steps.last_mut() {
            // What counts is the last level of an instant.
            _ if from.at == end => {}
            Some((start, last_end, most)) if end.saturating_sub(*start) < shortest => {
                *last_end = end;
                *most = from.level.max(*most);
            }
            _ => steps.push((from.at, end, from.level)),
        }
    }
    steps.retain(|&(_, _, most)| most > 0);
    steps
}

/// The greatest level in these lanes, which is drawn in full height, or zero where nothing is counted.
pub(super) fn most(lanes: &[&Lane]) -> usize {
    let levels = lanes.iter().flat_map(|lane| &lane.levels);
    levels.map(|level| level.level).max().unwrap_or(0)
}

/// What a level means in the legend.
pub(super) fn level_word(most: usize) -> String {
    format!("level, at most {most}")
}

/// The marks of a lane in the order to draw them; marks of one kind closer than `shortest` are one.
pub(super) fn marks(lane: &Lane, shortest: Duration) -> Vec<(Mark, Vec<&MarkAt>)> {
    let mut groups: Vec<(Mark, Vec<&MarkAt>)> = Vec::new();
    for kind in Mark::ALL {
        for mark in lane.marks.iter().filter(|mark| mark.mark == kind) {
            match groups.last_mut() {
                Some((last, group))
                    if *last == kind && mark.at.saturating_sub(group[0].at) < shortest =>
                {
                    group.push(mark);
                }
                _ => groups.push((kind, vec![mark])),
            }
        }
    }
    groups
}

/// The states and the marks that occur in these lanes.
pub(super) fn legend(lanes: &[&Lane]) -> (Vec<State>, Vec<Mark>) {
    let states = State::ALL.into_iter().filter(|state| {
        let mut bars = lanes.iter().flat_map(|lane| &lane.bars);
        bars.any(|bar| bar.state == *state)
    });
    let marks = Mark::ALL.into_iter().filter(|kind| {
        let mut marks = lanes.iter().flat_map(|lane| &lane.marks);
        marks.any(|mark| mark.mark == *kind)
    });
    (states.collect(), marks.collect())
}

/// Round times for an axis, from zero: as many as possible, in at most `most` steps, or else two.
pub(super) fn ticks(length: Duration, most: usize) -> Vec<Duration> {
    let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let most = u64::try_from(most).unwrap_or(u64::MAX).max(2);
    let steps = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let fits = |step: &u64| length / step <= most;
    let step = steps.into_iter().find(fits).unwrap_or(u64::MAX);
    let ticks = (0..=length / step).map(|tick| Duration::from_millis(tick * step));
    ticks.collect()
}

/// A tick in words, in one unit for the whole axis.
pub(super) fn tick(tick: Duration, length: Duration) -> String {
    match tick {
        Duration::ZERO => "0".to_owned(),
        _ if length < Duration::from_secs(10) => format!("{} ms", tick.as_millis()),
        _ => format!("{} s", tick.as_secs_f64()),
    }
}

/// A time as JSON and attributes have it: in milliseconds, to the microsecond.
///
/// Whole microseconds are exact in a float for the first 285 years, and short when written.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// The text without what is not one character in its place: line breaks, escapes, and the rest
/// that a terminal obeys and XML forbids.
pub fn plain(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let plain = text.chars().map(|c| if is_plain(c) { c } else { ' ' });
    plain.collect()
}

/// The lane's name, in a length that bears to be repeated for each of its bars.
pub(super) fn name(lane: &Lane) -> String {
    cut(&plain(&lane.name), 100.0, |_| 1.0)
}

/// The text, cut with an ellipsis where it is wider than `room`, by the width of each character.
pub(super) fn cut(text: &str, room: f64, width: impl Fn(char) -> f64) -> String {
    if text.chars().map(&width).sum::<f64>() <= room {
        return text.to_owned();
    }
    let mut left = room - width('…');
    let fits = |c: &char| {
        left -= width(*c);
        left >= 0.0
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}
