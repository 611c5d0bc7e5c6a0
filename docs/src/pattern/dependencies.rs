//! What a recipe depends on: the dependency lines of its page.

use semver::VersionReq;

use super::page::{Block, Page};
use super::{Fault, anatomy};

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

/// What the section "The recipe" says about dependencies.
pub(super) struct Needs {
    pub recipe: Vec<Dependency>,
    pub lines: String,
    pub example: Vec<Dependency>,
}

/// Reads the first `toml` block of "The recipe", and the second one, which is for the first call.
pub(super) fn of_page(page: &Page) -> Result<Needs, Fault> {
    let section = anatomy::section(page, "The recipe")?;
    let mut blocks = section.blocks.iter().filter(|it| it.language() == "toml");
    let Some(first) = blocks.next() else {
        return Err(Fault::at(
            page,
            section.range.start,
            "the section has no toml block",
        ));
    };
    let of = |block: &Block| {
        read(&block.text).map_err(|problem| Fault::at(page, block.range.start, problem))
    };
    let Some(lines) = first.text.strip_prefix("[dependencies]\n") else {
        let problem = "a dependency block begins with the line `[dependencies]`";
        return Err(Fault::at(page, first.range.start, problem));
    };
    Ok(Needs {
        recipe: of(first)?,
        lines: lines.to_owned(),
        example: blocks.next().map_or(Ok(Vec::new()), of)?,
    })
}

/// Reads a `[dependencies]` block.
///
/// # Errors
/// In words, when the block holds more than `[dependencies]` with versions and features.
pub fn read(block: &str) -> Result<Vec<Dependency>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_block_is_read_with_its_features() {
        let block = "[dependencies]\na = \"1.2\"\nb = { version = \"0.3\", features = [\"x\"], default-features = false }\n";
        let read = super::read(block).unwrap();
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
            assert!(super::read(block).is_err(), "{block}");
        }
    }
}
