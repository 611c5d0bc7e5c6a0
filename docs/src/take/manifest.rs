//! The dependencies that a crate gains, as edits of its manifest.

use std::collections::BTreeSet;

use cargo_metadata::DependencyKind;
use semver::{Version, VersionReq};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::TakeError;
use super::features::Features;
use super::project::Project;
use crate::pattern::Dependency;

/// A manifest that is being edited, and what was done to it.
pub(super) struct Edited {
    document: DocumentMut,
    /// What the workspace has for its members.
    shared: Option<Table>,
    /// A line for each dependency.
    pub says: Vec<String>,
}

impl Edited {
    /// Reads the manifest of a crate, and that of its workspace.
    pub fn read(project: &Project, manifest: &str, workspace: &str) -> Result<Self, TakeError> {
        let parse = |path: &std::path::Path, text: &str| {
            text.parse::<DocumentMut>()
                .map_err(|error| TakeError::BadManifest {
                    path: path.to_path_buf(),
                    message: error.message().to_owned(),
                })
        };
        let shared = parse(&project.workspace_manifest, workspace)?;
        let shared = shared
            .get("workspace")
            .and_then(|it| it.get("dependencies"));
        Ok(Self {
            document: parse(&project.manifest, manifest)?,
            shared: shared.and_then(|it| it.as_table().cloned()),
            says: Vec::new(),
        })
    }

    /// The manifest as it is now.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// Adds what is missing of a dependency, and says what was done.
    pub fn add(
        &mut self,
        project: &Project,
        features: &Features,
        wanted: &Dependency,
    ) -> Result<(), TakeError> {
        let all = project.dependencies.iter();
        let known: Vec<_> = all.filter(|it| it.name == wanted.name).collect();
        for it in &known {
            check(project, it, wanted)?;
        }
        let everywhere = |it: &&&cargo_metadata::Dependency| {
            it.kind == DependencyKind::Normal && it.target.is_none()
        };
        let says = match known.iter().find(everywhere) {
            Some(found) => self.complete(features, found, wanted),
            None => self.insert(features, wanted) + &elsewhere(&known),
        };
        self.says.push(says);
        Ok(())
    }

    /// Adds the features that a dependency lacks.
    fn complete(
        &mut self,
        features: &Features,
        found: &cargo_metadata::Dependency,
        wanted: &Dependency,
    ) -> String {
        let on = features.on(&wanted.name, &found.features, found.uses_default_features);
        let missing = missing(wanted, &on, found.uses_default_features);
        let mut says = format!(
            "kept {} {}, as the crate asks for it",
            wanted.name, found.req
        );
        if missing.is_empty() {
            says += "; it has every feature already";
        } else {
            says += &format!(", and added{}", with(&missing));
            let name = found.rename.as_ref().unwrap_or(&found.name);
            if let Some(entry) = entry(&mut self.document, name) {
                add_features(entry, &missing);
            }
        }
        if found.optional {
            says += &format!(
                "\n  {} is optional in the crate: the recipe needs it on",
                wanted.name
            );
        }
        if let Some(rename) = &found.rename {
            // Cargo takes no crate under two names.
            says += &format!(
                "\n  the crate calls it `{rename}`: add `extern crate {rename} as {};` to its root",
                wanted.name
            );
        }
        says
    }

    /// Adds a dependency: that of the workspace, where it has one.
    fn insert(&mut self, features: &Features, wanted: &Dependency) -> String {
        let mut value = InlineTable::new();
        let shared = self
            .shared
            .as_ref()
            .and_then(|shared| shared.get(&wanted.name));
        let says = if let Some(shared) = shared {
            let listed = listed(shared);
            let defaults = shared.get("default-features").and_then(Item::as_bool);
            let defaults = defaults.unwrap_or(true);
            let on = features.on(&wanted.name, &listed, defaults);
            let missing = missing(wanted, &on, defaults);
            value.insert("workspace", true.into());
            set_features(&mut value, &missing);
            format!("added {} from the workspace{}", wanted.name, with(&missing))
        } else {
            value.insert("version", wanted.version.as_str().into());
            if !wanted.default_features {
                value.insert("default-features", false.into());
            }
            set_features(&mut value, &wanted.features);
            format!(
                "added {} {}{}",
                wanted.name,
                wanted.version,
                with(&wanted.features)
            )
        };
        let item = match value.get("version") {
            Some(version) if value.len() == 1 => version.clone(),
            _ => Value::InlineTable(value),
        };
        let table = self
            .document
            .entry("dependencies")
            .or_insert_with(toml_edit::table);
        if let Some(table) = table.as_table_like_mut() {
            insert_sorted(table, &wanted.name, item);
        }
        says
    }
}

/// Whether the crate's requirement and its lock go together with the recipe's.
fn check(
    project: &Project,
    found: &cargo_metadata::Dependency,
    wanted: &Dependency,
) -> Result<(), TakeError> {
    let recipe = VersionReq::parse(&wanted.version).unwrap_or_default();
    if !can_be_compatible(&found.req, &recipe) {
        return Err(TakeError::Incompatible {
            name: wanted.name.clone(),
            crate_version: found.req.to_string(),
            recipe_version: wanted.version.clone(),
        });
    }
    match project.locked(&found.name, &found.req) {
        Some(locked) if !recipe.matches(locked) => Err(TakeError::OldLock {
            name: found.name.clone(),
            locked: locked.to_string(),
            recipe_version: wanted.version.clone(),
        }),
        _ => Ok(()),
    }
}

/// What to say of a dependency that the crate has, but not for all of its code.
fn elsewhere(known: &[&cargo_metadata::Dependency]) -> String {
    let tables = known.iter().map(|found| match (&found.target, found.kind) {
        (Some(target), _) => format!("[target.'{target}'.dependencies]"),
        (None, DependencyKind::Build) => "[build-dependencies]".to_owned(),
        (None, _) => "[dev-dependencies]".to_owned(),
    });
    let says = tables.map(|table| format!("\n  it stands in {table} too, which stays as it is"));
    says.collect()
}

/// The features that the recipe needs and that are not on.
fn missing(wanted: &Dependency, on: &BTreeSet<String>, defaults: bool) -> Vec<String> {
    let mut missing: Vec<String> = wanted.features.clone();
    missing.retain(|feature| !on.contains(feature));
    if wanted.default_features && !defaults && !on.contains("default") {
        missing.push("default".to_owned());
    }
    missing
}

/// The entry of a dependency in `[dependencies]`.
fn entry<'a>(document: &'a mut DocumentMut, name: &str) -> Option<&'a mut Item> {
    document.get_mut("dependencies")?.get_mut(name)
}

fn listed(entry: &Item) -> Vec<String> {
    let features = entry.get("features").and_then(Item::as_array);
    let names = features.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn add_features(entry: &mut Item, missing: &[String]) {
    let decor = entry.as_value().map(|value| value.decor().clone());
    if let Some(version) = entry.as_str().map(str::to_owned) {
        let mut table = InlineTable::new();
        table.insert("version", version.into());
        *entry = Item::Value(Value::InlineTable(table));
    }
    let Some(table) = entry.as_table_like_mut() else {
        return;
    };
    match table.get_mut("features").and_then(Item::as_array_mut) {
        Some(features) => features.extend(missing.iter().map(String::as_str)),
        None => {
            let features: Array = missing.iter().map(String::as_str).collect();
            table.insert("features", features.into());
        }
    }
    if let Some(table) = entry.as_inline_table_mut() {
        table.fmt();
    }
    // A comment behind it stays there.
    if let (Some(value), Some(decor)) = (entry.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
}

fn set_features(table: &mut InlineTable, features: &[String]) {
    if !features.is_empty() {
        let features: Array = features.iter().map(String::as_str).collect();
        table.insert("features", features.into());
    }
}

/// Adds an entry, in its place when the entries are in order.
fn insert_sorted(table: &mut dyn TableLike, name: &str, value: Value) {
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    table.insert(name, Item::Value(value));
    if names.is_sorted() {
        table.sort_values();
    }
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
fn can_be_compatible(one: &VersionReq, other: &VersionReq) -> bool {
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
        let can = |one: &str, other: &str| {
            let parse = |text| VersionReq::parse(text).unwrap();
            can_be_compatible(&parse(one), &parse(other))
        };
        for crate_version in ["1", "^1.30", "*", ">=1, <3", ">1.54", "~1.60", "=1.54.3"] {
            assert!(can(crate_version, "1.54"), "{crate_version}");
        }
        for crate_version in ["0.2", "2", ">1", "=1.40.0", "~1.40", "<1.54"] {
            assert!(!can(crate_version, "1.54"), "{crate_version}");
        }
    }
}
