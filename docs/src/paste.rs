//! Copies a recipe into another crate, with the dependencies that it needs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use semver::{Version, VersionReq};
use serde_json::Value;

use crate::markdown;
use crate::pattern::{self, Pattern};

/// One line of a `[dependencies]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The crate's name.
    pub name: String,
    /// Its version requirement, such as `1.54`.
    pub version: String,
    /// The features asked for.
    pub features: Vec<String>,
    /// Whether its default features are on.
    pub default_features: bool,
}

/// Why a recipe was not pasted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PasteError {
    /// No pattern has this name.
    #[error("no pattern is called `{name}`{hint}")]
    UnknownPattern {
        /// The name as given.
        name: String,
        /// The names that there are, or the nearest one.
        hint: String,
    },
    /// The crate's folder is not there.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// The folder is not a crate's.
    #[error("{} is not a crate: it has no Cargo.toml", .0.display())]
    NoManifest(PathBuf),
    /// The crate's manifest cannot be read as TOML.
    #[error("{} is not valid: {message}", .path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The folder is a workspace's, not a crate's.
    #[error("{} has no [package]: name the folder of one of the workspace's crates", .0.display())]
    NoPackage(PathBuf),
    /// The crate has no `src` folder.
    #[error("{} has no src folder to paste into", .0.display())]
    NoSource(PathBuf),
    /// The crate has a module of the recipe's name.
    #[error("{} is there already, and nothing is overwritten", .0.display())]
    ModuleExists(PathBuf),
    /// The crate asks for a version of a dependency that the recipe does not work with.
    #[error("the crate asks for {name} {crate_version}, the recipe for {recipe_version}")]
    Incompatible {
        /// The dependency.
        name: String,
        /// The crate's own requirement.
        crate_version: String,
        /// The recipe's requirement.
        recipe_version: String,
    },
    /// The pattern's page does not say what the recipe needs.
    #[error("{}: {message}", .page.display())]
    BadPage {
        /// The page.
        page: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Cargo refused; this is what it said.
    #[error("cargo {command} failed:\n{stderr}")]
    Cargo {
        /// The command and its arguments.
        command: String,
        /// Cargo's own message.
        stderr: String,
    },
    /// A file could not be read or written, or cargo could not be started.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or the program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PasteError {
    /// 2 when the arguments were wrong, 1 when the work failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadPage { .. } | Self::Cargo { .. } | Self::Io { .. } => 1,
            _ => 2,
        }
    }
}

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
    let module = pattern.module();
    let file = crate_dir.join("src").join(format!("{module}.rs"));
    for taken in [&file, &crate_dir.join("src").join(&module).join("mod.rs")] {
        if taken.symlink_metadata().is_ok() {
            return Err(PasteError::ModuleExists(taken.clone()));
        }
    }
    let recipe = pattern.recipe().map_err(|source| PasteError::Io {
        path: pattern.dir.join("src/lib.rs"),
        source,
    })?;
    let page = pattern.dir.join("README.md");
    let wanted = recipe_dependencies(&read(&page)?)
        .map_err(|message| PasteError::BadPage { page, message })?;
    let additions = Additions::plan(crate_dir, &wanted)?;

    // Nothing is refused after this line, and nothing was changed before it.
    File::create_new(&file)
        .and_then(|mut new| new.write_all(recipe.as_bytes()))
        .map_err(|source| PasteError::Io {
            path: file.clone(),
            source,
        })?;
    let added = match additions.apply() {
        Ok(added) => added,
        Err(error) => {
            restore(&file, None)?;
            return Err(error);
        }
    };
    let mut answer = format!("wrote {}\n{added}", file.display());
    let roots = ["src/main.rs", "src/lib.rs"];
    let roots: Vec<_> = roots
        .into_iter()
        .filter(|root| crate_dir.join(root).is_file())
        .collect();
    let root = if roots.is_empty() {
        "the crate's root".to_owned()
    } else {
        roots.join(" or ")
    };
    answer.push_str(&format!(
        "\nAdd this line to {root}:\n\n    mod {module};\n"
    ));
    Ok(answer)
}

/// Adds dependencies to the crate in `crate_dir` as [`paste`] does, all of them or none.
///
/// # Errors
/// See [`PasteError`]. After an error the crate is as it was.
pub fn add(crate_dir: &Path, wanted: &[Dependency]) -> Result<String, PasteError> {
    Additions::plan(crate_dir, wanted)?.apply()
}

/// What the recipe of a page needs: its first `toml` block.
///
/// # Errors
/// In words, when there is no such block in the section "The recipe", or when it holds more than
/// `[dependencies]` with versions and features.
pub fn recipe_dependencies(page: &str) -> Result<Vec<Dependency>, String> {
    dependencies(&recipe_block(page)?)
}

/// The same as lines, as they stand below `[dependencies]` in a manifest.
///
/// # Errors
/// As [`recipe_dependencies`].
pub fn recipe_lines(page: &str) -> Result<String, String> {
    let block = recipe_block(page)?;
    dependencies(&block)?;
    let lines = block.strip_prefix("[dependencies]\n");
    Ok(lines
        .ok_or("a dependency block begins with the line `[dependencies]`")?
        .to_owned())
}

fn recipe_block(page: &str) -> Result<String, String> {
    let mut sections = markdown::sections(page).into_iter();
    let recipe = sections.find(|section| section.title == "The recipe");
    let mut blocks = recipe.into_iter().flat_map(|section| section.blocks);
    let block = blocks.find(|block| block.language == "toml");
    Ok(block
        .ok_or("the section \"The recipe\" has no toml block")?
        .text)
}

/// Reads a `[dependencies]` block.
///
/// # Errors
/// In words, when the block holds more than `[dependencies]` with versions and features.
pub fn dependencies(block: &str) -> Result<Vec<Dependency>, String> {
    let block: toml::Table = block
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    if let Some(key) = block.keys().find(|key| *key != "dependencies") {
        return Err(format!("a dependency block holds `{key}`"));
    }
    let table = block.get("dependencies").and_then(|value| value.as_table());
    let table = table.ok_or("a dependency block has no [dependencies]")?;
    table
        .iter()
        .map(|(name, value)| dependency(name, value))
        .collect()
}

fn dependency(name: &str, value: &toml::Value) -> Result<Dependency, String> {
    let mut dependency = Dependency {
        name: name.to_owned(),
        version: value.as_str().unwrap_or_default().to_owned(),
        features: Vec::new(),
        default_features: true,
    };
    for (key, value) in value.as_table().into_iter().flatten() {
        match (key.as_str(), value) {
            ("version", toml::Value::String(version)) => dependency.version.clone_from(version),
            ("default-features", toml::Value::Boolean(on)) => dependency.default_features = *on,
            ("features", toml::Value::Array(names)) => {
                dependency.features.extend(
                    names
                        .iter()
                        .filter_map(toml::Value::as_str)
                        .map(str::to_owned),
                );
            }
            _ => return Err(format!("`{name}` has a `{key}`, which cannot be pasted")),
        }
    }
    VersionReq::parse(&dependency.version).map_err(|error| format!("`{name}`: {error}"))?;
    Ok(dependency)
}

fn find(workspace: &Path, name: &str) -> Result<Pattern, PasteError> {
    let patterns = pattern::all(workspace).map_err(|error| PasteError::BadPage {
        page: workspace.join("patterns"),
        message: format!("{error:#}"),
    })?;
    if let Some(pattern) = patterns.iter().find(|pattern| pattern.name == name) {
        return Ok(pattern.clone());
    }
    let names = patterns.iter().map(|pattern| pattern.name.as_str());
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
    let table: toml::Table =
        read(&manifest)?
            .parse()
            .map_err(|error: toml::de::Error| PasteError::BadManifest {
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

/// What cargo knows about the crate, with what it inherits from its workspace.
struct Manifest {
    lock_file: PathBuf,
    dependencies: BTreeMap<String, Found>,
}

/// A dependency that the crate has.
struct Found {
    dependency: Dependency,
    optional: bool,
}

impl Manifest {
    fn read(crate_dir: &Path) -> Result<Self, PasteError> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let output = cargo(crate_dir, &arguments.map(str::to_owned))?;
        let bad = |message: &str| PasteError::BadManifest {
            path: crate_dir.join("Cargo.toml"),
            message: message.to_owned(),
        };
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| bad(&error.to_string()))?;
        let manifest = crate_dir.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(|source| PasteError::Io {
            path: manifest.clone(),
            source,
        })?;
        let is_it = |package: &&Value| {
            let path = package["manifest_path"]
                .as_str()
                .map(|path| Path::new(path).canonicalize());
            matches!(path, Some(Ok(path)) if path == manifest)
        };
        let package = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .find(is_it);
        let package = package.ok_or_else(|| bad("cargo does not list it as a package"))?;
        let ordinary = |found: &&Value| found["kind"].is_null() && found["target"].is_null();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        Ok(Self {
            lock_file: Path::new(metadata["workspace_root"].as_str().unwrap_or_default())
                .join("Cargo.lock"),
            dependencies: dependencies
                .filter(ordinary)
                .map(|found| {
                    let found = Found::new(found);
                    (found.dependency.name.clone(), found)
                })
                .collect(),
        })
    }
}

impl Found {
    fn new(metadata: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let features = metadata["features"].as_array().into_iter().flatten();
        Self {
            dependency: Dependency {
                name: text(&metadata["rename"])
                    .or_else(|| text(&metadata["name"]))
                    .unwrap_or_default(),
                version: text(&metadata["req"]).unwrap_or_default(),
                features: features.filter_map(text).collect(),
                default_features: metadata["uses_default_features"] != false,
            },
            optional: metadata["optional"] == true,
        }
    }
}

/// What has to be done to a crate, and found to be possible.
struct Additions<'a> {
    crate_dir: &'a Path,
    lock_file: PathBuf,
    each: Vec<Addition>,
}

impl<'a> Additions<'a> {
    fn plan(crate_dir: &'a Path, wanted: &[Dependency]) -> Result<Self, PasteError> {
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

    fn apply(self) -> Result<String, PasteError> {
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

fn cargo(dir: &Path, arguments: &[String]) -> Result<Output, PasteError> {
    // Cargo sets this for what it runs, so that the same cargo is used again.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&program)
        .args(arguments)
        .current_dir(dir)
        .output()
        .map_err(|source| PasteError::Io {
            path: program.into(),
            source,
        })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(PasteError::Cargo {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(&output.stderr)
            .trim_end()
            .to_owned(),
    })
}

fn read(path: &Path) -> Result<String, PasteError> {
    fs::read_to_string(path).map_err(|source| PasteError::Io {
        path: path.to_path_buf(),
        source,
    })
}

fn save(path: PathBuf) -> Result<(PathBuf, Option<Vec<u8>>), PasteError> {
    match fs::read(&path) {
        Ok(content) => Ok((path, Some(content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path, None)),
        Err(source) => Err(PasteError::Io { path, source }),
    }
}

fn restore(path: &Path, before: Option<&[u8]>) -> Result<(), PasteError> {
    let restored = match before {
        Some(content) => fs::write(path, content),
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    };
    restored.map_err(|source| PasteError::Io {
        path: path.to_path_buf(),
        source,
    })
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

    #[test]
    fn a_dependency_block_is_read_with_its_features() {
        let block = "[dependencies]\na = \"1.2\"\nb = { version = \"0.3\", features = [\"x\"], default-features = false }\n";
        let read = dependencies(block).unwrap();
        assert_eq!(
            read[0],
            Dependency {
                name: "a".to_owned(),
                version: "1.2".to_owned(),
                features: Vec::new(),
                default_features: true,
            }
        );
        assert_eq!(
            (read[1].features[0].as_str(), read[1].default_features),
            ("x", false)
        );
    }

    #[test]
    fn what_cannot_be_pasted_is_refused() {
        for block in [
            "[dependencies]\na = { path = \"a\" }",
            "[dependencies]\na = {}",
            "a = 1",
            "]",
        ] {
            assert!(dependencies(block).is_err(), "{block}");
        }
    }
}
