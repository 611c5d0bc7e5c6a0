//! Takes a recipe out: copies it into another crate, with the dependencies that it needs.

mod additions;
mod cargo;
mod error;
mod manifest;
mod undo;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use self::additions::Additions;
pub use self::error::PasteError;
use self::undo::restore;
use crate::pattern::{self, Dependency, Pattern};

/// Copies the recipe `name` to `src/<name>.rs` of the crate in `crate_dir` and adds the
/// dependencies that its page names. Returns the text that tells the user what was done.
///
/// A dependency that the crate has keeps its version requirement and gains the missing features.
///
/// # Errors
/// See [`PasteError`]. After an error the crate is as it was.
pub fn paste(workspace: &Path, name: &str, crate_dir: &Path) -> Result<String, PasteError> {
    let pattern = find(workspace, name)?;
    check_crate(crate_dir)?;
    let module = pattern.folder.module();
    let file = place(crate_dir, &module)?;
    let additions = Additions::plan(crate_dir, &pattern.dependencies)?;

    // Nothing is refused after this line, and nothing was changed before it.
    File::create_new(&file)
        .and_then(|mut new| new.write_all(pattern.recipe.as_bytes()))
        .map_err(|source| PasteError::Io {
            path: file.clone(),
            source,
        })?;
    match additions.apply() {
        Ok(added) => Ok(format!(
            "wrote {}\n{added}\nAdd this line to {}:\n\n    mod {module};\n",
            file.display(),
            roots(crate_dir)
        )),
        Err(error) => {
            restore(&file, None)?;
            Err(error)
        }
    }
}

/// Where the recipe goes, when nothing is there.
fn place(crate_dir: &Path, module: &str) -> Result<PathBuf, PasteError> {
    let source = crate_dir.join("src");
    let file = source.join(format!("{module}.rs"));
    for taken in [&file, &source.join(module).join("mod.rs")] {
        if taken.symlink_metadata().is_ok() {
            return Err(PasteError::ModuleExists(taken.clone()));
        }
    }
    Ok(file)
}

/// The files to which the module's line can be added.
fn roots(crate_dir: &Path) -> String {
    let roots = ["src/main.rs", "src/lib.rs"].into_iter();
    let roots: Vec<_> = roots
        .filter(|root| crate_dir.join(root).is_file())
        .collect();
    match &roots[..] {
        [] => "the crate's root".to_owned(),
        roots => roots.join(" or "),
    }
}

/// Adds dependencies to the crate in `crate_dir` as [`paste`] does, all of them or none.
///
/// # Errors
/// See [`PasteError`]. After an error the crate is as it was.
pub fn add(crate_dir: &Path, wanted: &[Dependency]) -> Result<String, PasteError> {
    Additions::plan(crate_dir, wanted)?.apply()
}

fn find(workspace: &Path, name: &str) -> Result<Pattern, PasteError> {
    let folders = pattern::folders(workspace)?;
    if let Some(folder) = folders.iter().find(|folder| folder.name == name) {
        return Ok(Pattern::read(folder)?);
    }
    let names = folders.iter().map(|folder| folder.name.as_str());
    let near = names
        .clone()
        .min_by_key(|known| strsim::damerau_levenshtein(known, name));
    let hint = match near {
        Some(near) if strsim::damerau_levenshtein(near, name) <= 2 => {
            format!("; did you mean `{near}`?")
        }
        _ => format!("; there are: {}", names.collect::<Vec<_>>().join(", ")),
    };
    Err(PasteError::UnknownPattern {
        name: name.to_owned(),
        hint,
    })
}

fn check_crate(dir: &Path) -> Result<(), PasteError> {
    let manifest = dir.join("Cargo.toml");
    if !dir.is_dir() {
        return Err(PasteError::NoFolder(dir.to_path_buf()));
    }
    if !manifest.is_file() {
        return Err(PasteError::NoManifest(dir.to_path_buf()));
    }
    let text = fs::read_to_string(&manifest).map_err(|source| PasteError::Io {
        path: manifest.clone(),
        source,
    })?;
    let table = text
        .parse::<toml::Table>()
        .map_err(|error| PasteError::BadManifest {
            path: manifest.clone(),
            message: error.message().to_owned(),
        })?;
    if !table.contains_key("package") {
        return Err(PasteError::NoPackage(manifest));
    }
    if !dir.join("src").is_dir() {
        return Err(PasteError::NoSource(dir.to_path_buf()));
    }
    Ok(())
}
