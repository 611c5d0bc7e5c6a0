//! The chapters of the book, in the order of its summary.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use mdbook_summary::{SummaryItem, parse_summary};

use crate::pattern::{self, Page, Pattern};
use crate::take::recipe::{self, Taken};

/// Where the book's own chapters are, seen from the workspace.
pub const FOLDER: &str = "docs/book/src";

/// A chapter, and where it stands.
pub struct Chapter {
    /// The file, as the summary names it: `patterns/gather/README.md`, `pick.md`.
    pub name: String,
    /// The part of the summary that it stands in. What stands before the first part is in none.
    pub part: String,
    content: Content,
}

enum Content {
    Pattern(Box<Pattern>),
    Own(Page),
}

impl Chapter {
    /// The pattern whose page it is.
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.content {
            Content::Pattern(pattern) => Some(pattern),
            Content::Own(_) => None,
        }
    }

    /// What is written.
    pub fn page(&self) -> &Page {
        match &self.content {
            Content::Pattern(pattern) => &pattern.page,
            Content::Own(page) => page,
        }
    }

    /// The page in the built book: `patterns/gather/index.html`, `pick.html`.
    pub fn address(&self) -> String {
        match self.pattern() {
            Some(pattern) => pattern.folder.file("index.html"),
            None => self.name.replace(".md", ".html"),
        }
    }
}

/// The patterns among the chapters, each with its chapter.
pub fn patterns(chapters: &[Chapter]) -> impl Iterator<Item = (&Chapter, &Pattern)> {
    let patterns = chapters
        .iter()
        .map(|chapter| Some((chapter, chapter.pattern()?)));
    patterns.flatten()
}

/// The files of a recipe as they are pasted into a crate.
pub fn taken(pattern: &Pattern, chapters: &[Chapter]) -> Vec<Taken> {
    let others: Vec<String> = patterns(chapters)
        .map(|(_, it)| it.folder.module())
        .collect();
    recipe::taken(pattern, &pattern.folder.module(), &others)
}

/// Reads every chapter that there is, and checks that the summary names each of them and no other.
pub fn read(workspace: &Path) -> anyhow::Result<Vec<Chapter>> {
    let mut contents = Vec::new();
    for (name, text) in own(workspace)? {
        let page = Page::read(&format!("{FOLDER}/{name}"), &text);
        if let Some((line, code)) = page.hidden_line() {
            bail!(
                "{}:{line}: the book would hide the Rust line `{code}`",
                page.file
            );
        }
        contents.push((name, Content::Own(page)));
    }
    for pattern in pattern::all(workspace)? {
        contents.push((
            pattern.page.file.clone(),
            Content::Pattern(Box::new(pattern)),
        ));
    }

    let mut chapters = Vec::new();
    for (part, name) in named(&summary(workspace)?)? {
        let Some(place) = contents.iter().position(|(known, _)| *known == name) else {
            bail!("{FOLDER}/SUMMARY.md names {name}, but there is no such chapter or pattern");
        };
        let (name, content) = contents.swap_remove(place);
        let chapter = Chapter {
            name,
            part,
            content,
        };
        chapters.push(chapter);
    }
    if let Some((name, content)) = contents.first() {
        let title = match content {
            Content::Pattern(pattern) => pattern.name(),
            Content::Own(_) => "Title",
        };
        bail!("{FOLDER}/SUMMARY.md does not name {name}: add the line `- [{title}]({name})`");
    }
    Ok(chapters)
}

/// The text of the summary.
pub fn summary(workspace: &Path) -> anyhow::Result<String> {
    let file = workspace.join(FOLDER).join("SUMMARY.md");
    fs::read_to_string(file).with_context(|| format!("cannot read {FOLDER}/SUMMARY.md"))
}

/// The files of the book's own chapters, with their texts.
fn own(workspace: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let folder = workspace.join(FOLDER);
    let entries = folder
        .read_dir()
        .with_context(|| format!("cannot read {FOLDER}"))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" && name != "404.md" {
            let text = fs::read_to_string(entry.path());
            let text = text.with_context(|| format!("cannot read {FOLDER}/{name}"))?;
            found.push((name, text));
        }
    }
    Ok(found)
}

/// The chapters that a summary names, each with its part.
fn named(summary: &str) -> anyhow::Result<Vec<(String, String)>> {
    let summary = parse_summary(summary)
        .map_err(|error| anyhow::anyhow!("{FOLDER}/SUMMARY.md: {error:#}"))?;
    let mut part = String::new();
    let mut named = Vec::new();
    let all = [
        summary.prefix_chapters,
        summary.numbered_chapters,
        summary.suffix_chapters,
    ];
    for item in all.into_iter().flatten() {
        match item {
            SummaryItem::PartTitle(title) => part = title,
            SummaryItem::Link(link) => {
                let location = link.location.unwrap_or_default();
                let name = location.to_string_lossy().replace('\\', "/");
                named.push((part.clone(), name));
            }
            _ => {}
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_its_chapters_with_their_parts() {
        let summary =
            "# Summary\n\n[a](a.md)\n\n# Part one\n\n- [b](b.md)\n- [c](x/c.md)\n\n# Two\n";
        let pair = |part: &str, name: &str| (part.to_owned(), name.to_owned());
        assert_eq!(
            named(summary).unwrap(),
            [
                pair("", "a.md"),
                pair("Part one", "b.md"),
                pair("Part one", "x/c.md")
            ]
        );
    }
}
