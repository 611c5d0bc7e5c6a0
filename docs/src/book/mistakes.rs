//! The mistakes that all pages show, as one table.

use super::chapters::{self, Chapter};
use super::links::Links;

/// The table in Markdown, for the page of `to`.
///
/// # Errors
/// When a link in a mistake's words is dead.
pub fn table(chapters: &[Chapter], links: &mut Links<'_>, to: &Chapter) -> anyhow::Result<String> {
    let mut table = String::from("\n| What goes wrong | Shown by |\n|-|-|\n");
    for (chapter, pattern) in chapters::patterns(chapters) {
        for mistake in &pattern.mistakes {
            let says = links
                .rewrite(&mistake.says, chapter, to)?
                .replace('|', "\\|");
            let file = format!("examples/{}.rs", mistake.name);
            let program = links.file(pattern.folder.file(&file));
            let (name, pattern, page) = (&mistake.name, pattern.name(), chapter.address());
            table += &format!(
                "| {says} | [{pattern}]({page}#when-it-goes-wrong): [`{name}`]({program}) |\n"
            );
        }
    }
    Ok(table)
}
