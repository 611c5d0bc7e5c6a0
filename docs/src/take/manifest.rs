//! What cargo knows about the crate that gets a recipe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::PasteError;
use super::cargo::cargo;
use crate::pattern::Dependency;

/// What cargo knows about the crate, with what it inherits from its workspace.
pub(super) struct Manifest {
    pub lock_file: PathBuf,
    pub dependencies: BTreeMap<String, Found>,
}

/// A dependency that the crate has.
pub(super) struct Found {
    pub dependency: Dependency,
    pub optional: bool,
}

impl Manifest {
    pub fn read(crate_dir: &Path) -> Result<Self, PasteError> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let output = cargo(crate_dir, &arguments.map(str::to_owned))?;
        let path = crate_dir.join("Cargo.toml");
        let bad = |message: String| PasteError::BadManifest {
            path: path.clone(),
            message,
        };
        let metadata = MetadataCommand::parse(String::from_utf8_lossy(&output.stdout))
            .map_err(|error| bad(error.to_string()))?;
        let manifest = path.canonicalize().map_err(|source| PasteError::Io {
            path: path.clone(),
            source,
        })?;
        let mut packages = metadata.packages.iter();
        let package = packages.find(|package| {
            let known = package.manifest_path.as_std_path().canonicalize();
            known.is_ok_and(|known| known == manifest)
        });
        let package =
            package.ok_or_else(|| bad("cargo does not list it as a package".to_owned()))?;
        let ordinary = package.dependencies.iter().filter(|dependency| {
            dependency.kind == DependencyKind::Normal && dependency.target.is_none()
        });
        let found = ordinary.map(Found::new);
        Ok(Self {
            lock_file: metadata.workspace_root.as_std_path().join("Cargo.lock"),
            dependencies: found.map(|it| (it.dependency.name.clone(), it)).collect(),
        })
    }
}

impl Found {
    fn new(known: &cargo_metadata::Dependency) -> Self {
        Self {
            dependency: Dependency {
                name: known.rename.clone().unwrap_or_else(|| known.name.clone()),
                version: known.req.to_string(),
                features: known.features.clone(),
                default_features: known.uses_default_features,
            },
            optional: known.optional,
        }
    }
}
