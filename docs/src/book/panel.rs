//! How a reader takes the recipe: the command below the title, and all of it by hand.

use maud::{Markup, html};

use super::html::listing;
use crate::pattern::Pattern;
use crate::take::recipe::Taken;

/// The command, for "Use it".
#[must_use]
pub fn command(pattern: &Pattern) -> Markup {
    let files = match pattern.recipe.len() {
        1 => "one file".to_owned(),
        more => format!("{more} files"),
    };
    let command = format!("cargo run -p docs -- paste {} ../my-app", pattern.name());
    let says = html! {
        "Take it: this copies it into your crate. " a href="#the-recipe" { "By hand" } " it is " (files) "."
    };
    let part = part("the command", says, listing("sh", &command));
    section("Take the recipe", part)
}

/// What to do by hand, for "The recipe". `files` are those of the recipe as they are pasted.
#[must_use]
pub fn by_hand(pattern: &Pattern, files: &[Taken]) -> Markup {
    let module = format!("mod {};\n", pattern.folder.module());
    let root = html! { "Add this line to " code { "main.rs" } " or " code { "lib.rs" } ":" };
    let manifest = html! {
        "And these lines below " code { "[dependencies]" } " in " code { "Cargo.toml" } ":"
    };
    let dependencies = listing("toml", &pattern.dependency_lines);
    let parts = html! {
        @for file in files { (recipe(file)) }
        (part("the module line", root, listing("rs", &module)))
        (part("the dependencies", manifest, dependencies))
        (as_dependency(pattern))
    };
    section("Take the recipe by hand", parts)
}

/// How to take the recipe as a crate.
fn as_dependency(pattern: &Pattern) -> Markup {
    let name = pattern.name();
    html! {
        details {
            summary { "Or as a dependency" }
            p {
                code { "cargo add --git REPOSITORY " (name) " --no-default-features" }
                " takes the crate without its demo. It needs the Rust of this workspace, and " code { "paste" }
                " is for an older one. The version of a git dependency is the commit in your "
                code { "Cargo.lock" } ": it stays there until " code { "cargo update -p " (name) } "."
            }
        }
    }
}

/// A file of the recipe.
fn recipe(file: &Taken) -> Markup {
    let path = file.path.display().to_string().replace('\\', "/");
    let says = html! {
        "Save the recipe as " code { "src/" (path) } ": " a href=(path) download { "download it" }
        ", or copy it."
    };
    let code = html! {
        details open {
            summary { "The whole file, " (file.text.lines().count()) " lines" }
            (listing("rs", &file.text))
        }
    };
    let what = match file.origin.file.as_str() {
        "src/lib.rs" => "the recipe".to_owned(),
        _ => format!("the recipe's {path}"),
    };
    part(&what, says, code)
}

fn section(label: &str, parts: Markup) -> Markup {
    html! { section.take aria-label=(label) { (parts) } }
}

/// One text to copy. The script puts a button into the caption, which copies `what`.
fn part(what: &str, says: Markup, code: Markup) -> Markup {
    html! {
        figure data-copy=(what) {
            figcaption { span.says { (says) } }
            (code)
        }
    }
}
