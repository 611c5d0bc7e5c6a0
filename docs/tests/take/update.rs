//! Recipes that a crate has are compared with what they have become here, and brought up to date.

use std::fs;
use std::path::Path;
use std::process::Command;

use docs::take::{Catalogue, TakeError, Wanted, check, diff, paste, update};
use tempfile::TempDir;

use super::paste::add_pattern;
use crate::support::{blank, put};

const FIRST: &str =
    "/// One.\npub fn one() -> u32 {\n    1\n}\n\n/// Two.\npub fn two() -> u32 {\n    2\n}\n";

fn git(dir: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    let who = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ];
    let output = git
        .current_dir(dir)
        .args(who)
        .args(arguments)
        .output()
        .expect("git starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A repository with one pattern, and a crate that has its recipe.
fn repository_and_crate() -> (TempDir, TempDir) {
    let repository = tempfile::tempdir().expect("a temporary folder");
    git(repository.path(), &["init", "-q"]);
    add_pattern(repository.path(), "numbers", FIRST);
    commit(repository.path());
    let dir = blank();
    let plan = paste(&catalogue(&repository), &wanted(&dir, &["numbers"])).expect("a blank crate");
    plan.changes.make().expect("the files can be written");
    (repository, dir)
}

fn commit(dir: &Path) {
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "A change"]);
}

fn catalogue(repository: &TempDir) -> Catalogue {
    Catalogue::read(repository.path()).expect("a pattern")
}

fn wanted(dir: &TempDir, names: &[&str]) -> Wanted {
    Wanted {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        dir: dir.path().to_path_buf(),
        ..Wanted::default()
    }
}

/// The recipe changes: `two` was wrong.
fn correct(repository: &TempDir) {
    let lib = repository.path().join("patterns/numbers/src/lib.rs");
    let text = fs::read_to_string(&lib).expect("the recipe");
    let text = text.replace("    2\n", "    1 + 1\n");
    fs::write(&lib, text).expect("the recipe");
    let changes =
        "# Changes\n\n- 2100-01-02, correction: `two` adds.\n- 2000-01-01: the first text.\n";
    put(repository.path(), "patterns/numbers/CHANGES.md", changes);
    commit(repository.path());
}

#[test]
fn a_crate_hears_which_recipes_are_behind_and_what_has_changed() {
    let (repository, dir) = repository_and_crate();
    let up_to_date = ("numbers  src/numbers.rs  up to date\n".to_owned(), false);
    assert_eq!(
        check(&catalogue(&repository), dir.path()).unwrap(),
        up_to_date
    );
    let nothing = diff(&catalogue(&repository), &wanted(&dir, &[])).unwrap();
    assert_eq!(nothing, "nothing has changed here since\n");

    correct(&repository);
    let (lines, behind) = check(&catalogue(&repository), dir.path()).unwrap();
    assert!(
        behind && lines.starts_with("numbers  src/numbers.rs  behind"),
        "{lines}"
    );
    let diff = diff(&catalogue(&repository), &wanted(&dir, &["numbers"])).unwrap();
    let entry = "2100-01-02  CORRECTION: two adds.\n--- a/src/numbers.rs\n+++ b/src/numbers.rs\n";
    assert!(diff.starts_with(entry), "{diff}");
    assert!(
        diff.contains("\n-    2\n+    1 + 1\n") && !diff.contains("2000-01-01"),
        "{diff}"
    );
}

#[test]
fn an_update_keeps_what_the_owner_has_changed_and_how_it_is_formatted() {
    let (repository, dir) = repository_and_crate();
    let file = dir.path().join("src/numbers.rs");
    let mine = fs::read_to_string(&file)
        .unwrap()
        .replace("    1\n", "    1 // mine\n");
    // As a rustfmt with other settings writes it.
    fs::write(&file, mine.replace("    ", "  ")).unwrap();
    fs::write(dir.path().join("rustfmt.toml"), "tab_spaces = 2\n").unwrap();
    correct(&repository);

    let plan = update(&catalogue(&repository), &wanted(&dir, &[])).unwrap();
    assert!(!plan.conflicts);
    plan.changes.make().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("\n  1 // mine\n") && text.contains("\n  1 + 1\n"),
        "{text}"
    );
    let (lines, behind) = check(&catalogue(&repository), dir.path()).unwrap();
    assert!(!behind, "{lines}");
}

#[test]
fn changes_in_the_same_place_are_marked_as_git_does() {
    let (repository, dir) = repository_and_crate();
    let file = dir.path().join("src/numbers.rs");
    let mine = fs::read_to_string(&file)
        .unwrap()
        .replace("    2\n", "    3 - 1\n");
    fs::write(&file, mine).unwrap();
    correct(&repository);
    let plan = update(&catalogue(&repository), &wanted(&dir, &["numbers"])).unwrap();
    assert!(plan.conflicts);
    assert!(
        plan.answer().contains("both sides changed src/numbers.rs"),
        "{}",
        plan.answer()
    );
    plan.changes.make().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    for part in [
        "<<<<<<<",
        "    3 - 1\n",
        "=======",
        "    1 + 1\n",
        ">>>>>>>",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn a_text_that_a_shallow_clone_lacks_is_said_to_be_missing() {
    let (repository, dir) = repository_and_crate();
    correct(&repository);
    let shallow = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.path().display());
    git(shallow.path(), &["clone", "-q", "--depth", "1", &from, "."]);
    let error = update(&catalogue(&shallow), &wanted(&dir, &[])).unwrap_err();
    assert!(matches!(error, TakeError::NoOrigin { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("`git fetch --unshallow` brings it"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn a_crate_without_the_recipe_has_nothing_to_update() {
    let (repository, dir) = repository_and_crate();
    let error = update(&catalogue(&repository), &wanted(&dir, &["gather"])).unwrap_err();
    assert!(
        error.to_string().ends_with("has no recipe called `gather`"),
        "{error}"
    );
    let empty = blank();
    let error = check(&catalogue(&repository), empty.path()).unwrap_err();
    assert!(error.to_string().ends_with("has no recipe"), "{error}");
}
