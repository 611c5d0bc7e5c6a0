//! Writes a built book to a folder, in place of an earlier one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The list of an exported book's files, which stands beside them.
const LIST: &str = ".book-files";
const LIST_TITLE: &str = "The next build of the book replaces these files and touches no others.";

/// Why the book was not written to a folder.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder, or a file in it, is not the book's. Nothing was changed.
    #[error("{} is not an earlier build of this book: name a folder that is empty or new", .0.display())]
    Foreign(PathBuf),
    /// Reading or writing failed.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

/// The files that an earlier [`export`] left in `folder`: none when it is new or empty.
///
/// # Errors
/// When the folder holds something and no earlier book, or cannot be read.
pub fn exported(folder: &Path) -> Result<BTreeSet<String>, ExportError> {
    let failed = |source| ExportError::Io {
        path: folder.to_path_buf(),
        source,
    };
    if !folder.try_exists().map_err(failed)? {
        return Ok(BTreeSet::new());
    }
    let is_free = folder.is_dir() && folder.read_dir().map_err(failed)?.next().is_none();
    let list = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let mut lines = list.lines();
    if lines.next() != Some(LIST_TITLE) && !is_free {
        return Err(ExportError::Foreign(folder.to_path_buf()));
    }
    // Only a plain path below the folder can be one of ours.
    let is_plain = |line: &&str| {
        Path::new(line)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
    };
    Ok(lines.filter(is_plain).map(str::to_owned).collect())
}

/// Copies a built book to `folder`, in place of an earlier one. Other files there stay as they are.
///
/// # Errors
/// When `folder` holds something that is not an earlier book, or cannot be written.
pub fn export(built: &Path, folder: &Path) -> Result<(), ExportError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ExportError::Io { path, source }
    };
    let old = exported(folder)?;
    let mut new = BTreeSet::new();
    files(built, "", &mut new).map_err(failed(built))?;
    for file in new.difference(&old) {
        let path = folder.join(file);
        if path.exists() {
            return Err(ExportError::Foreign(path));
        }
    }

    let list = folder.join(LIST);
    let listing = |files: &mut dyn Iterator<Item = &String>| {
        files.fold(format!("{LIST_TITLE}\n"), |list, file| list + file + "\n")
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    // First, so that a build that is cut short is known as one.
    fs::write(&list, listing(&mut old.union(&new))).map_err(failed(&list))?;
    for file in old.difference(&new) {
        let path = folder.join(file);
        if path.exists() {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    for file in &new {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::copy(built.join(file), &path).map_err(failed(&path))?;
    }
    fs::write(&list, listing(&mut new.iter())).map_err(failed(&list))
}

/// Collects the files below `folder`, written with `/`.
fn files(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}
