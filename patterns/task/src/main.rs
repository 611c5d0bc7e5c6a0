//! Starts tasks in the background, hears of those that fail, and stops the others.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Parser, value_parser};
use common::timeline::{Bars as _, Mark, lane, mark, time, track, track_value, working};
use common::{demo, say, title};
use task::{Failure, Stopped, Tasks};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Run tasks in the background, hear of each that fails, and stop the others.
///
/// Some of the workers fail, another task panics, and one does not care that it is asked to stop.
#[derive(Parser)]
#[command(bin_name = "cargo run -p task --")]
struct Args {
    /// The workers, which clean up when they are asked to stop, 1 to 20
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = value_parser!(u32).range(1..=20))]
    workers: u32,

    /// How many of the workers fail, 0 to 20
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = value_parser!(u32).range(0..=20))]
    fail: u32,

    /// How many milliseconds they all have to stop, 0 to 2000
    #[arg(long, value_name = "MS", default_value_t = 200)]
    #[arg(value_parser = value_parser!(u64).range(0..=2000))]
    grace: u64,

    /// Add a task that blocks its thread for a second, which no abort can stop
    #[arg(long, conflicts_with = "paused")]
    blocking: bool,
}

/// When the tasks are asked to stop.
const ASKED: Duration = Duration::from_millis(300);
/// How long those that were aborted have to end.
const AFTER_ABORT: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let workers = args.workers;
    title!("workers: {workers}, a task that panics, and one that will not stop");
    let (reporter, reports) = unbounded_channel();
    let tasks = Tasks::new(move |name: &str, failure: Failure<anyhow::Error>| {
        // It cannot be sent when nobody listens any more, and then nobody would read it.
        let _ = reporter.send(format!("{name} {failure:#}"));
    });
    for number in 1..=workers {
        let name = format!("worker {number}");
        let fails = number <= args.fail;
        tasks.spawn(name.clone(), |stop| {
            track(&name, worker(number, fails, stop))
        })?;
    }
    tasks.spawn("parser", |_| track("parser", parser()))?;
    tasks.spawn("stubborn", |_| track("stubborn", stubborn()))?;
    if args.blocking {
        tasks.spawn_blocking("blocking", |_| lane("blocking").in_scope(block))?;
    }

    let grace = Duration::from_millis(args.grace);
    let (failures, took, stopped) = track_value("main", watch(&tasks, reports, grace)).await;

    say!("");
    say!("stopped when asked  {}", list(&stopped.asked));
    say!("aborted             {}", list(&stopped.aborted));
    say!("still running       {}", list(&stopped.running));
    match tasks.spawn("late", |_| async { Ok(()) }) {
        Err(refused) => say!("a new task          refused: {refused}"),
        Ok(()) => bail!("a task was started after the stop"),
    }
    let ended = stopped.asked.len() + stopped.aborted.len();
    Ok(format!(
        "failures told at once: {failures} · tasks stopped: {ended}, in {}",
        time(took)
    ))
}

/// Says who runs and who has failed, and after a while stops everybody.
async fn watch(
    tasks: &Tasks<anyhow::Error>,
    mut reports: UnboundedReceiver<String>,
    grace: Duration,
) -> (usize, Duration, Stopped) {
    let stop_at = Instant::now() + ASKED;
    let mut failures = 0;
    loop {
        say!("running: {}", list(&tasks.running()));
        let report = timeout_at(stop_at, reports.recv());
        match report.waiting("for a report").await {
            Ok(Some(report)) => say!("told: {report}"),
            Ok(None) | Err(_) => break,
        }
        failures += 1;
    }
    say!("asks them to stop");
    let asked = Instant::now();
    let stop = tasks.stop(grace, AFTER_ABORT);
    let stopped = stop.waiting("for them to stop").await;
    (failures, asked.elapsed(), stopped)
}

/// Works in rounds until it is asked to stop, and then takes its time to clean up.
async fn worker(number: u32, fails: bool, stop: CancellationToken) -> anyhow::Result<()> {
    let round = Duration::from_millis(80) + number * Duration::from_millis(20);
    let mut rounds = 0;
    let work = || sleep(round).working("a round");
    while stop.run_until_cancelled(work()).await.is_some() {
        rounds += 1;
        ensure!(rounds < 2 || !fails, "no space left on device");
    }
    say!("cleans up");
    let clean_up = sleep(number * Duration::from_millis(40));
    clean_up.working("clean-up").await;
    say!("done after round {rounds}");
    Ok(())
}

async fn parser() -> anyhow::Result<()> {
    let parsing = sleep(Duration::from_millis(130));
    parsing.working("parsing").await;
    panic!("a bug in the parser, on purpose");
}

/// Does not look at its token.
async fn stubborn() -> anyhow::Result<()> {
    let hour = sleep(Duration::from_secs(3600));
    hour.waiting("for something else").await;
    Ok(())
}

fn block() -> anyhow::Result<()> {
    let _blocking = working("blocking its thread").entered();
    thread::sleep(Duration::from_secs(1));
    mark(Mark::Done, "");
    Ok(())
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".into(),
        names => names.join(", "),
    }
}
