//! A timeline as a part of a page: the picture, the transcript and a table.
//!
//! All of it is there without JavaScript. The book's player adds the controls to it.

use std::time::Duration;

use common::timeline::{self, Line, Timeline, svg, table};

use crate::book;

/// The inside of a `<figure class="player">`, with the picture along an axis of at least `axis`.
///
/// It has no empty line, so that it can stand in Markdown.
pub fn timeline(timeline: &Timeline, axis: Duration) -> String {
    let picture = svg::draw_along(timeline, axis);
    let mut inner = format!("<div class=\"scroll\">\n{}\n</div>\n", picture.trim_end());
    let lines: String = timeline.lines.iter().filter_map(line).collect();
    if !lines.is_empty() {
        let lanes = timeline.lines.iter().filter_map(|line| line.lane.as_ref());
        let width = lanes.map(|lane| lane.chars().count()).max().unwrap_or(0);
        // Without the role, a list without numbers is no list to some screen readers.
        inner += &format!(
            "<ol class=\"transcript\" role=\"list\" aria-label=\"Transcript\" tabindex=\"0\" style=\"--lane-width: {width}ch\">\n{lines}</ol>\n"
        );
    }
    inner + &bars(timeline)
}

/// A line of the transcript. What was said outside of every lane is a headline and has no time, as in
/// the terminal; an empty line is left out.
fn line(line: &Line) -> Option<String> {
    let said = match &line.lane {
        Some(lane) => format!(
            "<span class=\"at\">{}</span> <span class=\"lane\">{}</span> ",
            timeline::time(line.at),
            escape(lane)
        ),
        None if line.text.trim().is_empty() => return None,
        None => String::new(),
    };
    let at = timeline::milliseconds(line.at);
    let text = escape(&line.text);
    Some(format!(
        "<li data-at=\"{at}\">{said}<span class=\"text\">{text}</span></li>\n"
    ))
}

/// What the picture shows, as a table.
fn bars(timeline: &Timeline) -> String {
    let table = table::draw(timeline);
    let rows: String = table.rows.iter().map(row).collect();
    let rest = table
        .rest
        .map_or_else(String::new, |rest| format!("<p>{}</p>\n", escape(&rest)));
    format!(
        "<details class=\"bars\">\n<summary>As a table</summary>\n<table>\n\
         <thead><tr><th>lane</th><th>state</th><th>what</th><th>from</th><th>to</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n{rest}</details>\n"
    )
}

fn row(row: &table::Row) -> String {
    let end = match row.end == row.start {
        true => String::new(),
        false => timeline::time(row.end),
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{end}</td></tr>\n",
        escape(&row.lane),
        escape(&row.state),
        escape(&row.what),
        timeline::time(row.start)
    )
}

/// The text for HTML, in one line and without what is not a character.
fn escape(text: &str) -> String {
    book::escape(&timeline::plain(text))
}
