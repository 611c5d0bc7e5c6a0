//! A copy of a crate's manifests beside it, in which cargo can be asked without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};
use tempfile::TempDir;

use super::cargo::cargo;
use super::project::Project;

/// A folder that has what the workspace has, but a manifest of its own for the crate.
pub(super) struct Mirror {
    /// The folder of the workspace.
    root: PathBuf,
    /// The crate's manifest in it.
    manifest: PathBuf,
    _scratch: TempDir,
}

impl Mirror {
    /// Mirrors a crate. `None` where the system cannot link files.
    pub fn new(project: &Project) -> Option<Self> {
        let real_root = project.workspace_manifest.parent()?;
        let scratch = tempfile::tempdir().ok()?;
        let root = scratch.path().join(real_root.file_name()?);
        // A workspace may take crates from folders beside it.
        mirror(real_root.parent()?, scratch.path(), real_root).ok()?;
        let inside = project.manifest.strip_prefix(real_root).ok()?;
        let (mut real, mut copied) = (real_root.to_path_buf(), root.clone());
        fs::create_dir(&copied).ok()?;
        mirror(&real, &copied, &project.manifest).ok()?;
        for part in inside.parent()? {
            real.push(part);
            copied.push(part);
            fs::create_dir(&copied).ok()?;
            mirror(&real, &copied, &project.manifest).ok()?;
        }
        if project.lock().is_file() {
            let lock = root.join("Cargo.lock");
            fs::remove_file(&lock).ok()?;
            fs::copy(project.lock(), lock).ok()?;
        }
        Some(Self {
            manifest: root.join(inside),
            root,
            _scratch: scratch,
        })
    }

    /// What cargo says of the crate with this manifest, from what is downloaded.
    pub fn metadata(&self, manifest: &str) -> Option<Metadata> {
        self.ask(manifest, &["--offline"])
    }

    /// The lock file as cargo leaves it with this manifest.
    pub fn lock(&self, manifest: &str) -> Option<String> {
        self.metadata(manifest)
            .or_else(|| self.ask(manifest, &[]))?;
        fs::read_to_string(self.root.join("Cargo.lock")).ok()
    }

    fn ask(&self, manifest: &str, arguments: &[&str]) -> Option<Metadata> {
        fs::write(&self.manifest, manifest).ok()?;
        let metadata = ["metadata", "--format-version", "1"];
        let output = cargo(
            self.manifest.parent()?,
            &[&metadata[..], arguments].concat(),
        )
        .ok()?;
        MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).ok()
    }
}

/// Links to everything in a folder, but not to what leads to `but`.
fn mirror(from: &Path, to: &Path, but: &Path) -> std::io::Result<()> {
    for entry in from.read_dir()? {
        let path = entry?.path();
        let is_target = path.join("CACHEDIR.TAG").is_file();
        if !but.starts_with(&path)
            && !is_target
            && let Some(name) = path.file_name()
        {
            link(&path, &to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(windows)]
fn link(to: &Path, at: &Path) -> std::io::Result<()> {
    if to.is_dir() {
        std::os::windows::fs::symlink_dir(to, at)
    } else {
        std::os::windows::fs::symlink_file(to, at)
    }
}
