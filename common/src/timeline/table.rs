//! A timeline as the rows of a table, for readers who cannot see a picture.
//!
//! It has the lanes that a picture has, and a line about the others. A lane's bars, levels and marks
//! come in order of time.
//!
//! ```
//! use std::time::Duration;
//!
//! use common::timeline::{Bar, Lane, Mark, MarkAt, State, Timeline, table};
//!
//! let ms = Duration::from_millis;
//! let lane = Lane {
//!     name: "weather".into(),
//!     end: Some(ms(300)),
//!     bars: vec![Bar { state: State::Waiting, what: "for the answer".into(), start: ms(0), end: ms(300) }],
//!     marks: vec![MarkAt { mark: Mark::Done, text: String::new(), at: ms(300) }],
//!     ..Lane::default()
//! };
//! let timeline = Timeline { length: ms(300), lanes: vec![lane], lines: vec![] };
//!
//! let table = table::draw(&timeline);
//! assert_eq!(table.rows[0].state, "waiting");
//! assert_eq!(table.rows[0].what, "for the answer");
//! assert_eq!((table.rows[1].state.as_str(), table.rows[1].start), ("done", ms(300)));
//! assert_eq!(table.rest, None);
//! ```

use std::time::Duration;

use super::{Lane, Timeline, layout};

/// The table of a timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// One for each bar, level and mark, lane by lane.
    pub rows: Vec<Row>,
    /// A line about the lanes that have no rows because there are too many.
    pub rest: Option<String>,
}

/// A bar, a level or a mark, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The name of its lane.
    pub lane: String,
    /// The state of a bar, the kind of a mark, or `level`; of several in one row, how many of which.
    pub state: String,
    /// A few words more. May be empty.
    pub what: String,
    /// When it began.
    pub start: Duration,
    /// When it was over. The same moment for a mark.
    pub end: Duration,
}

// What is shorter than one of this many parts of the length shares a row with its neighbours. A
// picture cannot show more of them either.
const PARTS: u32 = 200;

/// Puts the timeline into rows.
pub fn draw(timeline: &Timeline) -> Table {
    let fold = layout::fold(timeline);
    let lanes = fold.lanes.iter();
    Table {
        rows: lanes.flat_map(|lane| rows(lane, timeline.length)).collect(),
        rest: fold.rest,
    }
}

fn rows(lane: &Lane, length: Duration) -> Vec<Row> {
    let shortest = length / PARTS;
    let name = layout::name(lane);
    let row = |state: String, what: String, start, end| Row {
        lane: name.clone(),
        state,
        what: layout::plain(&what),
        start,
        end,
    };
    let bars = layout::pieces(lane, shortest).into_iter().map(|piece| {
        let what = match piece.bars[..] {
            [bar] => bar.what.clone(),
            ref bars => format!("{} bars drawn as one", bars.len()),
        };
        row(piece.states(), what, piece.start, piece.end)
    });
    let levels = layout::levels(lane, shortest, length);
    let levels = levels
        .into_iter()
        .map(|(start, end, level)| row("level".to_owned(), level.to_string(), start, end));
    let marks = layout::marks(lane, shortest)
        .into_iter()
        .map(|(kind, marks)| {
            let (first, last) = (marks[0], marks[marks.len() - 1]);
            let (state, what) = match marks.len() {
                1 => (kind.name().to_owned(), first.text.clone()),
                many => (format!("{many} × {}", kind.name()), String::new()),
            };
            row(state, what, first.at, last.at)
        });
    let mut rows: Vec<Row> = bars.chain(levels).chain(marks).collect();
    rows.sort_by_key(|row| row.start);
    rows
}
