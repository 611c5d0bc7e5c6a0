//! Assembles the book from its own chapters and the patterns' pages, and builds it with mdBook.
//!
//! A page is written for GitHub. In the book it gains what GitHub cannot show: the timeline as part
//! of the page, the recipe, the demo beside its Python twin, and links that stay inside the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use common::timeline::json;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};
use tempfile::TempDir;

use crate::pattern::{self, Pattern};
use crate::policy;
use crate::relations::{self, Node};
use crate::slim::slim;
use crate::take::{self, Take};
use crate::twin::Twin;
use crate::{access, card, figure, form, questions};

/// Where the book's own chapters are, seen from the workspace.
const CHAPTERS: &str = "docs/book/src";

/// The sections of a pattern's page that the book adds to.
const PROBLEM: &str = "Problem";
const TWIN: &str = "Coming from asyncio";

/// The picture of a pattern's page that the book shows first.
const TIMELINE: &str = "timeline.svg";

/// Comments in a chapter in whose place the book puts what it makes of all the pages.
const CARDS: &str = "\n<!-- cards -->\n";
const RELATIONS: &str = "\n<!-- relations -->\n";
const MISTAKES: &str = "\n<!-- mistakes -->\n";

/// What the questions of a chapter stand between.
const QUESTIONS: (&str, &str) = ("\n<!-- questions -->\n", "\n<!-- end of questions -->\n");

/// Every Rust block of the book's own chapters, as a doc-test. A pattern's page is one in its crate.
#[cfg(doctest)]
mod chapters {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}

/// A chapter. Both paths are written with `/`.
struct Chapter {
    /// The file, seen from the workspace: `patterns/gather/README.md`.
    file: String,
    /// The file, as the summary names it: `patterns/gather/README.md`, `pick.md`.
    name: String,
    /// The pattern whose page it is.
    pattern: Option<Pattern>,
}

impl Chapter {
    /// The page in the built book: `patterns/gather/index.html`, `pick.html`.
    fn page(&self) -> String {
        match &self.pattern {
            Some(pattern) => format!("patterns/{}/index.html", pattern.name),
            None => self.name.replace(".md", ".html"),
        }
    }
}

/// What stands in the place of the picture that is shown first.
const SEE_ABOVE: &str = "The picture of this run is [above](#timeline).";

/// Builds the book into a temporary folder, which is removed when the value is dropped.
///
/// `site_url` is the path under which a host serves the book; only its 404 page needs to know it.
///
/// # Errors
/// When the summary and the chapters do not agree, when a chapter lacks what the book adds to it or
/// has a dead link, and when mdBook fails. The error names the chapter.
pub fn build(workspace: &Path, site_url: &str) -> anyhow::Result<TempDir> {
    let chapters = chapters(workspace)?;
    let source = tempfile::tempdir()?;
    let built = tempfile::tempdir()?;

    let summary = read(workspace, &format!("{CHAPTERS}/SUMMARY.md"))?;
    fs::write(source.path().join("SUMMARY.md"), &summary)?;
    let mut linked = BTreeSet::new();
    let mut texts = Vec::new();
    for chapter in &chapters {
        let text = assemble(workspace, chapter, &chapters, &mut linked)
            .with_context(|| format!("chapter {}", chapter.file))?;
        texts.push((chapter, text));
    }
    for (chapter, text) in &texts {
        let file = source.path().join(&chapter.name);
        let text = fill(chapter, text, &texts, &summary)?;
        write(&file, &text)?;
    }

    let root = workspace.join("docs/book");
    let mut config = Config::from_disk(root.join("book.toml"))?;
    config.book.src = source.path().to_path_buf();
    config.build.build_dir = built.path().to_path_buf();
    config.set("output.html.site-url", site_url)?;
    MDBook::load_with_config(root, config)?.build()?;
    slim(built.path())?;
    access::improve(built.path())?;
    policy::apply(built.path())?;

    for pattern in chapters
        .iter()
        .filter_map(|chapter| chapter.pattern.as_ref())
    {
        take::write_file(pattern, built.path())?;
    }

    // mdBook's 404 page is a page without neighbours that finds its scripts from anywhere.
    let not_found = built.path().join("404.html");
    let frame = fs::read_to_string(&not_found)?;
    // Its base is not itself: what leads to a heading of its own has to name it.
    fs::write(&not_found, frame.replace("href=\"#", "href=\"404.html#"))?;
    for file in &linked {
        let from = workspace.join(file);
        let bytes = fs::read(&from).with_context(|| format!("cannot read {file}"))?;
        match String::from_utf8(bytes) {
            Ok(text) if !is_kept(file) => {
                let page = file_page(&frame, site_url, file, &text)
                    .context("mdBook's 404 page has no <main>")?;
                write(&built.path().join(format!("{file}.html")), &page)?;
            }
            _ => {
                let to = built.path().join(file);
                fs::create_dir_all(to.parent().unwrap_or(&to))?;
                fs::copy(&from, to)?;
            }
        }
    }
    Ok(built)
}

/// Every chapter that there is, in the order of the summary, after a check that the summary names
/// each of them and no other.
fn chapters(workspace: &Path) -> anyhow::Result<Vec<Chapter>> {
    let folder = workspace.join(CHAPTERS);
    let mut chapters = Vec::new();
    for entry in folder
        .read_dir()
        .with_context(|| format!("cannot read {CHAPTERS}"))?
    {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" && name != "404.md" {
            let file = format!("{CHAPTERS}/{name}");
            chapters.push(Chapter {
                file,
                name,
                pattern: None,
            });
        }
    }
    for pattern in pattern::all(workspace)? {
        let file = format!("patterns/{}/README.md", pattern.name);
        chapters.push(Chapter {
            name: file.clone(),
            file,
            pattern: Some(pattern),
        });
    }

    let summary = fs::read_to_string(folder.join("SUMMARY.md"))
        .with_context(|| format!("cannot read {CHAPTERS}/SUMMARY.md"))?;
    let named: Vec<String> = Parser::new(&summary)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
            _ => None,
        })
        .collect();
    for chapter in &chapters {
        if !named.contains(&chapter.name) {
            let title = chapter
                .pattern
                .as_ref()
                .map_or("Title", |pattern| &pattern.name);
            let line = format!("- [{title}]({})", chapter.name);
            bail!(
                "{CHAPTERS}/SUMMARY.md does not name {}: add the line `{line}`",
                chapter.file
            );
        }
    }
    for name in &named {
        if !chapters.iter().any(|chapter| chapter.name == *name) {
            bail!("{CHAPTERS}/SUMMARY.md names {name}, but there is no such chapter or pattern");
        }
    }
    chapters.sort_by_key(|chapter| named.iter().position(|name| *name == chapter.name));
    Ok(chapters)
}

/// A chapter's text as mdBook gets it. Files that it links to are added to `linked`.
fn assemble(
    workspace: &Path,
    chapter: &Chapter,
    chapters: &[Chapter],
    linked: &mut BTreeSet<String>,
) -> anyhow::Result<String> {
    let text = read(workspace, &chapter.file)?;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut link_to = |target: &str| link(workspace, chapter, chapters, target, linked);
    let mut sections: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut open_section: Option<(String, usize)> = None;
    let mut heading: Option<String> = None;
    let mut picture: Option<(Range<usize>, String, String)> = None;
    let mut recordings = BTreeSet::new();
    let mut first_figure = None;
    let mut in_rust = false;
    let taken = match &chapter.pattern {
        Some(pattern) => {
            let place = take::place(&text)?;
            let panel = Take::new(pattern, &text)?.panel();
            edits.push((place.clone(), panel));
            place
        }
        None => 0..0,
    };

    // The extensions that mdBook turns on.
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    let mut events = Parser::new_ext(&text, extensions).into_offset_iter();
    for (event, range) in events.by_ref() {
        // The panel stands there.
        if taken.contains(&range.start) {
            continue;
        }
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1 | HeadingLevel::H2,
                ..
            }) => {
                if let Some((title, start)) = open_section.take() {
                    sections.insert(title, start..range.start);
                }
                heading = Some(String::new());
                open_section = Some((String::new(), range.start));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let (Some(title), Some(section)) = (heading.take(), &mut open_section) {
                    section.0 = title;
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                in_rust = info.split(',').any(|word| word.trim() == "rust");
            }
            Event::End(TagEnd::CodeBlock) => in_rust = false,
            Event::Start(Tag::Image { dest_url, .. }) if is_timeline(&dest_url) => {
                picture = Some((range, dest_url.to_string(), String::new()));
            }
            Event::End(TagEnd::Image) => {
                if let Some((range, file, caption)) = picture.take() {
                    let recording = recording(chapter, &file)?;
                    let mut shown = player(workspace, &recording, &caption)?;
                    if chapter.pattern.is_some() && file == TIMELINE {
                        first_figure =
                            Some(shown.replacen("<figure", "<figure id=\"timeline\"", 1));
                        shown = SEE_ABOVE.to_owned();
                    }
                    edits.push((range, shown));
                    recordings.insert(recording);
                }
            }
            Event::Start(
                Tag::Link {
                    dest_url,
                    link_type: LinkType::Inline,
                    ..
                }
                | Tag::Image {
                    dest_url,
                    link_type: LinkType::Inline,
                    ..
                },
            ) => {
                if let Some(target) = link_to(&dest_url)? {
                    edits.push((target_range(&text, range, "](", &dest_url)?, target));
                }
            }
            Event::Text(part) | Event::Code(part) => {
                if in_rust {
                    refuse_hidden_lines(&part)?;
                }
                if let Some((_, _, caption)) = &mut picture {
                    caption.push_str(&part);
                }
                if let Some(title) = &mut heading {
                    title.push_str(&part);
                }
            }
            _ => {}
        }
    }
    if let Some((title, start)) = open_section {
        sections.insert(title, start..text.len());
    }
    for (_, definition) in events.reference_definitions().iter() {
        if let Some(target) = link_to(&definition.dest)? {
            let range = target_range(&text, definition.span.clone(), "]:", &definition.dest)?;
            edits.push((range, target));
        }
    }

    if let Some(pattern) = &chapter.pattern {
        let first_figure = first_figure.with_context(|| format!("no picture {TIMELINE}"))?;
        let twin = Twin::new(pattern, &text)?;
        edits.extend(twin.marks_of_rows());
        for (title, addition) in [
            (PROBLEM, format!("{first_figure}{}\n\n", form::of(pattern)?)),
            (TWIN, twin.listings()),
        ] {
            let end = sections
                .get(title)
                .with_context(|| format!("no section `## {title}`"))?
                .end;
            edits.push((end..end, addition));
        }
    }
    linked.extend(recordings);
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut assembled = text.clone();
    for (range, replacement) in edits {
        assembled.replace_range(range, &replacement);
    }
    Ok(assembled)
}

/// A chapter's text with what the book makes of all the pages in place of the comments that ask for it.
fn fill(
    chapter: &Chapter,
    text: &str,
    texts: &[(&Chapter, String)],
    summary: &str,
) -> anyhow::Result<String> {
    let mut text = text.to_owned();
    if text.contains(CARDS) {
        text = text.replace(CARDS, &format!("\n{}", comparison(texts)?));
    }
    if text.contains(MISTAKES) {
        text = text.replace(MISTAKES, &format!("\n{}", mistakes(texts)));
    }
    if text.contains(RELATIONS) {
        let relations = relations::markdown(&nodes(texts, summary));
        text = text.replace(RELATIONS, &format!("\n{relations}"));
    }
    if let Some((before, rest)) = text.split_once(QUESTIONS.0) {
        let aid = rest
            .split_once(QUESTIONS.1)
            .context("the questions have no end")
            .and_then(|(list, after)| Ok(decision_aid(list, texts)? + after))
            .with_context(|| format!("chapter {}", chapter.file))?;
        text = format!("{before}\n{aid}");
    }
    Ok(text)
}

/// The questions of a list, step by step and as a table. A pattern that no answer leads to gets an
/// answer of its own, so that none is out of reach.
fn decision_aid(list: &str, texts: &[(&Chapter, String)]) -> anyhow::Result<String> {
    let mut question = questions::read(list)?;
    for (chapter, text) in texts {
        let page = chapter.page();
        let is_reached = question
            .paths()
            .iter()
            .any(|(_, target)| target.contains(&page));
        if let (Some(pattern), false) = (&chapter.pattern, is_reached) {
            question.add(
                &relations::about(text),
                format!("[{}]({page})", pattern.name),
            );
        }
    }
    Ok(format!(
        "{}\n<details class=\"listing\">\n<summary>The same as a table</summary>\n\n{}\n</details>\n\n",
        question.html(),
        question.table()
    ))
}

/// A table of the mistakes that the pages show: what their lists say of each program in `examples/`.
fn mistakes(texts: &[(&Chapter, String)]) -> String {
    let mut table = String::from("| What goes wrong | Shown by |\n|-|-|\n");
    for (chapter, text) in texts {
        let page = chapter.page();
        for item in text.split("\n- [examples/").skip(1) {
            let item: String = item
                .lines()
                .enumerate()
                .take_while(|(line, text)| *line == 0 || text.starts_with("  "))
                .map(|(_, text)| text.trim().to_owned() + " ")
                .collect();
            let Some((link, said)) = item.split_once("): ") else {
                continue;
            };
            let Some((name, target)) = link.split_once("](") else {
                continue;
            };
            let name = name.trim_end_matches(".rs");
            let said = from_the_root(said.trim(), &page).replace('|', "\\|");
            let target = target.trim_start_matches("../");
            let folder = page.split('/').nth(1).unwrap_or_default();
            table += &format!(
                "| {said} | [{folder}]({page}#when-it-goes-wrong): [`{name}`]({target}) |\n"
            );
        }
    }
    table
}

/// The patterns in the order of the summary, with what their pages say of each other.
fn nodes(texts: &[(&Chapter, String)], summary: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (part, links) in relations::parts(summary) {
        for link in links {
            let found = texts.iter().find(|(chapter, _)| chapter.name == link);
            if let Some((
                Chapter {
                    pattern: Some(pattern),
                    ..
                },
                text,
            )) = found
            {
                nodes.push(Node {
                    part: part.clone(),
                    name: pattern.name.clone(),
                    about: relations::about(text),
                    leads_to: relations::leads(text),
                });
            }
        }
    }
    nodes
}

/// Text of a pattern's page with links that begin at the root of the book.
fn from_the_root(text: &str, page: &str) -> String {
    text.replace("](../../", "](")
        .replace("](#", &format!("]({page}#"))
}

/// A table for each question of the cards: what each pattern's page answers. For a chapter at the root
/// of the book, from the chapters' texts as mdBook gets them.
fn comparison(texts: &[(&Chapter, String)]) -> anyhow::Result<String> {
    let mut tables = card::QUESTIONS
        .map(|(_, question)| format!("## {question}\n\n| Recipe | Answer |\n|-|-|\n"));
    for (chapter, text) in texts {
        let Some(pattern) = &chapter.pattern else {
            continue;
        };
        let page = chapter.page();
        let answers = card::answers(text).with_context(|| format!("chapter {}", chapter.file))?;
        for (table, answers) in tables.iter_mut().zip(answers) {
            let is_one = answers.len() == 1;
            let lines: Vec<String> = answers
                .into_iter()
                .map(|answer| match answer.columns.join(", ") {
                    _ if is_one => answer.text,
                    columns => format!("{columns}: {}", answer.text),
                })
                .collect();
            let lines = from_the_root(&lines.join("<br>"), &page);
            *table += &format!("| [{}]({page}#the-card) | {lines} |\n", pattern.name);
        }
    }
    Ok(tables.join("\n"))
}

/// What a link of `chapter` to `target` becomes in the book. `None`: it stays as it is.
fn link(
    workspace: &Path,
    chapter: &Chapter,
    chapters: &[Chapter],
    target: &str,
    linked: &mut BTreeSet<String>,
) -> anyhow::Result<Option<String>> {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, format!("#{anchor}")),
        None => (target, String::new()),
    };
    // A colon ends a scheme; a relative path of this repository has none.
    if path.is_empty() || path.contains(':') {
        return Ok(None);
    }
    let file = resolve(&chapter.file, path)
        .with_context(|| format!("the link to {target} leaves the repository"))?;
    let page = match chapters.iter().find(|chapter| chapter.file == file) {
        Some(chapter) => chapter.page(),
        None if workspace.join(&file).is_file() => {
            let page = if is_kept(&file) {
                file.clone()
            } else {
                format!("{file}.html")
            };
            linked.insert(file);
            page
        }
        None => bail!("the link to {target} is dead: there is no file {file}"),
    };
    let up = "../".repeat(chapter.page().matches('/').count());
    Ok(Some(format!("{up}{page}{anchor}")))
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

/// Where `target` stands in the source of a link or of a link's definition.
fn target_range(
    text: &str,
    link: Range<usize>,
    before: &str,
    target: &str,
) -> anyhow::Result<Range<usize>> {
    let source = &text[link.clone()];
    let start = source.rfind(before).and_then(|at| {
        let after = at + before.len();
        source[after..]
            .find(target)
            .map(|offset| link.start + after + offset)
    });
    let start = start.with_context(|| format!("write the link to {target} as [text](target)"))?;
    Ok(start..start + target.len())
}

/// Whether a link leads to a timeline of the page's own pattern: `timeline.svg`, or one of a run with
/// an argument.
fn is_timeline(target: &str) -> bool {
    target.starts_with("timeline") && target.ends_with(".svg") && !target.contains('/')
}

/// The recorded run that a picture of the page was drawn from, seen from the workspace.
fn recording(chapter: &Chapter, picture: &str) -> anyhow::Result<String> {
    let json = picture.replace(".svg", ".json");
    resolve(&chapter.file, &json).context("a chapter stands in a folder")
}

/// A recorded run as a part of the page, so that it takes the page's colours and can be played.
fn player(workspace: &Path, recording: &str, caption: &str) -> anyhow::Result<String> {
    let timeline = json::read(&read(workspace, recording)?)
        .with_context(|| format!("{recording} is not the JSON of a timeline"))?;
    let name = recording.rsplit('/').next().unwrap_or(recording);
    let (name, caption) = (escape(name), escape(caption));
    let inner = figure::timeline(&timeline, timeline.length);
    Ok(format!(
        "\n\n<figure class=\"player\" data-timeline=\"{name}\">\n{inner}\
         <figcaption>{caption}</figcaption>\n</figure>\n\n"
    ))
}

/// mdBook hides such a line and shows a button in its place; the copy then lacks it.
fn refuse_hidden_lines(code: &str) -> anyhow::Result<()> {
    match code
        .lines()
        .map(str::trim)
        .find(|line| *line == "#" || line.starts_with("# "))
    {
        Some(line) => bail!("the book would hide the Rust line `{line}`"),
        None => Ok(()),
    }
}

/// A file of the repository as a page of the book.
fn file_page(frame: &str, site_url: &str, file: &str, text: &str) -> Option<String> {
    let up = "../".repeat(file.matches('/').count());
    let up = if up.is_empty() { "./" } else { &up };
    let frame = frame.replace(
        &format!("<base href=\"{site_url}\">"),
        &format!("<base href=\"{up}\">"),
    );
    let (head, rest) = frame.split_once("<title>")?;
    let (_, rest) = rest.split_once("</title>")?;
    let (body, rest) = rest.split_once("<main>")?;
    let (_, after) = rest.split_once("</main>")?;
    let language = Path::new(file)
        .extension()
        .map_or("text".into(), |end| end.to_string_lossy());
    let file = escape(file);
    let code = escape(text);
    Some(format!(
        "{head}<title>{file}</title>{body}<main>\n<h1>{file}</h1>\n\
         <pre><code class=\"language-{language}\">{code}</code></pre>\n</main>{after}"
    ))
}

/// Whether a file is in the book as it is, and not as a page.
fn is_kept(file: &str) -> bool {
    [".svg", ".png", ".jpg", ".webp", ".json"]
        .iter()
        .any(|end| file.ends_with(end))
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text as the value of an attribute, between double quotes.
pub(crate) fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}

fn read(workspace: &Path, file: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(workspace.join(file));
    text.map(|text| text.replace("\r\n", "\n"))
        .with_context(|| format!("cannot read {file}"))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The list of an exported book's files, which stands beside them.
const LIST: &str = ".book-files";
const LIST_TITLE: &str = "The next build of the book replaces these files and touches no others.";

/// Why the book was not written to a folder.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder, or a file in it, is not the book's. Nothing was changed.
    #[error("{} is not an earlier build of this book: name a folder that is empty or new", .0.display())]
    Foreign(PathBuf),
    /// Reading or writing failed.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

/// The files that an earlier [`export`] left in `folder`: none when it is new or empty.
///
/// # Errors
/// When the folder holds something and no earlier book, or cannot be read.
pub fn exported(folder: &Path) -> Result<BTreeSet<String>, ExportError> {
    let failed = |source| ExportError::Io {
        path: folder.to_path_buf(),
        source,
    };
    if !folder.try_exists().map_err(failed)? {
        return Ok(BTreeSet::new());
    }
    let is_free = folder.is_dir() && folder.read_dir().map_err(failed)?.next().is_none();
    let list = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let mut lines = list.lines();
    if lines.next() != Some(LIST_TITLE) && !is_free {
        return Err(ExportError::Foreign(folder.to_path_buf()));
    }
    // Only a plain path below the folder can be one of ours.
    let is_plain = |line: &&str| {
        Path::new(line)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
    };
    Ok(lines.filter(is_plain).map(str::to_owned).collect())
}

/// Copies a built book to `folder`, in place of an earlier one. Other files there stay as they are.
///
/// # Errors
/// When `folder` holds something that is not an earlier book, or cannot be written.
pub fn export(built: &Path, folder: &Path) -> Result<(), ExportError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ExportError::Io { path, source }
    };
    let old = exported(folder)?;
    let mut new = BTreeSet::new();
    files(built, "", &mut new).map_err(failed(built))?;
    for file in new.difference(&old) {
        let path = folder.join(file);
        if path.exists() {
            return Err(ExportError::Foreign(path));
        }
    }

    let list = folder.join(LIST);
    let listing = |files: &mut dyn Iterator<Item = &String>| {
        files.fold(format!("{LIST_TITLE}\n"), |list, file| list + file + "\n")
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    // First, so that a build that is cut short is known as one.
    fs::write(&list, listing(&mut old.union(&new))).map_err(failed(&list))?;
    for file in old.difference(&new) {
        let path = folder.join(file);
        if path.exists() {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    for file in &new {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::copy(built.join(file), &path).map_err(failed(&path))?;
    }
    fs::write(&list, listing(&mut new.iter())).map_err(failed(&list))
}

/// Collects the files below `folder`, written with `/`.
fn files(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}
