//! What a page offers to copy is what `paste` writes.

use std::fs;

use docs::pattern;
use docs::take::paste;

use crate::support::html::{Piece, attribute, blocks, pieces};
use crate::support::site::{page_of, real};
use crate::support::{BLANK, blank, patterns};

#[test]
fn the_panel_offers_what_paste_writes() {
    for pattern in patterns() {
        let (name, module) = (pattern.name(), pattern.folder.module());
        let dir = blank();
        let answer = paste(&pattern::workspace(), name, dir.path()).expect("a blank crate");
        let written = |file: &str| fs::read_to_string(dir.path().join(file)).expect("it is there");
        let recipe = written(&format!("src/{module}.rs"));
        let manifest = written("Cargo.toml");
        let dependencies = manifest.strip_prefix(&format!("{BLANK}\n[dependencies]\n"));
        let line = answer.lines().last().expect("a line to add").trim_start();

        let offered: Vec<(String, String)> = blocks(&page_of(pattern.name()))
            .into_iter()
            .filter_map(|block| Some((block.copies?, block.text)))
            .collect();
        let wanted = [
            (
                "the command",
                format!("cargo run -p docs -- paste {name} ../my-app"),
            ),
            ("the recipe", recipe.clone()),
            ("the module line", format!("{line}\n")),
            (
                "the dependencies",
                dependencies.expect("a table").to_owned(),
            ),
        ];
        let wanted = wanted.map(|(what, text)| (what.to_owned(), text));
        assert_eq!(offered, wanted, "{name}");
        for (what, text) in offered {
            // mdBook's highlighting makes spaces of it.
            assert!(!text.contains('\t'), "{name}: a tab in {what}");
        }

        let file = format!("patterns/{name}/{module}.rs");
        let download = fs::read(real().join(file)).expect("a file to download");
        assert_eq!(download, recipe.as_bytes(), "{name}");
        assert!(
            page_of(pattern.name()).contains(&format!("<a href=\"{module}.rs\" download")),
            "{name}"
        );
    }
}

#[test]
fn what_the_panel_says_is_said_once() {
    for pattern in patterns() {
        let html = page_of(pattern.name());
        let (_, section) = html.split_once("id=\"the-recipe\"").expect("a section");
        let (section, _) = section.split_once("<h2").expect("a next section");
        assert!(!section.contains("By hand: copy"), "{}", pattern.name());
        let all = blocks(&html);
        for offered in all.iter().filter(|block| block.copies.is_some()) {
            let text = offered.text.trim_end();
            let same = all.iter().filter(|block| block.text.contains(text));
            let times = same.count();
            assert_eq!(times, 1, "{}: {times} times: {text}", pattern.name());
        }
    }
}

#[test]
fn a_page_has_the_script_of_the_panel() {
    for pattern in patterns() {
        let has_script = pieces(&page_of(pattern.name()))
            .into_iter()
            .any(|piece| match piece {
                Piece::Tag(tag) => attribute(&tag, "src").is_some_and(|src| src.contains("take")),
                Piece::Text(_) => false,
            });
        assert!(has_script, "{}", pattern.name());
    }
}
