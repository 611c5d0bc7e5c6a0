//! A timeline as text, for a terminal.
//!
//! ```text
//! 2 lanes in 300 ms: 1 done, 1 failed
//!          0           100 ms     200 ms      300 ms
//!          ├───────────┼──────────┼───────────┼
//! weather  ░░░░░░░░░░░░░░░░░░░░░░░████████████✓  done 300 ms
//! news     ░░░░░░░░░░░░░░░░░░✗                   failed 150 ms
//! ░ waiting  █ working  ✓ done  ✗ failed
//! ```
//!
//! A dot is a time in which a task has no bar.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

use super::{Lane, Mark, State, Timeline, layout};

const GAP: usize = 2;

/// Draws the timeline in lines of at most `width` columns, each with a line break at its end.
///
/// A `width` below 40 is taken as 40, and one above 200 as 200. With `color` it has ANSI escapes;
/// it says the same without.
pub fn draw(timeline: &Timeline, width: usize, color: bool) -> String {
    let width = width.clamp(40, 200);
    let fold = layout::fold(timeline);
    let columns = Columns::new(&fold.lanes, width);

    let mut lines = wrap(&layout::summary(timeline), " ", width);
    let most = layout::most(&fold.lanes);
    lines.extend(axis(timeline.length, &columns, width));
    for lane in &fold.lanes {
        lines.push(row(lane, timeline.length, most, &columns, color));
    }
    if let Some(rest) = &fold.rest {
        lines.extend(wrap(rest, " ", width));
    }
    lines.extend(legend(&fold.lanes, width, color));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// How wide the parts of a line are.
struct Columns {
    name: usize,
    // One more column follows, for a mark at the very end.
    bars: usize,
    outcome: usize,
}

impl Columns {
    fn new(lanes: &[&Lane], width: usize) -> Self {
        let widest =
            |texts: &mut dyn Iterator<Item = String>| texts.map(|text| columns(&text)).max();
        let names = widest(&mut lanes.iter().map(|lane| layout::name(lane)));
        let outcomes = widest(&mut lanes.iter().map(|lane| layout::outcome(lane)));
        let name = names.unwrap_or(0).min(width / 4);
        let outcome = outcomes.unwrap_or(0).min(width / 2);
        Columns {
            name,
            bars: width - name - GAP - 1 - GAP - outcome,
            outcome,
        }
    }

    /// The column of a moment, from zero to the number of columns for bars.
    fn of(&self, time: Duration, length: Duration) -> usize {
        let share = time.as_secs_f64() / length.as_secs_f64();
        // Without a length everything happens at zero. A float too large is cut off by the cast.
        match share.is_finite() {
            true => ((share * self.bars as f64).round() as usize).min(self.bars),
            false => 0,
        }
    }
}

fn axis(length: Duration, columns: &Columns, width: usize) -> [String; 2] {
    let left = columns.name + GAP;
    let mut labels = String::new();
    let mut rule = vec!['─'; columns.bars + 1];
    let label_width = layout::tick(length, length).len() + GAP;
    for tick in layout::ticks(length, columns.bars / label_width) {
        let column = columns.of(tick, length);
        let label = layout::tick(tick, length);
        rule[column] = if column == 0 { '├' } else { '┼' };
        let start = left + column;
        let is_free = labels.is_empty() || start > labels.len();
        if is_free && start + label.len() <= width {
            labels += &" ".repeat(start - labels.len());
            labels += &label;
        }
    }
    let rule: String = rule.into_iter().collect();
    [labels, format!("{}{rule}", " ".repeat(left))]
}

fn row(lane: &Lane, length: Duration, most: usize, columns: &Columns, color: bool) -> String {
    let column = |time| columns.of(time, length);
    let mut cells = vec![(' ', Style::new()); columns.bars + 1];
    let end = column(lane.end.unwrap_or(length));
    cells[column(lane.start).min(end)..end].fill(('·', Style::new().dimmed()));
    let shortest = length / columns.bars as u32;
    for (start, end, at_most) in layout::levels(lane, shortest, length) {
        let start = column(start);
        let end = column(end).max(start + 1).min(cells.len());
        cells[start..end].fill(level(at_most, most));
    }
    for piece in layout::pieces(lane, shortest) {
        let start = column(piece.start);
        let end = column(piece.end).max(start + 1).min(cells.len());
        cells[start..end].fill(state(piece.state()));
    }
    for (kind, marks) in layout::marks(lane, Duration::ZERO) {
        for at in marks {
            cells[column(at.at)] = mark(kind);
        }
    }

    let name = fit(&layout::name(lane), columns.name);
    let outcome = fit(&layout::outcome(lane), columns.outcome);
    let style = lane.outcome().map_or(Style::new(), |end| mark(end).1);
    let mut line = format!(
        "{name}{}",
        " ".repeat(columns.name - self::columns(&name) + GAP)
    );
    for same in cells.chunk_by(|a, b| a.1 == b.1) {
        let text: String = same.iter().map(|(glyph, _)| glyph).collect();
        line += &paint(&text, same[0].1, color);
    }
    line + &" ".repeat(GAP) + &paint(&outcome, style, color)
}

fn legend(lanes: &[&Lane], width: usize, color: bool) -> Vec<String> {
    let (states, marks) = layout::legend(lanes);
    let states = states.into_iter().map(|kind| (state(kind), kind.name()));
    let marks = marks.into_iter().map(|kind| (mark(kind), kind.name()));
    let entries: Vec<_> = states.chain(marks).collect();
    let mut words: Vec<_> = entries
        .iter()
        .map(|((glyph, _), name)| format!("{glyph} {name}"))
        .collect();
    let most = layout::most(lanes);
    if most > 0 {
        words.push(format!(
            "{} {}",
            level(most, most).0,
            layout::level_word(most)
        ));
    }
    let mut lines = wrap(&words.join("  "), "  ", width);
    if color {
        for ((glyph, style), _) in entries {
            let painted = paint(&glyph.to_string(), style, color);
            for line in &mut lines {
                *line = line.replace(glyph, &painted);
            }
        }
    }
    lines
}

fn state(state: State) -> (char, Style) {
    match state {
        State::Waiting => ('░', AnsiColor::Yellow.on_default()),
        State::Working => ('█', AnsiColor::Blue.on_default()),
        State::Holding => ('▓', AnsiColor::Magenta.on_default()),
    }
}

/// In proportion to the greatest. The full block is a state.
fn level(level: usize, most: usize) -> (char, Style) {
    const HEIGHTS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    let share = level as f64 / most as f64;
    let height = (share * HEIGHTS.len() as f64).ceil() as usize;
    (HEIGHTS[height.clamp(1, HEIGHTS.len()) - 1], Style::new())
}

fn mark(mark: Mark) -> (char, Style) {
    match mark {
        Mark::Set => ('▲', AnsiColor::Cyan.on_default()),
        Mark::Cleared => ('▽', AnsiColor::Cyan.on_default()),
        Mark::Woken => ('◆', AnsiColor::Cyan.on_default()),
        Mark::Done => ('✓', AnsiColor::Green.on_default()),
        Mark::Failed => ('✗', AnsiColor::Red.on_default()),
        Mark::Cancelled => ('⊘', AnsiColor::Yellow.on_default()),
        Mark::Panicked => ('!', AnsiColor::Red.on_default().bold()),
    }
}

fn paint(text: &str, style: Style, color: bool) -> String {
    match color {
        true => format!("{style}{text}{style:#}"),
        false => text.to_owned(),
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

// Character by character: a terminal may not join what Unicode joins.
fn char_columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn fit(text: &str, room: usize) -> String {
    layout::cut(text, room as f64, |c| char_columns(c) as f64)
}

/// Breaks a text of short words into lines, between words.
fn wrap(text: &str, between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(between).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(between) + columns(word) <= width => {
                *line += between;
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
