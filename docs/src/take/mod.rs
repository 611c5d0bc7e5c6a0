//! Takes a recipe out: copies it into another crate, with the dependencies that it needs, and renews it
//! there.

mod cargo;
mod changes;
mod error;
mod features;
mod manifest;
mod mirror;
mod place;
mod project;
pub mod recipe;
mod update;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub use self::changes::Changes;
pub use self::error::TakeError;
use self::features::Features;
use self::manifest::Edited;
use self::mirror::Mirror;
use self::place::Place;
use self::project::Project;
use self::recipe::{taken, uses};
use self::update::Compared;
use crate::pattern::{self, Dependency, Pattern};

/// The patterns that can be taken, and where they are.
#[derive(Debug)]
pub struct Catalogue {
    workspace: PathBuf,
    patterns: Vec<Pattern>,
}

impl Catalogue {
    /// Reads all patterns of a workspace.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(workspace: &Path) -> Result<Self, TakeError> {
        Ok(Self {
            workspace: workspace.to_path_buf(),
            patterns: pattern::all(workspace)?,
        })
    }

    fn find(&self, name: &str) -> Result<&Pattern, TakeError> {
        let mut patterns = self.patterns.iter();
        if let Some(pattern) = patterns.find(|pattern| pattern.name() == name) {
            return Ok(pattern);
        }
        let names = self.patterns.iter().map(Pattern::name);
        let near = names
            .clone()
            .min_by_key(|known| strsim::damerau_levenshtein(known, name));
        let hint = match near {
            Some(near) if strsim::damerau_levenshtein(near, name) <= 2 => {
                format!("; did you mean `{near}`?")
            }
            _ => format!("; there are: {}", names.collect::<Vec<_>>().join(", ")),
        };
        Err(TakeError::UnknownPattern {
            name: name.to_owned(),
            hint,
        })
    }

    fn modules(&self) -> Vec<String> {
        self.patterns
            .iter()
            .map(|pattern| pattern.folder.module())
            .collect()
    }

    /// The patterns of these names, and before each the patterns whose recipes it uses.
    fn with_used(&self, names: &[String]) -> Result<Vec<&Pattern>, TakeError> {
        let modules = self.modules();
        let mut all: Vec<&Pattern> = Vec::new();
        let mut open: Vec<&Pattern> = Vec::new();
        for name in names {
            open.push(self.find(name)?);
        }
        while let Some(pattern) = open.pop() {
            if !all.iter().any(|known| known.name() == pattern.name()) {
                let sources = pattern.recipe.iter();
                let used: BTreeSet<_> = sources
                    .flat_map(|file| uses(&file.source, &modules))
                    .collect();
                for module in used {
                    open.push(self.find(&module.replace('_', "-"))?);
                }
                all.push(pattern);
            }
        }
        all.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(all)
    }
}

/// What somebody wants to have in a crate.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The recipes.
    pub names: Vec<String>,
    /// The folder of the crate.
    pub dir: PathBuf,
    /// The file that is to name the module.
    pub to: Option<PathBuf>,
    /// The name of the module.
    pub module: Option<String>,
}

/// What will be done to a crate, and what to say of it.
#[derive(Debug)]
pub struct Plan {
    /// The files.
    pub changes: Changes,
    /// What was done about each dependency, and whatever else its owner should know.
    pub says: String,
    /// The folder from which the files are named.
    pub root: PathBuf,
    /// Whether what changed here and what its owner changed are in each other's way.
    pub conflicts: bool,
}

impl Plan {
    /// The answer when it is done.
    #[must_use]
    pub fn answer(&self) -> String {
        format!("{}{}", self.changes.say(&self.root), self.says)
    }
}

/// What it takes to have recipes in a crate. Nothing is changed yet.
///
/// # Errors
/// See [`TakeError`].
pub fn paste(catalogue: &Catalogue, wanted: &Wanted) -> Result<Plan, TakeError> {
    if wanted.names.is_empty() {
        return Err(TakeError::Nothing);
    }
    let patterns = catalogue.with_used(&wanted.names)?;
    if wanted.module.is_some() && patterns.len() > 1 {
        return Err(TakeError::OneName(patterns.len()));
    }
    let project = Project::read(&wanted.dir)?;
    let place = Place::find(&project, wanted.to.as_deref())?;
    let mut changes = Changes::default();
    let mut modules = Vec::new();
    for pattern in &patterns {
        let own = pattern.folder.module();
        let module = wanted.module.as_ref().unwrap_or(&own);
        place.check(&project, module)?;
        let folder = place.file(module);
        let folder = folder.parent().unwrap_or(&project.dir);
        let files = taken(pattern, module, &catalogue.modules());
        let count = files.len();
        for (index, file) in files.into_iter().enumerate() {
            let path = match index {
                0 => place.first(module, count),
                _ => file.path,
            };
            changes.add(folder.join(path), file.text)?;
        }
        modules.push((module.clone(), count));
    }
    let dependencies = patterns.iter().flat_map(|pattern| &pattern.dependencies);
    let mut says = depend(&project, dependencies, &mut changes)?;
    // Last: from then on the recipe is compiled.
    changes.add(place.root.clone(), place.with_modules(&modules))?;
    for (module, files) in &modules {
        let line = place.line(module, *files);
        says += &format!(
            "`{}` in {}\n",
            line.trim().replace('\n', " "),
            project.short(&place.root).display()
        );
    }
    Ok(Plan {
        changes,
        says,
        root: root(&project),
        conflicts: false,
    })
}

/// The folder from which the files that change are named: that of the workspace.
fn root(project: &Project) -> PathBuf {
    let root = project.workspace_manifest.parent();
    root.unwrap_or(&project.dir).to_path_buf()
}

/// Adds the manifest and the lock file with these dependencies. Says what was done about each.
fn depend<'a>(
    project: &Project,
    wanted: impl Iterator<Item = &'a Dependency>,
    changes: &mut Changes,
) -> Result<String, TakeError> {
    let read = |path: &Path| fs::read_to_string(path).map_err(TakeError::io(path));
    let manifest = read(&project.manifest)?;
    let mut edited = Edited::read(project, &manifest, &read(&project.workspace_manifest)?)?;
    let mirror = Mirror::new(project);
    let features = Features::new(mirror.as_ref().and_then(|it| it.metadata(&manifest)));
    for dependency in together(wanted) {
        edited.add(project, &features, &dependency)?;
    }
    let text = edited.text();
    let mut says: String = edited.says.iter().map(|line| format!("{line}\n")).collect();
    if text != manifest {
        if project.lock().is_file() {
            match mirror.and_then(|mirror| mirror.lock(&text)) {
                Some(lock) => changes.add(project.lock(), lock)?,
                None => says += "Cargo.lock is as it was: the next build brings it up to date\n",
            }
        }
        changes.add(project.manifest.clone(), text)?;
    }
    Ok(says)
}

/// What several recipes need, each dependency once.
fn together<'a>(wanted: impl Iterator<Item = &'a Dependency>) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = Vec::new();
    for dependency in wanted {
        match all.iter_mut().find(|known| known.name == dependency.name) {
            Some(known) => {
                let new = dependency
                    .features
                    .iter()
                    .filter(|it| !known.features.contains(it));
                let new: Vec<String> = new.cloned().collect();
                known.features.extend(new);
                known.default_features |= dependency.default_features;
            }
            None => all.push(dependency.clone()),
        }
    }
    all
}

/// Adds dependencies to the crate in this folder.
///
/// # Errors
/// See [`TakeError`].
pub fn add(dir: &Path, wanted: &[Dependency]) -> Result<(), TakeError> {
    let project = Project::read(dir)?;
    let mut changes = Changes::default();
    depend(&project, wanted.iter(), &mut changes)?;
    changes.make()
}

/// Which recipes a crate has, a line for each file, and whether one is behind.
///
/// # Errors
/// See [`TakeError`].
pub fn check(catalogue: &Catalogue, dir: &Path) -> Result<(String, bool), TakeError> {
    let project = Project::read(dir)?;
    let found = found(&project, &[])?;
    let compared = found.iter().map(|found| Compared::new(found, catalogue));
    let compared = compared.collect::<Result<Vec<_>, _>>()?;
    let lines = compared
        .iter()
        .map(|it| it.status(&project) + "\n")
        .collect();
    Ok((lines, compared.iter().any(Compared::is_behind)))
}

/// What has changed here since the recipes of a crate were taken: all of them, or those of these names.
///
/// # Errors
/// See [`TakeError`].
pub fn diff(catalogue: &Catalogue, wanted: &Wanted) -> Result<String, TakeError> {
    let project = Project::read(&wanted.dir)?;
    let mut text = String::new();
    for found in &found(&project, &wanted.names)? {
        let compared = Compared::new(found, catalogue)?;
        if compared.is_behind() {
            text += &compared.diff(catalogue, &project)?;
        }
    }
    if text.is_empty() {
        text += "nothing has changed here since\n";
    }
    Ok(text)
}

/// Brings the recipes of a crate up to date, and keeps what their owner changed. Nothing is changed yet.
///
/// # Errors
/// See [`TakeError`].
pub fn update(catalogue: &Catalogue, wanted: &Wanted) -> Result<Plan, TakeError> {
    let project = Project::read(&wanted.dir)?;
    let (mut changes, mut conflicts, mut says) = (Changes::default(), false, String::new());
    let found = found(&project, &wanted.names)?;
    let mut patterns: Vec<&Pattern> = Vec::new();
    for found in &found {
        let compared = Compared::new(found, catalogue)?;
        if !compared.is_behind() {
            continue;
        }
        if compared.update(catalogue, &project, &mut changes)? {
            conflicts = true;
            says += &format!(
                "both sides changed {}: look for <<<<<<<\n",
                project.short(&found.path).display()
            );
        }
        patterns.push(catalogue.find(&found.origin.recipe)?);
    }
    if patterns.is_empty() {
        says += "every recipe is up to date\n";
    }
    patterns.dedup_by_key(|pattern| pattern.name().to_owned());
    says += &depend(
        &project,
        patterns.iter().flat_map(|it| &it.dependencies),
        &mut changes,
    )?;
    Ok(Plan {
        changes,
        says,
        root: root(&project),
        conflicts,
    })
}

/// The recipes' files in a crate: all of them, or those of these recipes.
fn found(project: &Project, names: &[String]) -> Result<Vec<update::Found>, TakeError> {
    let mut found = update::find(project)?;
    let missing = |name: Option<&String>| TakeError::NoRecipe {
        dir: project.dir.clone(),
        name: name.cloned(),
    };
    if let Some(name) = names
        .iter()
        .find(|name| !found.iter().any(|it| it.origin.recipe == **name))
    {
        return Err(missing(Some(name)));
    }
    found.retain(|it| names.is_empty() || names.contains(&it.origin.recipe));
    match found.is_empty() {
        true => Err(missing(None)),
        false => Ok(found),
    }
}
