//! What the checks over all patterns share.
#![allow(dead_code, reason = "no check uses all of it")]

pub mod html;

use std::path::Path;
use std::sync::OnceLock;

use docs::expected::{self, Program};
use docs::pattern::{self, Pattern};

/// Every pattern of the workspace.
///
/// # Panics
/// If there is none: a check of nothing proves nothing.
pub fn patterns() -> Vec<Pattern> {
    let patterns = pattern::all(&pattern::workspace()).expect("the patterns can be listed");
    assert!(!patterns.is_empty(), "no pattern was found");
    let names: Vec<_> = patterns
        .iter()
        .map(|pattern| pattern.name.as_str())
        .collect();
    eprintln!("checked: {}", names.join(", "));
    patterns
}

/// The demos and tests of all patterns.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| expected::build(&pattern::workspace(), &[]).expect("they build"))
}

/// A path as a reader of the repository knows it.
pub fn short(path: &Path) -> String {
    path.strip_prefix(pattern::workspace())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Fails with all problems, when there are any.
pub fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
