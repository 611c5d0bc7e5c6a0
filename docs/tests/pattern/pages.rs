//! Each page has its sections, its card is complete, and what it names exists.

mod support;

use std::fs;
use std::process::Command;

use docs::card::QUESTIONS;
use docs::markdown::{self, Section, Table};
use docs::paste::{self, Dependency};
use docs::pattern::{self, Pattern};
use support::{patterns, programs, report};

const SECTIONS: [&str; 10] = [
    "Problem",
    "Run it",
    "What you see",
    "The recipe",
    "How it works",
    "The card",
    "When it goes wrong",
    "Coming from asyncio",
    "When not to use it",
    "See also",
];

/// Runs a check on the page of each pattern. Says which pattern each problem is of.
fn check_pages(check: impl Fn(&Pattern, &str) -> Vec<String>) {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let page = fs::read_to_string(pattern.dir.join("README.md")).unwrap_or_default();
        let of_page = check(&pattern, &page);
        let named = |problem| format!("patterns/{}/README.md: {problem}", pattern.name);
        problems.extend(of_page.into_iter().map(named));
    }
    report(&problems);
}

#[test]
fn a_page_has_the_ten_sections_in_order() {
    check_pages(|_, page| {
        // "When not to use it" may stand where it helps most.
        let movable = |title: &&str| *title != "When not to use it";
        let sections = markdown::sections(page);
        let titles: Vec<_> = sections
            .iter()
            .skip(1)
            .map(|section| section.title.as_str())
            .collect();
        let in_order = titles
            .iter()
            .copied()
            .filter(movable)
            .eq(SECTIONS.into_iter().filter(movable));
        if in_order && titles.len() == SECTIONS.len() {
            Vec::new()
        } else {
            vec![format!(
                "its sections are {titles:?}, and should be {SECTIONS:?}"
            )]
        }
    });
}

#[test]
fn a_card_answers_every_question_and_names_a_test() {
    check_pages(|pattern, page| {
        let tests = tests_of(pattern);
        let sections = markdown::sections(page);
        let cards = sections
            .iter()
            .filter(|section| section.title == "The card");
        let cards: Vec<_> = cards.flat_map(|section| &section.tables).collect();
        if cards.is_empty() {
            return vec!["there is no card".to_owned()];
        }
        cards
            .into_iter()
            .flat_map(|card| check_card(card, &tests))
            .collect()
    });
}

fn check_card(card: &Table, tests: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let last = card[0].last().map_or("", |cell| cell.text.as_str());
    if !last.eq_ignore_ascii_case("shown by") {
        problems.push(format!(
            "the card's last column is `{last}`, and should be `shown by`"
        ));
    }
    for (question, _) in QUESTIONS {
        let is_it = |cell: &str| cell.to_lowercase().contains(question);
        if !card[1..].iter().any(|row| is_it(&row[0].text)) {
            problems.push(format!("the card has no row `{question}`"));
        }
    }
    for row in &card[1..] {
        let question = &row[0].text;
        if row.iter().any(|cell| cell.text.trim().is_empty()) {
            problems.push(format!("the card's row `{question}` has an empty cell"));
        }
        let named = row.last().map_or(&[][..], |cell| &cell.code);
        if named.is_empty() {
            problems.push(format!("the card's row `{question}` names no test"));
        }
        let missing = named.iter().filter(|name| !tests.contains(name));
        problems.extend(missing.map(|name| format!("the card names `{name}`, which is no test")));
    }
    problems
}

/// The names of a pattern's tests, as its test programs list them, without their modules.
fn tests_of(pattern: &Pattern) -> Vec<String> {
    let mut tests = Vec::new();
    for program in programs()
        .iter()
        .filter(|program| program.source.starts_with(&pattern.dir))
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

#[test]
fn a_bug_twin_is_on_the_page_and_has_a_test() {
    check_pages(|pattern, page| {
        let mut problems = Vec::new();
        let tests: String = files(pattern, "tests")
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        let tests: Vec<_> = tests
            .lines()
            .filter(|line| !line.trim().starts_with("//"))
            .collect();
        for (name, _) in files(pattern, "examples") {
            let twin = format!("examples/{name}.rs");
            if !page.contains(&twin) && !page.contains(&format!("--example {name}")) {
                problems.push(format!("{twin} is not on the page"));
            }
            if !tests.iter().any(|line| line.contains(&twin)) {
                problems.push(format!("no test names {twin}"));
            }
        }
        problems
    });
}

/// The Rust files in a folder of the pattern, by name.
fn files(pattern: &Pattern, folder: &str) -> Vec<(String, String)> {
    let entries = pattern.dir.join(folder).read_dir().into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (
                name,
                fs::read_to_string(&path).expect("the file can be read"),
            )
        })
        .collect()
}

#[test]
fn a_dependency_block_agrees_with_the_manifests() {
    let workspace = manifest(&pattern::workspace());
    let table = &workspace["workspace"]["dependencies"];
    check_pages(|pattern, page| {
        let manifest = manifest(&pattern.dir);
        let mut problems = Vec::new();
        for block in markdown::sections(page).iter().flat_map(dependency_blocks) {
            match block {
                Ok(dependencies) => {
                    let versions = dependencies
                        .iter()
                        .filter_map(|line| check_version(line, table));
                    problems.extend(versions);
                }
                Err(error) => problems.push(error),
            }
        }
        match paste::recipe_dependencies(page) {
            Ok(recipe) => {
                let own = &manifest["dependencies"];
                problems.extend(
                    recipe
                        .iter()
                        .filter_map(|line| check_features(line, own, table)),
                );
            }
            Err(error) => problems.push(error),
        }
        problems
    });
}

fn manifest(dir: &std::path::Path) -> toml::Table {
    let text = fs::read_to_string(dir.join("Cargo.toml")).expect("a manifest");
    text.parse().expect("cargo has read it")
}

fn dependency_blocks(section: &Section) -> impl Iterator<Item = Result<Vec<Dependency>, String>> {
    let blocks = section
        .blocks
        .iter()
        .filter(|block| block.language == "toml");
    let blocks = blocks.filter(|block| block.text.starts_with("[dependencies]"));
    blocks.map(|block| paste::dependencies(&block.text))
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
