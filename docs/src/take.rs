//! The panel from which a reader takes the recipe: what `paste` does, and all of it by hand.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::book::escape;
use crate::paste;
use crate::pattern::Pattern;

/// What the panel of a page offers to copy.
#[derive(Debug)]
pub struct Take {
    /// The command that does all the rest, without an end of line: a shell would run it at once.
    pub command: String,
    /// The lines below `[dependencies]` in Cargo.toml.
    pub dependencies: String,
    /// The line that makes the recipe a module.
    pub module: String,
    /// The name of the recipe's file, below `src`.
    pub file: String,
    /// The recipe, as `paste` writes it.
    pub recipe: String,
}

impl Take {
    /// Reads what the panel shows from the recipe and from the page that says what it needs.
    ///
    /// # Errors
    /// When the page does not say it, or when the recipe cannot be read.
    pub fn new(pattern: &Pattern, page: &str) -> anyhow::Result<Self> {
        let recipe = pattern.recipe().context("cannot read src/lib.rs")?;
        let module = pattern.module();
        Ok(Self {
            command: format!("cargo run -p docs -- paste {} ../my-app", pattern.name),
            dependencies: paste::recipe_lines(page).map_err(|message| anyhow!(message))?,
            file: format!("{module}.rs"),
            module: format!("mod {module};\n"),
            recipe,
        })
    }

    /// The panel as HTML.
    pub fn panel(&self) -> String {
        let file = &self.file;
        let recipe = format!(
            "<details open>\n<summary>The whole recipe, {} lines</summary>\n\n{}\n\n</details>",
            self.recipe.lines().count(),
            listing("rs", &self.recipe)
        );
        let parts = [
            part(
                "the command",
                "Copy the recipe into your crate, with the dependencies that it needs:",
                &listing("sh", &self.command),
            ),
            part(
                "the module line",
                "Then add this line to <code>main.rs</code> or <code>lib.rs</code>:",
                &listing("rs", &self.module),
            ),
            part(
                "the dependencies",
                "By hand, in place of the command: add these lines below <code>[dependencies]</code> \
                 in <code>Cargo.toml</code>:",
                &listing("toml", &self.dependencies),
            ),
            part(
                "the recipe",
                &format!(
                    "And save the recipe as <code>src/{file}</code>: \
                     <a href=\"{file}\" download>download it</a>, or copy it."
                ),
                &recipe,
            ),
        ];
        format!(
            "\n<section class=\"take\" aria-label=\"Take the recipe\">\n{}</section>\n\n",
            parts.concat()
        )
    }
}

/// One text of the panel. The script puts a button into the caption, which copies `what`.
fn part(what: &str, says: &str, code: &str) -> String {
    format!(
        "<figure data-copy=\"{what}\">\n<figcaption><span class=\"says\">{says}</span></figcaption>\n\n\
         {code}\n\n</figure>\n"
    )
}

/// The part of a page in whose place the panel stands, since it says the same: from the heading "The
/// recipe" to the end of the first `toml` block.
///
/// # Errors
/// When the page has no such block.
pub fn place(page: &str) -> anyhow::Result<Range<usize>> {
    let mut title = None;
    let mut start = None;
    for (event, range) in Parser::new(page).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => title = Some(String::new()),
            Event::Text(text) if title.is_some() => {
                title.iter_mut().for_each(|title| title.push_str(&text));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(title) = title.take() {
                    start = (title == "The recipe").then_some(range.end);
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if &*info == "toml" => {
                if let Some(start) = start {
                    return Ok(start..range.end);
                }
            }
            _ => {}
        }
    }
    Err(anyhow!("the section \"The recipe\" has no toml block"))
}

/// Writes the recipe beside its page in the built book, so that it can be downloaded.
///
/// # Errors
/// When the recipe cannot be read or the file not be written.
pub fn write_file(pattern: &Pattern, built: &Path) -> anyhow::Result<()> {
    let file = format!("patterns/{}/{}.rs", pattern.name, pattern.module());
    fs::write(built.join(&file), pattern.recipe()?).with_context(|| format!("cannot write {file}"))
}

/// Code as HTML, with every byte of it. A Markdown fence would be compiled as an example of the page,
/// and in what is marked as `rust`, and not as `rs`, mdBook looks for lines to hide.
pub(crate) fn listing(language: &str, code: &str) -> String {
    format!(
        "<pre><code class=\"language-{language}\">{}</code></pre>",
        escape(code)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_takes_the_place_of_what_it_says() {
        let page = "## Run it\n\n```toml\na\n```\n\n## The recipe\n\nBy hand:\n\n```toml\nb\n```\n\nThen:\n\n```toml\nc\n```\n";
        let place = place(page).unwrap();
        assert_eq!(page[place].trim(), "By hand:\n\n```toml\nb\n```");
    }

    #[test]
    fn a_page_that_names_no_dependencies_has_no_place_for_it() {
        assert!(place("## The recipe\n\n## Next\n\n```toml\n```\n").is_err());
    }
}
