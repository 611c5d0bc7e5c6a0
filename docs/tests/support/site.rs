//! The book that is built once for all tests, and a small one.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use docs::book::export::export;
use docs::pattern::QUESTIONS;
use docs::{book, pattern};
use html5ever::tokenizer::Tag;
use tempfile::TempDir;

use super::html::{attribute, files, tags};
use super::{folder, put};

/// The book of this workspace. It stays in the target folder, and the next build replaces it.
pub fn real() -> &'static Path {
    static BOOK: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
        let built = book::build(&pattern::workspace(), "/");
        let built = built.unwrap_or_else(|error| panic!("{error:#}"));
        export(built.path(), &folder).expect("an earlier one is replaced");
        folder
    });
    &BOOK
}

/// A page of it.
pub fn page(address: &str) -> String {
    fs::read_to_string(real().join(address)).expect("a page of the book")
}

/// The page of a pattern.
pub fn page_of(pattern: &str) -> String {
    page(&format!("patterns/{pattern}/index.html"))
}

/// Follows every relative link of every page, as a browser would.
pub fn check_links(book: &Path) {
    let pages: HashMap<PathBuf, Vec<Tag>> = files(book, ".html")
        .into_iter()
        .map(|(path, html)| (path, tags(&html)))
        .collect();
    let ids: HashMap<&Path, HashSet<String>> = pages
        .iter()
        .map(|(path, tags)| {
            (
                path.as_path(),
                tags.iter().filter_map(|tag| attribute(tag, "id")).collect(),
            )
        })
        .collect();

    let mut followed = 0;
    for (page, tags) in &pages {
        let folder = folder_of(page, tags);
        for tag in tags {
            let target = attribute(tag, "href").or_else(|| attribute(tag, "src"));
            let Some(target) = target.filter(|_| &*tag.name != "base") else {
                continue;
            };
            if target.contains(':') {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let mut file = if path.is_empty() {
                page.clone()
            } else {
                plain(&folder.join(path))
            };
            if book.join(&file).is_dir() {
                file.push("index.html");
            }
            assert!(
                book.join(&file).is_file(),
                "{}: dead link {target}",
                page.display()
            );
            if !anchor.is_empty() {
                let known = ids
                    .get(file.as_path())
                    .is_some_and(|ids| ids.contains(anchor));
                assert!(known, "{}: no such anchor: {target}", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed > pages.len(), "a page links to something");
}

/// The folder in which the relative addresses of a page begin.
pub fn folder_of(page: &Path, tags: &[Tag]) -> PathBuf {
    let mut folder = page.parent().expect("a page is in a folder").to_path_buf();
    if let Some(base) = tags.iter().find(|tag| &*tag.name == "base") {
        folder.push(attribute(base, "href").expect("a base has an address"));
    }
    folder
}

/// The path without `.`, `..` and a leading `/`, which is the book's own root.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::ParentDir => assert!(plain.pop(), "{} leaves the book", path.display()),
            Component::RootDir => plain.clear(),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    plain
}

/// A run with a line of its transcript and nothing else.
pub const RECORDED: &str =
    r#"{"length": 5.0, "lanes": [], "lines": [{"at": 2.5, "lane": null, "text": "a < b"}]}"#;

/// A page with everything that a page has, in 70 lines.
pub fn readme(name: &str) -> String {
    let rows: String = QUESTIONS
        .iter()
        .map(|(question, _)| format!("| {question} | it is | `test` |\n"))
        .collect();
    format!(
        "# {name}\n\nDoes `{name}` things.\n\n## Problem\n\nOne.\n\n## Use it\n\n\
         `cargo run -p docs -- paste {name} ../my-app` copies it.\n\n\
         ```rust\nfn main() {{}}\n```\n\n## When not to use it\n\n## Run it\n\n## What you see\n\n\
         ![Caption](timeline.svg)\n\n## The recipe\n\nOne file.\n\n```toml\n[dependencies]\n```\n\n\
         ## How it works\n\n## The card\n\n| question | answer | shown by |\n|-|-|-|\n{rows}\n\
         ## When it goes wrong\n\n## Coming from asyncio\n\n\
         | asyncio | here | what differs |\n|-|-|-|\n| `f()` | `g()` | |\n\n## See also\n\n"
    )
}

/// A workspace with two patterns, `one` and `two`, and the looks of the real book.
pub fn small_workspace() -> TempDir {
    let workspace = folder(&[
        (
            "docs/book/src/SUMMARY.md",
            "# Summary\n\n[Start](start.md)\n\n- [one](patterns/one/README.md)\n- [two](patterns/two/README.md)\n",
        ),
        (
            "docs/book/src/start.md",
            "# Start\n\n[One](../../../patterns/one/README.md#the-recipe)\n",
        ),
    ]);
    copy(&pattern::workspace(), workspace.path(), "docs/book");
    for name in ["one", "two"] {
        let readme = readme(name);
        for (file, text) in [
            ("Cargo.toml", ""),
            ("src/lib.rs", "pub fn recipe() {}\n"),
            ("src/main.rs", "fn main() {}\n"),
            ("asyncio.py", "# Python\nprint()\n"),
            ("CHANGES.md", "# Changes\n\n- 2026-01-01: the first text.\n"),
            ("arguments.json", "[]"),
            ("expected.txt", "line\n"),
            ("timeline.svg", "<svg></svg>\n"),
            ("timeline.json", RECORDED),
            ("README.md", &readme),
        ] {
            put(workspace.path(), &format!("patterns/{name}/{file}"), text);
        }
    }
    workspace
}

/// Copies a folder, but not the chapters in it.
fn copy(from: &Path, to: &Path, folder: &str) {
    for entry in from.join(folder).read_dir().expect("the book's folder") {
        let entry = entry.expect("an entry of the book's folder");
        let name = entry.file_name();
        let path = format!("{folder}/{}", name.to_string_lossy());
        if entry.path().is_file() {
            put(
                to,
                &path,
                &fs::read_to_string(entry.path()).expect("a text"),
            );
        } else if name != "src" {
            copy(from, to, &path);
        }
    }
}

/// Adds to a file of a workspace.
pub fn add(workspace: &TempDir, file: &str, text: &str) {
    let old = fs::read_to_string(workspace.path().join(file)).expect("a file to add to");
    put(workspace.path(), file, &(old + text));
}

/// Why the book of a workspace cannot be built.
pub fn failure(workspace: &TempDir) -> String {
    let error = book::build(workspace.path(), "/").expect_err("the build must fail");
    format!("{error:#}")
}
