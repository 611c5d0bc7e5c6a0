//! Where a recipe goes in a crate: the file that names its module, and the module's own file.

use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::{File, Item, UseTree};

use super::TakeError;
use super::project::Project;

/// Folders in which cargo takes every file for a program of its own.
const PROGRAMS: [&str; 4] = ["bin", "examples", "tests", "benches"];

/// Where one recipe goes.
pub struct Place {
    /// The file that gets the line.
    pub root: PathBuf,
    /// Its text.
    text: String,
    /// What is in it.
    parsed: File,
    /// The folder of its modules.
    folder: PathBuf,
    /// How a module's line begins, when its file is not where Rust looks for it.
    path: Option<&'static str>,
}

impl Place {
    /// The place that `to` names, or the only one that there is.
    ///
    /// # Errors
    /// When there is no such file, there are several places, or the crate has no standard library.
    pub fn find(project: &Project, to: Option<&Path>) -> Result<Self, TakeError> {
        let root = match (to, &project.roots[..]) {
            (Some(to), _) => named(project, to)?,
            (None, [root]) => root.clone(),
            (None, []) => return Err(TakeError::NoTarget(project.manifest.clone())),
            (None, roots) => {
                let roots = roots
                    .iter()
                    .map(|root| project.short(root).display().to_string());
                return Err(TakeError::SeveralTargets(roots.collect()));
            }
        };
        let text = fs::read_to_string(&root).map_err(TakeError::io(&root))?;
        let parsed = syn::parse_file(&text).map_err(|error| TakeError::BadSource {
            path: root.clone(),
            line: error.span().start().line,
            message: error.to_string(),
        })?;
        if parsed
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("no_std"))
        {
            return Err(TakeError::NoStd(root));
        }
        let parent = root.parent().unwrap_or(&project.dir);
        let is_root = project.roots.contains(&root) || root.ends_with("mod.rs");
        let is_program = parent
            .file_name()
            .is_some_and(|name| is_root && PROGRAMS.iter().any(|programs| name == *programs));
        let (folder, path) = match (is_root, is_program) {
            (_, true) => (parent.parent().unwrap_or(parent).to_path_buf(), Some("../")),
            (true, _) => (parent.to_path_buf(), None),
            (false, _) => (root.with_extension(""), None),
        };
        Ok(Self {
            root,
            text,
            parsed,
            folder,
            path,
        })
    }

    /// The file of a module of this name.
    #[must_use]
    pub fn file(&self, module: &str) -> PathBuf {
        self.folder.join(format!("{module}.rs"))
    }

    /// Checks that a name is free: in the file, among the files, and among the crates.
    ///
    /// # Errors
    /// When it is taken, with what has it.
    pub fn check(&self, project: &Project, module: &str) -> Result<(), TakeError> {
        if syn::parse_str::<syn::Ident>(module).is_err() {
            return Err(TakeError::NoName(module.to_owned()));
        }
        let taken = |by: String| TakeError::Taken {
            name: module.to_owned(),
            by,
        };
        for file in [self.file(module), self.folder.join(module).join("mod.rs")] {
            if file.symlink_metadata().is_ok() {
                return Err(taken(project.short(&file).display().to_string()));
            }
        }
        let item = self
            .parsed
            .items
            .iter()
            .find_map(|item| Some((item, named_by(item, module)?)));
        if let Some((item, what)) = item {
            let line = item.span().start().line;
            let root = project.short(&self.root).display();
            return Err(taken(format!("`{what}` in {root}:{line}")));
        }
        let is_crate = |it: &&cargo_metadata::Dependency| {
            let name = it.rename.as_ref().unwrap_or(&it.name);
            name.replace('-', "_") == module
        };
        match project.dependencies.iter().find(is_crate) {
            Some(known) => Err(taken(format!("the dependency `{}`", known.name))),
            None => Ok(()),
        }
    }

    /// The line that names a module of so many files.
    #[must_use]
    pub fn line(&self, module: &str, files: usize) -> String {
        match self.path {
            Some(path) => {
                let file = self.first(module, files).display().to_string();
                let file = file.replace('\\', "/");
                format!("#[path = \"{path}{file}\"]\nmod {module};\n")
            }
            None => format!("mod {module};\n"),
        }
    }

    /// The first file of a module. A file that is named by its path looks for its own modules beside it.
    #[must_use]
    pub fn first(&self, module: &str, files: usize) -> PathBuf {
        match self.path {
            Some(_) if files > 1 => Path::new(module).join("mod.rs"),
            _ => format!("{module}.rs").into(),
        }
    }

    /// The file with the line of each module, in the order in which rustfmt puts modules.
    #[must_use]
    pub fn with_modules(&self, modules: &[(String, usize)]) -> String {
        let mut lines: Vec<String> = self.text.split_inclusive('\n').map(str::to_owned).collect();
        if lines.last().is_some_and(|last| !last.ends_with('\n')) {
            lines
                .last_mut()
                .into_iter()
                .for_each(|last| last.push('\n'));
        }
        let known: Vec<(String, usize, usize)> =
            self.parsed.items.iter().filter_map(declared).collect();
        let mut additions: Vec<(usize, String)> = Vec::new();
        for (module, files) in modules {
            let line = self.line(module, *files);
            let next = known.iter().find(|(name, ..)| name > module);
            additions.push(match (next, known.last(), self.parsed.items.first()) {
                (Some((_, start, _)), ..) => (start - 1, line),
                (None, Some((.., end)), _) => (*end, line),
                (None, None, Some(item)) => (item.span().start().line - 1, format!("{line}\n")),
                (None, None, None) => (lines.len(), line),
            });
        }
        // Of several before one item, the later names stand below; only the last has a blank line.
        additions.sort();
        for index in 1..additions.len() {
            if additions[index].0 == additions[index - 1].0 {
                let above = additions[index - 1].1.trim_end().to_owned() + "\n";
                additions[index - 1].1 = above;
            }
        }
        for (at, line) in additions.into_iter().rev() {
            lines.insert(at, line);
        }
        lines.concat()
    }
}

/// The file that `to` names, seen from the crate or from here.
fn named(project: &Project, to: &Path) -> Result<PathBuf, TakeError> {
    let candidates = [project.dir.join(to), to.to_path_buf()];
    let found = candidates.iter().find(|path| path.is_file());
    let found = found.and_then(|path| path.canonicalize().ok());
    match found {
        Some(path) if path.extension().is_some_and(|end| end == "rs") => Ok(path),
        _ => Err(TakeError::NoRoot(to.to_path_buf())),
    }
}

/// A module that is declared, and the lines in which its declaration begins and ends.
fn declared(item: &Item) -> Option<(String, usize, usize)> {
    let Item::Mod(module) = item else {
        return None;
    };
    let span = item.span();
    module
        .content
        .is_none()
        .then(|| (module.ident.to_string(), span.start().line, span.end().line))
}

/// What an item is called, when it gives this name to a type, a module or a crate.
fn named_by(item: &Item, name: &str) -> Option<String> {
    let (word, ident) = match item {
        Item::Mod(it) => ("mod", &it.ident),
        Item::Struct(it) => ("struct", &it.ident),
        Item::Enum(it) => ("enum", &it.ident),
        Item::Union(it) => ("union", &it.ident),
        Item::Trait(it) => ("trait", &it.ident),
        Item::Type(it) => ("type", &it.ident),
        Item::ExternCrate(it) => (
            "extern crate",
            it.rename.as_ref().map_or(&it.ident, |(_, name)| name),
        ),
        Item::Use(it) => {
            return used(&it.tree, "", name).map(|path| format!("use {path}"));
        }
        _ => return None,
    };
    (ident == name).then(|| format!("{word} {name}"))
}

/// The path by which an import brings in this name.
fn used(tree: &UseTree, before: &str, name: &str) -> Option<String> {
    match tree {
        UseTree::Path(path) => {
            let before = format!("{before}{}::", path.ident);
            match &*path.tree {
                // `use tokio::task::{self}` is a name, too.
                UseTree::Group(group) if path.ident == name => {
                    let itself =
                        |it: &UseTree| matches!(it, UseTree::Name(it) if it.ident == "self");
                    group
                        .items
                        .iter()
                        .any(itself)
                        .then(|| format!("{before}self"))
                }
                tree => used(tree, &before, name),
            }
        }
        UseTree::Name(it) => (it.ident == name).then(|| format!("{before}{name}")),
        UseTree::Rename(it) => {
            (it.rename == name).then(|| format!("{before}{} as {name}", it.ident))
        }
        UseTree::Group(group) => group.items.iter().find_map(|tree| used(tree, before, name)),
        UseTree::Glob(_) => None,
    }
}
