//! The marks in the two programs of a page are true.

use docs::pattern::page::Cell;

use crate::support::html::{Block, blocks};
use crate::support::site::page_of;
use crate::support::{patterns, report};

#[test]
fn the_programs_and_what_they_print_are_shown_in_whole() {
    for pattern in patterns() {
        let blocks = blocks(&page_of(pattern.name()));
        let is_shown = |text: &str| blocks.iter().any(|block| block.text == text);
        for code in [&pattern.asyncio, &pattern.demo] {
            assert!(is_shown(code), "{}: {code}", pattern.name());
        }
        for transcript in &pattern.transcripts {
            assert!(
                is_shown(&transcript.text),
                "{}: {transcript:?}",
                pattern.name()
            );
        }
    }
}

#[test]
fn a_marked_line_makes_a_call_that_its_row_names() {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let section = pattern.page.section("Coming from asyncio");
        let table = &section.expect("a section").tables[0];
        let blocks = blocks(&page_of(pattern.name()));
        for (column, language) in ["python", "rs"].into_iter().enumerate() {
            let marked = |block: &&Block| block.language == language && !block.marks.is_empty();
            let Some(block) = blocks.iter().find(marked) else {
                let name = pattern.name();
                problems.push(format!(
                    "{name}: the table \"Coming from asyncio\" names no call of the program in {language}"
                ));
                continue;
            };
            for (line, row) in &block.marks {
                let text = block.text.lines().nth(*line).expect("a line");
                let number: usize = row
                    .strip_prefix(&format!("#{}-row-", pattern.name()))
                    .and_then(|number| number.parse().ok())
                    .expect("a row");
                // The first row is the header.
                let cells = &table[number];
                if !names_of(cells, column).any(|name| text.contains(name)) {
                    problems.push(format!(
                        "{}, {language}: {text}: row {number}",
                        pattern.name()
                    ));
                }
            }
        }
    }
    report(&problems);
}

/// The names in a cell's code. "The same" stands for the first cell.
fn names_of(cells: &[Cell], column: usize) -> impl Iterator<Item = &str> {
    let cell = match cells[column].text.as_str() {
        "the same" => &cells[0],
        _ => &cells[column],
    };
    cell.code
        .iter()
        .flat_map(|code| code.split(|char: char| !char.is_alphanumeric() && char != '_'))
        .filter(|name| name.len() > 2 && !["let", "await", "async", "new"].contains(name))
}

#[test]
fn a_row_says_whether_the_two_differ() {
    for pattern in patterns() {
        let html = page_of(pattern.name());
        let (_, section) = html
            .split_once("id=\"coming-from-asyncio\"")
            .expect("a section");
        let (table, _) = section.split_once("</table>").expect("a table");
        for row in table.split("<tr>").skip(2) {
            let (_, last) = row.rsplit_once("<td>").expect("a cell");
            // Which of the two it is has a test of its own, beside the rule.
            let differs = last.starts_with("<span class=\"sign differs\"");
            let same = last.starts_with("<span class=\"sign same\"");
            assert!(differs || same, "{}: {row}", pattern.name());
        }
    }
}
