//! The questions of "Pick a pattern": read from the list in the chapter, shown step by step and as a
//! table.
//!
//! In the list an answer that leads to a question is `- answer **question?**`, with that question's
//! answers below it. One that ends at a page is `- answer → page`.

use anyhow::{Context as _, ensure};
use maud::{Markup, html};

use super::chapters::{self, Chapter};
use super::html::inline;

/// A question. All texts are Markdown.
#[derive(Debug, PartialEq)]
pub struct Question {
    /// The question itself.
    pub text: String,
    /// What may be answered.
    pub answers: Vec<Answer>,
}

/// An answer, and where it leads.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The answer itself.
    pub text: String,
    /// What comes next.
    pub next: Next,
}

/// Where an answer leads.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// To another question.
    Ask(Question),
    /// To a page, or to a type that has no page here.
    Take(String),
}

/// Reads the first question, in bold, and the list of its answers.
///
/// # Errors
/// When a line has not the form of an answer, or a question has none. The error names the line.
pub fn read(text: &str) -> anyhow::Result<Question> {
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    let first = lines.next().context("there is no question")?;
    let (_, question) = bold(first).with_context(|| format!("no question in bold: `{first}`"))?;
    let question = ask(question, &mut lines, 0)?;
    match lines.next() {
        Some(line) => anyhow::bail!("this line is indented too far: `{line}`"),
        None => Ok(question),
    }
}

/// The answers that stand at this indentation.
fn ask<'a>(
    text: &str,
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    indentation: usize,
) -> anyhow::Result<Question> {
    let mut answers = Vec::new();
    while let Some(line) = lines.next_if(|line| indent(line) == indentation) {
        let item = line.trim_start().strip_prefix("- ");
        let item = item.with_context(|| format!("this is no line of a list: `{line}`"))?;
        let answer = if let Some((answer, question)) = bold(item) {
            (answer, Next::Ask(ask(question, lines, indentation + 2)?))
        } else {
            let (answer, page) = item.split_once(" → ").with_context(|| {
                format!("this answer leads to no **question?** and to no → page: `{line}`")
            })?;
            (answer, Next::Take(page.to_owned()))
        };
        answers.push(Answer {
            text: answer.0.trim().to_owned(),
            next: answer.1,
        });
    }
    ensure!(!answers.is_empty(), "`{text}` has no answers");
    Ok(Question {
        text: text.to_owned(),
        answers,
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What stands before the words in bold, and these.
fn bold(line: &str) -> Option<(&str, &str)> {
    let (before, rest) = line.split_once("**")?;
    Some((before, rest.split_once("**")?.0))
}

impl Question {
    /// Every way through the questions: the answers, and where they end.
    #[must_use]
    pub fn paths(&self) -> Vec<(Vec<&str>, &str)> {
        let mut paths = Vec::new();
        for answer in &self.answers {
            match &answer.next {
                Next::Take(page) => paths.push((vec![&*answer.text], &**page)),
                Next::Ask(question) => {
                    paths.extend(question.paths().into_iter().map(|(mut answers, page)| {
                        answers.insert(0, &answer.text);
                        (answers, page)
                    }))
                }
            }
        }
        paths
    }

    /// Adds an answer for each pattern that none leads to, so that none is out of reach.
    pub fn complete(&mut self, chapters: &[Chapter], about: impl Fn(&Chapter) -> String) {
        for (chapter, pattern) in chapters::patterns(chapters) {
            let page = chapter.address();
            let paths = self.paths();
            if !paths.iter().any(|(_, target)| target.contains(&page)) {
                self.answers.push(Answer {
                    text: about(chapter),
                    next: Next::Take(format!("[{}]({page})", pattern.name())),
                });
            }
        }
    }

    /// The questions step by step: each answer opens the next question, or is a link.
    #[must_use]
    pub fn steps(&self) -> Markup {
        html! { div.questions { (step(self, &mut 0)) } }
    }

    /// A table in Markdown, one row for each way through the questions.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = self.paths().into_iter().map(|(answers, page)| {
            let answers: Vec<&str> = answers
                .iter()
                .map(|text| text.trim_end_matches('.'))
                .collect();
            format!("| {} | {page} |\n", answers.join(" · "))
        });
        format!(
            "| What you answer | Take |\n|-|-|\n{}",
            rows.collect::<String>()
        )
    }
}

/// A question with its answers. Of the answers to one question only one is open: they share a name.
fn step(question: &Question, asked: &mut usize) -> Markup {
    *asked += 1;
    let name = format!("question-{asked}");
    html! {
        p.question id=(name) { (inline(&question.text)) }
        ul aria-labelledby=(name) {
            @for answer in &question.answers {
                @match &answer.next {
                    Next::Ask(question) => li {
                        details name=(name) {
                            summary { (inline(&answer.text)) }
                            (step(question, asked))
                        }
                    },
                    Next::Take(page) => li.leaf {
                        span.answer { (inline(&answer.text)) } " "
                        span.target { (inline(page)) }
                    },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\n**What?**\n\n- One thing. **Which?**\n  - this → [a](a.md): `f`\n  \
                        - that → `B`\n- Nothing at all → `C`\n";

    #[test]
    fn a_list_is_read_as_questions_and_every_way_through_them_is_a_row() {
        let question = read(LIST).unwrap();
        let paths = question.paths();
        assert_eq!(
            paths,
            [
                (vec!["One thing.", "this"], "[a](a.md): `f`"),
                (vec!["One thing.", "that"], "`B`"),
                (vec!["Nothing at all"], "`C`"),
            ]
        );
        assert_eq!(
            question.table().lines().skip(2).collect::<Vec<_>>(),
            [
                "| One thing · this | [a](a.md): `f` |",
                "| One thing · that | `B` |",
                "| Nothing at all | `C` |"
            ]
        );
    }

    #[test]
    fn only_one_answer_to_a_question_is_open_and_a_page_is_a_link() {
        let html = read(LIST).unwrap().steps().0;
        assert!(html.contains("<details name=\"question-1\"><summary>One thing.</summary>"));
        assert!(html.contains("<a href=\"a.md\">a</a>: <code>f</code>"));
    }

    #[test]
    fn a_line_that_leads_nowhere_is_named() {
        for (text, problem) in [
            ("", "there is no question"),
            ("What?\n- a → b\n", "no question in bold: `What?`"),
            ("**What?**\n", "`What?` has no answers"),
            (
                "**What?**\n- a **Which?**\n- b → c\n",
                "`Which?` has no answers",
            ),
            ("**What?**\n- a\n", "to no → page: `- a`"),
            (
                "**What?**\n- a → b\n    - c → d\n",
                "indented too far: `    - c → d`",
            ),
            ("**What?**\na → b\n", "no line of a list: `a → b`"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
