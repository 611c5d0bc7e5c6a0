//! A recipe is copied into a crate that exists with what it needs, or the crate stays as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use docs::take::recipe::blob;
use docs::take::{Catalogue, Plan, TakeError, Wanted, add, paste};
use tempfile::TempDir;

use super::proof::cargo;
use crate::support::site::readme;
use crate::support::{BLANK, blank, copy_lock, folder, put};

const MAIN: &str = "fn main() {}\n";

/// What the made-up recipe holds besides its documentation.
const RECIPE: &str = "pub use tokio::task::JoinHandle;\n";

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

/// Adds a pattern that needs tokio with the feature `rt`, 1.40 or later.
pub fn add_pattern(workspace: &Path, name: &str, recipe: &str) {
    let line = "[dependencies]\ntokio = { version = \"1.40\", features = [\"rt\"] }\n";
    let page = readme(name).replace("[dependencies]\n", line);
    let head = "//! A recipe.\n\
                #![cfg_attr(any(doc, doctest), doc = include_str!(\"../README.md\"))]\n\n";
    for (file, text) in [
        ("Cargo.toml", ""),
        ("README.md", &page),
        ("CHANGES.md", "# Changes\n\n- 2026-01-01: the first text.\n"),
        ("arguments.json", "[]"),
        ("asyncio.py", ""),
        ("expected.txt", ""),
        ("src/main.rs", ""),
        ("src/lib.rs", &format!("{head}{recipe}")),
    ] {
        put(workspace, &format!("patterns/{name}/{file}"), text);
    }
}

/// A workspace of three patterns, one of them of two files.
fn made_up() -> TempDir {
    let workspace = tempfile::tempdir().expect("a temporary folder");
    add_pattern(workspace.path(), "two-words", RECIPE);
    add_pattern(
        workspace.path(),
        "user",
        "use two_words::JoinHandle;\n\npub type Handle = JoinHandle<()>;\n",
    );
    add_pattern(
        workspace.path(),
        "of-two",
        "mod inner;\n\npub use inner::f;\n",
    );
    put(
        workspace.path(),
        "patterns/of-two/src/inner.rs",
        "pub fn f() {}\n",
    );
    workspace
}

/// What is done to have these recipes in a crate, with what stands before the options.
fn plan(dir: &Path, words: &[&str]) -> Result<Plan, TakeError> {
    let workspace = made_up();
    let catalogue = Catalogue::read(workspace.path()).expect("two patterns");
    let option = |name: &str| {
        let place = words.iter().position(|word| *word == name)?;
        Some(words[place + 1].to_owned())
    };
    let names = words.iter().take_while(|word| !word.starts_with("--"));
    let wanted = Wanted {
        names: names.map(|name| (*name).to_owned()).collect(),
        dir: dir.to_path_buf(),
        to: option("--to").map(PathBuf::from),
        module: option("--as"),
    };
    paste(&catalogue, &wanted)
}

/// Pastes, and returns the answer.
fn pasted(dir: &Path, words: &[&str]) -> String {
    let plan = plan(dir, words).unwrap_or_else(|error| panic!("{error}"));
    let answer = plan.answer();
    plan.changes.make().expect("the files can be written");
    answer
}

fn read(dir: &Path, file: &str) -> String {
    fs::read_to_string(dir.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A crate with these files and this workspace's lock file.
fn with_files(files: &[(&str, &str)]) -> TempDir {
    let dir = folder(files);
    copy_lock(dir.path());
    dir
}

/// A library whose manifest goes on with this.
fn library(manifest: &str) -> TempDir {
    let manifest = format!("{BLANK}\n{manifest}");
    with_files(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", "//! A library.\n\nuse std::fmt;\n"),
    ])
}

/// The text of the made-up recipe in a crate.
fn copy() -> String {
    let source = format!(
        "//! A recipe.\n#![cfg_attr(any(doc, doctest), doc = include_str!(\"../README.md\"))]\n\n{RECIPE}"
    );
    format!(
        "// Recipe: two-words src/lib.rs, text {}\n\
         // SPDX-License-Identifier: MIT OR Apache-2.0 OR 0BSD\n\
         // Nobody uses all of a recipe: what is left over is no warning.\n\
         #![allow(dead_code, unreachable_pub)]\n\n//! A recipe.\n\n{RECIPE}",
        blob(&source)
    )
}

#[test]
fn the_answer_names_every_file_the_dependency_and_the_module() {
    let dir = blank();
    let answer = pasted(dir.path(), &["two-words"]);
    assert_eq!(
        answer,
        "wrote src/two_words.rs\nchanged Cargo.lock\nchanged Cargo.toml\nchanged src/main.rs\n\
         added tokio 1.40 feature rt\n`mod two_words;` in src/main.rs\n"
    );
    assert_eq!(read(dir.path(), "src/two_words.rs"), copy());
    assert_eq!(
        read(dir.path(), "src/main.rs"),
        format!("mod two_words;\n\n{MAIN}")
    );
    let line = "\n[dependencies]\ntokio = { version = \"1.40\", features = [\"rt\"] }\n";
    assert_eq!(read(dir.path(), "Cargo.toml"), format!("{BLANK}{line}"));
    let lock = read(dir.path(), "Cargo.lock");
    let (_, own) = lock
        .split_once("name = \"my-app\"")
        .expect("the crate is locked");
    assert!(own.contains("\"tokio\""), "{own}");
}

#[test]
fn a_recipe_that_uses_another_one_comes_with_it() {
    let dir = blank();
    let answer = pasted(dir.path(), &["user"]);
    assert!(
        answer.starts_with("wrote src/two_words.rs\nwrote src/user.rs\n"),
        "{answer}"
    );
    let user = read(dir.path(), "src/user.rs");
    assert!(
        user.ends_with("use crate::two_words::JoinHandle;\n\npub type Handle = JoinHandle<()>;\n"),
        "{user}"
    );
    assert_eq!(
        read(dir.path(), "src/main.rs"),
        format!("mod two_words;\nmod user;\n\n{MAIN}")
    );
}

#[test]
fn several_recipes_come_in_one_call_and_their_modules_are_in_order() {
    let main = "//! Top.\n\nmod a;\nmod u; // last\n\nuse a::b;\n\nfn main() {}\n";
    let dir = with_files(&[
        ("Cargo.toml", BLANK),
        ("src/main.rs", main),
        ("src/a.rs", ""),
        ("src/u.rs", ""),
    ]);
    pasted(dir.path(), &["user", "two-words"]);
    let wanted = main.replace(
        "mod u; // last\n",
        "mod two_words;\nmod u; // last\nmod user;\n",
    );
    assert_eq!(read(dir.path(), "src/main.rs"), wanted);
}

/// What the made-up recipe makes of the rest of a library's manifest, and what is said about it.
fn added_to(manifest: &str) -> (String, String) {
    let dir = library(manifest);
    let answer = pasted(dir.path(), &["two-words"]);
    let after = read(dir.path(), "Cargo.toml");
    let after = after
        .strip_prefix(&format!("{BLANK}\n"))
        .expect("the rest is as it was");
    let says = answer
        .lines()
        .filter(|line| !line.starts_with("wrote ") && !line.starts_with("changed "));
    let says: Vec<_> = says.take_while(|line| !line.starts_with("`mod ")).collect();
    (after.to_owned(), says.join("\n"))
}

#[test]
fn a_dependency_that_is_there_keeps_its_form_and_gains_what_it_lacks() {
    let kept = "kept tokio ^1, as the crate asks for it, and added feature rt";
    for (before, after, says) in [
        (
            "[dependencies]\ntokio = \"1\" # mine\n",
            "[dependencies]\ntokio = { version = \"1\", features = [\"rt\"] } # mine\n",
            kept,
        ),
        (
            "[dependencies]\ntokio = { version = \"1\", features = [\"net\"] }\n",
            "[dependencies]\ntokio = { version = \"1\", features = [\"net\", \"rt\"] }\n",
            kept,
        ),
        (
            "[dependencies.tokio]\nversion = \"1\"\n",
            "[dependencies.tokio]\nversion = \"1\"\nfeatures = [\"rt\"]\n",
            kept,
        ),
        (
            "[dependencies]\ntokio = { version = \"1\", features = [\"sync\", \"rt\"] }\n",
            "[dependencies]\ntokio = { version = \"1\", features = [\"sync\", \"rt\"] }\n",
            "kept tokio ^1, as the crate asks for it; it has every feature already",
        ),
        // What a feature turns on is there already.
        (
            "[dependencies]\ntokio = { version = \"1\", features = [\"rt-multi-thread\"] }\n",
            "[dependencies]\ntokio = { version = \"1\", features = [\"rt-multi-thread\"] }\n",
            "kept tokio ^1, as the crate asks for it; it has every feature already",
        ),
        (
            "[dependencies]\ntokio = { version = \"1\", optional = true, features = [\"rt\"] }\n",
            "[dependencies]\ntokio = { version = \"1\", optional = true, features = [\"rt\"] }\n",
            "kept tokio ^1, as the crate asks for it; it has every feature already\n  \
             tokio is optional in the crate: the recipe needs it on",
        ),
    ] {
        assert_eq!(
            added_to(before),
            (after.to_owned(), says.to_owned()),
            "{before}"
        );
    }
}

#[test]
fn a_dependency_that_is_elsewhere_is_added_and_that_is_said() {
    let line = "tokio = { version = \"1.40\", features = [\"rt\"] }\n";
    for (before, says) in [
        (
            "[dev-dependencies]\ntokio = \"1\"\n",
            "added tokio 1.40 feature rt\n  it stands in [dev-dependencies] too, which stays as it is",
        ),
        (
            "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"\n",
            "added tokio 1.40 feature rt\n  it stands in [target.'cfg(unix)'.dependencies] too, which stays as it is",
        ),
    ] {
        let (after, said) = added_to(before);
        assert_eq!(said, says);
        assert!(after.contains(before) && after.contains(line), "{after}");
    }
}

#[test]
fn a_dependency_of_another_name_keeps_it() {
    let (after, said) = added_to("[dependencies]\ntk = { package = \"tokio\", version = \"1\" }\n");
    let line = "tk = { package = \"tokio\", version = \"1\", features = [\"rt\"] }\n";
    assert_eq!(after, format!("[dependencies]\n{line}"));
    assert!(
        said.ends_with("add `extern crate tk as tokio;` to its root"),
        "{said}"
    );
}

#[test]
fn entries_in_order_stay_in_order() {
    let (after, _) = added_to("[dependencies]\nbytes = \"1\"\nsemver = \"1\"\nurl = \"2\"\n");
    let names: Vec<_> = after
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["bytes", "semver", "tokio", "url"]);
}

#[test]
fn a_workspaces_member_inherits() {
    let root = "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n\n\
                [workspace.dependencies]\ntokio = { version = \"1.41\", features = [\"sync\"] }\n";
    let line = "tokio = { workspace = true, features = [\"rt\"] }\n";
    for (before, after) in [
        ("", format!("\n[dependencies]\n{line}")),
        (
            "\n[dependencies]\ntokio.workspace = true\n",
            "\n[dependencies]\ntokio.workspace = true\ntokio.features = [\"rt\"]\n".to_owned(),
        ),
    ] {
        let member = format!("{BLANK}{before}");
        let dir = with_files(&[
            ("Cargo.toml", root),
            ("app/Cargo.toml", &member),
            ("app/src/main.rs", MAIN),
        ]);
        pasted(&dir.path().join("app"), &["two-words"]);
        assert_eq!(
            read(dir.path(), "app/Cargo.toml"),
            format!("{BLANK}{after}")
        );
        assert_eq!(read(dir.path(), "Cargo.toml"), root);
    }
}

#[test]
fn a_module_stands_beside_the_root_that_was_meant() {
    let lib = format!("{BLANK}\n[lib]\npath = \"crates/core/main.rs\"\n");
    let dir = with_files(&[("Cargo.toml", &lib), ("crates/core/main.rs", "")]);
    pasted(dir.path(), &["two-words"]);
    assert_eq!(read(dir.path(), "crates/core/main.rs"), "mod two_words;\n");
    assert_eq!(read(dir.path(), "crates/core/two_words.rs"), copy());

    // A file in src/bin would be a program.
    let dir = with_files(&[("Cargo.toml", BLANK), ("src/bin/x.rs", MAIN)]);
    pasted(dir.path(), &["two-words"]);
    let line = "#[path = \"../two_words.rs\"]\nmod two_words;\n";
    assert_eq!(read(dir.path(), "src/bin/x.rs"), format!("{line}\n{MAIN}"));
    assert_eq!(read(dir.path(), "src/two_words.rs"), copy());

    // Of several files, the first one finds the others.
    let dir = with_files(&[("Cargo.toml", BLANK), ("src/bin/x.rs", MAIN)]);
    pasted(dir.path(), &["of-two"]);
    let line = "#[path = \"../of_two/mod.rs\"]\nmod of_two;\n";
    assert_eq!(read(dir.path(), "src/bin/x.rs"), format!("{line}\n{MAIN}"));
    cargo(dir.path(), &["check"]).unwrap_or_else(|error| panic!("{error}"));

    // A module of a module.
    let dir = with_files(&[
        ("Cargo.toml", BLANK),
        ("src/main.rs", "mod util;\nfn main() {}\n"),
        ("src/util.rs", ""),
    ]);
    pasted(dir.path(), &["two-words", "--to", "src/util.rs"]);
    assert_eq!(read(dir.path(), "src/util.rs"), "mod two_words;\n");
    assert_eq!(read(dir.path(), "src/util/two_words.rs"), copy());
}

#[test]
fn a_crate_without_a_lock_file_gets_none() {
    let dir = folder(&[("Cargo.toml", BLANK), ("src/lib.rs", "")]);
    let answer = pasted(dir.path(), &["two-words", "--as", "words"]);
    assert!(
        !dir.path().join("Cargo.lock").exists() && !answer.contains("Cargo.lock"),
        "{answer}"
    );
    assert_eq!(read(dir.path(), "src/lib.rs"), "mod words;\n");
    assert_eq!(read(dir.path(), "src/words.rs"), copy());
}

#[test]
fn a_plan_changes_nothing_and_shows_each_file() {
    let dir = blank();
    let before = files(dir.path());
    let diff = plan(dir.path(), &["two-words"]).unwrap();
    let diff = diff.changes.diff(&diff.root);
    for part in [
        "--- /dev/null\n+++ b/src/two_words.rs\n",
        "--- a/Cargo.lock\n+++ b/Cargo.lock\n",
        "+tokio = { version = \"1.40\", features = [\"rt\"] }\n",
        "+mod two_words;\n",
    ] {
        assert!(diff.contains(part), "no {part} in {diff}");
    }
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_crate_as_it_was() {
    let dir = blank();
    let before = files(dir.path());
    let plan = plan(dir.path(), &["two-words"]).unwrap();
    // A folder in the place of the last file.
    let main = dir.path().join("src/main.rs");
    fs::remove_file(&main).unwrap();
    fs::create_dir_all(main.join("x")).unwrap();
    plan.changes.make().expect_err("it is a folder");
    fs::remove_dir_all(&main).unwrap();
    fs::write(&main, MAIN).unwrap();
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_dependency_can_be_added_alone() {
    let dir = blank();
    let workspace = made_up();
    let catalogue = docs::pattern::all(workspace.path()).unwrap();
    add(dir.path(), &catalogue[1].dependencies).unwrap();
    assert!(
        read(dir.path(), "Cargo.toml")
            .ends_with("\ntokio = { version = \"1.40\", features = [\"rt\"] }\n")
    );
}

/// Pastes into a crate with these files, which must be refused and change nothing. Returns what is said.
fn refused(given: &[(&str, &str)], words: &[&str]) -> String {
    let dir = folder(given);
    let before = files(dir.path());
    let error = plan(&dir.path().join("app"), words).expect_err("it is refused");
    assert_eq!(files(dir.path()), before);
    let text = format!("{:#}", anyhow::Error::from(error));
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// A manifest and its path, the root, what is asked for, and what is said.
type Case<'a> = ((&'a str, String), &'a str, &'a [&'a str], &'a str);

#[test]
fn bad_input_is_refused_in_one_line_and_changes_nothing() {
    let manifest = |text: &str| ("app/Cargo.toml", text.to_owned());
    let old = BLANK.replace("2024", "2018");
    let with = |table: &str| manifest(&format!("{BLANK}\n{table}\n"));
    let lock = "version = 4\n\n[[package]]\nname = \"tokio\"\nversion = \"1.32.0\"\n";
    let cases: &[Case<'_>] = &[
        (
            manifest(BLANK),
            MAIN,
            &["two-word"],
            "no pattern is called `two-word`; did you mean `two-words`?",
        ),
        (
            manifest(BLANK),
            MAIN,
            &["nothing"],
            "no pattern is called `nothing`; there are: of-two, two-words, user",
        ),
        (manifest(BLANK), MAIN, &[], "name a recipe"),
        (
            manifest("[workspace]\n"),
            MAIN,
            &["two-words"],
            "has no [package]",
        ),
        (
            manifest("[package\n"),
            MAIN,
            &["two-words"],
            "cargo metadata: ",
        ),
        (
            manifest(&old),
            MAIN,
            &["two-words"],
            "has edition 2018, and recipes need 2021",
        ),
        (
            manifest(BLANK),
            "#![no_std]\nfn main() {}\n",
            &["two-words"],
            "is `no_std`",
        ),
        (
            manifest(BLANK),
            "fn main( {}\n",
            &["two-words"],
            "src/main.rs:1 is not valid: ",
        ),
        (
            manifest(BLANK),
            MAIN,
            &["two-words", "--to", "src/x.rs"],
            "--to src/x.rs: there is no such Rust file",
        ),
        (
            manifest(BLANK),
            MAIN,
            &["two-words", "--as", "no name"],
            "--as no name: a module cannot have this name",
        ),
        (
            manifest(BLANK),
            MAIN,
            &["two-words", "user", "--as", "x"],
            "--as is for one recipe, and 2 are named",
        ),
        (
            manifest(BLANK),
            "use a::two_words;\n",
            &["two-words"],
            "taken by `use a::two_words` in src/main.rs:1",
        ),
        (
            manifest(BLANK),
            "use a::b as two_words;\n",
            &["two-words"],
            "`use a::b as two_words`",
        ),
        (
            manifest(BLANK),
            "use a::two_words::{self, b};\n",
            &["two-words"],
            "`use a::two_words::self`",
        ),
        (
            manifest(BLANK),
            "\nmod two_words {}\n",
            &["two-words"],
            "`mod two_words` in src/main.rs:2",
        ),
        (
            manifest(BLANK),
            "struct x;\n",
            &["two-words", "--as", "x"],
            "`struct x`",
        ),
        (
            with("[dependencies]\ntwo-words = \"1\""),
            MAIN,
            &["two-words"],
            "the dependency `two-words`",
        ),
        (
            with("[dependencies]\ntokio = \"0.2\""),
            MAIN,
            &["two-words"],
            "the crate asks for tokio ^0.2, the recipe for 1.40",
        ),
        (
            with("[lib]\npath = \"src/l.rs\""),
            MAIN,
            &["two-words"],
            "say --to with one of src/l.rs, src/main.rs",
        ),
        (
            with("[dependencies]\ntokio = \"1\""),
            MAIN,
            &["two-words"],
            "Cargo.lock has tokio 1.32.0, the recipe needs 1.40: `cargo update -p tokio`",
        ),
    ];
    for (manifest, main, words, message) in cases {
        let mut given = vec![
            (manifest.0, manifest.1.as_str()),
            ("app/src/main.rs", *main),
            ("app/src/l.rs", ""),
        ];
        if message.contains("Cargo.lock") {
            given.push(("app/Cargo.lock", lock));
        }
        let said = refused(&given, words);
        assert!(said.contains(message), "{said}\n is not\n{message}");
    }
    let mine = [manifest(BLANK), manifest(BLANK)];
    for file in ["app/src/two_words.rs", "app/src/two_words/mod.rs"] {
        let said = refused(
            &[
                ("app/Cargo.toml", &mine[0].1),
                ("app/src/main.rs", MAIN),
                (file, "mine"),
            ],
            &["two-words"],
        );
        assert!(said.contains(&file["app/".len()..]), "{said}");
    }
    assert!(refused(&[("src/main.rs", MAIN)], &["two-words"]).contains("there is no folder "));
    assert!(refused(&[("app/src/main.rs", MAIN)], &["two-words"]).contains("has no Cargo.toml"));
}

/// A crate that lies in a workspace, but is no member of it: cargo itself refuses.
#[test]
fn what_cargo_says_is_one_line() {
    let said = refused(
        &[
            ("Cargo.toml", "[workspace]\n"),
            ("app/Cargo.toml", BLANK),
            ("app/src/main.rs", ""),
        ],
        &["two-words"],
    );
    assert!(
        said.starts_with("cargo metadata: current package believes it's in a workspace"),
        "{said}"
    );
}
