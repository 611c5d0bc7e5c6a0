//! What a page offers to copy is what `paste` writes, and the marks in the two programs are true.

mod support;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use docs::markdown::{self, Cell};
use docs::paste::paste;
use docs::pattern::{self, Pattern};
use docs::twin::without_timeline;
use docs::{book, expected};
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states,
};
use support::{BLANK, blank, patterns, report};
use tempfile::TempDir;

static BOOK: LazyLock<TempDir> =
    LazyLock::new(|| book::build(&pattern::workspace(), "/").expect("the book builds"));

/// A piece of a page.
enum Piece {
    Tag(Tag),
    Text(String),
}

#[derive(Default)]
struct Pieces(RefCell<Vec<Piece>>);

impl TokenSink for Pieces {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => {
                self.0.borrow_mut().push(Piece::Text(text.to_string()));
            }
            Token::TagToken(tag) => {
                let is_script = &*tag.name == "script" && tag.kind == TagKind::StartTag;
                self.0.borrow_mut().push(Piece::Tag(tag));
                if is_script {
                    return TokenSinkResult::RawData(states::RawKind::ScriptData);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn pieces(html: &str) -> Vec<Piece> {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(Pieces::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.take()
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    let mut all = tag.attrs.iter();
    let found = all.find(|attribute| &*attribute.name.local == name)?;
    Some(found.value.to_string())
}

/// A block of code as a reader sees it.
#[derive(Default)]
struct Block {
    /// What its button copies, if it stands in the panel.
    copies: Option<String>,
    language: String,
    text: String,
    /// The line of each mark before it, counted from 0, and the row that the mark leads to.
    marks: Vec<(usize, String)>,
}

/// Every block of code of a pattern's page.
fn blocks(html: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut next = Block::default();
    let mut line = None;
    let (mut in_pre, mut in_code) = (false, false);
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) if in_code => next.text += &text,
            Piece::Text(_) => {}
            Piece::Tag(tag) => {
                let starts = tag.kind == TagKind::StartTag;
                let class = attribute(&tag, "class").unwrap_or_default();
                match &*tag.name {
                    "figure" => next.copies = attribute(&tag, "data-copy").filter(|_| starts),
                    "span" if class == "marks" => {
                        let style = attribute(&tag, "style").expect("a mark has a line");
                        let number = style.strip_prefix("--line: ").expect("a line");
                        line = Some(number.parse().expect("a number"));
                    }
                    "span" => line = None,
                    "a" if starts => {
                        if let (Some(line), Some(row)) = (line, attribute(&tag, "href")) {
                            next.marks.push((line, row));
                        }
                    }
                    "pre" => in_pre = starts,
                    "code" if in_pre => {
                        in_code = starts;
                        if starts {
                            next.language = class.replace("language-", "");
                        } else {
                            blocks.push(std::mem::take(&mut next));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    blocks
}

fn page(pattern: &Pattern) -> String {
    let page = format!("patterns/{}/index.html", pattern.name);
    fs::read_to_string(BOOK.path().join(page)).expect("a pattern has a page")
}

fn readme(pattern: &Pattern) -> String {
    fs::read_to_string(pattern.dir.join("README.md")).expect("a pattern has a page")
}

#[test]
fn the_panel_offers_what_paste_writes() {
    for pattern in patterns() {
        let (name, module) = (&pattern.name, pattern.module());
        let dir = blank();
        let answer = paste(&pattern::workspace(), name, dir.path()).expect("a blank crate");
        let written = |file: &str| fs::read_to_string(dir.path().join(file)).expect("it is there");
        let recipe = written(&format!("src/{module}.rs"));
        let manifest = written("Cargo.toml");
        let dependencies = manifest.strip_prefix(&format!("{BLANK}\n[dependencies]\n"));
        let line = answer.lines().last().expect("a line to add").trim_start();

        let offered: Vec<(String, String)> = blocks(&page(&pattern))
            .into_iter()
            .filter_map(|block| Some((block.copies?, block.text)))
            .collect();
        let wanted = [
            (
                "the command",
                format!("cargo run -p docs -- paste {name} ../my-app"),
            ),
            ("the module line", format!("{line}\n")),
            (
                "the dependencies",
                dependencies.expect("a table").to_owned(),
            ),
            ("the recipe", recipe.clone()),
        ];
        let wanted = wanted.map(|(what, text)| (what.to_owned(), text));
        assert_eq!(offered, wanted, "{name}");
        for (what, text) in offered {
            // mdBook's highlighting makes spaces of it.
            assert!(!text.contains('\t'), "{name}: a tab in {what}");
        }

        let file = format!("patterns/{name}/{module}.rs");
        let download = fs::read(BOOK.path().join(file)).expect("a file to download");
        assert_eq!(download, recipe.as_bytes(), "{name}");
        assert!(
            page(&pattern).contains(&format!("<a href=\"{module}.rs\" download")),
            "{name}"
        );
    }
}

#[test]
fn what_the_panel_says_is_said_once() {
    for pattern in patterns() {
        let html = page(&pattern);
        let (_, section) = html.split_once("id=\"the-recipe\"").expect("a section");
        let (section, _) = section.split_once("<h2").expect("a next section");
        assert!(!section.contains("By hand: copy"), "{}", pattern.name);
        let all = blocks(&html);
        for offered in all.iter().filter(|block| block.copies.is_some()) {
            let text = offered.text.trim_end();
            let same = all.iter().filter(|block| block.text.contains(text));
            let times = same.count();
            assert_eq!(times, 1, "{}: {times} times: {text}", pattern.name);
        }
    }
}

#[test]
fn a_page_has_the_script_of_the_panel() {
    for pattern in patterns() {
        let has_script = pieces(&page(&pattern))
            .into_iter()
            .any(|piece| match piece {
                Piece::Tag(tag) => attribute(&tag, "src").is_some_and(|src| src.contains("take")),
                Piece::Text(_) => false,
            });
        assert!(has_script, "{}", pattern.name);
    }
}

#[test]
fn the_programs_and_what_they_print_are_shown_in_whole() {
    for pattern in patterns() {
        let texts: Vec<String> = blocks(&page(&pattern))
            .into_iter()
            .map(|block| block.text)
            .collect();
        let is_shown = |text: &str| texts.iter().any(|shown| shown == text);
        let read = |file: &Path| {
            fs::read_to_string(file)
                .expect("a file")
                .replace("\r\n", "\n")
        };
        for file in ["asyncio.py", "src/main.rs"] {
            let code = read(&pattern.dir.join(file));
            assert!(is_shown(&code), "{}: {file}", pattern.name);
        }
        for (file, _) in expected::variants(&pattern, "expected", "txt").expect("a folder") {
            let transcript = read(&file);
            let lines = without_timeline(&transcript).join("\n");
            let printed = format!("{}\n", lines.trim_end());
            assert!(is_shown(&printed), "{}", file.display());
        }
    }
}

#[test]
fn a_marked_line_makes_a_call_that_its_row_names() {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let sections = markdown::sections(&readme(&pattern));
        let section = sections.iter().find(|it| it.title == "Coming from asyncio");
        let table = &section.expect("a section").tables[0];
        let blocks = blocks(&page(&pattern));
        for (column, language) in ["python", "rs"].into_iter().enumerate() {
            let marked = |block: &&Block| block.language == language && !block.marks.is_empty();
            let Some(block) = blocks.iter().find(marked) else {
                let name = &pattern.name;
                problems.push(format!(
                    "{name}: the table \"Coming from asyncio\" names no call of the program in {language}"
                ));
                continue;
            };
            for (line, row) in &block.marks {
                let text = block.text.lines().nth(*line).expect("a line");
                let number: usize = row
                    .strip_prefix(&format!("#{}-row-", pattern.name))
                    .and_then(|number| number.parse().ok())
                    .expect("a row");
                // The first row is the header.
                let cells = &table[number];
                if !names_of(cells, column).any(|name| text.contains(name)) {
                    problems.push(format!(
                        "{}, {language}: {text}: row {number}",
                        pattern.name
                    ));
                }
            }
        }
    }
    report(&problems);
}

/// The names in a cell's code. "The same" stands for the first cell.
fn names_of(cells: &[Cell], column: usize) -> impl Iterator<Item = &str> {
    let cell = match cells[column].text.as_str() {
        "the same" => &cells[0],
        _ => &cells[column],
    };
    cell.code
        .iter()
        .flat_map(|code| code.split(|char: char| !char.is_alphanumeric() && char != '_'))
        .filter(|name| name.len() > 2 && !["let", "await", "async", "new"].contains(name))
}

#[test]
fn a_row_says_whether_the_two_differ() {
    for pattern in patterns() {
        let html = page(&pattern);
        let (_, section) = html
            .split_once("id=\"coming-from-asyncio\"")
            .expect("a section");
        let (table, _) = section.split_once("</table>").expect("a table");
        for row in table.split("<tr>").skip(2) {
            let (_, last) = row.rsplit_once("<td>").expect("a cell");
            // Which of the two it is has a test of its own, beside the rule.
            let differs = last.starts_with("<span class=\"sign differs\"");
            let same = last.starts_with("<span class=\"sign same\"");
            assert!(differs || same, "{}: {row}", pattern.name);
        }
    }
}
