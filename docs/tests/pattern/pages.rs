//! What every page names exists, and every page is short enough to be read.

use std::fs;
use std::path::Path;
use std::process::Command;

use docs::pattern::{self, Dependency, Page, Pattern};

use crate::support::{check, patterns, programs, report};

/// The most words of a page besides code, transcripts and links: "about 2,500".
const WORDS: usize = 2_600;

#[test]
fn a_page_can_be_read_in_ten_minutes() {
    check(|pattern| {
        let words = words(&pattern.page);
        let is_long = words > WORDS;
        let long = is_long.then(|| format!("{words} words on its page, and {WORDS} are enough"));
        long.into_iter().collect()
    });
}

/// How many words stand outside of fenced blocks, comments and tags.
fn words(page: &Page) -> usize {
    let mut prose = page.text.clone();
    for block in page
        .sections
        .iter()
        .flat_map(|section| &section.blocks)
        .rev()
    {
        prose.replace_range(block.range.clone(), " ");
    }
    let parts = prose
        .split('<')
        .enumerate()
        .map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('>').map_or(part, |(_, text)| text),
        });
    let text = parts.collect::<Vec<_>>().join(" ").replace('|', " ");
    text.split_whitespace().count()
}

#[test]
fn words_in_code_and_tags_do_not_count() {
    let page = Page::read(
        "p.md",
        "# One\n\ntwo <b>three</b>\n\n```rust\nno\n```\n\n| four | a < b |\n",
    );
    assert_eq!(words(&page), 7);
}

#[test]
fn a_card_names_tests_that_exist() {
    check(|pattern| {
        let tests = tests_of(pattern);
        let shown_by = pattern.card.shown_by.iter();
        let missing = shown_by.filter(|(_, test)| !tests.contains(test));
        let missing =
            missing.map(|(line, test)| format!("line {line} names `{test}`, which is no test"));
        missing.collect()
    });
}

/// The names of a pattern's tests, as its test programs list them, without their modules.
fn tests_of(pattern: &Pattern) -> Vec<String> {
    let mut tests = Vec::new();
    for program in programs()
        .iter()
        .filter(|program| program.source.starts_with(&pattern.folder.dir))
    {
        if program.is_test {
            let mut list = Command::new(&program.executable);
            let list = list
                .args(["--list", "--format", "terse"])
                .output()
                .expect("it starts");
            let list = String::from_utf8(list.stdout).expect("names are UTF-8");
            let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
            tests.extend(names.map(|name| name.rsplit("::").next().unwrap_or(name).to_owned()));
        }
    }
    tests
}

/// Each mistake is on the page, and a test does it.
#[test]
fn a_bug_twin_is_on_the_page_and_has_a_test() {
    check(|pattern| {
        let mut problems = Vec::new();
        let tests: String = files(pattern, "tests")
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        let tests = tests.lines().filter(|line| !line.trim().starts_with("//"));
        let tests: Vec<_> = tests.collect();
        for (name, _) in files(pattern, "examples") {
            let twin = format!("examples/{name}.rs");
            if !pattern.mistakes.iter().any(|mistake| mistake.name == name) {
                problems.push(format!("{twin} is not on the page"));
            }
            if !tests.iter().any(|line| line.contains(&twin)) {
                problems.push(format!("no test names {twin}"));
            }
        }
        problems
    });
}

/// A file that no program names is not compiled, and its tests are silently not run.
#[test]
fn every_file_with_tests_is_a_part_of_a_program() {
    check(|pattern| {
        let files = files(pattern, "tests");
        let main = files.iter().find(|(name, _)| name == "main");
        let main = main.map_or("", |(_, text)| text.as_str());
        let manifest = pattern.folder.read("Cargo.toml").expect("a manifest");
        let is_run = |name: &str| {
            let is_program = manifest.contains(&format!("[[test]]\nname = \"{name}\""));
            is_program || main.contains(&format!("mod {name};"))
        };
        let names = files.iter().map(|(name, _)| name);
        let missing = names.filter(|name| !is_run(name));
        let said = missing.map(|name| format!("tests/{name}.rs is no module of tests/main.rs"));
        said.collect()
    });
}

/// The Rust files in a folder of the pattern, by name, with their texts.
fn files(pattern: &Pattern, folder: &str) -> Vec<(String, String)> {
    let entries = pattern
        .folder
        .dir
        .join(folder)
        .read_dir()
        .into_iter()
        .flatten();
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let rust = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts = rust.map(|path| {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("the file can be read");
        (name, text)
    });
    texts.collect()
}

#[test]
fn a_dependency_block_agrees_with_the_manifests() {
    let workspace = manifest(&pattern::workspace());
    let table = &workspace["workspace"]["dependencies"];
    let mut problems = Vec::new();
    for pattern in patterns() {
        let own = &manifest(&pattern.folder.dir)["dependencies"];
        let lines = pattern
            .dependencies
            .iter()
            .chain(&pattern.example_dependencies);
        let versions = lines.filter_map(|line| check_version(line, table));
        let recipe = pattern.dependencies.iter();
        let features = recipe.filter_map(|line| check_features(line, own, table));
        let named = |problem| format!("{}: {problem}", pattern.page.file);
        problems.extend(versions.chain(features).map(named));
    }
    report(&problems);
}

fn manifest(dir: &Path) -> toml::Table {
    let text = fs::read_to_string(dir.join("Cargo.toml")).expect("a manifest");
    text.parse().expect("cargo has read it")
}

/// The page's version is the table's, up to the patch.
fn check_version(line: &Dependency, table: &toml::Value) -> Option<String> {
    let name = &line.name;
    let Some(entry) = table.get(name) else {
        return Some(format!("`{name}` is not in the workspace's table"));
    };
    let version = entry
        .as_str()
        .or_else(|| entry.get("version")?.as_str())
        .unwrap_or_default();
    let minor = |version: &str| {
        version
            .split('.')
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let differs = minor(version) != minor(&line.version);
    differs.then(|| {
        format!(
            "`{name}` is {} on the page and {version} in the workspace",
            line.version
        )
    })
}

/// The recipe has no feature that the pattern's crate does without.
fn check_features(line: &Dependency, own: &toml::Value, table: &toml::Value) -> Option<String> {
    let name = &line.name;
    let Some(entry) = own.get(name) else {
        return Some(format!("`{name}` is not a dependency of the pattern"));
    };
    let shared = table.get(name);
    let features = |entry: Option<&toml::Value>| {
        let features = entry.and_then(|entry| entry.get("features")?.as_array().cloned());
        features.unwrap_or_default()
    };
    let all = [features(Some(entry)), features(shared)].concat();
    let unknown = line
        .features
        .iter()
        .find(|feature| !all.iter().any(|known| known.as_str() == Some(feature)));
    let default = shared
        .and_then(|entry| entry.get("default-features")?.as_bool())
        .unwrap_or(true);
    match unknown {
        Some(feature) => Some(format!(
            "the pattern's crate does without the feature {feature} of `{name}`"
        )),
        None if line.default_features && !default => Some(format!(
            "the pattern's crate does without the default features of `{name}`"
        )),
        None => None,
    }
}
