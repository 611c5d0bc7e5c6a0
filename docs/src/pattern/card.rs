//! The card of a page: what the recipe promises, an answer for each question.

use super::page::{Cell, Page, Table};
use super::{Fault, anatomy};

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

/// What a pattern promises. A page with several cards has their rows one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// The different answers to each of the [`QUESTIONS`].
    pub answers: [Vec<Answer>; QUESTIONS.len()],
    /// The tests that show the rows, each with the number of its line on the page.
    pub shown_by: Vec<(usize, String)>,
}

/// One answer to a question, in Markdown.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The headings of the columns that give it, such as `` `gather` ``.
    pub columns: Vec<String>,
    /// The answer. Where the card says "the same", it is what that refers to.
    pub text: String,
}

impl Card {
    pub(super) fn read(page: &Page) -> Result<Self, Fault> {
        let section = anatomy::section(page, "The card")?;
        let mut card = Self::default();
        for table in &section.tables {
            card.add(page, table)?;
        }
        for ((words, _), answers) in QUESTIONS.iter().zip(&card.answers) {
            if answers.is_empty() {
                let problem = format!("the card has no row `{words}`");
                return Err(Fault::at(page, section.range.start, problem));
            }
        }
        Ok(card)
    }

    fn add(&mut self, page: &Page, table: &Table) -> Result<(), Fault> {
        let at = table[0].first().map_or(0, |cell| cell.start);
        let columns = match &table[0][..] {
            [_, columns @ .., last]
                if !columns.is_empty() && last.text.eq_ignore_ascii_case("shown by") =>
            {
                columns
            }
            _ => {
                let problem = "the card's last column is not `shown by`, after one answer or more";
                return Err(Fault::at(page, at, problem));
            }
        };
        let mut above = None;
        for row in &table[1..] {
            let [question, answers @ .., shown_by] = &row[..] else {
                return Err(Fault::at(page, at, "a row of the card is too short"));
            };
            let given = self.row(question, columns, answers, above.as_deref());
            let given = given.and_then(|first| match &shown_by.code[..] {
                [] => Err("names no test".to_owned()),
                _ => Ok(first),
            });
            above = given.map_err(|problem| {
                let problem = format!("the card's row `{}` {problem}", question.text);
                Fault::at(page, question.start, problem)
            })?;
            let tests = shown_by.code.iter().cloned();
            let line = page.line(shown_by.start);
            self.shown_by.extend(tests.map(|test| (line, test)));
        }
        Ok(())
    }

    /// Adds what a row answers. Returns its first answer.
    fn row(
        &mut self,
        question: &Cell,
        columns: &[Cell],
        cells: &[Cell],
        above: Option<&str>,
    ) -> Result<Option<String>, String> {
        let asked = question.text.to_lowercase();
        let index = QUESTIONS
            .iter()
            .position(|(words, _)| asked.contains(words));
        let (mut first, mut left) = (None, None::<String>);
        for (column, cell) in columns.iter().zip(cells) {
            let text = resolve(&cell.source, left.as_deref().or(above))?;
            if let Some(index) = index {
                let answers = &mut self.answers[index];
                let name = column.source.clone();
                match answers.iter_mut().find(|answer| answer.text == text) {
                    Some(answer) => answer.columns.push(name),
                    None => answers.push(Answer {
                        columns: vec![name],
                        text: text.clone(),
                    }),
                }
            }
            first.get_or_insert_with(|| text.clone());
            left = Some(text);
        }
        Ok(first)
    }
}

/// An answer with `other` in place of "the same" at its start. `other` is the answer on its left; in
/// the first column, the one above.
fn resolve(answer: &str, other: Option<&str>) -> Result<String, String> {
    const SAME: &str = "the same";
    if answer.is_empty() {
        return Err("has an empty cell".to_owned());
    }
    let rest = match answer.split_at_checked(SAME.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(SAME) => rest,
        _ => return Ok(answer.to_owned()),
    };
    // "The same order" refers to nothing.
    if !(rest.is_empty() || rest.starts_with(['.', ',', ';', ':'])) {
        return Ok(answer.to_owned());
    }
    let other = other.ok_or("has `the same` where it refers to nothing")?;
    Ok(match rest {
        "" | "." => other.to_owned(),
        rest => other.trim_end_matches('.').to_owned() + rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The card with these rows above those that answer the rest with "no".
    fn card(head: &str, rows: &str) -> Result<Card, Fault> {
        let columns = head.matches('|').count() - 1;
        let rest: String = QUESTIONS[3..]
            .iter()
            .map(|(words, _)| format!("| is it {words} |{} `t` |\n", " no |".repeat(columns - 2)))
            .collect();
        let line = "-|".repeat(columns);
        let text = format!("# Title\n\n## The card\n\n{head}\n|{line}\n{rows}\n{rest}\n## Next\n");
        Card::read(&Page::read("p.md", &text))
    }

    fn answer(columns: &[&str], text: &str) -> Answer {
        Answer {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_card_with_a_column_for_each_function_names_them_and_resolves_the_same() {
        let card = card(
            "| what happens when | `a` | `b`, `c` | d | shown by |",
            "| the caller is dropped | `x` *stops* | the same | the same; later `y` | `t` |\n\
             | a child fails | it goes on. | The same, then `z` | the same order | `t`, `u` |\n\
             | a child panics | the same; nobody knows | no | the same. | `t` |",
        );
        let Card { answers, shown_by } = card.unwrap();
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
        assert_eq!(
            shown_by[..3],
            [(7, "t".into()), (8, "t".into()), (8, "u".into())]
        );
    }

    #[test]
    fn a_card_with_one_column_has_one_answer_for_each_question() {
        let card = card(
            "| Question | Answer | Shown by |",
            "| What happens when the caller is dropped? | The task is cancelled. | `t` |\n\
             | What happens when a child fails? | `Err(_)`, see [`E`](src/lib.rs) | `t` |\n\
             | What happens when a child panics? | a \\| b | `t` |",
        );
        let texts = card.unwrap().answers.map(|answers| {
            assert_eq!(answers.len(), 1);
            answers[0].text.clone()
        });
        assert_eq!(texts[0], "The task is cancelled.");
        assert_eq!(texts[1], "`Err(_)`, see [`E`](src/lib.rs)");
        assert_eq!(texts[2], "a \\| b");
        assert_eq!(texts[3..], ["no"; 4]);
    }

    #[test]
    fn a_card_that_cannot_be_read_is_an_error_that_names_its_line() {
        let head = "| Question | Answer | Shown by |";
        let rows = "| the caller is dropped | yes | `t` |\n| a child fails | no | `t` |";
        for (head, rows, problem) in [
            (head, rows, "p.md:3: the card has no row `a child panics`"),
            (
                "| Question | Answer |",
                rows,
                "p.md:5: the card's last column is not `shown by`, after one answer or more",
            ),
            (
                head,
                "| the caller is dropped | | `t` |",
                "p.md:7: the card's row `the caller is dropped` has an empty cell",
            ),
            (
                head,
                "| the caller is dropped | the same | `t` |",
                "p.md:7: the card's row `the caller is dropped` has `the same` where it refers to nothing",
            ),
            (
                head,
                "| the caller is dropped | yes | t |",
                "p.md:7: the card's row `the caller is dropped` names no test",
            ),
        ] {
            assert_eq!(card(head, rows).unwrap_err().to_string(), problem);
        }
    }
}
