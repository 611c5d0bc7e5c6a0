//! The dependencies that a crate gains.

use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};

use super::PasteError;
use super::cargo::cargo;
use super::manifest::{Found, Manifest};
use super::undo::{restore, save};
use crate::pattern::Dependency;

/// What has to be done to a crate, and found to be possible.
pub(super) struct Additions<'a> {
    crate_dir: &'a Path,
    lock_file: PathBuf,
    each: Vec<Addition>,
}

impl<'a> Additions<'a> {
    pub fn plan(crate_dir: &'a Path, wanted: &[Dependency]) -> Result<Self, PasteError> {
        let Manifest {
            lock_file,
            dependencies,
        } = Manifest::read(crate_dir)?;
        let each = wanted
            .iter()
            .map(|wanted| Addition::new(wanted, dependencies.get(&wanted.name)));
        Ok(Self {
            crate_dir,
            lock_file,
            each: each.collect::<Result<_, _>>()?,
        })
    }

    pub fn apply(self) -> Result<String, PasteError> {
        let undo = [
            save(self.crate_dir.join("Cargo.toml"))?,
            save(self.lock_file)?,
        ];
        let mut says = String::new();
        for addition in self.each {
            if let Some(arguments) = &addition.cargo_add
                && let Err(error) = cargo(self.crate_dir, arguments)
            {
                for (path, before) in &undo {
                    restore(path, before.as_deref())?;
                }
                return Err(error);
            }
            says.push_str(&addition.says);
        }
        Ok(says)
    }
}

/// How one dependency gets into the crate.
struct Addition {
    /// The arguments for cargo; none when the crate has all of it.
    cargo_add: Option<Vec<String>>,
    says: String,
}

impl Addition {
    fn new(wanted: &Dependency, found: Option<&Found>) -> Result<Self, PasteError> {
        let mut arguments = vec!["add".to_owned()];
        let Some(Found {
            dependency: found,
            optional,
        }) = found
        else {
            arguments.push(format!("{}@{}", wanted.name, wanted.version));
            if !wanted.default_features {
                arguments.push("--no-default-features".to_owned());
            }
            arguments.extend(features_flag(&wanted.features));
            let says = format!(
                "added {} {}{}\n",
                wanted.name,
                wanted.version,
                with(&wanted.features)
            );
            return Ok(Self {
                cargo_add: Some(arguments),
                says,
            });
        };
        if !can_be_compatible(&found.version, &wanted.version) {
            return Err(PasteError::Incompatible {
                name: wanted.name.clone(),
                crate_version: found.version.clone(),
                recipe_version: wanted.version.clone(),
            });
        }
        let mut missing = wanted.features.clone();
        missing.retain(|feature| !found.features.contains(feature));
        if wanted.default_features && !found.default_features {
            // A dependency that a workspace shares cannot have them switched on in another way.
            missing.push("default".to_owned());
        }
        let mut says = format!(
            "kept {} {}, as the crate asks for it",
            wanted.name, found.version
        );
        if missing.is_empty() {
            says.push_str("; it has every feature already\n");
        } else {
            says.push_str(&format!(", and added{}\n", with(&missing)));
        }
        if *optional {
            says.push_str(&format!(
                "  {} is optional in the crate: the recipe needs it on\n",
                wanted.name
            ));
        }
        arguments.push(wanted.name.clone());
        arguments.extend(features_flag(&missing));
        Ok(Self {
            cargo_add: (!missing.is_empty()).then_some(arguments),
            says,
        })
    }
}

fn features_flag(features: &[String]) -> Option<String> {
    (!features.is_empty()).then(|| format!("--features={}", features.join(",")))
}

fn with(features: &[String]) -> String {
    match features {
        [] => String::new(),
        [one] => format!(" feature {one}"),
        more => format!(" features {}", more.join(", ")),
    }
}

/// Whether some version satisfies both requirements.
///
/// If any does, then so does the lower bound of one of them: it is enough to try those.
fn can_be_compatible(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (VersionReq::parse(one), VersionReq::parse(other)) else {
        return false;
    };
    let mut bounds = vec![Version::new(0, 0, 0)];
    for comparator in one.comparators.iter().chain(&other.comparators) {
        let major = comparator.major;
        let minor = comparator.minor.unwrap_or(0);
        let patch = comparator.patch.unwrap_or(0);
        // The last three are where `>` begins, by how much of a version it names.
        bounds.extend([
            Version::new(major, minor, patch),
            Version::new(major, minor, patch + 1),
            Version::new(major, minor + 1, 0),
            Version::new(major + 1, 0, 0),
        ]);
    }
    bounds
        .iter()
        .any(|version| one.matches(version) && other.matches(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_compatible_when_some_version_satisfies_both() {
        for crate_version in ["1", "^1.30", "*", ">=1, <3", ">1.54", "~1.60", "=1.54.3"] {
            assert!(can_be_compatible(crate_version, "1.54"), "{crate_version}");
        }
        for crate_version in ["0.2", "2", ">1", "=1.40.0", "~1.40", "<1.54", "nonsense"] {
            assert!(!can_be_compatible(crate_version, "1.54"), "{crate_version}");
        }
    }
}
