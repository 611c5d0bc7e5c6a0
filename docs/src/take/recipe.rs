//! A recipe as it stands in another crate.

use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::pattern::Pattern;

/// What begins the first line of a recipe's file: where it came from.
const FROM: &str = "// Recipe: ";

/// The licence of the recipes, so that a copy asks for nothing.
const LICENCE: &str = "// SPDX-License-Identifier: MIT OR Apache-2.0 OR 0BSD\n";

/// Why a copy begins with this line: nobody uses all of a recipe.
const UNUSED: &str = "// Nobody uses all of a recipe: what is left over is no warning.\n\
                      #![allow(dead_code, unreachable_pub)]\n";

/// Where a file of a recipe came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The recipe's name.
    pub recipe: String,
    /// The file in the recipe's folder, such as `src/lib.rs`.
    pub file: String,
    /// The id of the text that git knows it by.
    pub blob: String,
}

impl Origin {
    /// The origin in the head of a file.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(FROM))?;
        let mut words = line.split_whitespace();
        let (recipe, file, blob) = (words.next()?, words.next()?, words.next()?);
        let (file, blob) = (file.strip_suffix(',')?, words.next().map_or(blob, |id| id));
        Some(Self {
            recipe: recipe.to_owned(),
            file: file.to_owned(),
            blob: blob.to_owned(),
        })
    }
}

/// One file of a recipe, for another crate.
#[derive(Debug)]
pub struct Taken {
    /// Its place below the folder of the module: `gather.rs`, `runtime/signals.rs`.
    pub path: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// Its text.
    pub text: String,
}

/// The files of a recipe as they stand in another crate, in a module of this name. `others` are the
/// modules of all patterns: a recipe that uses another one finds it in the same crate.
#[must_use]
pub fn taken(pattern: &Pattern, module: &str, others: &[String]) -> Vec<Taken> {
    let files = pattern.recipe.iter().map(|file| {
        let origin = Origin {
            recipe: pattern.name().to_owned(),
            file: format!("src/{}", file.name),
            blob: blob(&file.source),
        };
        Taken {
            path: place(&file.name, module),
            text: with_head(&origin, &file.source, others),
            origin,
        }
    });
    files.collect()
}

/// The id by which git knows a text.
#[must_use]
pub fn blob(text: &str) -> String {
    let object = format!("blob {}\0{text}", text.len());
    let id = Sha1::digest(object.as_bytes());
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a file of a recipe goes: the first one gives the module its name.
fn place(file: &str, module: &str) -> PathBuf {
    match file {
        "lib.rs" => format!("{module}.rs").into(),
        file => Path::new(module).join(file),
    }
}

/// The other recipes that a text uses, by the names of their modules.
pub fn uses<'a>(text: &'a str, others: &'a [String]) -> impl Iterator<Item = &'a String> {
    others.iter().filter(move |other| {
        let start = format!("use {other}::");
        text.lines()
            .any(|line| line.trim_start_matches("pub ").starts_with(&start))
    })
}

/// The text of a recipe's file with its origin in its head, with what only its own crate needs left
/// out, and with other recipes in the same crate.
#[must_use]
pub fn with_head(origin: &Origin, source: &str, others: &[String]) -> String {
    let Origin { recipe, file, blob } = origin;
    let head = format!("{FROM}{recipe} {file}, text {blob}\n{LICENCE}");
    let unused = if file == "src/lib.rs" { UNUSED } else { "" };
    let is_kept = |line: &&str| !line.contains("include_str!(\"../README.md\")");
    let lines: Vec<&str> = source.lines().filter(is_kept).collect();
    let mut text = lines.join("\n");
    let used: Vec<String> = uses(&text, others).cloned().collect();
    for other in used {
        for public in ["", "pub "] {
            let (from, to) = (
                format!("\n{public}use {other}::"),
                format!("\n{public}use crate::{other}::"),
            );
            text = text.replace(&from, &to);
        }
    }
    format!("{head}{unused}\n{}\n", text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_where_it_came_from_and_can_be_asked_for_it() {
        let origin = Origin {
            recipe: "two-words".to_owned(),
            file: "src/lib.rs".to_owned(),
            blob: "1f2e".to_owned(),
        };
        let source = "//! Two.\n#![cfg_attr(any(doc, doctest), doc = include_str!(\"../README.md\"))]\n\npub fn f() {}\n";
        let text = with_head(&origin, source, &[]);
        assert_eq!(
            text,
            "// Recipe: two-words src/lib.rs, text 1f2e\n\
             // SPDX-License-Identifier: MIT OR Apache-2.0 OR 0BSD\n\
             // Nobody uses all of a recipe: what is left over is no warning.\n\
             #![allow(dead_code, unreachable_pub)]\n\n//! Two.\n\npub fn f() {}\n"
        );
        assert_eq!(Origin::of(&text), Some(origin));
        assert_eq!(Origin::of("// Recipe: how to\n"), None);
    }

    #[test]
    fn another_recipe_is_found_in_the_same_crate() {
        let origin = Origin {
            recipe: "a".to_owned(),
            file: "src/worker.rs".to_owned(),
            blob: "0".to_owned(),
        };
        let others = ["two_words".to_owned(), "b".to_owned()];
        let source = "use std::fmt;\nuse two_words::f;\npub use two_words::g;\n// use b::c\n";
        assert_eq!(uses(source, &others).collect::<Vec<_>>(), ["two_words"]);
        let text = with_head(&origin, source, &others);
        assert!(text.ends_with("\n\nuse std::fmt;\nuse crate::two_words::f;\npub use crate::two_words::g;\n// use b::c\n"));
        assert!(!text.contains("allow("), "{text}");
    }

    #[test]
    fn a_text_has_the_id_that_git_gives_it() {
        // What `printf 'hello\n' | git hash-object --stdin` prints.
        assert_eq!(blob("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
