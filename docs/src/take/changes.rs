//! Changes of files, which are shown or made, all of them or none.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::TakeError;

/// Files with what they will hold, in the order in which they are written: after each of them the crate
/// builds.
#[derive(Debug, Default)]
pub struct Changes(Vec<Change>);

#[derive(Debug)]
struct Change {
    path: PathBuf,
    before: Option<String>,
    after: String,
}

impl Changes {
    /// Adds a file, unless it holds this already.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn add(&mut self, path: PathBuf, after: String) -> Result<(), TakeError> {
        let before = match path.symlink_metadata() {
            Ok(_) => Some(fs::read_to_string(&path).map_err(TakeError::io(&path))?),
            Err(_) => None,
        };
        if before.as_ref() != Some(&after) {
            self.0.push(Change {
                path,
                before,
                after,
            });
        }
        Ok(())
    }

    /// Each file with what it will hold, in the order in which they are written.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().map(|change| (&*change.path, &*change.after))
    }

    /// The files that are new, and those that change.
    #[must_use]
    pub fn say(&self, root: &Path) -> String {
        let line = |change: &Change| {
            let verb = if change.before.is_some() {
                "changed"
            } else {
                "wrote"
            };
            format!("{verb} {}\n", short(&change.path, root).display())
        };
        self.0.iter().map(line).collect()
    }

    /// The differences, as `git diff` shows them.
    #[must_use]
    pub fn diff(&self, root: &Path) -> String {
        let diff = |change: &Change| {
            let before = change.before.as_deref().unwrap_or_default();
            diff(
                &short(&change.path, root).display().to_string(),
                before,
                &change.after,
            )
        };
        self.0.iter().map(diff).collect()
    }

    /// Writes all of them. Each file is replaced as a whole; after an error all are as they were.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn make(self) -> Result<(), TakeError> {
        let mut new = Vec::new();
        for change in &self.0 {
            let folder = change.path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder).map_err(TakeError::io(folder))?;
            new.push(beside(change, folder).map_err(TakeError::io(&change.path))?);
        }
        // Only renames are left, which a full disk does not stop.
        for (index, (change, file)) in self.0.iter().zip(new).enumerate() {
            if let Err(error) = file.persist(&change.path) {
                for made in &self.0[..index] {
                    match &made.before {
                        Some(before) => fs::write(&made.path, before),
                        None => fs::remove_file(&made.path),
                    }
                    .map_err(TakeError::io(&made.path))?;
                }
                return Err(TakeError::io(&change.path)(error.error));
            }
        }
        Ok(())
    }
}

/// A file with the new text, beside the one that it replaces, with the same permissions.
fn beside(change: &Change, folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".paste-")
        .tempfile_in(folder)?;
    file.write_all(change.after.as_bytes())?;
    let permissions = match fs::metadata(&change.path) {
        Ok(known) => known.permissions(),
        // What a file of a new name gets here.
        Err(_) => {
            let probe = folder.join(".paste-permissions");
            let permissions = File::create(&probe)?.metadata()?.permissions();
            fs::remove_file(&probe)?;
            permissions
        }
    };
    file.as_file().set_permissions(permissions)?;
    Ok(file)
}

/// The difference between two texts of a file.
pub(super) fn diff(name: &str, before: &str, after: &str) -> String {
    let old = if before.is_empty() {
        "/dev/null".to_owned()
    } else {
        format!("a/{name}")
    };
    let mut options = diffy::DiffOptions::new();
    options
        .set_original_filename(old)
        .set_modified_filename(format!("b/{name}"));
    options.create_patch(before, after).to_string()
}

fn short<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}
