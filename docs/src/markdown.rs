//! Reads a page: its sections, and the fenced blocks and the tables in each.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What stands under one `## ` heading.
#[derive(Debug, Default)]
pub struct Section {
    /// The heading's text; empty for what stands above the first one.
    pub title: String,
    /// The fenced blocks, in order.
    pub blocks: Vec<Block>,
    /// The tables, in order.
    pub tables: Vec<Table>,
}

/// One fenced block.
#[derive(Debug, Default)]
pub struct Block {
    /// The first word of the line that opens it, such as `rust`.
    pub language: String,
    /// What stands between the fences.
    pub text: String,
}

/// The rows of a table, its header first.
pub type Table = Vec<Vec<Cell>>;

/// One cell of a table.
#[derive(Debug, Default)]
pub struct Cell {
    /// All of its text, without markup.
    pub text: String,
    /// The parts of it that are set as code.
    pub code: Vec<String>,
    /// All of it as it is written.
    pub source: String,
    /// Where that begins on the page.
    pub start: usize,
}

/// What the text that is being read belongs to.
enum Place {
    Title,
    Block,
    Cell,
    Elsewhere,
}

/// The sections of a page. The first one is what stands above the first `## `.
pub fn sections(page: &str) -> Vec<Section> {
    let mut done = Vec::new();
    let mut section = Section::default();
    let mut place = Place::Elsewhere;
    for (event, range) in Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => {
                done.push(std::mem::take(&mut section));
                place = Place::Title;
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let language = info
                    .split([',', ' ', '{'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                section.blocks.push(Block {
                    language,
                    text: String::new(),
                });
                place = Place::Block;
            }
            Event::Start(Tag::Table(_)) => section.tables.push(Table::new()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                section
                    .tables
                    .last_mut()
                    .into_iter()
                    .for_each(|table| table.push(Vec::new()));
            }
            Event::Start(Tag::TableCell) => {
                if let Some(row) = last_row(&mut section) {
                    let written = &page[range.clone()];
                    let space = written.len() - written.trim_start().len();
                    row.push(Cell {
                        source: written.trim().to_owned(),
                        start: range.start + space,
                        ..Cell::default()
                    });
                }
                place = Place::Cell;
            }
            Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::TableCell) => {
                place = Place::Elsewhere;
            }
            Event::Text(text) => add(&mut section, &place, &text, false),
            Event::Code(text) => add(&mut section, &place, &text, true),
            _ => {}
        }
    }
    done.push(section);
    done
}

fn last_row(section: &mut Section) -> Option<&mut Vec<Cell>> {
    section.tables.last_mut()?.last_mut()
}

fn add(section: &mut Section, place: &Place, text: &str, is_code: bool) {
    match place {
        Place::Title => section.title.push_str(text),
        Place::Block => {
            if let Some(block) = section.blocks.last_mut() {
                block.text.push_str(text);
            }
        }
        Place::Cell => {
            if let Some(cell) = last_row(section).and_then(|row| row.last_mut()) {
                cell.text.push_str(text);
                if is_code {
                    cell.code.push(text.to_owned());
                }
            }
        }
        Place::Elsewhere => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_its_sections_with_their_blocks_and_tables() {
        let page = "# Title\n\nText.\n\n## The `one`\n\n```rust,should_panic\nfn main() {}\n```\n\n\
                    ## Two\n\n### Below two\n\n| a | b |\n|---|---|\n| x [`f`](g) | y |\n";
        let sections = sections(page);
        let titles: Vec<_> = sections
            .iter()
            .map(|section| section.title.as_str())
            .collect();
        assert_eq!(titles, ["", "The one", "Two"]);
        assert_eq!(sections[1].blocks[0].language, "rust");
        assert_eq!(sections[1].blocks[0].text, "fn main() {}\n");
        let table = &sections[2].tables[0];
        assert_eq!((table.len(), table[1].len()), (2, 2));
        assert_eq!(
            (table[1][0].text.as_str(), &table[1][0].code[..]),
            ("x f", &["f".to_owned()][..])
        );
        assert_eq!(table[1][0].source, "x [`f`](g)");
        assert!(page[table[1][0].start..].starts_with("x [`f`](g) | y"));
        assert_eq!(table[1][1].text, "y");
    }

    #[test]
    fn a_heading_inside_a_fence_is_no_section() {
        assert_eq!(sections("```toml\n## no\n```\n").len(), 1);
    }
}
