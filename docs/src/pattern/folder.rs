//! Finds the patterns: every folder under `patterns/` that has a `Cargo.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::arguments::Argument;

use super::ReadError;

/// The folder of a pattern, which is a crate of the same name.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The folder's and the crate's name, such as `task-group`.
    pub name: String,
    /// `patterns/<name>`.
    pub dir: PathBuf,
}

/// A file of a recipe.
#[derive(Clone, Debug)]
pub struct RecipeFile {
    /// Its path below `src`.
    pub name: String,
    /// What is in it.
    pub source: String,
}

impl Folder {
    /// The name as Rust code spells it: `task_group` for `task-group`.
    #[must_use]
    pub fn module(&self) -> String {
        self.name.replace('-', "_")
    }

    /// A file of the pattern, seen from the workspace, written with `/`.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        format!("patterns/{}/{name}", self.name)
    }

    /// The text of a file. Lines end with `\n`, also where git wrote `\r\n`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, file: &str) -> Result<String, ReadError> {
        let path = self.dir.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.replace("\r\n", "\n")),
            Err(source) => Err(ReadError::Io { path, source }),
        }
    }

    /// The files of the recipe: `src/lib.rs`, and one for each of its modules.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn recipe(&self) -> Result<Vec<RecipeFile>, ReadError> {
        let mut files = Vec::new();
        let mut names = vec!["lib.rs".to_owned()];
        while let Some(name) = names.pop() {
            let source = self.read(&format!("src/{name}"))?;
            let folder = name.strip_suffix(".rs").filter(|folder| *folder != "lib");
            let folder = folder.map_or(String::new(), |folder| format!("{folder}/"));
            let modules = source.lines().filter_map(module);
            names.extend(modules.map(|module| format!("{folder}{module}.rs")));
            files.push(RecipeFile { name, source });
        }
        Ok(files)
    }

    /// The arguments of the demo, as the demo itself wrote them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn arguments(&self) -> Result<Vec<Argument>, ReadError> {
        let text = self.read("arguments.json")?;
        serde_json::from_str(&text).map_err(|source| ReadError::Arguments {
            path: self.dir.join("arguments.json"),
            source,
        })
    }

    /// The files `<stem>.<extension>` and `<stem>--<flag>.<extension>`, each with the argument that its
    /// name stands for. The first one need not be there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn variants(
        &self,
        stem: &str,
        extension: &str,
    ) -> Result<BTreeMap<PathBuf, Option<String>>, ReadError> {
        let mut variants = BTreeMap::new();
        variants.insert(self.dir.join(format!("{stem}.{extension}")), None);
        for path in entries(&self.dir)? {
            if path.extension().is_some_and(|found| found == extension)
                && let Some(name) = path.file_stem().and_then(|name| name.to_str())
                && let Some(argument) = name.strip_prefix(stem)
                && argument.starts_with("--")
            {
                let argument = argument.to_owned();
                variants.insert(path, Some(argument));
            }
        }
        Ok(variants)
    }
}

/// The module that this line takes from a file of its own.
fn module(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(';')
}

/// The workspace that this program was built from.
#[must_use]
pub fn workspace() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().unwrap_or(docs).to_path_buf()
}

/// The folder of each pattern of the workspace, by name.
///
/// # Errors
/// When `patterns/` cannot be read.
pub fn folders(workspace: &Path) -> Result<Vec<Folder>, ReadError> {
    let crates = entries(&workspace.join("patterns"))?.into_iter();
    let folders = crates
        .filter(|dir| dir.join("Cargo.toml").is_file())
        .map(|dir| Folder {
            name: dir
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            dir,
        });
    Ok(folders.collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let paths = folder.read_dir().and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<Result<Vec<_>, _>>()
    });
    let mut paths = paths.map_err(|source| ReadError::Io {
        path: folder.to_path_buf(),
        source,
    })?;
    paths.sort();
    Ok(paths)
}
