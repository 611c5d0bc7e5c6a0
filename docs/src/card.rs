//! Reads the card of a page: what the recipe promises, one answer for each question.

use anyhow::{Context as _, bail, ensure};

use crate::markdown::{self, Table};

/// The questions of a card: words in the first cell of the row, and how the book puts the question.
pub const QUESTIONS: [(&str, &str); 7] = [
    ("the caller is dropped", "When the caller is dropped"),
    ("a child fails", "When a child fails"),
    ("a child panics", "When a child panics"),
    ("bounded", "Is it bounded?"),
    ("fair", "Is it fair?"),
    ("ordered", "Is it ordered?"),
    ("threads", "Which threads run it?"),
];

/// One answer to a question, in Markdown.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The headings of the columns that give it, such as `` `gather` ``.
    pub columns: Vec<String>,
    /// The answer. Where the card says "the same", it is what that refers to.
    pub text: String,
}

/// The different answers of a page's card, for each of the [`QUESTIONS`].
///
/// # Errors
/// When the page has no card, or the card has not the form of one.
pub fn answers(page: &str) -> anyhow::Result<Vec<Vec<Answer>>> {
    let sections = markdown::sections(page);
    let cards = sections
        .iter()
        .filter(|section| section.title == "The card");
    let mut answers = vec![Vec::new(); QUESTIONS.len()];
    for card in cards.flat_map(|section| &section.tables) {
        read(card, &mut answers)?;
    }
    for ((words, _), answers) in QUESTIONS.iter().zip(&answers) {
        ensure!(!answers.is_empty(), "the card has no row `{words}`");
    }
    Ok(answers)
}

/// Adds what one card answers.
fn read(card: &Table, answers: &mut [Vec<Answer>]) -> anyhow::Result<()> {
    let columns = match &card[0][..] {
        [_, columns @ .., last]
            if !columns.is_empty() && last.text.eq_ignore_ascii_case("shown by") =>
        {
            columns
        }
        _ => bail!("the card's last column is not `shown by`, after one answer or more"),
    };
    let mut above = None;
    for row in &card[1..] {
        let question = row[0].text.to_lowercase();
        let index = QUESTIONS
            .iter()
            .position(|(words, _)| question.contains(words));
        let mut left = None;
        for (column, cell) in columns.iter().zip(&row[1..]) {
            let text = resolve(&cell.source, left.as_deref().or(above.as_deref()))
                .with_context(|| format!("the card's row `{question}`"))?;
            if let Some(index) = index {
                let answers = &mut answers[index];
                let name = column.source.clone();
                match answers.iter_mut().find(|answer| answer.text == text) {
                    Some(answer) => answer.columns.push(name),
                    None => answers.push(Answer {
                        columns: vec![name],
                        text: text.clone(),
                    }),
                }
            }
            if left.is_none() {
                above = Some(text.clone());
            }
            left = Some(text);
        }
    }
    Ok(())
}

/// An answer with `other` in place of "the same" at its start. `other` is the answer on its left; in
/// the first column, the one above.
fn resolve(answer: &str, other: Option<&str>) -> anyhow::Result<String> {
    const SAME: &str = "the same";
    ensure!(!answer.is_empty(), "it has an empty cell");
    let rest = match answer.split_at_checked(SAME.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(SAME) => rest,
        _ => return Ok(answer.to_owned()),
    };
    // "The same order" refers to nothing.
    if !(rest.is_empty() || rest.starts_with(['.', ',', ';', ':'])) {
        return Ok(answer.to_owned());
    }
    let other = other.context("nothing stands where its `the same` refers to")?;
    Ok(match rest {
        "" | "." => other.to_owned(),
        rest => other.trim_end_matches('.').to_owned() + rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page whose card has these rows above those that answer the rest with "yes" or "no".
    fn page(head: &str, rows: &str) -> String {
        let columns = head.matches('|').count() - 1;
        let rest: String = QUESTIONS[3..]
            .iter()
            .map(|(words, _)| format!("| is it {words} |{}\n", " no |".repeat(columns - 1)))
            .collect();
        let line = "-|".repeat(columns);
        format!("# Title\n\n## The card\n\n{head}\n|{line}\n{rows}\n{rest}\n## Next\n")
    }

    fn answer(columns: &[&str], text: &str) -> Answer {
        Answer {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_card_with_a_column_for_each_function_names_them_and_resolves_the_same() {
        let page = page(
            "| what happens when | `a` | `b`, `c` | d | shown by |",
            "| the caller is dropped | `x` *stops* | the same | the same; later `y` | `t` |\n\
             | a child fails | it goes on. | The same, then `z` | the same order | `t` |\n\
             | a child panics | the same; nobody knows | no | the same. | `t` |",
        );
        let answers = answers(&page).unwrap();
        assert_eq!(
            answers[..3],
            [
                vec![
                    answer(&["`a`", "`b`, `c`"], "`x` *stops*"),
                    answer(&["d"], "`x` *stops*; later `y`"),
                ],
                vec![
                    answer(&["`a`"], "it goes on."),
                    answer(&["`b`, `c`"], "it goes on, then `z`"),
                    answer(&["d"], "the same order"),
                ],
                vec![
                    answer(&["`a`"], "it goes on; nobody knows"),
                    answer(&["`b`, `c`", "d"], "no"),
                ],
            ]
        );
        assert_eq!(answers[6], [answer(&["`a`", "`b`, `c`", "d"], "no")]);
    }

    #[test]
    fn a_card_with_one_column_has_one_answer_for_each_question() {
        let page = page(
            "| Question | Answer | Shown by |",
            "| What happens when the caller is dropped? | The task is cancelled. | `t` |\n\
             | What happens when a child fails? | `Err(_)`, see [`E`](src/lib.rs) | `t` |\n\
             | What happens when a child panics? | a \\| b | `t` |",
        );
        let answers = answers(&page).unwrap();
        let texts: Vec<_> = answers
            .iter()
            .map(|answers| {
                assert_eq!(answers.len(), 1);
                answers[0].text.as_str()
            })
            .collect();
        assert_eq!(texts[0], "The task is cancelled.");
        assert_eq!(texts[1], "`Err(_)`, see [`E`](src/lib.rs)");
        assert_eq!(texts[2], "a \\| b");
        assert_eq!(texts[3..], ["no"; 4]);
    }

    #[test]
    fn a_card_that_cannot_be_read_is_an_error() {
        let head = "| Question | Answer | Shown by |";
        let rows = "| the caller is dropped | yes | `t` |\n| a child fails | no | `t` |";
        for (page, problem) in [
            (
                "# Title\n".to_owned(),
                "the card has no row `the caller is dropped`",
            ),
            (page(head, rows), "the card has no row `a child panics`"),
            (
                page("| Question | Answer |", rows),
                "the card's last column is not `shown by`, after one answer or more",
            ),
            (
                page(head, "| the caller is dropped | | `t` |"),
                "the card's row `the caller is dropped`: it has an empty cell",
            ),
            (
                page(head, "| the caller is dropped | the same | `t` |"),
                "the card's row `the caller is dropped`: nothing stands where its `the same` refers to",
            ),
        ] {
            let error = answers(&page).unwrap_err();
            assert_eq!(format!("{error:#}"), problem);
        }
    }
}
