//! What has changed in a recipe: the lines of its `CHANGES.md`.

use super::page::Page;
use super::{Fault, Folder, ReadError};

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The day, such as `2026-11-27`.
    pub day: String,
    /// Whether an earlier text was wrong.
    pub is_correction: bool,
    /// What is different.
    pub says: String,
}

/// The word that marks a correction.
const CORRECTION: &str = "correction: ";

/// The entries, the newest first, as they stand in the file. Each is `- day: text` or
/// `- day, correction: text`.
pub(super) fn read(folder: &Folder) -> Result<Vec<Entry>, ReadError> {
    let page = Page::read(&folder.file("CHANGES.md"), &folder.read("CHANGES.md")?);
    let mut entries: Vec<Entry> = Vec::new();
    let items = page.sections.iter().flat_map(|section| &section.items);
    for item in items {
        let fault = |problem: &str| Fault::at(&page, item.range.start, problem);
        let Some((day, says)) = item.text.split_once([':', ',']) else {
            return Err(fault("an entry is `- day: text` or `- day, correction: text`").into());
        };
        let is_day = day.len() == 10 && day.split('-').count() == 3;
        if !is_day || entries.last().is_some_and(|newer| newer.day.as_str() < day) {
            return Err(fault("the days are written 2026-11-27, the newest first").into());
        }
        let says = says.trim();
        entries.push(Entry {
            day: day.to_owned(),
            is_correction: says.starts_with(CORRECTION),
            says: says.trim_start_matches(CORRECTION).to_owned(),
        });
    }
    match entries.is_empty() {
        true => Err(Fault::at(&page, 0, "there is no entry").into()),
        false => Ok(entries),
    }
}
