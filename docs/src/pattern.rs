//! Finds the patterns: every folder under `patterns/` that has a `Cargo.toml`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Context as _;

/// One pattern: a folder, which is a crate of the same name.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The folder's and the crate's name, such as `task-group`.
    pub name: String,
    /// `patterns/<name>`.
    pub dir: PathBuf,
}

impl Pattern {
    /// The name as Rust code spells it: `task_group` for `task-group`.
    pub fn module(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The recipe, `src/lib.rs`, without the line that makes the page its documentation: that line
    /// makes no sense in another crate. Lines end with `\n`, also where git wrote `\r\n`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recipe(&self) -> io::Result<String> {
        let source = fs::read_to_string(self.dir.join("src/lib.rs"))?;
        let is_kept = |line: &&str| !line.contains("include_str!(\"../README.md\")");
        let lines: Vec<&str> = source.lines().filter(is_kept).collect();
        Ok(format!("{}\n", lines.join("\n").trim()))
    }
}

/// The workspace that this program was built from.
pub fn workspace() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().unwrap_or(docs).to_path_buf()
}

/// Every pattern of the workspace, by name.
///
/// # Errors
/// When `patterns/` cannot be read.
pub fn all(workspace: &Path) -> anyhow::Result<Vec<Pattern>> {
    let folder = workspace.join("patterns");
    let entries = folder
        .read_dir()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    let mut patterns = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            patterns.push(Pattern {
                name: entry.file_name().to_string_lossy().into_owned(),
                dir: entry.path(),
            });
        }
    }
    patterns.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(patterns)
}
