//! The demo beside its Python twin, and what differs between the two.
//!
//! The page's table "Coming from asyncio" names the calls. A line that makes one of them gets the
//! number of its row, in both programs, so that the eye finds what corresponds, and the row says
//! whether it means the same.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;

use crate::markdown::{self, Cell};
use crate::pattern::Pattern;
use crate::{expected, take};

/// The two programs of a pattern, and the rows of its table.
#[derive(Debug)]
pub struct Twin {
    name: String,
    rows: Vec<Row>,
    /// In the order of the table's first two columns.
    programs: [Program; 2],
    /// What the demo prints, and with which argument.
    transcripts: Vec<(Option<String>, String)>,
}

/// A row of the table "Coming from asyncio".
#[derive(Debug)]
struct Row {
    /// Where its three cells begin on the page.
    cells: [usize; 3],
    /// Whether the two differ.
    differs: bool,
    /// What marks a line of each program.
    calls: [Vec<String>; 2],
}

/// One of the two programs.
#[derive(Debug)]
struct Program {
    file: &'static str,
    language: &'static str,
    code: String,
    /// The lines that make the call of a row, counted from 0, and the numbers of these rows.
    marked: BTreeMap<usize, Vec<usize>>,
}

impl Twin {
    /// Reads the table of the page, both programs and what they print.
    ///
    /// # Errors
    /// When the page has no such table, and when a file cannot be read.
    pub fn new(pattern: &Pattern, page: &str) -> anyhow::Result<Self> {
        let rows = rows(page).context("no table in the section `## Coming from asyncio`")?;
        let program = |column: usize, file, language| {
            let code = read(&pattern.dir.join(file))?;
            let marked = marked(&code, rows.iter().map(|row| &row.calls[column][..]));
            anyhow::Ok(Program {
                file,
                language,
                code,
                marked,
            })
        };
        let programs = [
            program(0, "asyncio.py", "python")?,
            program(1, "src/main.rs", "rs")?,
        ];
        let mut transcripts = Vec::new();
        for (file, argument) in expected::variants(pattern, "expected", "txt")? {
            let text = read(&file)?;
            let lines = without_timeline(&text).join("\n");
            transcripts.push((argument, lines.trim_end().to_owned() + "\n"));
        }
        transcripts.sort();
        Ok(Self {
            name: pattern.name.clone(),
            rows,
            programs,
            transcripts,
        })
    }

    /// What the table gains on the page: each row its number, with links to the first line of each
    /// program that makes its call, and whether the two differ there.
    pub fn marks_of_rows(&self) -> Vec<(Range<usize>, String)> {
        let mut edits = Vec::new();
        for (row, number) in self.rows.iter().zip(1..) {
            let id = self.row_id(number);
            let mut marks = [
                format!("<span class=\"row-number\" id=\"{id}\">{number}</span> "),
                String::new(),
                format!(
                    "<span class=\"sign {}\" role=\"img\" aria-label=\"{}\">{}</span> ",
                    row.class(),
                    row.says(),
                    row.sign()
                ),
            ];
            for (mark, program) in marks.iter_mut().zip(&self.programs) {
                if let Some(line) = program.first_line(number) {
                    let (file, target) = (program.file, self.line_id(program, line));
                    let id = match mark.is_empty() {
                        true => String::new(),
                        false => format!(" id=\"{id}\""),
                    };
                    *mark = format!(
                        "<a class=\"row-number\"{id} href=\"#{target}\" title=\"{file}, line {}\">{number}</a> ",
                        line + 1
                    );
                }
            }
            edits.extend(row.cells.map(|at| at..at).into_iter().zip(marks));
        }
        edits
    }

    /// The two programs with their marks, and below them what they print.
    pub fn listings(&self) -> String {
        let programs: String = self.programs.iter().map(|it| self.listing(it)).collect();
        let printed =
            |(argument, text): &(Option<String>, String)| self.printed(argument.as_deref(), text);
        let transcripts: String = self.transcripts.iter().map(printed).collect();
        format!(
            "\n\n<p class=\"twin-key\">The number before a line is the row of the table that names its call: \
             <span class=\"sign differs\">≠</span> where the two differ, \
             <span class=\"sign same\">=</span> where they do the same.</p>\n\n\
             <div class=\"twin\">\n{programs}{transcripts}</div>\n\n"
        )
    }

    /// What both print when they are given the argument.
    fn printed(&self, argument: Option<&str>, text: &str) -> String {
        let name = &self.name;
        let also = argument.map_or(String::new(), |argument| format!(" {argument}"));
        let commands = format!(
            "<code>python3 patterns/{name}/asyncio.py{also}</code> and \
             <code>cargo run -p {name} -- --paused{also}</code>"
        );
        let text = take::listing("text", text);
        if argument.is_some() {
            return format!(
                "<details class=\"listing both\">\n<summary>They print the same here, too: {commands}</summary>\n\n\
                 {text}\n\n</details>\n"
            );
        }
        format!(
            "<figure class=\"listing both\">\n<figcaption>Both print this, line for line: {commands}. The test \
             <code>twins</code> compares them, on a clock that does not wait. The demo in Rust also draws its \
             timeline.</figcaption>\n\n{text}\n\n</figure>\n"
        )
    }

    /// A program, and its marks before it: highlighting rewrites what is in `code`.
    fn listing(&self, program: &Program) -> String {
        let most = program.marked.values().map(Vec::len).max().unwrap_or(0);
        let mut marks = String::new();
        for (&line, rows) in &program.marked {
            let id = self.line_id(program, line);
            marks += &format!("<span class=\"marks\" id=\"{id}\" style=\"--line: {line}\">");
            for &number in rows {
                let row = &self.rows[number - 1];
                marks += &format!(
                    "<a class=\"{}\" href=\"#{}\" aria-label=\"Line {}, row {number}: {}\">{number}{}</a>",
                    row.class(),
                    self.row_id(number),
                    line + 1,
                    row.says(),
                    row.sign()
                );
            }
            marks += "</span>\n";
        }
        format!(
            "<figure class=\"listing\">\n<figcaption><code>{}</code></figcaption>\n\
             <div class=\"marked\" style=\"--most: {most}\">\n{marks}\n{}\n\n</div>\n</figure>\n",
            program.file,
            take::listing(program.language, &program.code)
        )
    }

    fn row_id(&self, number: usize) -> String {
        format!("{}-row-{number}", self.name)
    }

    fn line_id(&self, program: &Program, line: usize) -> String {
        format!("{}-{}-{}", self.name, program.language, line + 1)
    }
}

impl Row {
    fn class(&self) -> &'static str {
        if self.differs { "differs" } else { "same" }
    }

    fn says(&self) -> &'static str {
        if self.differs { "differs" } else { "the same" }
    }

    fn sign(&self) -> &'static str {
        if self.differs { "≠" } else { "=" }
    }
}

impl Program {
    /// The first line that makes the call of a row.
    fn first_line(&self, row: usize) -> Option<usize> {
        let mut marked = self.marked.iter();
        let (line, _) = marked.find(|(_, rows)| rows.contains(&row))?;
        Some(*line)
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(file);
    text.map(|text| text.replace("\r\n", "\n"))
        .with_context(|| format!("cannot read {}", file.display()))
}

/// The rows of the first table in the section "Coming from asyncio".
fn rows(page: &str) -> Option<Vec<Row>> {
    let mut sections = markdown::sections(page).into_iter();
    let section = sections.find(|section| section.title == "Coming from asyncio")?;
    let table = section.tables.into_iter().next()?;
    let rows = table.iter().skip(1).map(|cells| {
        let [asyncio, here, differs] = &cells[..] else {
            return None;
        };
        let python = calls(asyncio);
        let rust = match here.source.as_str() {
            "the same" => python.clone(),
            _ => calls(here),
        };
        Some(Row {
            cells: [asyncio.start, here.start, differs.start],
            differs: !says_the_same(&differs.source),
            calls: [python, rust],
        })
    });
    rows.collect()
}

/// A row that tells of no difference says so with its first words, or says nothing.
fn says_the_same(cell: &str) -> bool {
    cell.is_empty() || cell.starts_with("The same") || cell.starts_with("In both")
}

/// What a cell's code names, as far as the cell begins with code: `a`, `b` and `c` in "`a`, `b`, or `c`".
/// A cell that begins with words describes something and names no call.
fn calls(cell: &Cell) -> Vec<String> {
    let mut calls = Vec::new();
    let mut rest = cell.source.as_str();
    while let Some((code, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        calls.extend(call(code));
        rest = after.strip_prefix(", ").unwrap_or_default();
    }
    calls
}

/// What to look for: of a call its name with the parenthesis, of anything else the whole. A plain word
/// could be anything.
fn call(code: &str) -> Option<String> {
    let Some((before, _)) = code.split_once('(') else {
        let whole = code.trim_end_matches(':');
        let is_plain = whole.chars().all(|char| char.is_ascii_lowercase());
        return (!is_plain).then(|| whole.to_owned());
    };
    let is_name = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let name = before.rsplit(|char| !is_name(char)).next()?;
    // A receiver such as `q.` stands for any, a module is meant.
    let module = match before.strip_suffix(name) {
        Some(before) if before.ends_with("asyncio.") => "asyncio.",
        _ => "",
    };
    (!name.is_empty()).then(|| format!("{module}{name}("))
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

/// The lines of a transcript, without the drawing and the blank line that ends it.
pub fn without_timeline(transcript: &str) -> Vec<&str> {
    let mut drawing = false;
    let mut lines = Vec::new();
    for line in transcript.lines() {
        let is_drawn = drawing || line.starts_with("timeline");
        drawing = is_drawn && !line.is_empty();
        if !is_drawn {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls_of(source: &str) -> Vec<String> {
        calls(&Cell {
            source: source.to_owned(),
            ..Cell::default()
        })
    }

    #[test]
    fn a_cell_names_the_calls_that_it_begins_with() {
        assert_eq!(calls_of("`await q.put(x)`, 3.13"), ["put("]);
        assert_eq!(
            calls_of("`Limit::new(n)`, `Gate`, or `f()`"),
            ["Limit::new(", "Gate"]
        );
        assert_eq!(calls_of("`gather(*(f(x) for x in xs))`"), ["gather("]);
        assert_eq!(calls_of("`async with lock:`"), ["async with lock"]);
        assert_eq!(calls_of("`await asyncio.wait(tasks)`"), ["asyncio.wait("]);
        assert_eq!(calls_of("`close` after `f()`"), [""; 0]);
        assert_eq!(calls_of("dropping `f()`"), [""; 0]);
    }

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

    #[test]
    fn a_row_differs_unless_it_begins_with_saying_that_it_does_not() {
        let page = "## Coming from asyncio\n\n| asyncio | here | what differs |\n|-|-|-|\n\
                    | `f()` | `g()` | The same. |\n| `h()` | the same | In Python it waits. |\n| `i()` | none | |\n";
        let rows = rows(page).unwrap();
        let differs: Vec<bool> = rows.iter().map(|row| row.differs).collect();
        assert_eq!(differs, [false, true, false]);
        assert_eq!(rows[1].calls[1], ["h("]);
        let [first, _, last] = rows[1].cells;
        assert!(page[first..].starts_with("`h()`"));
        assert!(page[last..].starts_with("In Python"));
    }

    #[test]
    fn a_transcript_without_its_drawing_has_all_other_lines() {
        assert_eq!(without_timeline("a\n\ntimeline\nx\n\nb\n"), ["a", "", "b"]);
    }
}
