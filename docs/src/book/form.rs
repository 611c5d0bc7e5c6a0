//! The form of a page, with which the reader runs the demo: a field for each argument.
//!
//! The book's `run.js` shows the fields, builds the command from them and runs it; without JavaScript
//! the page only says what to type.

use common::arguments::{Argument, Choice, Takes};
use maud::{Markup, html};

use crate::pattern::Pattern;

/// The flag of every demo that chooses the clock. As a choice it needs fewer words.
const CLOCK: &str = "paused";

/// The form of a pattern's demo.
#[must_use]
pub fn form(pattern: &Pattern) -> Markup {
    draw(pattern.name(), &pattern.arguments)
}

/// A form for these arguments.
#[must_use]
pub fn draw(pattern: &str, arguments: &[Argument]) -> Markup {
    html! {
        section.run aria-label="Run it yourself" {
            form hidden autocomplete="off" data-pattern=(pattern) {
                fieldset {
                    legend { "Run it yourself" }
                    @for argument in arguments { (field(argument)) }
                }
            }
            p.local {
                "In a copy of the repository, " code { "cargo run -p docs" }
                " serves this page with a Run button" noscript { ", which needs JavaScript" }
                "; or run it in a terminal:"
            }
            pre.command { code.language-text { "cargo run -p " (pattern) } }
        }
    }
}

fn field(argument: &Argument) -> Markup {
    let is_clock = argument.name == CLOCK;
    html! {
        label {
            span {
                code { "--" (argument.name) } " "
                @if is_clock { "Which clock" } @else { (help(&argument.help)) }
            }
            " "
            span { (control(argument, is_clock)) }
        }
    }
}

fn control(argument: &Argument, is_clock: bool) -> Markup {
    let name = &argument.name;
    let default = argument.default.as_deref();
    let conflicts = Some(argument.conflicts.join(" ")).filter(|names| !names.is_empty());
    html! {
        @match &argument.takes {
            Takes::Nothing if is_clock => select name=(name) data-conflicts=[conflicts] data-flag {
                option value="" selected { "real clock" }
                option value=(CLOCK) { "paused clock: no waiting, same output each time" }
            },
            Takes::Nothing => input type="checkbox" name=(name) data-conflicts=[conflicts];,
            Takes::Number { unit } => {
                input type="number" min="0" step="1" name=(name) data-conflicts=[conflicts]
                    value=(default.unwrap_or_default()) placeholder=(default.unwrap_or_default());
                // What a usage line calls a number says nothing beside a field.
                @if !["", "N"].contains(&unit.as_str()) { " " (unit.to_lowercase()) }
            }
            Takes::Choice(choices) => select name=(name) data-conflicts=[conflicts] {
                @if default.is_none() { option value="" selected { "not given" } }
                @for choice in choices { (option(choice, default == Some(&choice.value))) }
            },
        }
    }
}

fn option(choice: &Choice, selected: bool) -> Markup {
    html! {
        option value=(choice.value) selected[selected] {
            (choice.value)
            // An option cannot hold code.
            @if !choice.help.is_empty() { ": " (choice.help.replace('`', "")) }
        }
    }
}

/// A line of help, with its code as code.
fn help(help: &str) -> Markup {
    let parts: Vec<&str> = help.split('`').collect();
    // One backtick alone quotes nothing.
    let is_quoted = !parts.len().is_multiple_of(2);
    html! {
        @if is_quoted {
            @for (index, part) in parts.iter().enumerate() {
                @if index.is_multiple_of(2) { (part) } @else { code { (part) } }
            }
        } @else { (help) }
    }
}
