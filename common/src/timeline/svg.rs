//! A timeline as SVG, for the book, for GitHub, and for a browser.
//!
//! The picture is 700 units wide, brings nothing from outside, and can stand in a page of Markdown
//! as it is. Its colours are the CSS properties of [`LIGHT`] on the class `timeline`, and of
//! [`DARK`] where the reader prefers dark. A page with themes of its own sets the same properties:
//!
//! ```
//! use common::timeline::svg;
//!
//! let css = format!("html.light .timeline {{ {} }}\nhtml.navy .timeline {{ {} }}\n", svg::LIGHT, svg::DARK);
//! assert!(css.contains("html.navy .timeline { --tl-paper:"));
//! ```

use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use super::{Lane, Mark, MarkAt, State, Timeline, layout};

/// The colours on light paper, as CSS declarations.
pub const LIGHT: &str = "--tl-paper: #ffffff; --tl-ink: #1f2328; --tl-faint: #59636e; \
    --tl-grid: #d1d9e0; --tl-waiting: #9a6700; --tl-working: #0969da; --tl-holding: #8250df; \
    --tl-done: #1a7f37; --tl-failed: #cf222e; --tl-cancelled: #59636e; --tl-panicked: #cf222e;";

/// The colours on dark paper, as CSS declarations.
pub const DARK: &str = "--tl-paper: #161b22; --tl-ink: #e6edf3; --tl-faint: #9da7b3; \
    --tl-grid: #30363d; --tl-waiting: #d29922; --tl-working: #58a6ff; --tl-holding: #bc8cff; \
    --tl-done: #3fb950; --tl-failed: #ff7b72; --tl-cancelled: #9da7b3; --tl-panicked: #ff7b72;";

const RULES: &str = "\
.timeline { max-width: 100%; height: auto; }
.timeline text { font: 13px system-ui, sans-serif; fill: var(--tl-ink); }
.timeline .tl-tick, .timeline .tl-word { font-size: 12px; fill: var(--tl-faint); }
.timeline .tl-tick { text-anchor: middle; }
.timeline .tl-paper { fill: var(--tl-paper); }
.timeline .tl-grid { stroke: var(--tl-grid); }
.timeline .tl-idle { stroke: var(--tl-faint); stroke-dasharray: 1 3; }
.timeline .tl-waiting { fill: var(--tl-waiting); }
.timeline .tl-working { fill: var(--tl-working); }
.timeline .tl-holding { fill: var(--tl-holding); }
.timeline .tl-bar.tl-waiting { fill: var(--tl-waiting-fill); stroke: var(--tl-waiting); }
.timeline .tl-bar.tl-working { stroke: var(--tl-working); }
.timeline .tl-bar.tl-holding { fill: var(--tl-holding-fill); stroke: var(--tl-holding); }
.timeline .tl-mark { fill: none; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; pointer-events: all; }
.timeline .tl-mark.tl-set { fill: var(--tl-ink); stroke: var(--tl-paper); paint-order: stroke; }
.timeline .tl-mark.tl-cleared { fill: var(--tl-paper); stroke: var(--tl-ink); stroke-width: 1.6; }
.timeline .tl-mark.tl-woken { fill: var(--tl-ink); stroke: var(--tl-paper); paint-order: stroke; }
.timeline .tl-mark.tl-done { stroke: var(--tl-done); }
.timeline .tl-mark.tl-failed { stroke: var(--tl-failed); }
.timeline .tl-mark.tl-cancelled { stroke: var(--tl-cancelled); }
.timeline .tl-mark.tl-panicked { stroke: var(--tl-panicked); }
";

// Only in a picture that has levels.
const LEVEL_RULE: &str = ".timeline .tl-level { fill: var(--tl-faint); }\n";

const WIDTH: f64 = 700.0;
const MARGIN: f64 = 10.0;
const GAP: f64 = 12.0;
const AXIS: f64 = 28.0;
const ROW: f64 = 26.0;
const BAR: f64 = 16.0;
// How far a mark reaches to each side.
const MARK: f64 = 6.0;
const TEXT: f64 = 13.0;
const SMALL_TEXT: f64 = 12.0;
// Bars shorter than this are drawn as one where they lie together, and one alone is this long.
const SHORTEST: f64 = 3.0;

/// Draws the timeline.
pub fn draw(timeline: &Timeline) -> String {
    draw_along(timeline, timeline.length)
}

/// Draws the timeline along an axis of at least this length, so that pictures of several runs can be
/// compared.
pub fn draw_along(timeline: &Timeline, axis_length: Duration) -> String {
    let fold = layout::fold(timeline);
    let columns = Columns::new(&fold.lanes, timeline.length, axis_length);
    let bottom = AXIS + ROW * fold.lanes.len() as f64;

    let most = layout::most(&fold.lanes);
    let mut body = axis(&columns, bottom);
    for (index, lane) in fold.lanes.iter().enumerate() {
        body += &row(lane, most, &columns, AXIS + ROW * (index as f64 + 0.5));
    }
    let mut below = bottom;
    if let Some(rest) = &fold.rest {
        below += ROW;
        let rest = cut(rest, WIDTH - 2.0 * MARGIN, TEXT);
        body += &text(MARGIN, below - ROW / 2.0, "tl-rest", &rest);
    }
    let (legend, height) = legend(&fold.lanes, below);
    body += &legend;

    let level_rule = if most > 0 { LEVEL_RULE } else { "" };
    let summary = layout::summary(timeline);
    let description = escape(&description(&fold));
    // Several pictures may stand in one page, where ids must differ.
    let id = hash(&body);
    let height = px(height);
    let (length, left, right) = (
        layout::milliseconds(columns.axis),
        px(columns.bars),
        px(columns.end()),
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" viewBox=\"0 0 700 {height}\" \
         width=\"700\" height=\"{height}\" role=\"img\" aria-label=\"Timeline of {summary}\" \
         data-length=\"{length}\" data-left=\"{left}\" data-right=\"{right}\" \
         style=\"--tl-waiting-fill: url(#tl-waiting-{id}); --tl-holding-fill: url(#tl-holding-{id})\">\n\
         <title>Timeline of {summary}</title>\n\
         <desc>{description}</desc>\n\
         <style>\n\
         .timeline {{ {LIGHT} }}\n\
         @media (prefers-color-scheme: dark) {{ .timeline {{ {DARK} }} }}\n\
         {RULES}{level_rule}\
         </style>\n\
         <defs>\n\
         <pattern id=\"tl-waiting-{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <rect class=\"tl-paper\" width=\"6\" height=\"6\"/>\
         <rect class=\"tl-waiting\" width=\"2\" height=\"6\"/>\
         </pattern>\n\
         <pattern id=\"tl-holding-{id}\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
         <rect class=\"tl-paper\" width=\"5\" height=\"5\"/>\
         <circle class=\"tl-holding\" cx=\"2.5\" cy=\"2.5\" r=\"1.5\"/>\
         </pattern>\n\
         </defs>\n\
         <rect class=\"tl-paper\" width=\"700\" height=\"{height}\" rx=\"6\"/>\n\
         {body}\
         </svg>\n"
    )
}

/// Where the parts of a row are.
struct Columns {
    name: f64,
    bars: f64,
    // The outcome starts here; the bars end a mark's width before.
    outcome: f64,
    length: Duration,
    axis: Duration,
}

impl Columns {
    fn new(lanes: &[&Lane], length: Duration, axis: Duration) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = String>, most: f64| {
            let widths = texts.map(|text| text_width(&text, TEXT));
            widths.fold(0.0, f64::max).min(most)
        };
        let names = widest(&mut lanes.iter().map(|lane| layout::name(lane)), 160.0);
        let outcomes = widest(&mut lanes.iter().map(|lane| layout::outcome(lane)), 240.0);
        Columns {
            name: names,
            bars: MARGIN + names + GAP,
            outcome: WIDTH - MARGIN - outcomes,
            length,
            axis: axis.max(length),
        }
    }

    fn end(&self) -> f64 {
        self.outcome - GAP - 2.0 * MARK
    }

    fn x(&self, time: Duration) -> f64 {
        let share = time.as_secs_f64() / self.axis.as_secs_f64();
        // Without a length everything happens at zero.
        let share = if share.is_finite() { share } else { 0.0 };
        self.bars + (self.end() - self.bars) * share.min(1.0)
    }

    fn shortest(&self) -> Duration {
        self.axis.mul_f64(SHORTEST / (self.end() - self.bars))
    }
}

fn axis(columns: &Columns, bottom: f64) -> String {
    let length = columns.axis;
    let label_width = text_width(&layout::tick(length, length), SMALL_TEXT) + GAP;
    let most = ((columns.end() - columns.bars) / label_width) as usize;
    let ticks = layout::ticks(length, most).into_iter().map(|tick| {
        let x = columns.x(tick);
        let (top, bottom) = (px(AXIS - 6.0), px(bottom));
        let line = format!(
            "<path class=\"tl-grid\" d=\"M{} {top}V{bottom}\"/>\n",
            px(x)
        );
        line + &text(x, MARGIN + 3.0, "tl-tick", &layout::tick(tick, length))
    });
    ticks.collect()
}

fn row(lane: &Lane, most: usize, columns: &Columns, middle: f64) -> String {
    let name = layout::name(lane);
    let cut = cut(&name, columns.name, TEXT);
    let mut row = match cut == name {
        true => text(MARGIN, middle, "tl-name", &name),
        false => titled(&name, &text(MARGIN, middle, "tl-name", &cut)),
    };
    row += &format!(
        "<path class=\"tl-idle\" d=\"M{} {}H{}\"/>\n",
        px(columns.x(lane.start)),
        px(middle),
        px(columns.x(lane.end.unwrap_or(columns.length)))
    );
    for (start, end, level) in layout::levels(lane, columns.shortest(), columns.length) {
        let (left, right) = (columns.x(start), columns.x(end));
        let height = BAR * level as f64 / most as f64;
        let title = format!(
            "{name}: {level}, {} to {}",
            layout::time(start),
            layout::time(end)
        );
        let step = level_step(left, middle + BAR / 2.0, (right - left).max(1.0), height);
        row += &timed(&title, start, end, &step);
    }
    for piece in layout::pieces(lane, columns.shortest()) {
        let x = columns.x(piece.start);
        let width = (columns.x(piece.end) - x).max(SHORTEST);
        let height = BAR - 5.0 * piece.level as f64;
        let bar = bar(piece.state(), x, middle, width, height);
        row += &timed(
            &format!("{name}: {}", piece.words()),
            piece.start,
            piece.end,
            &bar,
        );
    }
    for (kind, marks) in layout::marks(lane, columns.shortest()) {
        let title = format!("{name}: {}", mark_words(kind, &marks));
        let (first, last) = (marks[0].at, marks[marks.len() - 1].at);
        let x = columns.x(first);
        row += &timed(
            &title,
            first,
            last,
            &match kind.is_end() {
                true => mark(kind, x + 1.0 + MARK, middle),
                false => mark(kind, x, middle + BAR / 2.0 - 2.0),
            },
        );
    }
    row + &text(
        columns.outcome,
        middle,
        "tl-outcome",
        &layout::outcome(lane),
    )
}

fn mark_words(kind: Mark, marks: &[&MarkAt]) -> String {
    let (first, last) = (marks[0], marks[marks.len() - 1]);
    let at = layout::time(first.at);
    match marks.len() {
        1 if first.text.is_empty() => format!("{} at {at}", kind.name()),
        1 => format!("{} at {at}: {}", kind.name(), first.text),
        many => format!(
            "{many} × {}, {at} to {}",
            kind.name(),
            layout::time(last.at)
        ),
    }
}

/// The legend, and where it ends.
fn legend(lanes: &[&Lane], top: f64) -> (String, f64) {
    let (states, marks) = layout::legend(lanes);
    let states = states.into_iter().map(|kind| {
        let sample = bar(kind, 0.0, 0.0, 24.0, 12.0);
        (kind.name().to_owned(), sample, 24.0 + 6.0)
    });
    let marks = marks.into_iter().map(|kind| {
        let sample = mark(kind, MARK, 0.0);
        (kind.name().to_owned(), sample, 2.0 * MARK + 6.0)
    });
    let most = layout::most(lanes);
    let levels = (most > 0).then(|| {
        let sample = level_step(0.0, 6.0, 8.0, 6.0) + &level_step(8.0, 6.0, 8.0, 12.0);
        (layout::level_word(most), sample, 16.0 + 6.0)
    });
    let mut legend = String::new();
    let (mut x, mut middle) = (MARGIN, top + 20.0);
    for (name, sample, indent) in states.chain(marks).chain(levels) {
        let width = indent + text_width(&name, SMALL_TEXT);
        if x + width > WIDTH - MARGIN {
            x = MARGIN;
            middle += 20.0;
        }
        let word = text(indent, 0.0, "tl-word", &name);
        legend += &format!(
            "<g transform=\"translate({} {})\">\n{sample}{word}</g>\n",
            px(x),
            px(middle)
        );
        x += width + GAP;
    }
    match legend.is_empty() {
        true => (legend, top + MARGIN),
        false => (legend, middle + 18.0),
    }
}

fn bar(state: State, x: f64, middle: f64, width: f64, height: f64) -> String {
    format!(
        "<rect class=\"tl-bar tl-{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
        state.name(),
        px(x),
        px(middle - height / 2.0),
        px(width),
        px(height)
    )
}

fn level_step(x: f64, bottom: f64, width: f64, height: f64) -> String {
    format!(
        "<rect class=\"tl-level\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
        px(x),
        px(bottom - height),
        px(width),
        px(height)
    )
}

fn mark(mark: Mark, x: f64, middle: f64) -> String {
    let path = match mark {
        Mark::Set => "m0-5 5 9h-10z",
        Mark::Cleared => "m0 4-5-9h10z",
        Mark::Woken => "m0-6 5 6-5 6-5-6z",
        Mark::Done => "m-5 0 4 4 6-8",
        Mark::Failed => "m-4-4 8 8m0-8-8 8",
        Mark::Cancelled => "m-5 0a5 5 0 1 1 10 0 5 5 0 1 1-10 0m1.5 3.5 7-7",
        Mark::Panicked => "m0-6v7m0 4.5v.1",
    };
    let (name, x, y) = (mark.name(), px(x), px(middle));
    format!("<path class=\"tl-mark tl-{name}\" d=\"M{x} {y}{path}\"/>\n")
}

fn description(fold: &layout::Fold<'_>) -> String {
    let lanes = fold.lanes.iter().map(|lane| {
        let name = layout::name(lane);
        format!("{name}: {}.", layout::outcome(lane))
    });
    let rest = fold.rest.iter().map(|rest| format!("{rest}."));
    lanes.chain(rest).collect::<Vec<_>>().join(" ")
}

fn titled(title: &str, drawn: &str) -> String {
    group("", title, drawn)
}

/// What has a time says it in attributes, too, for the book's player.
fn timed(title: &str, start: Duration, end: Duration, drawn: &str) -> String {
    let [start, end] = [start, end].map(layout::milliseconds);
    let times = format!(" data-start=\"{start}\" data-end=\"{end}\"");
    group(&times, title, drawn)
}

fn group(attributes: &str, title: &str, drawn: &str) -> String {
    let title = escape(&layout::plain(title));
    format!(
        "<g{attributes}><title>{title}</title>{}</g>\n",
        drawn.trim_end()
    )
}

fn text(x: f64, middle: f64, class: &str, text: &str) -> String {
    // The baseline lies about a third of the text's size below its middle.
    let (x, y) = (px(x), px(middle + 4.5));
    format!(
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>\n",
        escape(text)
    )
}

/// An upper estimate, as the reader's font is not known.
fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(char_width).sum::<f64>() * size
}

fn char_width(c: char) -> f64 {
    match c {
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—' => 1.0,
        'A'..='Z' => 0.8,
        ' '..='~' => 0.65,
        _ => 0.8 * c.width().unwrap_or(0) as f64,
    }
}

fn cut(text: &str, room: f64, size: f64) -> String {
    // A sum of floats depends on its order by a hair.
    layout::cut(text, room / size + 1e-6, char_width)
}

/// A number with at most one decimal.
fn px(number: f64) -> String {
    let rounded = (number * 10.0).round() / 10.0;
    rounded.to_string()
}

fn escape(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    escaped.replace('"', "&quot;")
}

/// FNV-1a. The standard library's hash may change between releases, and a picture must not.
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
