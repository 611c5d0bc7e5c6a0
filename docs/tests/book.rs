//! The built book: complete, without dead links, and without anything from another machine.

mod support;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use docs::card::QUESTIONS;
use docs::{book, pattern};
use html5ever::tokenizer::Tag;
use support::html::{attribute, files, tags};
use tempfile::TempDir;

fn real_book() -> TempDir {
    book::build(&pattern::workspace(), "/").expect("the book builds")
}

#[test]
fn every_chapter_and_every_pattern_has_a_page() {
    let book = real_book();
    let mut pages = vec![
        "index.html",
        "introduction.html",
        "pick.html",
        "compare.html",
        "asyncio.html",
    ]
    .into_iter()
    .chain(["404.html"])
    .map(PathBuf::from)
    .collect::<Vec<_>>();
    let patterns = pattern::all(&pattern::workspace()).unwrap();
    assert!(!patterns.is_empty());
    pages.extend(
        patterns
            .iter()
            .map(|p| format!("patterns/{}/index.html", p.name).into()),
    );
    for page in pages {
        assert!(book.path().join(&page).is_file(), "no {}", page.display());
    }
}

#[test]
fn every_link_and_every_anchor_leads_somewhere() {
    let book = real_book();
    check_links(book.path());
}

/// Follows every relative link of every page, as a browser would.
fn check_links(book: &Path) {
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
fn folder_of(page: &Path, tags: &[Tag]) -> PathBuf {
    let mut folder = page.parent().expect("a page is in a folder").to_path_buf();
    if let Some(base) = tags.iter().find(|tag| &*tag.name == "base") {
        folder.push(attribute(base, "href").expect("a base has an address"));
    }
    folder
}

/// The path without `.`, `..` and a leading `/`, which is the book's own root.
fn plain(path: &Path) -> PathBuf {
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

#[test]
fn nothing_is_loaded_from_another_machine() {
    let book = real_book();
    for (page, html) in files(book.path(), ".html") {
        for tag in tags(&html) {
            let loads = match &*tag.name {
                "a" => None,
                "link" => attribute(&tag, "href"),
                _ => attribute(&tag, "src"),
            };
            if let Some(address) = loads {
                let foreign = address.contains(':') || address.starts_with("//");
                assert!(!foreign, "{} loads {address}", page.display());
            }
            // mdBook's script asks the playground's server when a page has one of these.
            let class = attribute(&tag, "class").unwrap_or_default();
            assert!(
                !class.split(' ').any(|name| name == "playground"),
                "{}",
                page.display()
            );
        }
    }
    for (sheet, css) in files(book.path(), ".css") {
        for start in ["url(http", "url('http", "url(\"http", "url(//", "@import"] {
            assert!(!css.contains(start), "{} has {start}", sheet.display());
        }
    }
}

/// What a reader's browser may load for a page, in bytes. The search index is loaded by a search.
const LIMIT: usize = 300_000;

#[test]
fn a_page_with_its_sheets_and_scripts_is_small() {
    let book = real_book();
    let mut large = Vec::new();
    for (page, html) in files(book.path(), ".html") {
        let tags = tags(&html);
        let folder = folder_of(&page, &tags);
        let loaded: HashSet<PathBuf> = tags
            .iter()
            .filter_map(|tag| match &*tag.name {
                "script" => attribute(tag, "src"),
                "link" if attribute(tag, "rel").as_deref() == Some("stylesheet") => {
                    attribute(tag, "href")
                }
                _ => None,
            })
            .map(|target| plain(&folder.join(target)))
            .collect();
        assert!(!loaded.is_empty(), "{} loads nothing", page.display());
        let size = |file: &PathBuf| fs::metadata(book.path().join(file)).unwrap().len() as usize;
        let total = html.len() + loaded.iter().map(size).sum::<usize>();
        if total > LIMIT {
            let (page, html) = (page.display(), html.len());
            large.push(format!("{page}: {total} bytes, of them {html} HTML"));
        }
    }
    support::report(&large);
}

#[test]
fn every_block_of_code_can_be_copied_and_shows_every_line() {
    let book = real_book();
    let scripts = files(book.path(), ".js");
    let mut scripts = scripts.iter();
    let copyable = scripts.find(|(_, script)| script.contains("window.playground_copyable = true"));
    let copyable = copyable.expect("the script that asks for the buttons").0;
    let copyable = copyable.display().to_string();
    let mut blocks = 0;
    for (page, html) in files(book.path(), ".html") {
        let tags = tags(&html);
        let page = page.display();
        for (index, tag) in tags.iter().enumerate() {
            if &*tag.name == "pre" {
                // mdBook's script puts the button on each `pre code`.
                assert_eq!(&*tags[index + 1].name, "code", "{page}");
                blocks += 1;
            }
            assert_ne!(
                attribute(tag, "class").as_deref(),
                Some("boring"),
                "{page} hides a line"
            );
        }
        if tags.iter().any(|tag| &*tag.name == "pre") {
            assert!(html.contains(&copyable), "{page}");
            let scripts: Vec<String> = tags
                .iter()
                .filter_map(|tag| attribute(tag, "src"))
                .collect();
            for script in ["clipboard", "book"] {
                assert!(
                    scripts.iter().any(|src| src.contains(script)),
                    "{page}: no {script}"
                );
            }
        }
    }
    assert!(blocks > 0);
}

#[test]
fn a_pattern_page_has_its_picture_its_recipe_and_its_twin() {
    let book = real_book();
    for pattern in pattern::all(&pattern::workspace()).unwrap() {
        let page = format!("patterns/{}/index.html", pattern.name);
        let html = fs::read_to_string(book.path().join(page)).unwrap();
        let (_, problem) = html.split_once("id=\"problem\"").expect("a section");
        let (problem, _) = problem.split_once("<h2").expect("another section");
        for part in [
            "<figure id=\"timeline\" class=\"player\" data-timeline=\"timeline.json\">",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\"",
            "<ol class=\"transcript\"",
            "<details class=\"bars\">",
            "<figcaption>",
        ] {
            assert_eq!(problem.matches(part).count(), 1, "{}: {part}", pattern.name);
        }
        assert_eq!(
            html.matches("id=\"timeline\"").count(),
            1,
            "{}",
            pattern.name
        );
        let seen = html.split("id=\"what-you-see\"").nth(1).expect("a section");
        assert!(
            seen.contains("<a href=\"#timeline\">above</a>"),
            "{}",
            pattern.name
        );
        for tag in tags(&html) {
            let Some(file) = attribute(&tag, "data-timeline") else {
                continue;
            };
            let copied = book.path().join("patterns").join(&pattern.name).join(&file);
            let copied = fs::read_to_string(copied).expect("the recorded run is beside the page");
            let recorded = fs::read_to_string(pattern.dir.join(&file)).expect("it is recorded");
            assert_eq!(copied, recorded, "{}: {file}", pattern.name);
        }
        for file in ["src/lib.rs", "src/main.rs", "asyncio.py"] {
            let code = fs::read_to_string(pattern.dir.join(file)).unwrap();
            let last = code
                .trim()
                .lines()
                .rev()
                .find(|line| line.len() > 5)
                .unwrap();
            let last = last
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            assert!(
                html.contains(&last),
                "{}: {file} is not on the page",
                pattern.name
            );
        }
        assert!(
            !html.contains("include_str!(\"../README.md\")"),
            "{}",
            pattern.name
        );
    }
}

#[test]
fn every_pattern_is_compared_by_every_question() {
    let book = real_book();
    let html = fs::read_to_string(book.path().join("compare.html")).unwrap();
    let summary = pattern::workspace().join("docs/book/src/SUMMARY.md");
    let summary = fs::read_to_string(summary).unwrap();
    let mut patterns = pattern::all(&pattern::workspace()).unwrap();
    patterns.sort_by_key(|p| summary.find(&format!("(patterns/{}/README.md)", p.name)));

    let tables: Vec<&str> = html.split("<table").skip(1).collect();
    assert_eq!(tables.len(), QUESTIONS.len());
    for (table, (question, _)) in tables.into_iter().zip(QUESTIONS) {
        let (table, _) = table.split_once("</table>").expect("a table ends");
        let linked: Vec<String> = tags(table)
            .iter()
            .filter_map(|tag| attribute(tag, "href"))
            .filter(|target| target.ends_with("#the-card"))
            .collect();
        let pages: Vec<String> = patterns
            .iter()
            .map(|p| format!("patterns/{}/index.html#the-card", p.name))
            .collect();
        assert_eq!(linked, pages, "{question}");
        for cell in table.split("<td>").skip(1) {
            let (cell, _) = cell.split_once("</td>").expect("a cell ends");
            for answer in cell.split("<br>") {
                let answer = answer.trim().to_lowercase();
                assert!(!answer.is_empty(), "{question}: an empty answer");
                assert!(!answer.ends_with("the same"), "{question}: {answer}");
            }
        }
    }
}

/// A run with a line of its transcript and nothing else.
const RECORDED: &str =
    r#"{"length": 5.0, "lanes": [], "lines": [{"at": 2.5, "lane": null, "text": "a < b"}]}"#;

/// A workspace with two patterns, `one` and `two`.
fn small_workspace() -> TempDir {
    let workspace = tempfile::tempdir().expect("a temporary folder");
    let real = pattern::workspace().join("docs/book");
    for entry in real.read_dir().expect("the book's folder") {
        let path = entry.expect("an entry of the book's folder").path();
        if path.is_file() {
            let text = fs::read_to_string(&path).expect("the book's settings");
            let file = path.file_name().expect("a name").to_string_lossy();
            put(&workspace, &format!("docs/book/{file}"), &text);
        }
    }
    put(
        &workspace,
        "docs/book/src/SUMMARY.md",
        "# Summary\n\n[Start](start.md)\n\n- [one](patterns/one/README.md)\n- [two](patterns/two/README.md)\n",
    );
    put(
        &workspace,
        "docs/book/src/start.md",
        "# Start\n\n[One](../../../patterns/one/README.md#the-recipe)\n",
    );
    for name in ["one", "two"] {
        let file = |file: &str| format!("patterns/{name}/{file}");
        put(&workspace, &file("Cargo.toml"), "");
        put(&workspace, &file("src/lib.rs"), "pub fn recipe() {}\n");
        put(&workspace, &file("src/main.rs"), "fn main() {}\n");
        put(&workspace, &file("asyncio.py"), "# Python\nprint()\n");
        put(&workspace, &file("arguments.json"), "[]");
        put(&workspace, &file("expected.txt"), "line\n");
        put(&workspace, &file("timeline.svg"), "<svg></svg>\n");
        put(&workspace, &file("timeline.json"), RECORDED);
        let page = format!(
            "# {name}\n\n## Problem\n\n## What you see\n\n![Caption](timeline.svg)\n\n\
             ## The recipe\n\n```toml\n[dependencies]\n```\n\n\
             ## Coming from asyncio\n\n| asyncio | here | what differs |\n|-|-|-|\n| `f()` | `g()` | |\n\n"
        );
        put(&workspace, &file("README.md"), &page);
    }
    workspace
}

fn put(workspace: &TempDir, file: &str, text: &str) {
    let path = workspace.path().join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
    fs::write(path, text).expect("a writable file");
}

fn add(workspace: &TempDir, file: &str, text: &str) {
    let old = fs::read_to_string(workspace.path().join(file)).expect("a file to add to");
    put(workspace, file, &(old + text));
}

fn failure(workspace: &TempDir) -> String {
    let error = book::build(workspace.path(), "/").expect_err("the build must fail");
    format!("{error:#}")
}

#[test]
fn links_between_pages_files_and_definitions_stay_in_the_book() {
    let workspace = small_workspace();
    add(
        &workspace,
        "patterns/one/README.md",
        "[Two](../two/README.md#the-recipe), [start](../../docs/book/src/start.md), [code](src/lib.rs), \
         [`main`][main], [manifest](../two/Cargo.toml), [picture](timeline.svg), [here](#one), \
         [there](https://example.org/README.md)\n\n[main]: src/main.rs\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("patterns/one/index.html")).unwrap();
    for link in [
        "../../patterns/two/index.html#the-recipe",
        "../../start.html",
        "../../patterns/one/src/lib.rs.html",
        "../../patterns/one/src/main.rs.html",
        "../../patterns/two/Cargo.toml.html",
        "../../patterns/one/timeline.svg",
        "#one",
        "https://example.org/README.md",
    ] {
        assert!(
            html.contains(&format!("href=\"{link}\"")),
            "no link to {link}"
        );
    }
    let file = fs::read_to_string(book.path().join("patterns/one/src/lib.rs.html")).unwrap();
    assert!(file.contains("<code class=\"language-rs\">pub fn recipe() {}"));
}

#[test]
fn the_first_timeline_moves_up_and_others_stay_in_their_place() {
    let workspace = small_workspace();
    let flag = RECORDED.replace("a < b", "with a flag");
    put(&workspace, "patterns/one/timeline--flag=x.json", &flag);
    add(
        &workspace,
        "patterns/one/README.md",
        "\nBefore.\n\n![With x < y and `flag`](timeline--flag=x.svg)\n\nAfter.\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    let page = book.path().join("patterns/one");
    let html = fs::read_to_string(page.join("index.html")).unwrap();
    let places = [
        "id=\"problem\"",
        "data-timeline=\"timeline.json\"",
        "a &lt; b",
        "<figcaption>Caption</figcaption>",
        "id=\"what-you-see\"",
        "<p>The picture of this run is <a href=\"#timeline\">above</a>.</p>",
        "<p>Before.</p>",
        "data-timeline=\"timeline--flag=x.json\"",
        "with a flag",
        "<figcaption>With x &lt; y and flag</figcaption>",
        "<p>After.</p>",
    ];
    let found: Vec<usize> = places
        .iter()
        .map(|part| html.find(part).unwrap_or_else(|| panic!("no {part}")))
        .collect();
    assert!(found.is_sorted(), "{found:?}");
    let copied = fs::read_to_string(page.join("timeline--flag=x.json")).unwrap();
    assert_eq!(copied, flag);
}

#[test]
fn a_host_that_serves_the_book_below_a_path_finds_its_404_page() {
    let workspace = small_workspace();
    let book = book::build(workspace.path(), "/cookbook/").unwrap();
    let html = fs::read_to_string(book.path().join("404.html")).unwrap();
    assert!(html.contains("<base href=\"/cookbook/\">"));
}

#[test]
fn a_pattern_that_the_summary_forgets_fails_the_build() {
    let workspace = small_workspace();
    let summary = "# Summary\n\n[Start](start.md)\n\n- [one](patterns/one/README.md)\n";
    put(&workspace, "docs/book/src/SUMMARY.md", summary);
    let error = failure(&workspace);
    assert!(
        error.contains("add the line `- [two](patterns/two/README.md)`"),
        "{error}"
    );
}

#[test]
fn a_line_of_the_summary_without_a_pattern_fails_the_build() {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/SUMMARY.md",
        "- [three](patterns/three/README.md)\n",
    );
    let error = failure(&workspace);
    assert!(error.contains("names patterns/three/README.md"), "{error}");
}

#[test]
fn a_chapter_that_cannot_be_assembled_fails_the_build_and_is_named() {
    let page = "patterns/two/README.md";
    for (text, problem) in [
        ("[gone](src/gone.rs)\n", "the link to src/gone.rs is dead"),
        ("[out](../../../out.md)\n", "leaves the repository"),
        (
            "```rust\n# use a::b;\nfn main() {}\n```\n",
            "hide the Rust line `# use a::b;`",
        ),
    ] {
        let workspace = small_workspace();
        add(&workspace, page, text);
        let error = failure(&workspace);
        assert!(error.contains(page) && error.contains(problem), "{error}");
    }
    let recipe = "# two\n\n## The recipe\n\n```toml\n[dependencies]\n```\n".to_owned();
    let complete = fs::read_to_string(small_workspace().path().join(page)).expect("a page");
    for (file, text, problem) in [
        (
            page,
            "# two\n",
            "the section \"The recipe\" has no toml block",
        ),
        (page, &recipe, "no picture timeline.svg"),
        (
            page,
            &format!("{recipe}\n![Caption](timeline--flag.svg)\n"),
            "cannot read patterns/two/timeline--flag.json",
        ),
        (
            page,
            &format!("{recipe}\n![Caption](timeline.svg)\n"),
            "no table in the section `## Coming from asyncio`",
        ),
        (
            page,
            &complete.replace("## Problem", "## Trouble"),
            "no section `## Problem`",
        ),
        (
            "patterns/two/timeline.json",
            "{}",
            "patterns/two/timeline.json is not the JSON of a timeline",
        ),
    ] {
        let workspace = small_workspace();
        put(&workspace, file, text);
        let error = failure(&workspace);
        assert!(error.contains(page) && error.contains(problem), "{error}");
    }
}

/// A card of one answer, and one of two.
const CARDS: [(&str, &str, &str); 2] = [
    ("one", "answer |", "[yes](src/main.rs), [here](#one) |"),
    ("two", "`a` | `b` |", "no | the same; later |"),
];

/// The small workspace, with cards and a chapter that compares them.
fn workspace_with_cards() -> TempDir {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/start.md",
        "\n<!-- cards -->\n\nThe end.\n",
    );
    for (name, columns, answers) in CARDS {
        let rows: String = QUESTIONS
            .iter()
            .map(|(question, _)| format!("| {question} | {answers} `test` |\n"))
            .collect();
        let line = "-|".repeat(columns.matches('|').count() + 2);
        let card = format!("\n## The card\n\n| question | {columns} shown by |\n|{line}\n{rows}");
        add(&workspace, &format!("patterns/{name}/README.md"), &card);
    }
    workspace
}

#[test]
fn cards_are_compared_in_the_order_of_the_summary_with_their_links() {
    let workspace = workspace_with_cards();
    put(
        &workspace,
        "docs/book/src/SUMMARY.md",
        "# Summary\n\n[Start](start.md)\n\n- [two](patterns/two/README.md)\n- [one](patterns/one/README.md)\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("start.html")).unwrap();
    let html: String = html.lines().collect();
    let row = |name: &str, answer: &str| {
        format!(
            "<tr><td><a href=\"patterns/{name}/index.html#the-card\">{name}</a></td><td>{answer}</td></tr>"
        )
    };
    let rows = row("two", "<code>a</code>: no<br><code>b</code>: no; later")
        + &row(
            "one",
            "<a href=\"patterns/one/src/main.rs.html\">yes</a>, <a href=\"patterns/one/index.html#one\">here</a>",
        );
    assert_eq!(html.matches(&rows).count(), QUESTIONS.len(), "{html}");
    assert!(html.contains("<p>The end.</p>"));
}

#[test]
fn a_card_that_cannot_be_read_fails_the_build_and_its_page_is_named() {
    let workspace = workspace_with_cards();
    let file = workspace.path().join("patterns/two/README.md");
    let page = fs::read_to_string(&file).unwrap();
    fs::write(&file, page.replace("| bounded", "| size")).unwrap();
    assert_eq!(
        failure(&workspace),
        "chapter patterns/two/README.md: the card has no row `bounded`"
    );
}

#[test]
fn an_export_replaces_its_own_files_and_no_others() {
    let (built, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put(&built, "index.html", "old");
    put(&built, "patterns/one/index.html", "one");
    book::export(built.path(), folder.path()).unwrap();

    put(&folder, "CNAME", "example.org");
    put(&built, "index.html", "new");
    fs::remove_dir_all(built.path().join("patterns")).unwrap();
    book::export(built.path(), folder.path()).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("index.html")).unwrap(),
        "new"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("CNAME")).unwrap(),
        "example.org"
    );
    assert!(!folder.path().join("patterns/one/index.html").exists());

    put(&built, "CNAME", "book.example.org");
    let error = book::export(built.path(), folder.path()).unwrap_err();
    assert!(matches!(error, book::ExportError::Foreign(path) if path.ends_with("CNAME")));
    assert_eq!(
        fs::read_to_string(folder.path().join("CNAME")).unwrap(),
        "example.org"
    );
}

#[test]
fn an_export_leaves_a_foreign_folder_alone() {
    let (built, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put(&built, "index.html", "book");
    put(&folder, "index.html", "mine");
    let error = book::export(built.path(), folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&folder.path().display().to_string()),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("index.html")).unwrap(),
        "mine"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

/// What a chapter asks for by a comment is there in its place.
#[test]
fn a_pattern_that_no_answer_names_gets_one_and_its_mistakes_are_listed() {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/start.md",
        "\n<!-- questions -->\n\n**What?**\n\n- This. **Which?**\n  - a → [one](../../../patterns/one/README.md)\n  \
         - b → [`B`](https://example.org)\n\n<!-- end of questions -->\n\n<!-- mistakes -->\n\n\
         <!-- relations -->\n\nThe end.\n",
    );
    put(
        &workspace,
        "patterns/two/README.md",
        "# two\n\nDoes `two` things.\n\n## Problem\n\n![Caption](timeline.svg)\n\n\
         ## The recipe\n\n```toml\n[dependencies]\n```\n\n## When it goes wrong\n\n\
         - [examples/bad.rs](examples/bad.rs): it `a|b`\n  [hangs](../one/README.md).\n\n\
         ## Coming from asyncio\n\n| asyncio | here | what differs |\n|-|-|-|\n| `f()` | `g()` | |\n\n\
         ## See also\n\n- [one](../one/README.md), for one\n",
    );
    put(&workspace, "patterns/two/examples/bad.rs", "fn main() {}\n");
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("start.html")).unwrap();
    let html: String = html.lines().collect();
    let (_, html) = html.split_once("<main>").expect("a page");
    let (html, _) = html.split_once("</main>").expect("an end");
    for part in [
        "<li class=\"leaf\"><span class=\"answer\">Does two things.</span>\
         <span class=\"target\"><a href=\"patterns/two/index.html\">two</a></span></li>",
        "<td>This · a</td><td><a href=\"patterns/one/index.html\">one</a></td>",
        "<td>it <code>a|b</code> <a href=\"patterns/one/index.html\">hangs</a>.</td>\
         <td><a href=\"patterns/two/index.html#when-it-goes-wrong\">two</a>: \
         <a href=\"patterns/two/examples/bad.rs.html\"><code>bad</code></a></td>",
        "<title>two to one: for one</title>",
        "<p>The end.</p>",
    ] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    assert!(!html.contains("<!-- "), "{html}");
}

#[test]
fn questions_that_cannot_be_read_fail_the_build_and_their_chapter_is_named() {
    for (list, problem) in [
        (
            "\n<!-- questions -->\n\n**What?**\n",
            "the questions have no end",
        ),
        (
            "\n<!-- questions -->\n\n**What?**\n\n- a\n\n<!-- end of questions -->\n",
            "leads to no **question?**",
        ),
    ] {
        let workspace = small_workspace();
        add(&workspace, "docs/book/src/start.md", list);
        let error = failure(&workspace);
        let chapter = "chapter docs/book/src/start.md: ";
        assert!(
            error.starts_with(chapter) && error.contains(problem),
            "{error}"
        );
    }
}
