//! Starts a demo: the flags that all share, its clock, its output, Ctrl-C and its exit code.
//!
//! A demo prints its transcript with [`say!`](crate::say), then the runner prints the timeline and
//! the line that the story returned. The exit code is 0 when the story was told, 1 when it failed,
//! 2 when an argument was refused and 130 after Ctrl-C. Ctrl-C drops the story; one that was started
//! with [`run_and_drain`] hears of it instead, and comes to its end.

mod end;
mod options;
mod output;

use std::future::pending;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;
use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::SetOnce;
use tokio::time::sleep;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

pub use options::{Options, parse};
pub use output::Snapshot;
use output::{Live, Output};

use crate::say;
use crate::timeline::{self, Bars as _, Recording, Timeline, json, svg, track_value};

/// Runs a demo from its arguments to its exit code.
///
/// `story` gets the parsed arguments, says what happens as it happens, and returns the line that
/// tells what to notice. It runs on a multi-thread runtime, or with `--paused` on a current-thread
/// runtime with a paused clock. When Ctrl-C is pressed, or nobody reads the output any more, the
/// story is dropped, and with it all that it started.
///
/// The demo has the flags of [`Options`] besides its own arguments.
pub fn run<A, Story>(story: Story) -> ExitCode
where
    A: Parser,
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
    A: Parser,
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

/// Stands for work that takes so long, in a built-in story. No time is no wait at all, as a sleep of
/// zero would be one until the timer's next tick: work on real input pretends nothing.
///
/// # Cancel safety
/// Dropping the call changes nothing.
pub async fn pretend(takes: Duration) {
    if !takes.is_zero() {
        sleep(takes).await;
    }
}

/// Pretends that somebody presses Ctrl-C after so long, if at all. The first call returns then, and
/// none after it.
pub fn pretend_ctrl_c(after: Option<Duration>) -> impl AsyncFnMut() {
    let mut after = after.into_iter();
    async move || match after.next() {
        Some(after) => {
            let press = async {
                sleep(after).waiting("for Ctrl-C").await;
                say!("asked to stop");
            };
            track_value("signal", press).await;
        }
        None => pending().await,
    }
}

/// How a story came to its end.
enum Told {
    /// By itself: with the line that tells what to notice, or with why it failed.
    Whole(anyhow::Result<String>),
    /// Nobody read the output any more.
    Unheard,
    /// It was dropped on Ctrl-C.
    Dropped,
}

fn start<A, Story>(story: Story, drains: bool) -> ExitCode
where
    A: Parser,
    Story: AsyncFnOnce(A, CtrlC) -> anyhow::Result<String>,
{
    let (args, options) = match options::parse_demo::<A>() {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let diagnostics = match env::var("RUST_LOG").unwrap_or_default().parse::<Targets>() {
        Ok(targets) => targets,
        Err(error) => {
            return end::refuse(&format!("error: RUST_LOG cannot be understood: {error}"));
        }
    };
    let output = Arc::new(Output::default());
    let recording = record(&output, &options, diagnostics);
    let runtime = match runtime(options.paused) {
        Ok(runtime) => runtime,
        Err(error) => return end::finish(Err(error).context("cannot start the runtime")),
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
            () = dropped => Told::Dropped,
            () = output.failed() => Told::Unheard,
            told = story(args, first.clone()) => Told::Whole(told),
        }
    });
    // Ends what a dropped story has left to be ended, so that the picture shows it.
    drop(runtime);

    match close(told, &recording.snapshot(), &output, &options) {
        Some(code) if !first.0.initialized() => code,
        _ => end::stopped(),
    }
}

/// Sees to it that the transcript is printed and the timeline recorded, and the diagnostics printed
/// that `RUST_LOG` asks for.
fn record(output: &Arc<Output>, options: &Options, diagnostics: Targets) -> Recording {
    let (transcript, live) = (output.clone(), options.live);
    let (recorder, recording) = timeline::recorder(move |line| {
        if !live {
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
    recording
}

/// Prints and writes what comes after the story. Returns the exit code, if the story was not dropped.
fn close(told: Told, picture: &Timeline, output: &Output, options: &Options) -> Option<ExitCode> {
    let file = options.timeline.as_deref();
    let drawn = file.map_or(Ok(()), |file| write(file, picture));
    let told = match told {
        Told::Whole(told) => told.map(Some),
        Told::Unheard => Ok(None),
        Told::Dropped => return None,
    };
    if options.live {
        let notice = told.as_ref().ok().and_then(Clone::clone);
        output.snapshot(picture, notice);
    } else if let Ok(notice) = &told {
        output.end(picture, notice.as_deref());
    }
    let printed = told.and(drawn).and(output.result());
    Some(end::finish(printed))
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
        pending().await
    }
}

fn write(file: &Path, picture: &Timeline) -> anyhow::Result<()> {
    let drawing = match file.extension() {
        Some(extension) if extension == "json" => json::draw(picture),
        _ => svg::draw(picture),
    };
    fs::write(file, drawing).with_context(|| format!("--timeline {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn to_pretend_nothing_is_no_wait() {
        // A sleep of zero would not be ready here, but at the next tick of the timer.
        let mut context = Context::from_waker(Waker::noop());
        let nothing = pin!(pretend(Duration::ZERO)).poll(&mut context);
        assert!(nothing.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_pretended_takes_its_time() {
        let start = Instant::now();
        pretend(Duration::from_millis(15)).await;
        assert_eq!(start.elapsed(), Duration::from_millis(15));
    }
}
