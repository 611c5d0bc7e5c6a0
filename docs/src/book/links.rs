//! Links that lead to files of the repository lead to pages of the book instead.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::chapters::Chapter;
use super::edits::Edits;
use crate::pattern::page;

/// Where links of the repository lead in the book.
pub struct Links<'a> {
    workspace: &'a Path,
    chapters: &'a [Chapter],
    /// The files that are linked to and are no chapters. They are in the book, too.
    pub files: BTreeSet<String>,
}

impl<'a> Links<'a> {
    pub fn new(workspace: &'a Path, chapters: &'a [Chapter]) -> Self {
        Self {
            workspace,
            chapters,
            files: BTreeSet::new(),
        }
    }

    /// Markdown that is written in `from`, with links for the page of `to`.
    ///
    /// # Errors
    /// When a link is dead, leaves the repository, or is written in a form that cannot be changed.
    pub fn rewrite(&mut self, text: &str, from: &Chapter, to: &Chapter) -> anyhow::Result<String> {
        let mut edits = Edits::default();
        for link in page::links(text) {
            if let Some(target) = self.target(&link.target, from, to)? {
                let range = link.range.with_context(|| {
                    format!("write the link to {} as [text](target)", link.target)
                })?;
                edits.replace(range, target);
            }
        }
        Ok(edits.apply(text))
    }

    /// What a link of `from` becomes on the page of `to`. `None`: it stays as it is.
    fn target(
        &mut self,
        target: &str,
        from: &Chapter,
        to: &Chapter,
    ) -> anyhow::Result<Option<String>> {
        let (path, anchor) = match target.split_once('#') {
            Some((path, anchor)) => (path, format!("#{anchor}")),
            None => (target, String::new()),
        };
        // A colon ends a scheme; a relative path of this repository has none.
        if path.contains(':') || (path.is_empty() && from.name == to.name) {
            return Ok(None);
        }
        let file = match path {
            "" => from.page().file.clone(),
            path => resolve(&from.page().file, path)
                .with_context(|| format!("the link to {target} leaves the repository"))?,
        };
        let chapter = self.chapters.iter().find(|it| it.page().file == file);
        let page = match chapter {
            Some(chapter) => chapter.address(),
            None if self.workspace.join(&file).is_file() => self.file(file),
            None => bail!("the link to {target} is dead: there is no file {file}"),
        };
        let up = "../".repeat(to.address().matches('/').count());
        Ok(Some(format!("{up}{page}{anchor}")))
    }

    /// Where a file of the repository is in the book.
    pub fn file(&mut self, file: String) -> String {
        let page = match is_kept(&file) {
            true => file.clone(),
            false => format!("{file}.html"),
        };
        self.files.insert(file);
        page
    }
}

/// Whether a file is in the book as it is, and not as a page.
pub fn is_kept(file: &str) -> bool {
    let kept = [".svg", ".png", ".jpg", ".webp", ".json"];
    kept.iter().any(|end| file.ends_with(end))
}

/// The file that a link in `file` leads to, both seen from the workspace.
fn resolve(file: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
