//! The built pages, read as a browser reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states,
};

/// A piece of a page.
pub enum Piece {
    /// A tag that begins or ends an element.
    Tag(Tag),
    /// Text outside of tags.
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
                let raw = match (&*tag.name, tag.kind) {
                    ("script", TagKind::StartTag) => Some(states::RawKind::ScriptData),
                    ("style", TagKind::StartTag) => Some(states::RawKind::Rawtext),
                    _ => None,
                };
                self.0.borrow_mut().push(Piece::Tag(tag));
                if let Some(raw) = raw {
                    return TokenSinkResult::RawData(raw);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// The tags and the texts of a page, in order.
pub fn pieces(html: &str) -> Vec<Piece> {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(Pieces::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.take()
}

/// The tags of a page that begin an element, in order.
pub fn tags(html: &str) -> Vec<Tag> {
    let tags = pieces(html).into_iter().filter_map(|piece| match piece {
        Piece::Tag(tag) if tag.kind == TagKind::StartTag => Some(tag),
        _ => None,
    });
    tags.collect()
}

/// What an attribute of a tag says.
pub fn attribute(tag: &Tag, name: &str) -> Option<String> {
    let found = tag
        .attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)?;
    Some(found.value.to_string())
}

/// Every file of the built book with this ending, by its path inside the book.
pub fn files(folder: &Path, ending: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().expect("a folder of the book") {
            let path = entry.expect("an entry of the book").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = fs::read_to_string(&path).expect("a text file");
                found.insert(
                    path.strip_prefix(folder).expect("inside").to_path_buf(),
                    text,
                );
            }
        }
    }
    found
}

/// A block of code as a reader sees it.
#[derive(Default)]
pub struct Block {
    /// What its button copies, if it stands in the panel.
    pub copies: Option<String>,
    /// The language that it is marked as.
    pub language: String,
    /// Its text.
    pub text: String,
    /// The line of each mark before it, counted from 0, and the row that the mark leads to.
    pub marks: Vec<(usize, String)>,
}

/// Every block of code of a pattern's page.
pub fn blocks(html: &str) -> Vec<Block> {
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
