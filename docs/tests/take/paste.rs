//! A recipe is copied into a crate with what it needs, or the crate stays as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use docs::take::{PasteError, paste};
use tempfile::TempDir;

use crate::support::site::readme;
use crate::support::{BLANK, blank, copy_lock, folder};

const EMPTY_MAIN: &str = "fn main() {}\n";

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
    let line = "[dependencies]\ntokio = { version = \"1.40\", features = [\"rt\"] }\n";
    let page = readme("two-words").replace("[dependencies]\n", line);
    let recipe = "//! Two words.\n\
                  #![cfg_attr(any(doc, doctest), doc = include_str!(\"../README.md\"))]\n\n\
                  pub use tokio::task::JoinHandle;\n";
    folder(&[
        ("patterns/two-words/Cargo.toml", ""),
        ("patterns/two-words/README.md", &page),
        ("patterns/two-words/arguments.json", "[]"),
        ("patterns/two-words/asyncio.py", ""),
        ("patterns/two-words/expected.txt", ""),
        ("patterns/two-words/src/main.rs", ""),
        ("patterns/two-words/src/lib.rs", recipe),
    ])
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
