//! What a page offers to copy is what `paste` writes.

use std::fs;

use docs::pattern;
use docs::take::recipe::taken;
use docs::take::{Catalogue, Wanted, paste};

use crate::support::html::{Piece, attribute, blocks, pieces};
use crate::support::site::{page_of, real};
use crate::support::{BLANK, blank, patterns};

#[test]
fn the_panel_offers_what_paste_writes() {
    let catalogue = Catalogue::read(&pattern::workspace()).expect("the patterns");
    let modules: Vec<String> = patterns().iter().map(|it| it.folder.module()).collect();
    for pattern in patterns() {
        let (name, module) = (pattern.name(), pattern.folder.module());
        let dir = blank();
        let wanted = Wanted {
            names: vec![name.to_owned()],
            dir: dir.path().to_path_buf(),
            ..Wanted::default()
        };
        let plan = paste(&catalogue, &wanted).expect("a blank crate");
        plan.changes.make().expect("the files can be written");
        let written = |file: &str| fs::read_to_string(dir.path().join(file)).expect("it is there");
        let manifest = written("Cargo.toml");
        let dependencies = manifest.strip_prefix(&format!("{BLANK}\n[dependencies]\n"));
        let dependencies = dependencies.expect("a table").to_owned();

        let offered: Vec<(String, String)> = blocks(&page_of(name))
            .into_iter()
            .filter_map(|block| Some((block.copies?, block.text)))
            .collect();
        let command = format!("cargo run -p docs -- paste {name} ../my-app");
        let mut wanted = vec![("the command".to_owned(), command)];
        for file in taken(pattern, &module, &modules) {
            let path = file.path.display().to_string();
            assert_eq!(written(&format!("src/{path}")), file.text, "{path}");
            let download = real().join(pattern.folder.file(&path));
            let download = fs::read_to_string(download).expect("a file to download");
            assert_eq!(download, file.text, "{path}");
            let link = format!("<a href=\"{path}\" download");
            assert!(page_of(name).contains(&link), "{path}");
            let what = match path == format!("{module}.rs") {
                true => "the recipe".to_owned(),
                false => format!("the recipe's {path}"),
            };
            wanted.push((what, file.text));
        }
        wanted.push(("the module line".to_owned(), format!("mod {module};\n")));
        wanted.push(("the dependencies".to_owned(), dependencies));
        assert_eq!(offered, wanted, "{name}");
        for (what, text) in offered {
            // mdBook's highlighting makes spaces of it.
            assert!(!text.contains('\t'), "{name}: a tab in {what}");
        }
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
