//! The book: its chapters and the patterns' pages, built with mdBook.
//!
//! Each part of a page is a file here, which takes what was read of a pattern and makes HTML of it.

mod assemble;
mod catalogue;
mod chapters;
mod comparison;
mod edits;
pub mod export;
pub mod finish;
pub mod form;
mod html;
mod links;
mod listing;
mod mistakes;
mod panel;
pub mod player;
pub mod questions;
mod twin;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use tempfile::TempDir;

use self::assemble::{Assembled, assemble};
use self::chapters::Chapter;
use self::links::{Links, is_kept};
use self::listing::Frame;

/// Every Rust block of the book's own chapters, as a doc-test. A pattern's page is one in its crate.
#[cfg(doctest)]
mod examples {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}

/// Builds the book into a temporary folder, which is removed when the value is dropped.
///
/// `site_url` is the path under which a host serves the book; only its 404 page needs to know it.
///
/// # Errors
/// When the summary and the chapters do not agree, when a page is not built as a page is built or has
/// a dead link, and when mdBook fails. The error names the file.
pub fn build(workspace: &Path, site_url: &str) -> anyhow::Result<TempDir> {
    let chapters = chapters::read(workspace)?;
    let mut links = Links::new(workspace, &chapters);
    let mut assembled = Vec::new();
    for chapter in &chapters {
        let text = assemble(workspace, chapter, &chapters, &mut links);
        assembled.push(text.with_context(|| format!("chapter {}", chapter.page().file))?);
    }

    let built = render(workspace, site_url, &chapters, &assembled)?;
    for (chapter, Assembled { parts, .. }) in chapters.iter().zip(&assembled) {
        let file = built.path().join(chapter.address());
        let page = parts.fill(&read(&file)?);
        write(&file, &page.with_context(|| chapter.page().file.clone())?)?;
    }
    finish::finish(built.path())?;
    for (chapter, pattern) in chapters::patterns(&chapters) {
        let page = built.path().join(chapter.address());
        for file in chapters::taken(pattern, &chapters) {
            write(&page.with_file_name(file.path), &file.text)?;
        }
    }
    add_files(workspace, built.path(), site_url, &links.files)?;
    Ok(built)
}

/// Has mdBook make its pages of the chapters.
fn render(
    workspace: &Path,
    site_url: &str,
    chapters: &[Chapter],
    assembled: &[Assembled],
) -> anyhow::Result<TempDir> {
    let source = tempfile::tempdir()?;
    let built = tempfile::tempdir()?;
    write(
        &source.path().join("SUMMARY.md"),
        &chapters::summary(workspace)?,
    )?;
    for (chapter, Assembled { markdown, .. }) in chapters.iter().zip(assembled) {
        write(&source.path().join(&chapter.name), markdown)?;
    }
    let root = workspace.join("docs/book");
    let mut config = Config::from_disk(root.join("book.toml"))?;
    config.book.src = source.path().to_path_buf();
    config.build.build_dir = built.path().to_path_buf();
    config.set("output.html.site-url", site_url)?;
    MDBook::load_with_config(root, config)?.build()?;
    Ok(built)
}

/// Adds the files of the repository that the chapters link to.
fn add_files(
    workspace: &Path,
    built: &Path,
    site_url: &str,
    files: &BTreeSet<String>,
) -> anyhow::Result<()> {
    let not_found = built.join("404.html");
    // Its base is not itself: what leads to a heading of its own has to name it.
    let html = read(&not_found)?.replace("href=\"#", "href=\"404.html#");
    write(&not_found, &html)?;
    let frame = Frame {
        html: &html,
        site_url,
    };
    for file in files {
        let bytes =
            fs::read(workspace.join(file)).with_context(|| format!("cannot read {file}"))?;
        match String::from_utf8(bytes) {
            Ok(text) if !is_kept(file) => {
                write(
                    &built.join(format!("{file}.html")),
                    &frame.page(file, &text)?,
                )?;
            }
            text => {
                let bytes = text.map_or_else(|error| error.into_bytes(), String::into_bytes);
                write(&built.join(file), bytes)?;
            }
        }
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write(file: &Path, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
