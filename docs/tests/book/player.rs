//! A timeline as a part of a page.

use std::time::Duration;

use common::timeline::{Bar, Lane, LevelAt, Line, Mark, MarkAt, State, Timeline};
use docs::book::player;

fn timeline(of: &Timeline, axis: Duration) -> String {
    player::timeline(of, axis).into_string()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn bar(state: State, what: &str, start: u64, end: u64) -> Bar {
    Bar {
        state,
        what: what.to_owned(),
        start: ms(start),
        end: ms(end),
    }
}

fn line(at: Duration, lane: Option<&str>, text: &str) -> Line {
    Line {
        at,
        lane: lane.map(str::to_owned),
        text: text.to_owned(),
    }
}

/// The rows of the table, each with what its cells hold.
fn rows(html: &str) -> Vec<String> {
    let (_, body) = html.split_once("<tbody>").expect("a table");
    let rows = body.split("<tr>").skip(1).map(|row| {
        let cells = row.split("<t").skip(1).map(|cell| {
            let (_, cell) = cell.split_once('>').expect("a tag ends");
            cell.split_once("</").expect("a cell ends").0
        });
        cells.collect::<Vec<_>>().join("|")
    });
    rows.collect()
}

fn small() -> Timeline {
    let lane = Lane {
        name: "a & b".to_owned(),
        end: Some(ms(300)),
        bars: vec![
            bar(State::Waiting, "for <it>", 0, 100),
            bar(State::Working, "", 100, 300),
        ],
        levels: vec![
            LevelAt {
                level: 2,
                at: ms(50),
            },
            LevelAt {
                level: 0,
                at: ms(200),
            },
        ],
        marks: vec![MarkAt {
            mark: Mark::Failed,
            text: "no\nspace".to_owned(),
            at: ms(300),
        }],
        ..Lane::default()
    };
    Timeline {
        length: ms(300),
        lanes: vec![lane],
        lines: vec![
            line(ms(0), None, "a headline"),
            line(ms(0), None, ""),
            line(
                Duration::from_micros(100_500),
                Some("a & b"),
                "<b>\n\n# said",
            ),
        ],
    }
}

#[test]
fn the_transcript_has_its_times_and_is_text() {
    let html = timeline(&small(), Duration::ZERO);
    let (_, list) = html.split_once("<ol").expect("a list");
    let (_, list) = list.split_once('>').expect("a tag ends");
    let (list, _) = list.split_once("</ol>").expect("a list ends");
    assert_eq!(
        list,
        "<li data-at=\"0\"><span class=\"text\">a headline</span></li>\
         <li data-at=\"100.5\"><span class=\"at\">101 ms</span> <span class=\"lane\">a &amp; b</span> \
         <span class=\"text\">&lt;b&gt;  # said</span></li>"
    );
}

#[test]
fn the_table_says_what_the_picture_shows() {
    assert_eq!(
        rows(&timeline(&small(), Duration::ZERO)),
        [
            "a &amp; b|waiting|for &lt;it&gt;|0 ms|100 ms",
            "a &amp; b|level|2|50 ms|200 ms",
            "a &amp; b|working||100 ms|300 ms",
            "a &amp; b|failed|no space|300 ms|",
        ]
    );
}

#[test]
fn a_run_without_a_transcript_has_no_list() {
    let silent = Timeline {
        lines: vec![line(ms(0), None, "")],
        ..small()
    };
    assert!(!timeline(&silent, Duration::ZERO).contains("<ol"));
}

#[test]
fn the_picture_is_along_the_axis() {
    let html = timeline(&small(), ms(900));
    assert!(html.contains("data-length=\"900\""));
    let html = timeline(&small(), ms(100));
    assert!(html.contains("data-length=\"300\""));
}

/// However much a run does, a page that shows it stays small.
#[test]
fn thousands_of_bars_share_rows_and_lanes_are_left_out() {
    let lanes = (0..1000).map(|lane| Lane {
        name: format!("worker {lane}"),
        end: Some(ms(10_000)),
        bars: (0..100)
            .map(|job| bar(State::Working, "on it", job * 10, job * 10 + 10))
            .collect(),
        ..Lane::default()
    });
    let crowd = Timeline {
        length: ms(10_000),
        lanes: lanes.collect(),
        lines: vec![],
    };
    let html = timeline(&crowd, Duration::ZERO);
    let rows = rows(&html);
    assert_eq!(rows.len(), 24);
    assert_eq!(
        rows[0],
        "worker 0|100 working|100 bars drawn as one|0 ms|1000 ms"
    );
    assert!(html.contains("<p>… 976 more lanes: 976 running, 0 ms to 10.0 s</p>"));
    assert!(html.len() < 50_000, "{} bytes", html.len());
}
