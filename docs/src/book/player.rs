//! A timeline as a part of a page: the picture, the transcript and a table.
//!
//! All of it is there without JavaScript. The book's player adds the controls to it.

use std::time::Duration;

use common::timeline::{self, Line, Timeline, svg, table};
use maud::{Markup, PreEscaped, html};

/// A recorded run, in the page's own colours. `id` is for the first one of a page, and `name` is the
/// file that the player loads.
#[must_use]
pub fn figure(timeline: &Timeline, id: Option<&str>, name: &str, caption: &str) -> Markup {
    html! {
        figure.player id=[id] data-timeline=(name) {
            (self::timeline(timeline, timeline.length))
            figcaption { (caption) }
        }
    }
}

/// The inside of such a figure, with the picture along an axis of at least `axis`.
#[must_use]
pub fn timeline(timeline: &Timeline, axis: Duration) -> Markup {
    let lines: Vec<&Line> = timeline
        .lines
        .iter()
        .filter(|line| is_shown(line))
        .collect();
    let lanes = lines.iter().filter_map(|line| line.lane.as_ref());
    let width = lanes.map(|lane| lane.chars().count()).max().unwrap_or(0);
    html! {
        // Drawn by `common`, which escapes what it writes.
        div.scroll { (PreEscaped(svg::draw_along(timeline, axis).trim_end())) }
        @if !lines.is_empty() {
            // Without the role, a list without numbers is no list to some screen readers.
            ol.transcript role="list" aria-label="Transcript" tabindex="0" style={ "--lane-width: " (width) "ch" } {
                @for line in lines { (said(line)) }
            }
        }
        (bars(timeline))
    }
}

/// An empty line outside of every lane parts the text in a terminal, and nothing here.
fn is_shown(line: &Line) -> bool {
    line.lane.is_some() || !line.text.trim().is_empty()
}

/// A line of the transcript. What was said outside of every lane is a headline and has no time, as in
/// the terminal.
fn said(line: &Line) -> Markup {
    html! {
        li data-at=(timeline::milliseconds(line.at)) {
            @if let Some(lane) = &line.lane {
                span.at { (timeline::time(line.at)) } " " span.lane { (plain(lane)) } " "
            }
            span.text { (plain(&line.text)) }
        }
    }
}

/// What the picture shows, as a table.
fn bars(timeline: &Timeline) -> Markup {
    let table = table::draw(timeline);
    html! {
        details.bars {
            summary { "As a table" }
            table {
                thead {
                    tr { @for head in ["lane", "state", "what", "from", "to"] { th scope="col" { (head) } } }
                }
                tbody { @for row in &table.rows { (bar(row)) } }
            }
            @if let Some(rest) = &table.rest { p { (plain(rest)) } }
        }
    }
}

fn bar(row: &table::Row) -> Markup {
    html! {
        tr {
            th scope="row" { (plain(&row.lane)) }
            td { (plain(&row.state)) }
            td { (plain(&row.what)) }
            td { (timeline::time(row.start)) }
            td { @if row.end != row.start { (timeline::time(row.end)) } }
        }
    }
}

/// The text in one line and without what is not a character.
fn plain(text: &str) -> String {
    timeline::plain(text)
}
