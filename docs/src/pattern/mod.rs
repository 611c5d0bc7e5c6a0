//! A pattern, read once into one value: its programs, and its page as data.
//!
//! The book, `paste`, `new` and the checks take what they need from a [`Pattern`]. None of them reads a
//! page again, and nothing here knows HTML. A page that is not built as a page is built is one error,
//! which names the file and the line.

mod anatomy;
mod calls;
mod card;
mod changes;
mod dependencies;
mod folder;
mod near;
pub mod page;
mod transcript;

use std::path::PathBuf;

use common::arguments::Argument;

pub use anatomy::SECTIONS;
pub use calls::Row;
pub use card::{Answer, Card, QUESTIONS};
pub use changes::Entry;
pub use dependencies::{Dependency, read as dependencies};
pub use folder::{Folder, RecipeFile, folders, workspace};
pub use near::{Lead, Mistake};
pub use page::Page;
pub use transcript::{Transcript, without_timeline};

/// Everything about one pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Where it is, and its name.
    pub folder: Folder,
    /// The recipe: `src/lib.rs` first, and a file for each of its modules.
    pub recipe: Vec<RecipeFile>,
    /// What has changed in it, the newest first: `CHANGES.md`.
    pub changes: Vec<Entry>,
    /// `src/main.rs`.
    pub demo: String,
    /// `asyncio.py`.
    pub asyncio: String,
    /// `README.md`.
    pub page: Page,
    /// The first call, a whole program.
    pub first_call: String,
    /// What the recipe depends on.
    pub dependencies: Vec<Dependency>,
    /// The same as lines, as they stand below `[dependencies]` in a manifest.
    pub dependency_lines: String,
    /// What the first call depends on besides.
    pub example_dependencies: Vec<Dependency>,
    /// What it promises.
    pub card: Card,
    /// What stands for which call of asyncio.
    pub calls: Vec<Row>,
    /// The mistakes that it shows.
    pub mistakes: Vec<Mistake>,
    /// The patterns that its page leads to.
    pub leads: Vec<Lead>,
    /// The arguments of its demo.
    pub arguments: Vec<Argument>,
    /// What its demo prints on the paused clock.
    pub transcripts: Vec<Transcript>,
}

/// Why a pattern cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file of it cannot be read.
    #[error("cannot read {}", .path.display())]
    Io {
        /// The file or the folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The page is not built as a page is built.
    #[error(transparent)]
    Page(#[from] Fault),
    /// The demo's arguments are not what a demo writes.
    #[error("{}: `cargo run -p docs -- expected` makes it anew", .path.display())]
    Arguments {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// What is wrong with a page, and where.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct Fault {
    file: String,
    line: usize,
    problem: String,
}

impl Fault {
    /// A fault in the line in which this byte of the page stands.
    fn at(page: &Page, at: usize, problem: impl Into<String>) -> Self {
        Self::in_line(page, page.line(at), problem)
    }

    fn in_line(page: &Page, line: usize, problem: impl Into<String>) -> Self {
        Self {
            file: page.file.clone(),
            line,
            problem: problem.into(),
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// See [`ReadError`]. What is generated must be there, too.
    pub fn read(folder: &Folder) -> Result<Self, ReadError> {
        let page = Page::read(&folder.file("README.md"), &folder.read("README.md")?);
        anatomy::check(&page)?;
        let use_it = anatomy::how_to_take(&page, &folder.name)?;
        let first_call = anatomy::first_call(&page, use_it)?.text.clone();
        let needs = dependencies::of_page(&page)?;
        Ok(Self {
            recipe: folder.recipe()?,
            changes: changes::read(folder)?,
            demo: folder.read("src/main.rs")?,
            asyncio: folder.read("asyncio.py")?,
            first_call,
            dependencies: needs.recipe,
            dependency_lines: needs.lines,
            example_dependencies: needs.example,
            card: Card::read(&page)?,
            calls: calls::read(&page)?,
            mistakes: near::mistakes(&page)?,
            leads: near::leads(&page)?,
            arguments: folder.arguments()?,
            transcripts: transcript::read(folder)?,
            folder: folder.clone(),
            page,
        })
    }

    /// Its name, such as `task-group`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.folder.name
    }

    /// What it is for, in Markdown.
    #[must_use]
    pub fn about(&self) -> &str {
        self.page.about().unwrap_or_default()
    }
}

/// Every pattern of the workspace, by name.
///
/// # Errors
/// See [`ReadError`].
pub fn all(workspace: &std::path::Path) -> Result<Vec<Pattern>, ReadError> {
    folders(workspace)?.iter().map(Pattern::read).collect()
}
