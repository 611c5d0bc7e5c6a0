//! The demo beside its Python twin, and what differs between the two.
//!
//! The page's table "Coming from asyncio" names the calls. A line that makes one of them gets the
//! number of its row, in both programs, so that the eye finds what corresponds, and the row says
//! whether it means the same.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::html::listing;
use crate::pattern::{Pattern, Row, Transcript};

/// The two programs of a pattern, with the lines that are marked.
pub struct Twin<'a> {
    pattern: &'a Pattern,
    /// In the order of the table's first two columns.
    programs: [Program<'a>; 2],
}

/// One of the two programs.
struct Program<'a> {
    file: &'static str,
    language: &'static str,
    code: &'a str,
    /// The lines that make the call of a row, counted from 0, and the numbers of these rows.
    marked: BTreeMap<usize, Vec<usize>>,
}

impl<'a> Twin<'a> {
    /// Finds the lines of both programs that make the calls of the table.
    pub fn new(pattern: &'a Pattern) -> Self {
        let program = |column: usize, file, language, code: &'a str| Program {
            file,
            language,
            code,
            marked: marked(code, pattern.calls.iter().map(|row| &row.calls[column][..])),
        };
        Self {
            pattern,
            programs: [
                program(0, "asyncio.py", "python", &pattern.asyncio),
                program(1, "src/main.rs", "rs", &pattern.demo),
            ],
        }
    }

    /// What the cells of the table gain on the page, and where: each row its number, with links to the
    /// first line of each program that makes its call, and whether the two differ there.
    pub fn marks_of_rows(&self) -> Vec<(usize, Markup)> {
        let mut marks = Vec::new();
        for (row, number) in self.pattern.calls.iter().zip(1..) {
            let id = self.row_id(number);
            let [python, rust] = &self.programs;
            let sign = html! {
                span class={ "sign " (class(row)) } role="img" aria-label=(says(row)) { (sign(row)) } " "
            };
            let numbers = [
                self.number(python, number, Some(&id)),
                self.number(rust, number, None),
            ];
            marks.extend(row.cells.into_iter().zip(numbers.into_iter().chain([sign])));
        }
        marks
    }

    /// The number of a row, as a link to the first line of a program that makes its call. Where there is
    /// none, the number stands for the row's `id`.
    fn number(&self, program: &Program<'_>, number: usize, id: Option<&str>) -> Markup {
        html! {
            @if let Some(line) = program.first_line(number) {
                a.row-number id=[id] href={ "#" (self.line_id(program, line)) }
                    title={ (program.file) ", line " (line + 1) } { (number) } " "
            } @else if id.is_some() {
                span.row-number id=[id] { (number) } " "
            }
        }
    }

    /// The two programs with their marks, and below them what they print.
    pub fn listings(&self) -> Markup {
        html! {
            p.twin-key {
                "The number before a line is the row of the table that names its call: "
                span.sign.differs { "≠" } " where the two differ, "
                span.sign.same { "=" } " where they do the same."
            }
            div.twin {
                @for program in &self.programs { (self.program(program)) }
                @for transcript in &self.pattern.transcripts { (self.printed(transcript)) }
            }
        }
    }

    /// What both print when they are given the argument.
    fn printed(&self, Transcript { argument, text }: &Transcript) -> Markup {
        let name = self.pattern.name();
        let also = argument
            .as_ref()
            .map_or(String::new(), |argument| format!(" {argument}"));
        let commands = html! {
            code { "python3 patterns/" (name) "/asyncio.py" (also) } " and "
            code { "cargo run -p " (name) " -- --paused" (also) }
        };
        html! {
            @if argument.is_some() {
                details.listing.both {
                    summary { "They print the same here, too: " (commands) }
                    (listing("text", text))
                }
            } @else {
                figure.listing.both {
                    figcaption {
                        "Both print this, line for line: " (commands) ". The test " code { "twins" }
                        " compares them, on a clock that does not wait. The demo in Rust also draws its timeline."
                    }
                    (listing("text", text))
                }
            }
        }
    }

    /// A program, and its marks before it: highlighting rewrites what is in `code`.
    fn program(&self, program: &Program<'_>) -> Markup {
        let most = program.marked.values().map(Vec::len).max().unwrap_or(0);
        html! {
            figure.listing {
                figcaption { code { (program.file) } }
                div.marked style={ "--most: " (most) } {
                    @for (&line, rows) in &program.marked {
                        span.marks id=(self.line_id(program, line)) style={ "--line: " (line) } {
                            @for &number in rows { (self.mark(line, number)) }
                        }
                    }
                    (listing(program.language, program.code))
                }
            }
        }
    }

    fn mark(&self, line: usize, number: usize) -> Markup {
        let row = &self.pattern.calls[number - 1];
        html! {
            a class=(class(row)) href={ "#" (self.row_id(number)) }
                aria-label={ "Line " (line + 1) ", row " (number) ": " (says(row)) } { (number) (sign(row)) }
        }
    }

    fn row_id(&self, number: usize) -> String {
        format!("{}-row-{number}", self.pattern.name())
    }

    fn line_id(&self, program: &Program<'_>, line: usize) -> String {
        format!("{}-{}-{}", self.pattern.name(), program.language, line + 1)
    }
}

fn class(row: &Row) -> &'static str {
    if row.differs { "differs" } else { "same" }
}

fn says(row: &Row) -> &'static str {
    if row.differs { "differs" } else { "the same" }
}

fn sign(row: &Row) -> &'static str {
    if row.differs { "≠" } else { "=" }
}

impl Program<'_> {
    /// The first line that makes the call of a row.
    fn first_line(&self, row: usize) -> Option<usize> {
        let mut marked = self.marked.iter();
        let (line, _) = marked.find(|(_, rows)| rows.contains(&row))?;
        Some(*line)
    }
}

/// The lines of a program that make the calls of each row, counted from 0, and the rows' numbers. A
/// call belongs to the first row that names it.
fn marked<'a>(code: &str, rows: impl Iterator<Item = &'a [String]>) -> BTreeMap<usize, Vec<usize>> {
    let mut known: Vec<&str> = Vec::new();
    let mut marked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (calls, number) in rows.zip(1..) {
        let new = calls.iter().filter(|call| !known.contains(&call.as_str()));
        let new: Vec<&str> = new.map(String::as_str).collect();
        for (line, text) in program(code) {
            if new.iter().any(|call| makes(text, call)) {
                marked.entry(line).or_default().push(number);
            }
        }
        known.extend(new);
    }
    marked
}

/// The lines of a program without comments and imports.
fn program(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_import = false;
    code.lines().enumerate().filter(move |(_, line)| {
        let text = line.trim();
        let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
        let is_import = in_import || starts(&["use ", "import ", "from "]);
        // Only Rust's go over several lines here, to the semicolon.
        in_import = (in_import || text.starts_with("use ")) && !text.ends_with(';');
        !is_import && !starts(&["//", "#"])
    })
}

/// Whether a line has the call, as a word of its own. A call is not where it is defined, nor one of
/// another module's function of that name, and a name in a text is no use of it.
fn makes(line: &str, call: &str) -> bool {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let is_name = !call.ends_with('(');
    line.match_indices(call).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + call.len()..]);
        if before.ends_with(is_word) {
            return false;
        }
        if is_name {
            let in_text = before.matches('"').count() % 2 == 1;
            return !in_text && !after.starts_with(is_word);
        }
        !["def ", "fn ", "::"]
            .iter()
            .any(|end| before.ends_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_marked_for_the_call_and_nothing_else() {
        for line in [
            "x = await asyncio.gather(*a)",
            "    gather(b).await;",
            "if gather(c) {",
        ] {
            assert!(makes(line, "gather("), "{line}");
        }
        for line in [
            "async def gather(a):",
            "pub fn gather(a) {",
            "try_gather(a)",
            "demo::gather(a)",
            "gather",
        ] {
            assert!(!makes(line, "gather("), "{line}");
        }
        assert!(makes("Outcome::Cancelled => 1", "Outcome::Cancelled"));
        assert!(!makes("Outcome::CancelledLate => 1", "Outcome::Cancelled"));
        assert!(!makes("say(\"Gate: closed\")", "Gate"));
    }

    #[test]
    fn the_first_row_that_names_a_call_has_it_and_imports_and_comments_have_none() {
        let code = "use a::{\n    b,\n    Gate,\n};\n// f(1)\nlet gate = Gate::new();\nf(g(1));\n";
        let rows = [
            vec!["f(".to_owned()],
            vec!["Gate".to_owned(), "f(".to_owned()],
            vec!["g(".to_owned()],
        ];
        let marked = marked(code, rows.iter().map(Vec::as_slice));
        assert_eq!(marked, BTreeMap::from([(5, vec![2]), (6, vec![1, 3])]));
    }
}
