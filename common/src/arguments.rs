//! The arguments of a demo as data, so that the book can make a form of them.
//!
//! They come from the demo's own clap definition: `cargo run -p gather -- --arguments`.

use std::any::TypeId;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, Command};
use serde::{Deserialize, Serialize};

/// An argument of a demo that a form can ask for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Argument {
    /// Its name on the command line, without the dashes: `limit`.
    pub name: String,
    /// What it is for, in a line.
    pub help: String,
    /// What it takes.
    pub takes: Takes,
    /// What it is when it is not given, as on the command line.
    pub default: Option<String>,
    /// The arguments that cannot be given together with it.
    pub conflicts: Vec<String>,
}

/// What an argument takes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Takes {
    /// Nothing: it is given or not.
    Nothing,
    /// A whole number of zero or more. Its bounds are known to the demo only.
    Number {
        /// What the help calls it: `N`, or the unit, such as `MILLISECONDS`.
        unit: String,
    },
    /// One of these.
    Choice(Vec<Choice>),
}

/// A value that an argument can have.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Choice {
    /// As on the command line.
    pub value: String,
    /// What it means, in a line.
    pub help: String,
}

/// The arguments that a form can ask for: flags, whole numbers and choices. Not those that name a
/// file or an address, which are for the command line, and not those that `--help` hides.
pub fn list(command: &Command) -> Vec<Argument> {
    let mut command = command.clone();
    command.build();
    let offered = |argument: &&Arg| !argument.is_hide_set() && !argument.is_positional();
    let own = |argument: &&Arg| !["help", "version"].contains(&argument.get_id().as_str());
    let arguments = command.get_arguments().filter(offered).filter(own);
    arguments
        .filter_map(|argument| describe(&command, argument))
        .collect()
}

/// Reads an argument that is a whole number from one. For clap's `value_parser`.
///
/// # Errors
/// When it is not, in a few words.
pub fn one_or_more(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "it is not a whole number from 1")
}

/// Prints the list as JSON.
///
/// # Errors
/// Those of writing to stdout.
pub fn print(command: &Command) -> io::Result<()> {
    let json = serde_json::to_string_pretty(&list(command))?;
    writeln!(io::stdout(), "{json}")
}

fn describe(command: &Command, argument: &Arg) -> Option<Argument> {
    let conflicts = command.get_arg_conflicts_with(argument);
    let takes = takes(argument)?;
    // clap writes the absence of a flag as `false`, which nobody can type.
    let default = match takes {
        Takes::Nothing => None,
        _ => argument.get_default_values().first(),
    };
    Some(Argument {
        name: argument.get_long()?.to_owned(),
        help: text(argument.get_help()),
        takes,
        default: default.map(|value| value.to_string_lossy().into_owned()),
        conflicts: conflicts
            .into_iter()
            .filter_map(Arg::get_long)
            .map(str::to_owned)
            .collect(),
    })
}

fn takes(argument: &Arg) -> Option<Takes> {
    if !argument.get_action().takes_values() {
        return Some(Takes::Nothing);
    }
    let values = argument.get_possible_values();
    if !values.is_empty() {
        let choices = values.iter().filter(|value| !value.is_hide_set());
        return Some(Takes::Choice(
            choices
                .map(|value| Choice {
                    value: value.get_name().to_owned(),
                    help: text(value.get_help()),
                })
                .collect(),
        ));
    }
    let names = argument.get_value_names().unwrap_or_default();
    is_number(argument.get_value_parser()).then(|| Takes::Number {
        unit: names.first().map_or_else(String::new, ToString::to_string),
    })
}

fn is_number(parser: &ValueParser) -> bool {
    // The demos write a time as a whole number, and name its unit.
    let numbers = [
        TypeId::of::<Duration>(),
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<NonZeroUsize>(),
    ];
    numbers.iter().any(|number| parser.type_id() == *number)
}

fn text(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::{Args, Parser, ValueEnum};

    use super::*;
    use crate::demo::Options;

    #[derive(Parser)]
    struct Cli {
        /// What to fetch
        urls: Vec<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "paused")]
        limit: u16,
        /// How long
        #[arg(long, value_name = "MS", value_parser = milliseconds)]
        time: Option<Duration>,
        /// How it ends
        #[arg(long)]
        stop: Option<Stop>,
        /// Where to write
        #[arg(long)]
        file: Option<std::path::PathBuf>,
        #[command(flatten)]
        shared: Shared,
    }

    fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
        text.parse().map(Duration::from_millis)
    }

    #[derive(Args)]
    struct Shared {
        #[command(flatten)]
        options: Options,
    }

    #[derive(Clone, ValueEnum)]
    enum Stop {
        /// At once
        Now,
        Later,
    }

    #[test]
    fn flags_numbers_and_choices_are_offered_and_files_and_addresses_are_not() {
        use clap::CommandFactory as _;
        let found = list(&Cli::command());
        let names: Vec<_> = found
            .iter()
            .map(|argument| argument.name.as_str())
            .collect();
        assert_eq!(names, ["limit", "time", "stop", "paused"]);
        let limit = &found[0];
        assert_eq!(limit.takes, Takes::Number { unit: "N".into() });
        assert_eq!(
            (limit.default.as_deref(), limit.help.as_str()),
            (Some("2"), "How many")
        );
        assert_eq!(limit.conflicts, ["paused"]);
        let choice = |value: &str, help: &str| Choice {
            value: value.into(),
            help: help.into(),
        };
        let stops = vec![choice("now", "At once"), choice("later", "")];
        assert_eq!(found[1].takes, Takes::Number { unit: "MS".into() });
        assert_eq!(found[2].takes, Takes::Choice(stops));
        assert_eq!(
            (&found[1].default, &found[3].takes),
            (&None, &Takes::Nothing)
        );
    }
}
