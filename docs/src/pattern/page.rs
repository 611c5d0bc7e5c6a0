//! A page as data: its sections, and the blocks, tables, lists and links in each.
//!
//! This is the only place where Markdown is read. Every range is one of bytes in the page's text.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

/// A Markdown file.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The file, seen from the workspace, written with `/`.
    pub file: String,
    /// All of it. Lines end with `\n`.
    pub text: String,
    /// The first heading.
    pub title: String,
    /// What stands under each `## ` heading, and first what stands above them.
    pub sections: Vec<Section>,
}

/// What stands under one `## ` heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The heading's text; empty for what stands above the first one.
    pub title: String,
    /// From the heading to the next one.
    pub range: Range<usize>,
    /// The paragraphs outside of lists, tables and quotes.
    pub paragraphs: Vec<Range<usize>>,
    /// The fenced blocks.
    pub blocks: Vec<Block>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The items of lists, the outermost only.
    pub items: Vec<Item>,
    /// The pictures.
    pub pictures: Vec<Picture>,
}

/// One fenced block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The words on the line that opens it, such as `rust` and `should_panic`.
    pub info: Vec<String>,
    /// What stands between the fences.
    pub text: String,
    /// All of it, with its fences.
    pub range: Range<usize>,
}

impl Block {
    fn new(kind: &CodeBlockKind<'_>, range: Range<usize>) -> Self {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info,
            CodeBlockKind::Indented => "",
        };
        let words = info.split([',', ' ', '{']).map(str::to_owned);
        Self {
            info: words.collect(),
            text: String::new(),
            range,
        }
    }

    /// The first word of the line that opens it, such as `rust`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }
}

/// The rows of a table, its header first.
pub type Table = Vec<Vec<Cell>>;

/// One cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// All of its text, without markup.
    pub text: String,
    /// The parts of it that are set as code.
    pub code: Vec<String>,
    /// All of it as it is written.
    pub source: String,
    /// Where that begins.
    pub start: usize,
}

/// An item of a list.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Its text without markup, with a space for each end of a line.
    pub text: String,
    /// Its links.
    pub links: Vec<ItemLink>,
    /// All of it.
    pub range: Range<usize>,
}

/// A link in an item of a list.
#[derive(Clone, Debug, Default)]
pub struct ItemLink {
    /// Where it leads.
    pub target: String,
    /// Its words in the item's text.
    pub words: Range<usize>,
    /// All of it in the page's text.
    pub range: Range<usize>,
}

/// A picture.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The file, as the page names it.
    pub file: String,
    /// What it shows, in words.
    pub caption: String,
    /// All of it.
    pub range: Range<usize>,
}

/// A link or a picture that the book may have to lead somewhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// Where that is written: none when it is not `[text](target)` or `[name]: target`.
    pub range: Option<Range<usize>>,
}

/// What mdBook turns on.
const EXTENSIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_HEADING_ATTRIBUTES)
    .union(Options::ENABLE_DEFINITION_LIST)
    .union(Options::ENABLE_GFM);

impl Page {
    /// Reads the text of a file.
    #[must_use]
    pub fn read(file: &str, text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let mut reader = Reader::default();
        for (event, range) in Parser::new_ext(&text, EXTENSIONS).into_offset_iter() {
            reader.take(event, range, &text);
        }
        reader.end_section(text.len());
        Self {
            file: file.to_owned(),
            title: reader.title,
            sections: reader.done,
            text,
        }
    }

    /// The section with this title.
    #[must_use]
    pub fn section(&self, title: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.title == title)
    }

    /// What the page says first, in Markdown.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        let range = self.sections.first()?.paragraphs.first()?;
        Some(self.text[range.clone()].trim())
    }

    /// The number of the line in which a byte of the text stands.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// The first line of Rust that mdBook would hide, and a copy would lack.
    #[must_use]
    pub fn hidden_line(&self) -> Option<(usize, &str)> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let rust = blocks.filter(|block| block.info.iter().any(|word| word == "rust"));
        let mut lines = rust.flat_map(|block| {
            let first = self.line(block.range.start) + 1;
            (first..).zip(block.text.lines().map(str::trim))
        });
        lines.find(|(_, line)| *line == "#" || line.starts_with("# "))
    }
}

/// The links and pictures of a text, in order.
#[must_use]
pub fn links(text: &str) -> Vec<Link> {
    let mut events = Parser::new_ext(text, EXTENSIONS).into_offset_iter();
    let inline = events.by_ref().filter_map(|(event, range)| match event {
        Event::Start(
            Tag::Link {
                dest_url,
                link_type: LinkType::Inline,
                ..
            }
            | Tag::Image {
                dest_url,
                link_type: LinkType::Inline,
                ..
            },
        ) => Some(written(text, range, "](", &dest_url)),
        _ => None,
    });
    let mut links: Vec<Link> = inline.collect();
    for (_, definition) in events.reference_definitions().iter() {
        links.push(written(
            text,
            definition.span.clone(),
            "]:",
            &definition.dest,
        ));
    }
    links
}

fn written(text: &str, link: Range<usize>, before: &str, target: &str) -> Link {
    let source = &text[link.clone()];
    let start = source.rfind(before).and_then(|at| {
        let after = at + before.len();
        let offset = source[after..].find(target)?;
        Some(link.start + after + offset)
    });
    Link {
        target: target.to_owned(),
        range: start.map(|start| start..start + target.len()),
    }
}

/// What the text that is being read belongs to.
#[derive(Default, PartialEq)]
enum Place {
    Title,
    Heading,
    Block,
    Cell,
    Caption,
    #[default]
    Elsewhere,
}

#[derive(Default)]
struct Reader {
    title: String,
    done: Vec<Section>,
    section: Section,
    place: Place,
    /// How many lists, tables and quotes are open.
    depth: usize,
    /// Whether an item of a list is.
    in_item: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, range: Range<usize>, page: &str) {
        match event {
            Event::Start(tag) => self.start(tag, range, page),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, false),
            Event::Code(text) => self.text(&text, true),
            Event::SoftBreak | Event::HardBreak => self.text(" ", false),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>, page: &str) {
        let section = &mut self.section;
        match tag {
            Tag::Heading { level, .. } => match level {
                HeadingLevel::H1 if self.title.is_empty() => self.place = Place::Title,
                HeadingLevel::H2 => {
                    self.end_section(range.start);
                    self.place = Place::Heading;
                }
                _ => {}
            },
            Tag::CodeBlock(kind) => {
                section.blocks.push(Block::new(&kind, range));
                self.place = Place::Block;
            }
            Tag::Paragraph if self.depth == 0 => section.paragraphs.push(range),
            Tag::Table(_) => {
                section.tables.push(Table::new());
                self.depth += 1;
            }
            Tag::TableHead | Tag::TableRow => {
                let table = section.tables.last_mut();
                table.into_iter().for_each(|table| table.push(Vec::new()));
            }
            Tag::TableCell => self.start_cell(range, page),
            Tag::List(_) | Tag::BlockQuote(_) => self.depth += 1,
            Tag::Item if self.depth == 1 => {
                section.items.push(Item {
                    range,
                    ..Item::default()
                });
                self.in_item = true;
            }
            Tag::Image { dest_url, .. } => {
                section.pictures.push(Picture {
                    file: dest_url.into_string(),
                    caption: String::new(),
                    range,
                });
                self.place = Place::Caption;
            }
            Tag::Link { dest_url, .. } if self.in_item => {
                if let Some(item) = section.items.last_mut() {
                    let at = item.text.len();
                    item.links.push(ItemLink {
                        target: dest_url.into_string(),
                        words: at..at,
                        range,
                    });
                }
            }
            _ => {}
        }
    }

    fn start_cell(&mut self, range: Range<usize>, page: &str) {
        let written = &page[range.clone()];
        let space = written.len() - written.trim_start().len();
        if let Some(row) = self
            .section
            .tables
            .last_mut()
            .and_then(|table| table.last_mut())
        {
            row.push(Cell {
                source: written.trim().to_owned(),
                start: range.start + space,
                ..Cell::default()
            });
        }
        self.place = Place::Cell;
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::TableCell | TagEnd::Image => {
                self.place = Place::Elsewhere;
            }
            TagEnd::List(_) | TagEnd::BlockQuote(_) | TagEnd::Table => {
                self.depth -= 1;
                self.in_item &= self.depth > 0;
            }
            TagEnd::Link if self.in_item => {
                if let Some(item) = self.section.items.last_mut()
                    && let Some(link) = item.links.last_mut()
                    && link.words.is_empty()
                {
                    link.words.end = item.text.len();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, is_code: bool) {
        let section = &mut self.section;
        match self.place {
            Place::Title => self.title.push_str(text),
            Place::Heading => section.title.push_str(text),
            Place::Block => {
                let block = section.blocks.last_mut();
                block
                    .into_iter()
                    .for_each(|block| block.text.push_str(text));
            }
            Place::Caption => {
                let picture = section.pictures.last_mut();
                picture.into_iter().for_each(|it| it.caption.push_str(text));
            }
            Place::Cell => {
                let row = section.tables.last_mut().and_then(|table| table.last_mut());
                if let Some(cell) = row.and_then(|row| row.last_mut()) {
                    cell.text.push_str(text);
                    if is_code {
                        cell.code.push(text.to_owned());
                    }
                }
            }
            Place::Elsewhere if self.in_item => {
                let item = section.items.last_mut();
                item.into_iter().for_each(|item| item.text.push_str(text));
            }
            Place::Elsewhere => {}
        }
    }

    fn end_section(&mut self, at: usize) {
        let mut section = std::mem::take(&mut self.section);
        section.range.end = at;
        self.section.range = at..at;
        self.done.push(section);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_its_sections_with_their_blocks_and_tables() {
        let text = "# Title\n\nText\nof two `lines`.\n\n## The `one`\n\n```rust,should_panic\nfn main() {}\n```\n\n\
                    ## Two\n\n### Below two\n\n| a | b |\n|---|---|\n| x [`f`](g) | y |\n";
        let page = Page::read("a.md", text);
        let titles: Vec<_> = page.sections.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(
            (page.title.as_str(), titles),
            ("Title", vec!["", "The one", "Two"])
        );
        assert_eq!(page.about(), Some("Text\nof two `lines`."));
        let block = &page.sections[1].blocks[0];
        assert_eq!((block.language(), block.info.len()), ("rust", 2));
        assert_eq!(
            (block.text.as_str(), page.line(block.range.start)),
            ("fn main() {}\n", 8)
        );
        assert!(page.text[page.sections[1].range.clone()].starts_with("## The"));
        assert_eq!(page.sections[1].range.end, page.sections[2].range.start);
        let table = &page.sections[2].tables[0];
        assert_eq!((table.len(), table[1].len()), (2, 2));
        assert_eq!(
            (table[1][0].text.as_str(), table[1][0].code.join(" ")),
            ("x f", "f".to_owned())
        );
        assert_eq!(table[1][0].source, "x [`f`](g)");
        assert!(page.text[table[1][0].start..].starts_with("x [`f`](g) | y"));
        assert_eq!(table[1][1].text, "y");
    }

    #[test]
    fn a_heading_inside_a_fence_is_no_section() {
        assert_eq!(
            Page::read("a.md", "```toml\n## no\n```\n").sections.len(),
            1
        );
    }

    #[test]
    fn an_item_has_its_text_and_where_its_links_stand_in_it() {
        let text = "- [a](b/c.md), for\n  `d` and [e](f)\n  - inner\n- second\n";
        let page = Page::read("a.md", text);
        let items = &page.sections[0].items;
        assert_eq!(items.len(), 2);
        assert_eq!(items[0].text, "a, for d and einner");
        let links: Vec<_> = items[0]
            .links
            .iter()
            .map(|link| (link.target.as_str(), &items[0].text[link.words.clone()]))
            .collect();
        assert_eq!(links, [("b/c.md", "a"), ("f", "e")]);
        assert_eq!(&page.text[items[0].links[0].range.clone()], "[a](b/c.md)");
    }

    #[test]
    fn a_link_says_where_its_target_is_written() {
        let text = "[a](a) ![p](p.svg) <https://x.org> [r]\n\n[r]: r.md#x\n";
        let links = links(text);
        let targets: Vec<_> = links.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["a", "p.svg", "r.md#x"]);
        for link in links {
            assert_eq!(text[link.range.unwrap()], link.target);
        }
    }

    #[test]
    fn a_picture_has_its_file_and_its_caption() {
        let page = Page::read("a.md", "## S\n\n![Two `tasks`](timeline.svg)\n");
        let picture = &page.sections[1].pictures[0];
        assert_eq!(
            (picture.file.as_str(), picture.caption.as_str()),
            ("timeline.svg", "Two tasks")
        );
    }

    #[test]
    fn a_line_that_would_be_hidden_is_found_with_its_number() {
        let page = Page::read("a.md", "# T\n\n```rust\nfn f() {}\n  # let x = 1;\n```\n");
        assert_eq!(page.hidden_line(), Some((5, "# let x = 1;")));
        assert_eq!(
            Page::read("a.md", "```toml\n# a\n```\n").hidden_line(),
            None
        );
    }
}
