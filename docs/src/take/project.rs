//! The crate that gets a recipe: what cargo knows about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, Edition, MetadataCommand, TargetKind};
use semver::{Version, VersionReq};

use super::TakeError;
use super::cargo::cargo;

/// A crate that exists already.
#[derive(Debug)]
pub struct Project {
    /// Its folder.
    pub dir: PathBuf,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// That of its workspace, which may be the same.
    pub workspace_manifest: PathBuf,
    /// The files that its targets begin with: the library's first.
    pub roots: Vec<PathBuf>,
    /// What it depends on, with what it inherits.
    pub dependencies: Vec<Dependency>,
    /// Its edition.
    pub edition: Edition,
    /// The versions in the lock file.
    locked: BTreeMap<String, Vec<Version>>,
}

impl Project {
    /// Asks cargo about the crate in this folder.
    ///
    /// # Errors
    /// When the folder is no crate's, or its edition is too old.
    pub fn read(dir: &Path) -> Result<Self, TakeError> {
        let manifest = dir.join("Cargo.toml");
        if !dir.is_dir() {
            return Err(TakeError::NoFolder(dir.to_path_buf()));
        }
        if !manifest.is_file() {
            return Err(TakeError::NoManifest(dir.to_path_buf()));
        }
        let dir = dir.canonicalize().map_err(TakeError::io(dir))?;
        let manifest = dir.join("Cargo.toml");
        let output = cargo(&dir, &["metadata", "--no-deps", "--format-version", "1"])?;
        let metadata =
            MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
                TakeError::BadManifest {
                    path: manifest.clone(),
                    message: error.to_string(),
                }
            })?;
        let is_it = |path: &Path| path.canonicalize().is_ok_and(|path| path == manifest);
        let mut packages = metadata.packages.iter();
        let package = packages.find(|it| is_it(it.manifest_path.as_std_path()));
        let Some(package) = package else {
            return Err(TakeError::NoPackage(manifest));
        };
        if [Edition::E2015, Edition::E2018].contains(&package.edition) {
            return Err(TakeError::OldEdition {
                manifest,
                edition: package.edition.to_string(),
            });
        }
        let workspace = metadata.workspace_root.as_std_path();
        let lock = workspace.join("Cargo.lock");
        Ok(Self {
            workspace_manifest: workspace.join("Cargo.toml"),
            roots: roots(package),
            dependencies: package.dependencies.clone(),
            edition: package.edition,
            locked: locked(&lock)?,
            manifest,
            dir,
        })
    }

    /// The lock file of its workspace.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.workspace_manifest.with_file_name("Cargo.lock")
    }

    /// The version of a dependency that is locked, among those that the crate asks for.
    #[must_use]
    pub fn locked(&self, name: &str, asked: &VersionReq) -> Option<&Version> {
        let versions = self.locked.get(name)?.iter();
        versions.filter(|version| asked.matches(version)).max()
    }

    /// A path as its owner knows it.
    #[must_use]
    pub fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.dir).unwrap_or(path)
    }
}

/// The roots of the library and of the programs.
fn roots(package: &cargo_metadata::Package) -> Vec<PathBuf> {
    let is_program = |kind: &TargetKind| *kind == TargetKind::Bin;
    let is_other = |kind: &TargetKind| {
        use TargetKind::{Bench, CustomBuild, Example, Test};
        [Bench, CustomBuild, Example, Test].contains(kind)
    };
    let mut targets: Vec<_> = package.targets.iter().collect();
    targets.retain(|target| !target.kind.iter().any(is_other));
    targets.sort_by_key(|target| target.kind.iter().any(is_program));
    let roots = targets
        .into_iter()
        .map(|it| it.src_path.clone().into_std_path_buf());
    roots.collect()
}

fn locked(lock: &Path) -> Result<BTreeMap<String, Vec<Version>>, TakeError> {
    let mut locked = BTreeMap::<String, Vec<Version>>::new();
    if !lock.is_file() {
        return Ok(locked);
    }
    let bad = |message: String| TakeError::BadManifest {
        path: lock.to_path_buf(),
        message,
    };
    let text = fs::read_to_string(lock).map_err(TakeError::io(lock))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| bad(error.message().to_owned()))?;
    let packages = table
        .get("package")
        .and_then(|packages| packages.as_array());
    for package in packages.into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(|value| value.as_str());
        if let (Some(name), Some(Ok(version))) = (text("name"), text("version").map(Version::parse))
        {
            locked.entry(name.to_owned()).or_default().push(version);
        }
    }
    Ok(locked)
}
