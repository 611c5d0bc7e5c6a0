//! What a demo is started with: its own arguments, and the flags that all demos have.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::Error;
use clap::{ArgMatches, Args, Command, FromArgMatches as _, Parser};

use super::end;
use crate::arguments;

/// The flags that every demo has. A demo that reads one of them flattens them into its own.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Run on Tokio's paused clock, on one thread: no waiting, the same output each time
    #[arg(long)]
    pub paused: bool,

    /// Also write the timeline to FILE, which ends in .svg or .json
    #[arg(long, value_name = "FILE", value_parser = timeline_file)]
    pub timeline: Option<PathBuf>,

    /// Print the timeline as it grows, a line of JSON for each [`Snapshot`](super::Snapshot), in
    /// place of text
    #[arg(long, hide = true)]
    pub live: bool,

    /// Print which arguments there are, as JSON: a list of [`Argument`](crate::arguments::Argument)
    #[arg(long, hide = true)]
    pub arguments: bool,
}

/// Parses the arguments that the program was started with.
///
/// # Errors
/// The exit code to end with: 2 after one line on stderr that says what was refused, 0 after
/// `--help`, and 1 when the help cannot be written.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    let found = matches(A::command())?;
    A::from_arg_matches(&found).map_err(not_parsed)
}

/// Parses the arguments of a demo, and the flags that all demos have. Answers `--arguments` itself.
///
/// # Errors
/// As [`parse`] has them.
pub(super) fn parse_demo<A: Parser>() -> Result<(A, Options), ExitCode> {
    let command = with_options(A::command());
    let found = matches(command.clone())?;
    let options = Options::from_arg_matches(&found).map_err(not_parsed)?;
    if options.arguments {
        return Err(end::finish(end::written(arguments::print(&command))));
    }
    let args = A::from_arg_matches(&found).map_err(not_parsed)?;
    Ok((args, options))
}

/// Adds the flags that all demos have, unless they are there already.
fn with_options(own: Command) -> Command {
    if own.get_arguments().any(|it| it.get_id() == "paused") {
        return own;
    }
    // clap would put the doc comment of `Options` in the place of the demo's own.
    let about = Resettable::from(own.get_about().cloned());
    let long_about = Resettable::from(own.get_long_about().cloned());
    let all = Options::augment_args(own);
    all.about(about).long_about(long_about)
}

fn matches(command: Command) -> Result<ArgMatches, ExitCode> {
    let found = command.max_term_width(80).try_get_matches();
    found.map_err(not_parsed)
}

fn not_parsed(error: Error) -> ExitCode {
    if error.use_stderr() {
        end::refuse(&in_one_line(&error.to_string()))
    } else {
        end::finish(end::written(error.print()))
    }
}

/// clap's message without the usage, which `--help` shows.
fn in_one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim);
    let telling =
        lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let telling = telling.take_while(|line| !line.starts_with("Usage:"));
    telling.collect::<Vec<_>>().join(" ")
}

fn timeline_file(file: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(file);
    let known = |extension| extension == "svg" || extension == "json";
    if !path.extension().is_some_and(known) {
        return Err("the name must end in .svg or .json".into());
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err("its folder does not exist".into());
    }
    if path.is_dir() {
        return Err("it is a folder".into());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_refusal_is_one_line() {
        let message = "error: invalid value 'x' for '--mode <MODE>'\n  [possible values: a, b]\n\n  \
                       tip: a similar value exists: 'a'\n\nUsage: x\n\nFor more information, try '--help'.\n";
        assert_eq!(
            in_one_line(message),
            "error: invalid value 'x' for '--mode <MODE>' [possible values: a, b] \
             tip: a similar value exists: 'a'"
        );
    }

    #[test]
    fn a_timeline_goes_into_a_folder_that_exists_as_svg_or_json() {
        assert!(timeline_file("x.svg").is_ok());
        assert!(timeline_file("x.json").is_ok());
        assert!(timeline_file("x.bmp").is_err());
        assert!(timeline_file("x").is_err());
        assert!(timeline_file("no such folder/x.svg").is_err());
    }

    /// What the demo is about.
    #[derive(Parser)]
    struct Plain {
        /// Its own
        #[arg(long, conflicts_with = "paused")]
        own: bool,
    }

    #[derive(Parser)]
    struct Flattened {
        #[command(flatten)]
        _shared: Options,
    }

    #[test]
    fn a_demo_has_the_shared_flags_once_and_after_its_own() {
        let names = |command: Command| -> Vec<String> {
            let names = command.get_arguments().filter_map(|it| it.get_long());
            names.map(str::to_owned).collect()
        };
        let shared = ["paused", "timeline", "live", "arguments"];
        let all = with_options(Plain::command());
        assert_eq!(
            all.get_about().map(ToString::to_string).as_deref(),
            Some("What the demo is about")
        );
        all.clone().debug_assert();
        assert_eq!(names(all), [&["own"], &shared[..]].concat());
        assert_eq!(names(with_options(Flattened::command())), shared);

        let found = with_options(Plain::command()).try_get_matches_from(["x", "--own"]);
        let found = found.unwrap();
        assert!(Plain::from_arg_matches(&found).unwrap().own);
        assert!(!Options::from_arg_matches(&found).unwrap().paused);
        let both = with_options(Plain::command()).try_get_matches_from(["x", "--own", "--paused"]);
        assert!(both.is_err());
    }
}
