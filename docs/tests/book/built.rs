//! The book as it is built: complete, without dead links, and without anything from another machine.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use docs::pattern::{self, QUESTIONS};

use crate::support::html::{attribute, files, tags};
use crate::support::site::{check_links, folder_of, page, page_of, plain, real};
use crate::support::{patterns, report};

#[test]
fn every_chapter_and_every_pattern_has_a_page() {
    let chapters = [
        "index.html",
        "introduction.html",
        "pick.html",
        "compare.html",
    ];
    let others = ["asyncio.html", "404.html"];
    let mut pages: Vec<String> = [&chapters[..], &others]
        .concat()
        .into_iter()
        .map(String::from)
        .collect();
    pages.extend(
        patterns()
            .iter()
            .map(|pattern| pattern.folder.file("index.html")),
    );
    for page in pages {
        assert!(real().join(&page).is_file(), "no {page}");
    }
}

#[test]
fn every_link_and_every_anchor_leads_somewhere() {
    check_links(real());
}

#[test]
fn nothing_is_loaded_from_another_machine() {
    for (page, html) in files(real(), ".html") {
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
    for (sheet, css) in files(real(), ".css") {
        for start in ["url(http", "url('http", "url(\"http", "url(//", "@import"] {
            assert!(!css.contains(start), "{} has {start}", sheet.display());
        }
    }
}

/// What a page may be long besides its pictures, in bytes, and what its sheets and scripts may be, which
/// all pages share. The search index is loaded by a search.
const PAGE: usize = 300_000;
const SHARED: usize = 180_000;

/// What the search may load, in bytes.
const INDEX: u64 = 2_500_000;

#[test]
fn the_index_of_the_search_is_small() {
    let mut sizes = files(real(), ".js").into_iter().filter_map(|(path, text)| {
        let name = path.file_name()?.to_str()?;
        name.starts_with("searchindex").then_some(text.len() as u64)
    });
    let size = sizes.next().expect("an index");
    assert!(size <= INDEX, "{size} bytes");
}

/// How long the pictures in a page are.
fn pictures(html: &str) -> usize {
    let pictures = html.split("<svg").skip(1);
    pictures
        .map(|rest| rest.find("</svg>").unwrap_or_default())
        .sum()
}

#[test]
fn a_page_with_its_sheets_and_scripts_is_small() {
    let mut large = Vec::new();
    for (page, html) in files(real(), ".html") {
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
        let size = |file: &PathBuf| fs::metadata(real().join(file)).unwrap().len() as usize;
        let own = html.len() - pictures(&html);
        let shared = loaded.iter().map(size).sum::<usize>();
        if own > PAGE || shared > SHARED {
            let page = page.display();
            large.push(format!(
                "{page}: {own} bytes, and {shared} of sheets and scripts"
            ));
        }
    }
    report(&large);
}

#[test]
fn every_block_of_code_can_be_copied_and_shows_every_line() {
    let scripts = files(real(), ".js");
    let mut scripts = scripts.iter();
    let copyable = scripts.find(|(_, script)| script.contains("window.playground_copyable = true"));
    let copyable = copyable.expect("the script that asks for the buttons").0;
    let copyable = copyable.display().to_string();
    let mut blocks = 0;
    for (page, html) in files(real(), ".html") {
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
    for pattern in patterns() {
        let (name, html) = (pattern.name(), page_of(pattern.name()));
        let (_, seen) = html.split_once("id=\"what-you-see\"").expect("a section");
        let (seen, _) = seen.split_once("<h2").expect("another section");
        for part in [
            "<figure class=\"player\" id=\"timeline\" data-timeline=\"timeline.json\">",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\"",
            "<ol class=\"transcript\"",
            "<details class=\"bars\">",
        ] {
            assert!(seen.contains(part), "{name}: {part}");
        }
        assert_eq!(html.matches("id=\"timeline\"").count(), 1, "{name}");
        for tag in tags(&html) {
            let Some(file) = attribute(&tag, "data-timeline") else {
                continue;
            };
            let copied = page(&pattern.folder.file(&file));
            let recorded = pattern.folder.read(&file).expect("it is recorded");
            assert_eq!(copied, recorded, "{name}: {file}");
        }
        for code in [&pattern.recipe[0].source, &pattern.demo, &pattern.asyncio] {
            let mut lines = code.trim().lines().rev();
            let last = lines.find(|line| line.len() > 5).expect("a line");
            let last = last
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            let last = last.replace('"', "&quot;");
            assert!(html.contains(&last), "{name}: {last} is not on the page");
        }
        let of_page = "include_str!(&quot;../README.md&quot;)";
        assert!(!html.contains(of_page), "{name}");
    }
}

/// What a reader in a hurry sees first.
#[test]
fn a_pattern_page_begins_with_its_call_and_how_to_take_it() {
    for pattern in patterns() {
        let (name, html) = (pattern.name(), page_of(pattern.name()));
        let code = html.find("<code class=\"language-rust").expect("a call");
        let command = format!("cargo run -p docs -- paste {name} ../my-app");
        let command = html.find(&command).expect("the command");
        let next = html.find("id=\"when-not-to-use-it\"").expect("a section");
        assert!(command < code && code < next, "{name}");
        let player = html.find("class=\"player\"").expect("a picture");
        assert!(next < player, "{name}");
    }
}

#[test]
fn every_pattern_is_compared_by_every_question() {
    let html = page("compare.html");
    let summary = pattern::workspace().join("docs/book/src/SUMMARY.md");
    let summary = fs::read_to_string(summary).unwrap();
    let mut folders = pattern::folders(&pattern::workspace()).unwrap();
    folders.sort_by_key(|folder| summary.find(&format!("({})", folder.file("README.md"))));
    let pages: Vec<String> = folders
        .iter()
        .map(|folder| folder.file("index.html#the-card"))
        .collect();

    let tables: Vec<&str> = html.split("<table").skip(1).collect();
    assert_eq!(tables.len(), QUESTIONS.len());
    for (table, (question, _)) in tables.into_iter().zip(QUESTIONS) {
        let (table, _) = table.split_once("</table>").expect("a table ends");
        let targets = tags(table)
            .into_iter()
            .filter_map(|tag| attribute(&tag, "href"));
        let linked: Vec<String> = targets.filter(|it| it.ends_with("#the-card")).collect();
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
