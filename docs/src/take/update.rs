//! Recipes that a crate has: which are behind, what has changed since, and the change itself.

use std::fs;
use std::path::PathBuf;

use cargo_metadata::Edition;

use super::cargo::{formatted, git};
use super::changes::{Changes, diff};
use super::project::Project;
use super::recipe::{Origin, blob, with_head};
use super::{Catalogue, TakeError};
use crate::pattern::{Entry, Pattern, RecipeFile};

/// A file of a recipe in a crate.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// What it holds.
    text: String,
}

/// A recipe's file beside what has become of it here.
#[derive(Debug)]
pub struct Compared<'a> {
    /// In the crate.
    pub found: &'a Found,
    pattern: &'a Pattern,
    /// Today's file, if there still is one.
    today: Option<&'a RecipeFile>,
}

/// The files of recipes in a crate, by path.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn find(project: &Project) -> Result<Vec<Found>, TakeError> {
    let mut found = Vec::new();
    let mut folders = vec![project.dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().map_err(TakeError::io(&folder))? {
            let path = entry.map_err(TakeError::io(&folder))?.path();
            let is_own = !path.join("Cargo.toml").is_file() && !path.join("CACHEDIR.TAG").is_file();
            if path.is_dir() && is_own && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && let Ok(text) = fs::read_to_string(&path)
                && let Some(origin) = Origin::of(&text)
            {
                found.push(Found { path, origin, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

impl<'a> Compared<'a> {
    /// Compares a file with the pattern that it came from.
    ///
    /// # Errors
    /// When there is no such pattern any more.
    pub fn new(found: &'a Found, catalogue: &'a Catalogue) -> Result<Self, TakeError> {
        let pattern = catalogue.find(&found.origin.recipe)?;
        let name = found.origin.file.trim_start_matches("src/");
        let today = pattern.recipe.iter().find(|file| file.name == name);
        Ok(Self {
            found,
            pattern,
            today,
        })
    }

    /// Whether the recipe has changed here since.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.today
            .is_none_or(|today| blob(&today.source) != self.found.origin.blob)
    }

    /// A line that says how the file stands.
    #[must_use]
    pub fn status(&self, project: &Project) -> String {
        let state = match (self.is_behind(), self.today) {
            (false, _) => "up to date",
            (true, Some(_)) => "behind: --diff shows what has changed, --update changes it",
            (true, None) => "gone: the recipe has no such file any more",
        };
        let path = project.short(&self.found.path).display();
        format!("{}  {path}  {state}", self.found.origin.recipe)
    }

    /// The text from which the file was taken.
    fn before(&self, catalogue: &Catalogue) -> Result<String, TakeError> {
        let Found { path, origin, .. } = self.found;
        let text = git(
            &catalogue.workspace,
            &["cat-file", "blob", &origin.blob],
            "",
        );
        let text = text.map_err(|_| TakeError::NoOrigin {
            path: path.clone(),
            blob: origin.blob.clone(),
        })?;
        Ok(with_head(origin, &text, &catalogue.modules()))
    }

    /// The file as it would be taken today. Empty when there is none.
    fn after(&self, catalogue: &Catalogue) -> String {
        self.today.map_or(String::new(), |today| {
            let origin = Origin {
                blob: blob(&today.source),
                ..self.found.origin.clone()
            };
            with_head(&origin, &today.source, &catalogue.modules())
        })
    }

    /// What has changed here since the file was taken: the entries, then the difference.
    ///
    /// # Errors
    /// When the text from which it was taken is not there.
    pub fn diff(&self, catalogue: &Catalogue, project: &Project) -> Result<String, TakeError> {
        let before = self.before(catalogue)?;
        let since = self.since(catalogue);
        let entry = |entry: &Entry| {
            let mark = if entry.is_correction {
                "CORRECTION: "
            } else {
                ""
            };
            format!("{}  {mark}{}\n", entry.day, entry.says)
        };
        let entries = self.pattern.changes.iter();
        let newer = entries.filter(|entry| since.as_ref().is_none_or(|day| *day <= entry.day));
        let entries: String = newer.map(entry).collect();
        let name = project.short(&self.found.path).display().to_string();
        Ok(format!(
            "{entries}{}",
            diff(&name, &before, &self.after(catalogue))
        ))
    }

    /// The day on which the text came into this repository.
    fn since(&self, catalogue: &Catalogue) -> Option<String> {
        let object = format!("--find-object={}", self.found.origin.blob);
        let days = git(&catalogue.workspace, &["log", "--format=%cs", &object], "").ok()?;
        days.lines().last().map(str::to_owned)
    }

    /// Adds the file with both the changes here and those of its owner. Returns whether they conflict.
    ///
    /// # Errors
    /// When the text from which it was taken is not there.
    pub fn update(
        &self,
        catalogue: &Catalogue,
        project: &Project,
        changes: &mut Changes,
    ) -> Result<bool, TakeError> {
        let folder = self.found.path.parent().unwrap_or(&project.dir);
        let edition = edition(project.edition);
        // The owner's rustfmt has changed lines that nobody wrote differently.
        let formatted = |text: &str| formatted(folder, edition, text);
        let before = formatted(&self.before(catalogue)?);
        let (ours, theirs) = (
            formatted(&self.found.text),
            formatted(&self.after(catalogue)),
        );
        let (text, conflicts) = match diffy::merge(&before, &ours, &theirs) {
            Ok(text) => (text, false),
            Err(text) => (text, true),
        };
        changes.add(self.found.path.clone(), text)?;
        Ok(conflicts)
    }
}

fn edition(edition: Edition) -> &'static str {
    edition.as_str()
}
