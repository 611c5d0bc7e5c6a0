//! Begins a pattern: a folder with every file that a pattern has, which builds and passes all checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use time::OffsetDateTime;

/// The files of a fresh pattern. `{{name}}` and `{{module}}` stand for its name, also in the paths,
/// and `{{tokio}}` for the version of that dependency in the workspace.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../template/Cargo.toml")),
    ("CHANGES.md", include_str!("../../template/CHANGES.md")),
    ("README.md", include_str!("../../template/README.md")),
    ("asyncio.py", include_str!("../../template/asyncio.py")),
    (
        // The examples of all patterns are built into one folder, so each needs a name of its own.
        "examples/{{module}}_detached.rs",
        include_str!("../../template/examples/detached.rs"),
    ),
    ("src/lib.rs", include_str!("../../template/src/lib.rs")),
    ("src/main.rs", include_str!("../../template/src/main.rs")),
    (
        "tests/main.rs",
        include_str!("../../template/tests/main.rs"),
    ),
    (
        "tests/cancellation.rs",
        include_str!("../../template/tests/cancellation.rs"),
    ),
    (
        "tests/contract.rs",
        include_str!("../../template/tests/contract.rs"),
    ),
    (
        "tests/twins.rs",
        include_str!("../../template/tests/twins.rs"),
    ),
];

/// The list of the book's pages, seen from the workspace.
const SUMMARY: &str = "docs/book/src/SUMMARY.md";

/// Names that Rust, its library or cargo has taken.
const TAKEN: &str = "abstract alloc as async await become box break build const continue core crate deps \
    do docs dyn else enum examples extern false final fn for gen if impl in incremental \
    let loop macro match mod move mut override priv proc-macro pub ref return safe self \
    static std struct super test tests trait true try type typeof union unsafe unsized \
    use virtual where while yield";

/// Why no pattern was begun. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name cannot be a crate's and a module's.
    #[error("NAME: `{name}` {reason}")]
    BadName {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is such a folder.
    #[error("NAME: {} is there already, and nothing is overwritten", .0.display())]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The workspace's manifest cannot be read.
    #[error("Cargo.toml is not valid: {0}")]
    BadManifest(toml::de::Error),
}

impl NewError {
    /// 2 when the name was wrong, 1 when the work failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadName { .. } | Self::Exists(_) => 2,
            Self::Io { .. } | Self::BadManifest(_) => 1,
        }
    }
}

/// Makes the folder `patterns/<name>` with the files of a fresh pattern, and adds its line to the
/// end of the book's summary. Returns the folder.
///
/// What the demo prints is not among the files: [`expected::write`](super::expected::write) adds it.
///
/// # Errors
/// See [`NewError`]. After an error everything is as it was.
pub fn new(workspace: &Path, name: &str) -> Result<PathBuf, NewError> {
    let versions = versions(workspace)?;
    check_name(name, &versions)?;
    let summary = workspace.join(SUMMARY);
    let before = read(&summary)?;
    let dir = workspace.join("patterns").join(name);
    match fs::create_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(NewError::Exists(dir));
        }
        made => made.map_err(at(&dir))?,
    }
    let line = format!("- [{name}](patterns/{name}/README.md)\n");
    let after = format!("{}\n{line}", before.trim_end());
    let written = write(&dir, name, &versions)
        .and_then(|()| fs::write(&summary, after).map_err(at(&summary)));
    if let Err(error) = written {
        fs::remove_dir_all(&dir).map_err(at(&dir))?;
        return Err(error);
    }
    Ok(dir)
}

fn check_name(name: &str, versions: &BTreeMap<String, String>) -> Result<(), NewError> {
    let bad = |reason| {
        Err(NewError::BadName {
            name: name.to_owned(),
            reason,
        })
    };
    let is_letter = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !starts_well || !name.chars().all(is_letter) || name.ends_with('-') || name.contains("--") {
        return bad("is not made of lower-case letters, digits and single hyphens, a letter first");
    }
    if TAKEN.split(' ').any(|taken| taken == name) {
        return bad("is a name that Rust or this workspace uses");
    }
    if versions.contains_key(name) {
        return bad("is a crate that the workspace uses");
    }
    Ok(())
}

/// The dependencies of the workspace, each with its version as a page shows it: `1.54`.
fn versions(workspace: &Path) -> Result<BTreeMap<String, String>, NewError> {
    let manifest: toml::Table = read(&workspace.join("Cargo.toml"))?
        .parse()
        .map_err(NewError::BadManifest)?;
    let table = manifest
        .get("workspace")
        .and_then(|table| table.get("dependencies")?.as_table());
    let version = |entry: &toml::Value| {
        let version = entry.as_str().or_else(|| entry.get("version")?.as_str());
        let parts: Vec<_> = version.unwrap_or_default().split('.').take(2).collect();
        parts.join(".")
    };
    let entries = table.into_iter().flatten();
    Ok(entries
        .map(|(name, entry)| (name.clone(), version(entry)))
        .collect())
}

fn write(dir: &Path, name: &str, versions: &BTreeMap<String, String>) -> Result<(), NewError> {
    let module = name.replace('-', "_");
    let today = OffsetDateTime::now_utc().date().to_string();
    let fill = |text: &str| {
        let named = text
            .replace("{{name}}", name)
            .replace("{{module}}", &module)
            .replace("{{today}}", &today);
        versions.iter().fold(named, |text, (name, version)| {
            text.replace(&format!("{{{{{name}}}}}"), version)
        })
    };
    for (path, text) in FILES {
        let path = dir.join(fill(path));
        let folder = path.parent().unwrap_or(dir);
        fs::create_dir_all(folder).map_err(at(folder))?;
        fs::write(&path, fill(text)).map_err(at(&path))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, NewError> {
    fs::read_to_string(path).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> NewError {
    let path = path.to_path_buf();
    move |source| NewError::Io { path, source }
}
