//! A recipe works in a crate that knows nothing of this workspace.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use docs::markdown;
use docs::paste::{PasteError, add, dependencies, paste};
use docs::pattern::{self, Pattern};
use support::{BLANK, blank, copy_lock, folder, patterns, report};
use tempfile::TempDir;

const EMPTY_MAIN: &str = "fn main() {}\n";

/// Runs cargo in the folder. What the dependencies compile to is kept between runs.
fn cargo(dir: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .current_dir(dir)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("paste"),
        )
        .output()
        .expect("cargo starts");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Every file below the folder.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in dir.read_dir().expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).expect("the file can be read"));
        }
    }
    found
}

/// A workspace of one pattern, `two-words`, that needs tokio with the feature `rt`, 1.40 or later.
fn made_up() -> TempDir {
    let page = "# two-words\n\n## The recipe\n\n```toml\n[dependencies]\n\
                tokio = { version = \"1.40\", features = [\"rt\"] }\n```\n";
    let recipe = "//! Two words.\n\
                  #![cfg_attr(any(doc, doctest), doc = include_str!(\"../README.md\"))]\n\n\
                  pub use tokio::task::JoinHandle;\n";
    folder(&[
        ("patterns/two-words/Cargo.toml", ""),
        ("patterns/two-words/README.md", page),
        ("patterns/two-words/src/lib.rs", recipe),
    ])
}

#[test]
fn a_recipe_compiles_in_a_blank_crate_and_its_example_runs() {
    let mut problems = Vec::new();
    for pattern in patterns() {
        if let Err(problem) = prove(&pattern) {
            problems.push(format!("patterns/{}/README.md: {problem}", pattern.name));
        }
    }
    report(&problems);
}

/// Does what the page says: first the recipe alone, with its dependencies, then the example.
fn prove(pattern: &Pattern) -> Result<(), String> {
    let dir = blank();
    let module = pattern.module();
    let main = dir.path().join("src/main.rs");
    paste(&pattern::workspace(), &pattern.name, dir.path()).map_err(|error| error.to_string())?;
    let alone =
        format!("#![deny(warnings)]\n#![allow(dead_code)]\nmod {module};\nfn main() {{}}\n");
    fs::write(&main, alone).expect("a file");
    cargo(dir.path(), &["build"]).map_err(|error| format!("the recipe alone: {error}"))?;

    let page = fs::read_to_string(pattern.dir.join("README.md")).expect("a page");
    let sections = markdown::sections(&page);
    let mut blocks = sections.iter().flat_map(|section| &section.blocks);
    let example = blocks
        .clone()
        .find(|block| block.language == "rust")
        .ok_or("it has no example")?;
    let second = blocks
        .by_ref()
        .filter(|block| block.text.starts_with("[dependencies]"))
        .nth(1);
    let lines = second.map_or(Ok(Vec::new()), |block| dependencies(&block.text))?;
    add(dir.path(), &lines).map_err(|error| format!("the example: {error}"))?;
    fs::write(&main, format!("mod {module};\n{}", example.text)).expect("a file");
    cargo(dir.path(), &["run"]).map_err(|error| format!("the example: {error}"))
}

#[test]
fn a_recipe_copied_by_hand_compiles_as_it_is() {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let dir = blank();
        paste(&pattern::workspace(), &pattern.name, dir.path()).expect("a blank crate takes it");
        let copy = dir
            .path()
            .join("src")
            .join(format!("{}.rs", pattern.module()));
        let pasted = fs::read_to_string(&copy).expect("the copy");
        if pasted.contains("include_str!") {
            problems.push(format!(
                "{}: the pasted recipe still reads its page",
                pattern.name
            ));
        }
        fs::copy(pattern.dir.join("src/lib.rs"), &copy).expect("the recipe");
        let main = format!(
            "#![allow(dead_code)]\nmod {};\nfn main() {{}}\n",
            pattern.module()
        );
        fs::write(dir.path().join("src/main.rs"), main).expect("a file");
        if let Err(error) = cargo(dir.path(), &["build"]) {
            problems.push(format!("{}: {error}", pattern.name));
        }
    }
    report(&problems);
}

#[test]
fn the_answer_names_the_file_the_dependency_and_the_line_to_add() {
    let (workspace, dir) = (made_up(), blank());
    let answer = paste(workspace.path(), "two-words", dir.path()).unwrap();
    let file = dir.path().join("src").join("two_words.rs");
    let wanted = format!(
        "wrote {}\nadded tokio 1.40 feature rt\n\nAdd this line to src/main.rs:\n\n    mod two_words;\n",
        file.display()
    );
    assert_eq!(answer, wanted);
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        "//! Two words.\n\npub use tokio::task::JoinHandle;\n"
    );
    let manifest = fs::read_to_string(dir.path().join("Cargo.toml")).unwrap();
    let line = "\n[dependencies]\ntokio = { version = \"1.40\", features = [\"rt\"] }\n";
    assert_eq!(manifest, format!("{BLANK}{line}"));
}

/// What the made-up recipe makes of a library's manifest with this `[dependencies]` table.
fn pasted_into(table: &str) -> (String, String) {
    let manifest = format!("{BLANK}\n[dependencies]\n{table}\n");
    let dir = folder(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    copy_lock(dir.path());
    let answer = paste(made_up().path(), "two-words", dir.path()).expect("the library takes it");
    let after = fs::read_to_string(dir.path().join("Cargo.toml")).expect("its manifest");
    (
        answer,
        after
            .rsplit("[dependencies]\n")
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_owned(),
    )
}

#[test]
fn a_dependency_that_is_there_keeps_its_version_and_gains_the_features() {
    let (answer, table) = pasted_into("tokio = { version = \"1.30\", features = [\"net\"] }");
    assert_eq!(
        table,
        "tokio = { version = \"1.30\", features = [\"net\", \"rt\"] }"
    );
    assert!(
        answer.contains("kept tokio ^1.30, as the crate asks for it, and added feature rt\n"),
        "{answer}"
    );
    assert!(answer.contains("Add this line to src/lib.rs:"), "{answer}");
}

#[test]
fn a_dependency_that_has_it_all_is_left_alone() {
    let line = "tokio = { version = \"1\", features = [\"sync\", \"rt\"] }";
    let (answer, table) = pasted_into(line);
    assert_eq!(table, line);
    assert!(
        answer.contains("kept tokio ^1, as the crate asks for it; it has every feature"),
        "{answer}"
    );
}

#[test]
fn a_workspaces_member_goes_on_inheriting() {
    let root = "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n\n\
                [workspace.dependencies]\ntokio = \"1.30\"\n";
    let member = format!("{BLANK}\n[dependencies]\ntokio.workspace = true\n");
    let dir = folder(&[
        ("Cargo.toml", root),
        ("app/Cargo.toml", &member),
        ("app/src/main.rs", EMPTY_MAIN),
    ]);
    copy_lock(dir.path());
    let answer = paste(made_up().path(), "two-words", &dir.path().join("app")).unwrap();
    let after = fs::read_to_string(dir.path().join("app/Cargo.toml")).unwrap();
    assert_eq!(
        after,
        format!("{BLANK}\n[dependencies]\ntokio = {{ workspace = true, features = [\"rt\"] }}\n")
    );
    assert_eq!(
        fs::read_to_string(dir.path().join("Cargo.toml")).unwrap(),
        root
    );
    assert!(answer.contains("kept tokio ^1.30"), "{answer}");
}

/// Pastes the made-up recipe into `crate_dir` of a folder with these files, which must be refused
/// and change nothing. Returns the refusal.
fn refused(files_before: &[(&str, &str)], crate_dir: &str, name: &str) -> PasteError {
    let dir = folder(files_before);
    let before = files(dir.path());
    let error =
        paste(made_up().path(), name, &dir.path().join(crate_dir)).expect_err("it is refused");
    assert_eq!(files(dir.path()), before);
    error
}

#[test]
fn bad_input_is_refused_in_one_line_and_changes_nothing() {
    let old = format!("{BLANK}\n[dependencies]\ntokio = \"0.2\"\n");
    let main = ("src/main.rs", EMPTY_MAIN);
    let blank = [("Cargo.toml", BLANK), main];
    let check = |files: &[(&str, &str)], crate_dir: &str, name: &str, message: &str| {
        let error = refused(files, crate_dir, name);
        let text = error.to_string();
        assert!(text.contains(message), "{text}");
        assert_eq!((text.lines().count(), error.exit_code()), (1, 2), "{text}");
    };
    check(
        &blank,
        "",
        "two-word",
        "no pattern is called `two-word`; did you mean `two-words`?",
    );
    check(
        &blank,
        "",
        "nothing",
        "no pattern is called `nothing`; there are: two-words",
    );
    check(&blank, "missing", "two-words", "there is no folder ");
    check(
        &[main],
        "",
        "two-words",
        "is not a crate: it has no Cargo.toml",
    );
    check(
        &[("Cargo.toml", "[workspace]\n"), main],
        "",
        "two-words",
        "has no [package]",
    );
    check(
        &[("Cargo.toml", "[package\n"), main],
        "",
        "two-words",
        "Cargo.toml is not valid: ",
    );
    check(
        &[("Cargo.toml", BLANK), ("main.rs", "")],
        "",
        "two-words",
        "has no src folder",
    );
    let file = ("src/two_words.rs", "mine");
    check(
        &[blank[0], main, file],
        "",
        "two-words",
        "two_words.rs is there already",
    );
    let file = ("src/two_words/mod.rs", "mine");
    check(
        &[blank[0], main, file],
        "",
        "two-words",
        "mod.rs is there already",
    );
    let message = "the crate asks for tokio ^0.2, the recipe for 1.40";
    check(&[("Cargo.toml", &old), main], "", "two-words", message);
}

#[test]
fn when_cargo_refuses_its_message_is_shown_and_everything_is_put_back() {
    // A crate that lies in a workspace, but is no member of it.
    let root = ("Cargo.toml", "[workspace]\n");
    let error = refused(
        &[root, ("app/Cargo.toml", BLANK), ("app/src/main.rs", "")],
        "app",
        "two-words",
    );
    assert_eq!(error.exit_code(), 1);
    assert!(
        error
            .to_string()
            .contains("current package believes it's in a workspace"),
        "{error}"
    );

    // The dependency is there, but the feature is not: that is only found out while adding it.
    let tokio = folder(&[
        ("Cargo.toml", &BLANK.replace("my-app", "tokio")),
        ("src/lib.rs", ""),
    ]);
    let path = tokio.path().to_str().unwrap().escape_default();
    let manifest = format!("{BLANK}\n[dependencies]\ntokio = {{ path = \"{path}\" }}\n");
    let error = refused(
        &[("Cargo.toml", &manifest), ("src/main.rs", "")],
        "",
        "two-words",
    );
    assert_eq!(error.exit_code(), 1);
    assert!(
        error.to_string().contains("unrecognized feature"),
        "{error}"
    );
}
