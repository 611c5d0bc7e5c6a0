//! The cards of all patterns side by side: a table for each question.

use super::chapters::{self, Chapter};
use super::links::Links;
use crate::pattern::{Answer, QUESTIONS};

/// The tables in Markdown, for the page of `to`.
///
/// # Errors
/// When a link of an answer is dead.
pub fn tables(chapters: &[Chapter], links: &mut Links<'_>, to: &Chapter) -> anyhow::Result<String> {
    let mut tables = String::new();
    for (number, (_, question)) in QUESTIONS.iter().enumerate() {
        tables += &format!("\n## {question}\n\n| Recipe | Answer |\n|-|-|\n");
        for (chapter, pattern) in chapters::patterns(chapters) {
            let answers = answers(&pattern.card.answers[number]);
            let answers = links.rewrite(&answers, chapter, to)?;
            let (name, address) = (pattern.name(), chapter.address());
            tables += &format!("| [{name}]({address}#the-card) | {answers} |\n");
        }
    }
    Ok(tables)
}

/// What one pattern answers to one question.
fn answers(answers: &[Answer]) -> String {
    let lines = answers.iter().map(|answer| match answers.len() {
        1 => answer.text.clone(),
        _ => format!("{}: {}", answer.columns.join(", "), answer.text),
    });
    lines.collect::<Vec<_>>().join("<br>")
}
