//! How a reader takes the recipe: the command below the title, and all of it by hand.

use maud::{Markup, html};

use super::html::listing;
use crate::pattern::Pattern;

/// The command, for "Use it".
#[must_use]
pub fn command(pattern: &Pattern) -> Markup {
    let command = format!("cargo run -p docs -- paste {} ../my-app", pattern.name());
    let says = html! {
        "Take it: this copies it into your crate. " a href="#the-recipe" { "By hand" } " it is one file."
    };
    let part = part("the command", says, listing("sh", &command));
    section("Take the recipe", part)
}

/// What to do by hand, for "The recipe".
#[must_use]
pub fn by_hand(pattern: &Pattern) -> Markup {
    let file = format!("{}.rs", pattern.folder.module());
    let module = format!("mod {};\n", pattern.folder.module());
    let recipe = html! {
        details open {
            summary { "The whole recipe, " (pattern.recipe.lines().count()) " lines" }
            (listing("rs", &pattern.recipe))
        }
    };
    section(
        "Take the recipe by hand",
        html! {
            (part(
                "the recipe",
                html! {
                    "Save the recipe as " code { "src/" (file) } ": " a href=(file) download { "download it" } ", or copy it."
                },
                recipe,
            ))
            (part(
                "the module line",
                html! { "Add this line to " code { "main.rs" } " or " code { "lib.rs" } ":" },
                listing("rs", &module),
            ))
            (part(
                "the dependencies",
                html! { "And these lines below " code { "[dependencies]" } " in " code { "Cargo.toml" } ":" },
                listing("toml", &pattern.dependency_lines),
            ))
        },
    )
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
