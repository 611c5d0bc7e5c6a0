//! The form of a page, with which the reader runs the demo: a field for each argument.
//!
//! It comes from `arguments.json`, which comes from the demo's own definition. The book's `run.js`
//! shows the fields, builds the command from them and runs it; without JavaScript the page only says
//! what to type.

use anyhow::Context as _;
use common::arguments::{Argument, Choice, Takes};

use crate::book;
use crate::pattern::Pattern;

/// The flag of every demo that chooses the clock. As a choice it needs fewer words.
const CLOCK: &str = "paused";

/// The form of this pattern, for the end of its problem.
///
/// # Errors
/// When `arguments.json` cannot be read, or is not a list of arguments.
pub fn of(pattern: &Pattern) -> anyhow::Result<String> {
    let json = std::fs::read_to_string(pattern.dir.join("arguments.json"))
        .context("cannot read arguments.json")?;
    let arguments: Vec<Argument> = serde_json::from_str(&json).context("arguments.json")?;
    Ok(draw(&pattern.name, &arguments))
}

/// The form as HTML. A blank line would end it: there is none.
pub fn draw(pattern: &str, arguments: &[Argument]) -> String {
    let fields: String = arguments.iter().map(field).collect();
    let pattern = book::attribute(pattern);
    format!(
        "<section class=\"run\" aria-label=\"Run it yourself\">\n\
         <form hidden autocomplete=\"off\" data-pattern=\"{pattern}\">\n\
         <fieldset>\n<legend>Run it yourself</legend>\n{fields}</fieldset>\n</form>\n\
         <p class=\"local\">In a copy of the repository, <code>cargo run -p docs</code> serves this page \
         with a Run button<noscript>, which needs JavaScript</noscript>; or run it in a terminal:</p>\n\
         <pre class=\"command\"><code class=\"language-text\">cargo run -p {pattern}</code></pre>\n\
         </section>"
    )
}

fn field(argument: &Argument) -> String {
    let name = book::attribute(&argument.name);
    let conflicts = match &argument.conflicts[..] {
        [] => String::new(),
        others => format!(" data-conflicts=\"{}\"", book::attribute(&others.join(" "))),
    };
    let start = format!("name=\"{name}\"{conflicts}");
    let (help, control) = match &argument.takes {
        Takes::Nothing if argument.name == CLOCK => ("Which clock".into(), clock(&start)),
        Takes::Nothing => (
            text(&argument.help),
            format!("<input type=\"checkbox\" {start}>"),
        ),
        Takes::Number { unit } => (
            text(&argument.help),
            number(&start, argument.default.as_deref(), unit),
        ),
        Takes::Choice(choices) => (
            text(&argument.help),
            select(&start, argument.default.as_deref(), choices),
        ),
    };
    format!("<label><span><code>--{name}</code> {help}</span> <span>{control}</span></label>\n")
}

fn clock(start: &str) -> String {
    format!(
        "<select {start} data-flag><option value=\"\" selected>real clock</option>\
         <option value=\"{CLOCK}\">paused clock: no waiting, same output each time</option></select>"
    )
}

fn number(start: &str, default: Option<&str>, unit: &str) -> String {
    let default = book::attribute(default.unwrap_or_default());
    let unit = match unit {
        // What a usage line calls a number says nothing beside a field.
        "" | "N" => String::new(),
        unit => format!(" {}", book::escape(&unit.to_lowercase())),
    };
    format!(
        "<input type=\"number\" min=\"0\" step=\"1\" {start} value=\"{default}\" \
         placeholder=\"{default}\">{unit}"
    )
}

fn select(start: &str, default: Option<&str>, choices: &[Choice]) -> String {
    let mut options = String::new();
    if default.is_none() {
        options += "<option value=\"\" selected>not given</option>";
    }
    for choice in choices {
        let value = book::attribute(&choice.value);
        let selected = match default == Some(&choice.value) {
            true => " selected",
            false => "",
        };
        let help = match &choice.help[..] {
            "" => String::new(),
            // An option cannot hold code.
            help => format!(": {}", book::escape(&help.replace('`', ""))),
        };
        options += &format!("<option value=\"{value}\"{selected}>{value}{help}</option>");
    }
    format!("<select {start}>{options}</select>")
}

/// A line of help, with its code as code.
fn text(help: &str) -> String {
    let help = book::escape(help);
    let parts: Vec<&str> = help.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // One of them quotes nothing.
        return help;
    }
    let mark = |(index, part): (usize, &&str)| match index % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(mark).collect()
}
