//! A fresh pattern: its name, its files and its line in the summary. That it builds and passes the
//! checks is shown where there is a clone to begin it in: `.ci/run`.

use std::fs;
use std::path::Path;

use docs::pattern::{Folder, Pattern};
use docs::renew::new::{NewError, new};
use tempfile::TempDir;

const SUMMARY: &str = "# Summary\n\n- [gather](patterns/gather/README.md)\n";

/// A workspace with one pattern, `gather`.
fn workspace() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let manifest = "[workspace.dependencies]\ncommon = { path = \"common\" }\n\
                    tokio = \"1.54.1\"\ntokio-util = { version = \"0.7.20\" }\n";
    fs::write(dir.path().join("Cargo.toml"), manifest).expect("a file");
    fs::create_dir_all(dir.path().join("patterns/gather")).expect("a folder");
    fs::create_dir_all(dir.path().join("docs/book/src")).expect("a folder");
    fs::write(dir.path().join("docs/book/src/SUMMARY.md"), SUMMARY).expect("a file");
    dir
}

fn summary(workspace: &Path) -> String {
    fs::read_to_string(workspace.join("docs/book/src/SUMMARY.md")).expect("the summary")
}

/// Every file below the folder, with its text.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in dir.read_dir().expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).expect("a text file");
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn a_fresh_pattern_has_its_files_and_its_line_in_the_summary() {
    let workspace = workspace();
    let dir = new(workspace.path(), "two-words").unwrap();
    assert_eq!(dir, workspace.path().join("patterns").join("two-words"));
    for file in [
        "Cargo.toml",
        "CHANGES.md",
        "README.md",
        "asyncio.py",
        "src/lib.rs",
        "src/main.rs",
        "examples/two_words_detached.rs",
        "tests/contract.rs",
        "tests/cancellation.rs",
        "tests/main.rs",
        "tests/twins.rs",
    ] {
        assert!(dir.join(file).is_file(), "no {file}");
    }
    let line = "- [two-words](patterns/two-words/README.md)\n";
    assert_eq!(summary(workspace.path()), format!("{SUMMARY}{line}"));
}

#[test]
fn no_placeholder_is_left_and_the_versions_are_the_workspaces() {
    let workspace = workspace();
    let dir = new(workspace.path(), "two-words").unwrap();
    for (file, text) in files(&dir) {
        for placeholder in ["{{name}}", "{{module}}", "{{tokio", "{{today"] {
            assert!(!text.contains(placeholder), "{file} has {placeholder}");
        }
    }
    // What the demo makes of it is not there yet.
    for (file, text) in [("arguments.json", "[]"), ("expected.txt", "")] {
        fs::write(dir.join(file), text).unwrap();
    }
    let name = "two-words".to_owned();
    let pattern = Pattern::read(&Folder { name, dir }).unwrap();
    let versions = pattern
        .dependencies
        .iter()
        .map(|line| line.version.as_str());
    assert_eq!(versions.collect::<Vec<_>>(), ["1.54", "0.7"]);
}

#[test]
fn a_bad_name_is_refused_in_one_line_and_changes_nothing() {
    let bad = [
        "",
        "Two",
        "two_words",
        "2words",
        "-two",
        "two-",
        "two--words",
        "../two",
        "zw\u{f6}lf",
        "two words",
        "async",
        "self",
        "std",
        "test",
        "docs",
        "common",
        "tokio",
        "gather",
    ];
    for name in bad {
        let workspace = workspace();
        let before = files(workspace.path());
        let error = new(workspace.path(), name).expect_err("it is refused");
        let text = error.to_string();
        assert_eq!((text.lines().count(), error.exit_code()), (1, 2), "{text}");
        assert!(text.starts_with("NAME: ") && text.contains(name), "{text}");
        assert_eq!(files(workspace.path()), before, "{name}");
        let patterns = workspace.path().join("patterns").read_dir().unwrap();
        assert_eq!(patterns.count(), 1, "{name}");
    }
}

#[test]
fn a_summary_that_cannot_be_read_leaves_nothing_behind() {
    let workspace = workspace();
    fs::remove_file(workspace.path().join("docs/book/src/SUMMARY.md")).unwrap();
    let error = new(workspace.path(), "two-words").unwrap_err();
    assert!(matches!(error, NewError::Io { .. }), "{error}");
    assert_eq!(error.exit_code(), 1);
    assert!(!workspace.path().join("patterns/two-words").exists());
}
