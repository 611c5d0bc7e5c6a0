//! Which features of a dependency turn on which others.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Metadata;

/// What each dependency of a crate has for features. Where cargo cannot say it, because a dependency is
/// not downloaded, a feature turns on itself only.
#[derive(Debug, Default)]
pub(super) struct Features(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl Features {
    /// Reads what cargo says of a crate.
    pub fn new(metadata: Option<Metadata>) -> Self {
        let packages = metadata.into_iter().flat_map(|metadata| metadata.packages);
        let all = packages.map(|package| (package.name.to_string(), package.features));
        Self(all.collect())
    }

    /// Every feature that is on when these are.
    pub fn on(&self, name: &str, listed: &[String], defaults: bool) -> BTreeSet<String> {
        let known = self.0.get(name);
        let mut next: Vec<String> = listed.to_vec();
        if defaults {
            next.push("default".to_owned());
        }
        let mut on = BTreeSet::new();
        while let Some(feature) = next.pop() {
            let others = known.and_then(|known| known.get(&feature));
            if on.insert(feature) {
                next.extend(others.into_iter().flatten().cloned());
            }
        }
        on
    }
}
