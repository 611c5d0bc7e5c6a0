//! What mdBook gets of a chapter, and the parts that the page gains when mdBook has made it.
//!
//! A page is written for GitHub. In the book it gains what GitHub cannot show: the timeline as part of
//! the page, a form to run the demo, the recipe, and the demo beside its Python twin.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, bail};
use common::timeline::json;

use super::catalogue::catalogue;
use super::chapters::{self, Chapter};
use super::edits::Edits;
use super::html::Parts;
use super::links::Links;
use super::{comparison, form, mistakes, panel, player, questions, twin};
use crate::pattern::Pattern;
use crate::pattern::page::{Picture, Section};
use crate::take::recipe::Taken;

/// The picture that the first run is recorded as.
const TIMELINE: &str = "timeline.svg";

/// Comments in a chapter in whose place the book puts what it makes of all the pages.
const CARDS: &str = "\n<!-- cards -->\n";
const CATALOGUE: &str = "\n<!-- catalogue -->\n";
const MISTAKES: &str = "\n<!-- mistakes -->\n";

/// What the questions of a chapter stand between.
const QUESTIONS: (&str, &str) = ("\n<!-- questions -->\n", "\n<!-- end of questions -->\n");

/// A chapter as mdBook gets it.
pub struct Assembled {
    /// The text.
    pub markdown: String,
    /// What comes into the page afterwards.
    pub parts: Parts,
}

/// Assembles a chapter.
///
/// # Errors
/// When the chapter lacks what the book adds to it, or has a dead link.
pub fn assemble(
    workspace: &Path,
    chapter: &Chapter,
    chapters: &[Chapter],
    links: &mut Links<'_>,
) -> anyhow::Result<Assembled> {
    let mut parts = Parts::default();
    let text = match chapter.pattern() {
        Some(pattern) => {
            let files = chapters::taken(pattern, chapters);
            with_parts(workspace, pattern, &files, links, &mut parts)?
        }
        None => chapter.page().text.clone(),
    };
    let text = links.rewrite(&text, chapter, chapter)?;
    let markdown = with_all_pages(text, chapter, chapters, links, &mut parts)?;
    Ok(Assembled { markdown, parts })
}

/// The page of a pattern, with the places of its parts.
fn with_parts(
    workspace: &Path,
    pattern: &Pattern,
    files: &[Taken],
    links: &mut Links<'_>,
    parts: &mut Parts,
) -> anyhow::Result<String> {
    let page = &pattern.page;
    let section = |title: &str| page.section(title).context("the page was read");
    let mut edits = Edits::default();

    let command = &section("Use it")?.paragraphs[0];
    edits.replace(command.clone(), parts.place(panel::command(pattern)));
    edits.replace(to_run(section("Run it")?), parts.place(form::form(pattern)));
    for picture in page.sections.iter().flat_map(|section| &section.pictures) {
        if is_timeline(&picture.file) {
            let shown = recorded_run(workspace, pattern, picture, links)?;
            edits.replace(picture.range.clone(), parts.place(shown));
        }
    }
    let recipe = section("The recipe")?;
    edits.replace(
        by_hand(recipe)?,
        parts.place(panel::by_hand(pattern, files)),
    );
    let twin = twin::Twin::new(pattern);
    for (at, mark) in twin.marks_of_rows() {
        edits.insert(at, mark.into_string());
    }
    edits.insert(
        section("Coming from asyncio")?.range.end,
        parts.place(twin.listings()),
    );
    Ok(edits.apply(&page.text))
}

/// Where the form stands, which says the same: the first command of "Run it".
fn to_run(run: &Section) -> Range<usize> {
    let command = run.blocks.iter().find(|block| block.language() == "sh");
    command.map_or(run.range.end..run.range.end, |block| block.range.clone())
}

/// Where the panel of "The recipe" stands, since it says the same: from the first paragraph to the end
/// of the first `toml` block.
fn by_hand(recipe: &Section) -> anyhow::Result<Range<usize>> {
    let first = recipe.paragraphs.first().map(|range| range.start);
    let block = recipe
        .blocks
        .iter()
        .find(|block| block.language() == "toml");
    match (first, block) {
        (Some(start), Some(block)) if start < block.range.start => Ok(start..block.range.end),
        _ => bail!("the section \"The recipe\" does not begin with a paragraph and a toml block"),
    }
}

/// Whether a picture is a timeline of the page's own pattern: `timeline.svg`, or one of a run with an
/// argument.
fn is_timeline(file: &str) -> bool {
    file.starts_with("timeline") && file.ends_with(".svg") && !file.contains('/')
}

fn recorded_run(
    workspace: &Path,
    pattern: &Pattern,
    picture: &Picture,
    links: &mut Links<'_>,
) -> anyhow::Result<maud::Markup> {
    let name = picture.file.replace(".svg", ".json");
    let file = pattern.folder.file(&name);
    let recorded = std::fs::read_to_string(workspace.join(&file));
    let recorded = recorded.with_context(|| format!("cannot read {file}"))?;
    let timeline =
        json::read(&recorded).with_context(|| format!("{file} is not the JSON of a timeline"))?;
    // The player loads it.
    links.file(file);
    let id = (picture.file == TIMELINE).then_some("timeline");
    Ok(player::figure(&timeline, id, &name, &picture.caption))
}

/// A chapter's text with what the book makes of all the pages in place of the comments that ask for it.
fn with_all_pages(
    text: String,
    chapter: &Chapter,
    chapters: &[Chapter],
    links: &mut Links<'_>,
    parts: &mut Parts,
) -> anyhow::Result<String> {
    let mut text = text;
    if text.contains(CARDS) {
        let tables = comparison::tables(chapters, links, chapter)?;
        text = text.replace(CARDS, &tables);
    }
    if text.contains(MISTAKES) {
        let table = mistakes::table(chapters, links, chapter)?;
        text = text.replace(MISTAKES, &table);
    }
    let about = |of: &Chapter| -> String {
        let about = of.pattern().map_or("", Pattern::about);
        about.replace('\n', " ")
    };
    if text.contains(CATALOGUE) {
        text = text.replace(CATALOGUE, &parts.place(catalogue(chapters, about)));
    }
    if let Some((before, rest)) = text.split_once(QUESTIONS.0) {
        let (list, after) = rest
            .split_once(QUESTIONS.1)
            .context("the questions have no end")?;
        let mut question = questions::read(list)?;
        question.complete(chapters, about);
        let (steps, table) = (parts.place(question.steps()), question.table());
        text = format!(
            "{before}{steps}<details class=\"listing\">\n<summary>The same as a table</summary>\n\n\
             {table}\n</details>\n\n{after}"
        );
    }
    Ok(text)
}
