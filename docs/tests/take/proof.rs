//! Each recipe works in a crate that knows nothing of this workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use docs::pattern::{self, Pattern};
use docs::take::{Catalogue, Wanted, add, paste};

use crate::support::{BLANK, blank, check, copy_lock, folder, patterns};

/// Runs cargo in the folder. What the dependencies compile to is kept between runs.
pub fn cargo(dir: &Path, arguments: &[&str]) -> Result<(), String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("paste");
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .expect("cargo starts");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Pastes recipes of this workspace.
fn take(names: &[&str], dir: &Path) -> Result<(), String> {
    let wanted = Wanted {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        dir: dir.to_path_buf(),
        ..Wanted::default()
    };
    let catalogue = Catalogue::read(&pattern::workspace());
    let plan = catalogue.and_then(|catalogue| paste(&catalogue, &wanted));
    let made = plan.and_then(|plan| plan.changes.make());
    made.map_err(|error| error.to_string())
}

#[test]
fn a_recipe_compiles_in_a_blank_crate_and_its_first_call_runs() {
    check(|pattern| prove(pattern).err().into_iter().collect());
}

/// Does what the page says: first the recipe alone, with its dependencies, then the first call. To check
/// the recipe alone is enough: that it can be built is shown by the call.
fn prove(pattern: &Pattern) -> Result<(), String> {
    let dir = blank();
    let module = pattern.folder.module();
    let write = |file: &str, text: &str| {
        let path = dir.path().join("src").join(file);
        fs::create_dir_all(path.parent().unwrap_or(dir.path())).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    take(&[pattern.name()], dir.path())?;
    write(
        "main.rs",
        &format!("#![deny(warnings)]\nmod {module};\nfn main() {{}}\n"),
    );
    cargo(dir.path(), &["check"]).map_err(|error| format!("the recipe alone: {error}"))?;

    let lines = &pattern.example_dependencies;
    add(dir.path(), lines).map_err(|error| format!("the first call: {error}"))?;
    let call = format!("#![deny(warnings)]\nmod {module};\n{}", pattern.first_call);
    write("main.rs", &call);
    cargo(dir.path(), &["run"]).map_err(|error| format!("the first call: {error}"))?;

    // By hand, with the line that names the page, which is not there.
    for file in &pattern.recipe {
        let name = match file.name.as_str() {
            "lib.rs" => format!("{module}.rs"),
            name => format!("{module}/{name}"),
        };
        write(&name, &file.source);
    }
    write(
        "main.rs",
        &format!(
            "#![allow(dead_code)]\nmod {module};\n{}",
            pattern.first_call
        ),
    );
    cargo(dir.path(), &["check"]).map_err(|error| format!("copied by hand: {error}"))
}

/// What a careful library denies.
const LINTS: &str = "//! A library.\n#![forbid(unsafe_code)]\n\
                     #![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]\n";

#[test]
fn all_recipes_are_silent_modules_of_one_library_in_both_editions() {
    let names: Vec<&str> = patterns().iter().map(Pattern::name).collect();
    for (edition, command) in [("2021", "check"), ("2024", "clippy")] {
        let manifest = BLANK.replace("2024", edition);
        let dir = folder(&[("Cargo.toml", &manifest), ("src/lib.rs", LINTS)]);
        copy_lock(dir.path());
        take(&names, dir.path()).expect("a blank crate takes all");
        let lib = dir.path().join("src/lib.rs");
        let modules = fs::read_to_string(&lib).expect("the library");
        let public = modules.replace("\nmod ", "\npub mod ");
        for text in [modules, public] {
            fs::write(&lib, text).expect("a file");
            if let Err(error) = cargo(dir.path(), &[command]) {
                panic!("edition {edition}: {error}");
            }
        }
    }
}

/// What only demos are made of.
const OF_DEMOS: [&str; 6] = ["anyhow", "axum", "clap", "common", "reqwest", "rustls"];

#[test]
fn a_recipe_as_a_dependency_brings_nothing_of_its_demo() {
    let lines = patterns().iter().map(|pattern| {
        let (name, path) = (pattern.name(), pattern.folder.dir.display().to_string());
        format!("{name} = {{ path = {path:?}, default-features = false }}\n")
    });
    let manifest = format!("{BLANK}\n[dependencies]\n{}", lines.collect::<String>());
    let uses = patterns()
        .iter()
        .map(|it| format!("pub use {}::*;\n", it.folder.module()));
    let uses = format!(
        "#![allow(ambiguous_glob_reexports)]\n{}",
        uses.collect::<String>()
    );
    let dir = folder(&[("Cargo.toml", &manifest), ("src/lib.rs", &uses)]);
    copy_lock(dir.path());
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges=normal", "--prefix=none", "--format={lib}"])
        .current_dir(dir.path())
        .output()
        .expect("cargo starts");
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.lines().any(|line| line == "tokio"), "{tree}");
    for line in tree.lines() {
        assert!(
            !OF_DEMOS.contains(&line),
            "{line} comes with a recipe:\n{tree}"
        );
    }
    cargo(dir.path(), &["check"]).unwrap_or_else(|error| panic!("{error}"));
}
