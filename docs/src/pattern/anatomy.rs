//! The anatomy of a pattern's page: which sections it has, and what its first lines show.

use super::Fault;
use super::page::{Block, Page, Section};

/// The sections of a page, in order.
pub const SECTIONS: [&str; 11] = [
    "Problem",
    "Use it",
    "When not to use it",
    "Run it",
    "What you see",
    "The recipe",
    "How it works",
    "The card",
    "When it goes wrong",
    "Coming from asyncio",
    "See also",
];

/// The first call begins within so many lines: the first screen on GitHub.
const FIRST_LINES: usize = 25;

/// The section with this title.
pub(super) fn section<'a>(page: &'a Page, title: &str) -> Result<&'a Section, Fault> {
    let section = page.section(title);
    section.ok_or_else(|| Fault::at(page, 0, format!("there is no section `## {title}`")))
}

/// Checks the order of the sections, and that the page begins with what it is for.
pub(super) fn check(page: &Page) -> Result<(), Fault> {
    let mut sections = page.sections.iter().skip(1);
    for title in SECTIONS {
        match sections.next() {
            Some(section) if section.title == title => {}
            Some(section) => {
                let problem = format!("`## {}` stands where `## {title}` should", section.title);
                return Err(Fault::at(page, section.range.start, problem));
            }
            None => {
                let problem = format!("there is no section `## {title}`");
                return Err(Fault::at(page, page.text.len(), problem));
            }
        }
    }
    if let Some(section) = sections.next() {
        let problem = format!("there is no section `## {}` on a page", section.title);
        return Err(Fault::at(page, section.range.start, problem));
    }
    if page.about().is_none() {
        return Err(Fault::at(
            page,
            0,
            "the page does not begin with what it is for",
        ));
    }
    if let Some((line, code)) = page.hidden_line() {
        let problem = format!("the book would hide the Rust line `{code}`");
        return Err(Fault::in_line(page, line, problem));
    }
    Ok(())
}

/// The line that says how to take the recipe: the first paragraph of "Use it".
pub(super) fn how_to_take<'a>(page: &'a Page, name: &str) -> Result<&'a Section, Fault> {
    let section = section(page, "Use it")?;
    let command = format!("`cargo run -p docs -- paste {name} ../my-app`");
    let first = section.paragraphs.first();
    if first.is_some_and(|range| page.text[range.clone()].contains(&command)) {
        return Ok(section);
    }
    let problem = format!("the section does not begin with a line that has {command}");
    Err(Fault::at(page, section.range.start, problem))
}

/// The first call: the first block of Rust in "Use it".
pub(super) fn first_call<'a>(page: &Page, section: &'a Section) -> Result<&'a Block, Fault> {
    let mut blocks = section.blocks.iter();
    let Some(call) = blocks.find(|block| block.language() == "rust") else {
        return Err(Fault::at(
            page,
            section.range.start,
            "the section has no Rust",
        ));
    };
    let line = page.line(call.range.start);
    if line > FIRST_LINES {
        let problem = format!("the first call begins below line {FIRST_LINES}");
        return Err(Fault::in_line(page, line, problem));
    }
    Ok(call)
}
