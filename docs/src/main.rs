//! `cargo run -p docs`: builds the book and serves it on this machine.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use docs::book::export::{ExportError, export, exported};
use docs::renew::new::NewError;
use docs::renew::{bench, expected, new};
use docs::run::{Limits, Programs, Runs};
use docs::take::{self, Catalogue, TakeError, Wanted};
use docs::{book, pattern, serve};

/// The port to try when none is asked for.
const PORT: u16 = 3000;

/// The book of async patterns: read it here, or take a recipe from it.
///
/// Without a command, builds the book and serves it to this machine until Ctrl-C. Its pages can run
/// the demos.
#[derive(Parser)]
#[command(
    bin_name = "cargo run -p docs --",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Serve {
    /// The port to serve on; 0 means any free one [default: 3000, or a free one when that is taken]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Show the book in the browser
    #[arg(long)]
    open: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Write the book as plain files, for any web host
    Build {
        /// A new or empty folder, or one that holds an earlier build
        dir: PathBuf,
        /// The path under which the host will serve the book; its "not found" page needs it
        #[arg(long, value_name = "PATH", default_value = "/", value_parser = site_url)]
        site_url: String,
    },
    /// Copy recipes into your crate, with the dependencies that they need, and keep them up to date
    Paste(Paste),
    /// Renew every pattern's transcript and picture from a run of its demo
    Expected,
    /// Run a pattern's benchmarks and renew the table on its page, which takes minutes
    Bench {
        /// The pattern, such as `gather`
        name: String,
    },
    /// Begin a pattern: a folder that builds and passes all checks
    New {
        /// Its name: lower-case letters, digits and hyphens, such as `task-group`
        name: String,
    },
}

#[derive(Args)]
#[command(override_usage = "cargo run -p docs -- paste [OPTIONS] [NAME]... CRATE")]
struct Paste {
    /// The patterns, such as `gather`, and last the folder of your crate. With --check, --diff and
    /// --update the folder alone means all recipes that it has
    #[arg(value_name = "NAME... CRATE", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The file that names the module, when the crate has several targets: `src/main.rs`
    #[arg(long, value_name = "PATH")]
    to: Option<PathBuf>,
    /// The name of the module, when the recipe's own is taken
    #[arg(long = "as", value_name = "NAME")]
    module: Option<String>,
    /// Show what would change in each file, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Say which recipes the crate has, and which are behind
    #[arg(long, conflicts_with_all = ["to", "module", "dry_run"])]
    check: bool,
    /// Show what has changed here since the recipes were taken
    #[arg(long, conflicts_with_all = ["to", "module", "dry_run", "check"])]
    diff: bool,
    /// Bring the recipes up to date, and keep what you have changed
    #[arg(long, conflicts_with_all = ["to", "module", "check", "diff"])]
    update: bool,
}

fn site_url(path: &str) -> Result<String, String> {
    let is_path = path.starts_with('/') && path.ends_with('/') && !path.contains(['"', '<', '>']);
    if is_path {
        Ok(path.to_owned())
    } else {
        Err("it must begin and end with `/`".to_owned())
    }
}

/// Why the program ends early.
enum Failure {
    /// What was asked for cannot be done.
    Input(String),
    /// The work itself failed.
    Work(anyhow::Error),
    /// A recipe was not taken.
    Taking(TakeError, u8),
    /// All that there is to say was said.
    Silent(u8),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Work(error.into())
    }
}

// Ctrl-C ends the wait for the work. The runtime then lets a step that has begun, such as the build,
// come to its end and clean up: about a second. What the pages have started is killed.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match common::demo::parse::<Cli>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    // A crate is changed as a whole or not at all, so this looks for itself when to stop.
    let looks_itself = matches!(cli.command, Some(Command::Paste(_)));
    let outcome = tokio::select! {
        code = told_to_end(), if !looks_itself => return ExitCode::from(code),
        outcome = run(cli) => outcome,
    };
    let (message, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Silent(code)) => return ExitCode::from(code),
        Err(Failure::Taking(error, code)) => (format!("{:#}", anyhow::Error::from(error)), code),
        Err(Failure::Input(message)) => (message, 2),
        Err(Failure::Work(error)) => (format!("{error:#}"), 1),
    };
    note(&format!("error: {message}"));
    ExitCode::from(code)
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let workspace = pattern::workspace();
    match cli.command {
        None => show(cli.serve, workspace).await,
        Some(Command::Build { dir, site_url }) => {
            exported(&dir).map_err(refused)?;
            let built = step(move || book::build(&workspace, &site_url)).await??;
            let folder = dir.clone();
            step(move || export(built.path(), &folder))
                .await?
                .map_err(refused)?;
            say(&format!("The book is in {}", dir.display()));
            Ok(())
        }
        Some(Command::Paste(paste)) => take(paste, workspace).await,
        Some(Command::Expected) => {
            for path in step(move || expected::write(&workspace)).await?? {
                say(&path.display().to_string());
            }
            Ok(())
        }
        Some(Command::Bench { name }) => {
            let known = pattern::folders(&workspace)?;
            if !known.iter().any(|folder| folder.name == name) {
                return Err(Failure::Input(format!("there is no pattern {name}")));
            }
            let root = workspace.clone();
            let results = step(move || bench::write(&root, &name)).await??;
            say(&results.display().to_string());
            step(move || expected::write(&workspace)).await??;
            Ok(())
        }
        Some(Command::New { name }) => {
            let root = workspace.clone();
            let begun = step(move || new::new(&root, &name)).await?;
            let dir = begun.map_err(not_begun)?;
            say(&format!("wrote {}", dir.display()));
            step(move || expected::write(&workspace))
                .await?
                .context("the demo has not run; `cargo run -p docs -- expected` tries again")?;
            say("Next: CONTRIBUTING.md says what to write, and where.");
            Ok(())
        }
    }
}

async fn show(options: Serve, workspace: PathBuf) -> Result<(), Failure> {
    let listener = match options.port {
        Some(port) => serve::listen(port).await.map_err(|error| {
            Failure::Input(format!(
                "--port {port}: cannot listen on this port: {error}"
            ))
        })?,
        None => serve::listen_near(PORT).await?,
    };
    let port = listener.local_addr()?.port();
    if options.port.is_none() && port != PORT {
        note(&format!("Port {PORT} is taken, so this is port {port}."));
    }
    let runs = Runs::new(workspace.clone(), Programs::Cargo, Limits::default())?;
    let pages = runs.clone();
    let book = step(move || {
        let book = book::build(&workspace, "/")?;
        pages.allow(book.path())?;
        anyhow::Ok(book)
    })
    .await??;
    let address = format!("http://127.0.0.1:{port}");
    say(&format!("The book is at {address} (Ctrl-C stops)"));
    if options.open
        && let Err(error) = open::that_detached(&address)
    {
        note(&format!("cannot open a browser: {error}"));
    }
    serve::serve_and_run(listener, book.path(), &runs).await?;
    Ok(())
}

/// Ends with an exit code at Ctrl-C, when the process is told to end, or its terminal is gone: what was
/// started for a page must not go on alone.
#[cfg(unix)]
async fn told_to_end() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut hangup)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 130,
        Err(_) => std::future::pending().await,
    }
}

/// Runs a step that blocks, beside the wait for Ctrl-C.
async fn step<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}

fn refused(error: ExportError) -> Failure {
    match error {
        ExportError::Foreign(_) => Failure::Input(error.to_string()),
        ExportError::Io { .. } => Failure::Work(error.into()),
    }
}

fn not_begun(error: NewError) -> Failure {
    if error.exit_code() == 2 {
        Failure::Input(error.to_string())
    } else {
        Failure::Work(error.into())
    }
}

fn not_taken(error: TakeError) -> Failure {
    let code = error.exit_code();
    Failure::Taking(error, code)
}

/// Pastes, compares or updates recipes. Asked to stop, it has done all of it or nothing, and says which.
async fn take(paste: Paste, workspace: PathBuf) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let mut work = pin!(step(move || taken(paste, &workspace, &stop)));
    let outcome = tokio::select! {
        outcome = &mut work => outcome?,
        code = told_to_end() => {
            asked.store(true, Ordering::SeqCst);
            let (answer, _) = work.await?.map_err(|error| match error {
                // What it started was stopped, too.
                TakeError::Program { .. } | TakeError::Stopped => Failure::Taking(TakeError::Stopped, code),
                error => not_taken(error),
            })?;
            say(answer.trim_end());
            note("stopped: all of it was done before");
            return Err(Failure::Silent(code));
        }
    };
    let (answer, code) = outcome.map_err(not_taken)?;
    say(answer.trim_end());
    if code == 0 {
        Ok(())
    } else {
        Err(Failure::Silent(code))
    }
}

/// The answer and the exit code.
fn taken(paste: Paste, workspace: &Path, stop: &AtomicBool) -> Result<(String, u8), TakeError> {
    let catalogue = Catalogue::read(workspace)?;
    let mut names = paste.words;
    let dir = PathBuf::from(names.pop().unwrap_or_default());
    if paste.check {
        let (lines, behind) = take::check(&catalogue, &dir)?;
        return Ok((lines, u8::from(behind)));
    }
    let wanted = Wanted {
        names,
        dir,
        to: paste.to,
        module: paste.module,
    };
    if paste.diff {
        return Ok((take::diff(&catalogue, &wanted)?, 0));
    }
    let plan = match paste.update {
        true => take::update(&catalogue, &wanted)?,
        false => take::paste(&catalogue, &wanted)?,
    };
    if paste.dry_run {
        let diff = plan.changes.diff(&plan.root);
        return Ok((
            format!(
                "{diff}{}nothing was changed: this was a dry run\n",
                plan.says
            ),
            0,
        ));
    }
    if stop.load(Ordering::SeqCst) {
        return Err(TakeError::Stopped);
    }
    let (answer, code) = (plan.answer(), u8::from(plan.conflicts));
    plan.changes.make()?;
    Ok((answer, code))
}

/// Prints a line. Nobody may be reading any more, which is no reason to stop.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
