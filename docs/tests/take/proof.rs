//! Each recipe works in a crate that knows nothing of this workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use docs::pattern::{self, Pattern};
use docs::take::{add, paste};

use crate::support::{blank, check};

/// Runs cargo in the folder. What the dependencies compile to is kept between runs.
fn cargo(dir: &Path, command: &str) -> Result<(), String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("paste");
    let output = Command::new(env!("CARGO"))
        .args([command, "--quiet"])
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

#[test]
fn a_recipe_compiles_in_a_blank_crate_and_its_first_call_runs() {
    check(|pattern| prove(pattern).err().into_iter().collect());
}

/// Does what the page says: first the recipe alone, with its dependencies, then the first call. To check
/// the recipe alone is enough: that it can be built is shown by the call.
fn prove(pattern: &Pattern) -> Result<(), String> {
    let dir = blank();
    let module = pattern.folder.module();
    let main = dir.path().join("src/main.rs");
    let write = |file: &Path, text: &str| fs::write(file, text).expect("a file");
    paste(&pattern::workspace(), pattern.name(), dir.path()).map_err(|error| error.to_string())?;

    let alone = format!("#![allow(dead_code)]\nmod {module};\nfn main() {{}}\n");
    write(&main, &format!("#![deny(warnings)]\n{alone}"));
    cargo(dir.path(), "check").map_err(|error| format!("the recipe alone: {error}"))?;

    // By hand, with the line that names the page, which is not there.
    let copy = dir.path().join("src").join(format!("{module}.rs"));
    write(
        &copy,
        &pattern.folder.read("src/lib.rs").expect("the recipe"),
    );
    let inside = copy.with_extension("");
    fs::create_dir(&inside).expect("a folder");
    for file in pattern.folder.modules().expect("the recipe") {
        let text = pattern.folder.read(&format!("src/{file}"));
        write(&inside.join(file), &text.expect("a module"));
    }
    write(&main, &alone);
    cargo(dir.path(), "check").map_err(|error| format!("copied by hand: {error}"))?;

    let lines = &pattern.example_dependencies;
    add(dir.path(), lines).map_err(|error| format!("the first call: {error}"))?;
    write(&copy, &pattern.recipe);
    write(&main, &format!("mod {module};\n{}", pattern.first_call));
    cargo(dir.path(), "run").map_err(|error| format!("the first call: {error}"))
}
