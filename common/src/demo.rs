//! Starts a demo: the flags that all share, its clock, its output, Ctrl-C and its exit code.
//!
//! A demo prints its transcript with [`say!`](crate::say), then the runner prints the timeline and
//! the line that the story returned. The exit code is 0 when the story was told, 1 when it failed,
//! 2 when an argument was refused and 130 after Ctrl-C. Ctrl-C drops the story; one that was started
//! with [`run_and_drain`] hears of it instead, and comes to its end.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;
use clap::{Args, Parser};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, SetOnce};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::arguments;
use crate::timeline::{self, Line, Recording, Timeline, json, svg, text};

/// The flags that every demo has. Flatten them into the demo's own.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Run on Tokio's paused clock, on one thread: no waiting, the same output each time
    #[arg(long)]
    pub paused: bool,

    /// Also write the timeline to FILE, which ends in .svg or .json
    #[arg(long, value_name = "FILE", value_parser = timeline_file)]
    pub timeline: Option<PathBuf>,

    /// Print the timeline as it grows, a line of JSON for each [`Snapshot`], in place of text
    #[arg(long, hide = true)]
    pub live: bool,

    /// Print which arguments there are, as JSON: a list of [`Argument`](crate::arguments::Argument)
    #[arg(long, hide = true)]
    pub arguments: bool,
}

/// A line that a demo prints with `--live`. The last one stands for the whole run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Snapshot {
    /// What was recorded so far.
    pub timeline: Timeline,
    /// What to notice, once the story was told.
    pub notice: Option<String>,
}

/// Runs a demo from its arguments to its exit code.
///
/// `story` gets the parsed arguments, says what happens as it happens, and returns the line that
/// tells what to notice. It runs on a multi-thread runtime, or with `--paused` on a current-thread
/// runtime with a paused clock. When Ctrl-C is pressed, or nobody reads the output any more, the
/// story is dropped, and with it all that it started.
pub fn run<A, Story>(story: Story) -> ExitCode
where
    A: Parser + AsRef<Options>,
    Story: AsyncFnOnce(A) -> anyhow::Result<String>,
{
    start(async |args, _| story(args).await, false)
}

/// Runs a demo as [`run`] does, but for Ctrl-C, of which the story is told.
///
/// What it says from then on is printed, and so are the timeline and the line that it returns. The
/// exit code is 130 all the same. Pressed again, Ctrl-C drops the story.
pub fn run_and_drain<A, Story>(story: Story) -> ExitCode
where
    A: Parser + AsRef<Options>,
    Story: AsyncFnOnce(A, CtrlC) -> anyhow::Result<String>,
{
    start(story, true)
}

/// Tells a story of [`run_and_drain`] that Ctrl-C was pressed.
#[derive(Clone, Debug, Default)]
pub struct CtrlC(Arc<SetOnce<()>>);

impl CtrlC {
    /// Waits until Ctrl-C is pressed. Returns at once when it was.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn pressed(&self) {
        self.0.wait().await;
    }
}

fn start<A, Story>(story: Story, drains: bool) -> ExitCode
where
    A: Parser + AsRef<Options>,
    Story: AsyncFnOnce(A, CtrlC) -> anyhow::Result<String>,
{
    let args: A = match parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let options = args.as_ref().clone();
    if options.arguments {
        return finish(written(arguments::print(&A::command())));
    }
    let diagnostics = match env::var("RUST_LOG").unwrap_or_default().parse::<Targets>() {
        Ok(targets) => targets,
        Err(error) => return refuse(&format!("error: RUST_LOG cannot be understood: {error}")),
    };

    let output = Arc::new(Output::default());
    let transcript = output.clone();
    let (recorder, recording) = timeline::recorder(move |line| {
        if !options.live {
            transcript.line(line);
        }
    });
    let diagnostics = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
        .with_filter(diagnostics);
    tracing_subscriber::registry()
        .with(recorder)
        .with(diagnostics)
        .init();

    let runtime = match runtime(options.paused) {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(error).context("cannot start the runtime")),
    };
    let first = CtrlC::default();
    let told = runtime.block_on(async {
        recording.start();
        let _live = options.live.then(|| Live::start(&recording, &output));
        let dropped = async {
            if drains {
                ctrl_c().await;
                let _ = first.0.set(());
            }
            ctrl_c().await;
        };
        tokio::select! {
            biased;
            () = dropped => None,
            () = output.failed.notified() => Some(Ok(None)),
            told = story(args, first.clone()) => Some(told.map(Some)),
        }
    });
    // Ends what a dropped story has left to be ended, so that the picture shows it.
    drop(runtime);
    let picture = recording.snapshot();

    let file = options.timeline.as_deref();
    let drawn = file.map_or(Ok(()), |file| write(file, &picture));
    let Some(told) = told else {
        return stopped();
    };
    if options.live {
        let notice = told.as_ref().ok().and_then(Clone::clone);
        output.snapshot(&picture, notice);
    }
    let ended = told.and_then(|notice| {
        if !options.live {
            output.end(&picture, notice.as_deref());
        }
        drawn
    });
    let code = finish(ended.and(output.result()));
    if first.0.initialized() {
        return stopped();
    }
    code
}

/// Parses the arguments that the program was started with.
///
/// # Errors
/// The exit code to end with: 2 after one line on stderr that says what was refused, 0 after
/// `--help`, and 1 when the help cannot be written.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    let command = A::command().max_term_width(80);
    let parsed = command.try_get_matches();
    match parsed.and_then(|found| A::from_arg_matches(&found)) {
        Ok(args) => Ok(args),
        Err(error) if error.use_stderr() => Err(refuse(&in_one_line(&error.to_string()))),
        Err(help) => Err(finish(written(help.print()))),
    }
}

fn runtime(paused: bool) -> io::Result<Runtime> {
    if paused {
        let mut current_thread = Builder::new_current_thread();
        current_thread.enable_all().start_paused(true).build()
    } else {
        Builder::new_multi_thread().enable_all().build()
    }
}

/// Ends when Ctrl-C is pressed. Never ends where that cannot be watched.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Where the transcript goes. Remembers the first failure, so that the demo can stop.
#[derive(Default)]
struct Output {
    error: Mutex<Option<io::Error>>,
    failed: Notify,
}

impl Output {
    fn line(&self, line: &Line) {
        let text = match &line.lane {
            Some(lane) => format!("{:>8}  {lane:<8}  {}", timeline::time(line.at), line.text),
            None => line.text.clone(),
        };
        self.print(&format!("{}\n", text.trim_end()));
    }

    fn end(&self, picture: &Timeline, notice: Option<&str>) {
        let width = terminal_size::terminal_size_of(io::stdout());
        let width = width.map_or(80, |(columns, _)| usize::from(columns.0));
        let color = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        let drawing = text::draw(picture, width, color);
        self.print(&format!("\ntimeline\n{drawing}"));
        if let Some(notice) = notice {
            self.print(&format!("\n{notice}\n"));
        }
    }

    /// Returns how many bytes it has printed.
    fn snapshot(&self, timeline: &Timeline, notice: Option<String>) -> usize {
        let timeline = timeline.clone();
        let json = serde_json::to_string(&Snapshot { timeline, notice });
        let json = json.expect("text and finite numbers always have a form in JSON");
        self.print(&format!("{json}\n"));
        json.len()
    }

    fn print(&self, text: &str) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none()
            && let Err(error) = AutoStream::auto(io::stdout().lock()).write_all(text.as_bytes())
        {
            *first = Some(error);
            self.failed.notify_one();
        }
    }

    fn result(&self) -> anyhow::Result<()> {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        written(first.take().map_or(Ok(()), Err))
    }
}

/// The thread that prints a growing timeline. Dropping it ends the thread.
///
/// A thread, so that it shows also what a blocking call does, and does not move a paused clock.
struct Live {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The pause between two snapshots of a growing timeline: short to the eye.
const FRAME: Duration = Duration::from_millis(50);

impl Live {
    fn start(recording: &Recording, output: &Arc<Output>) -> Self {
        let (end, ended) = mpsc::channel();
        let (recording, output) = (recording.clone(), output.clone());
        let thread = thread::spawn(move || {
            let mut pause = FRAME;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let start = Instant::now();
                let bytes = output.snapshot(&recording.snapshot(), None);
                // A large one takes time itself, and the demo gets most of it. It also comes less
                // often: at most a megabyte in a second, or a long run would print gigabytes.
                let size = Duration::from_micros(u64::try_from(bytes).unwrap_or(u64::MAX));
                pause = FRAME.max(4 * start.elapsed()).max(size);
            }
        });
        Live {
            end: Some(end),
            thread: Some(thread),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has no panic of its own to tell of.
            let _ = thread.join();
        }
    }
}

/// What became of something that was written to stdout. A reader that has seen enough, such as
/// `head`, is no failure.
fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}

fn write(file: &Path, picture: &Timeline) -> anyhow::Result<()> {
    let drawing = match file.extension() {
        Some(extension) if extension == "json" => json::draw(picture),
        _ => svg::draw(picture),
    };
    fs::write(file, drawing).with_context(|| format!("--timeline {}", file.display()))
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

/// clap's message without the usage, which `--help` shows.
fn in_one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim);
    let telling =
        lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let telling = telling.take_while(|line| !line.starts_with("Usage:"));
    telling.collect::<Vec<_>>().join(" ")
}

fn refuse(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(2)
}

fn stopped() -> ExitCode {
    let _ = writeln!(io::stderr(), "stopped by Ctrl-C");
    ExitCode::from(130)
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
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
}
