//! Runs the same tasks on one thread and on several, and stops a program in the middle.

use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum, value_parser};
use common::threads::{self, Numbers, block, on_runtime};
use common::timeline::{Bars as _, Mark, lane, mark, time, track_value, waiting, working};
use common::{demo, say, title};
use futures::future::join_all;
use runtime::{Ended, Program, call_later, run_until, signals};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Run the same tasks on one thread and on several, then stop a program in the middle of its work.
#[derive(Parser)]
#[command(bin_name = "cargo run -p runtime --")]
struct Args {
    /// Which runtime to show
    #[arg(long, value_enum, default_value_t = Flavor::Both)]
    flavor: Flavor,
    /// How many threads the multi-thread runtime has
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u8).range(1..=64))]
    workers: u8,
    /// How many milliseconds the program has to clean up
    #[arg(long, value_name = "MS", default_value_t = 200, value_parser = value_parser!(u64).range(..=60_000))]
    grace: u64,
    #[command(flatten)]
    shared: demo::Options,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Flavor {
    /// One after the other
    Both,
    /// One thread for all tasks, as in asyncio
    CurrentThread,
    /// Several threads, and a task may go on in another one after an await
    MultiThread,
}

/// What a task computes at a time and then waits for, when the timer is due, when the program is
/// asked to stop, and what it takes to save what it has.
const WORK: Duration = Duration::from_millis(40);
const ANSWER: Duration = Duration::from_millis(60);
const DUE: Duration = Duration::from_millis(50);
const ASKED: Duration = Duration::from_millis(100);
const SAVING: Duration = Duration::from_millis(80);

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> Result<String> {
    let paused = args.shared.paused;
    let several = Some(usize::from(args.workers));
    let runtimes = match args.flavor {
        Flavor::Both if !paused => vec![None, several],
        Flavor::MultiThread if !paused => vec![several],
        _ => vec![None],
    };
    let mut notice = Vec::new();
    for &workers in &runtimes {
        let name = threads::in_words(workers);
        title!("three tasks and a timer on {name}");
        let start = Instant::now();
        let share = async move |program| share(program, paused).await;
        let ended = run(&args, workers, None, share).await?;
        let (late, took) = (ended.value.context("asked to stop")?, time(start.elapsed()));
        notice.push(format!("{name} {took}, the timer {late} late"));
        say!("");
    }
    if paused && args.flavor != Flavor::CurrentThread {
        title!("several threads: not here, as Tokio pauses the clock of one thread only");
    }
    let grace = args.grace;
    title!("a program that is asked to stop, and has {grace} ms to clean up");
    let workers = runtimes.last().copied().flatten();
    let ended = run(&args, workers, Some(ASKED), work_until_stopped).await?;
    let value = ended.value.unwrap_or("nothing".into());
    let left = ended.unfinished.join(", ");
    say!("");
    say!("main returned {value}; not stopped in time: {left}");
    Ok(notice.join(" · "))
}

/// Runs `main` on a runtime of its own, and asks it to stop after `asked`.
async fn run(
    args: &Args,
    workers: Option<usize>,
    asked: Option<Duration>,
    main: impl AsyncFnOnce(Program) -> String + Send + 'static,
) -> Result<Ended<String>> {
    let grace = Duration::from_millis(args.grace);
    let program = async move || {
        let (mut ctrl_c, mut script) = (signals()?, demo::pretend_ctrl_c(asked));
        let asked = async || tokio::select! { () = ctrl_c() => {}, () = script() => {} };
        Ok(run_until(grace, asked, main).await)
    };
    on_runtime(workers, args.shared.paused, program).await
}

/// Three tasks that work and wait, and a timer. Returns how late the timer was, in words.
async fn share(program: Program, paused: bool) -> String {
    let numbers = Numbers::default();
    let tasks = ["A", "B", "C"].map(|name| {
        let work = work(numbers.clone(), paused);
        program.spawn(name, track_value(name, work))
    });
    let timer = lane("timer");
    let wait = timer.in_scope(|| waiting("until it is due"));
    let (tell, told) = oneshot::channel();
    let due = Instant::now() + DUE;
    call_later(DUE, move || {
        let _lane = timer.enter();
        drop(wait);
        let late = time(due.elapsed());
        say!("{late} late");
        mark(Mark::Done, "");
        let _ = tell.send(late);
    });
    // A task that panics or is stopped has said so.
    let _ended = join_all(tasks).await;
    told.await.unwrap_or_default()
}

/// Works, waits for an answer, and works again.
async fn work(numbers: Numbers, paused: bool) {
    for turn in 0..2 {
        if turn > 0 {
            sleep(ANSWER).waiting("for an answer").await;
        }
        say!("works on thread {}", numbers.of_this_thread());
        working("").in_scope(|| block(WORK, paused));
    }
}

/// Three tasks, of which one saves its work, one has nothing to save, and one does not listen.
async fn work_until_stopped(program: Program) -> String {
    let token = program.token();
    let saver = async move {
        token.cancelled().waiting("to be stopped").await;
        say!("stops, and saves its work");
        sleep(SAVING).working("saving").await;
        say!("has saved");
    };
    program.spawn("saver", track_value("saver", saver));
    let fetch = track_value("fetcher", pending::<()>().waiting("for an answer"));
    program.spawn("fetcher", program.token().run_until_cancelled_owned(fetch));
    let deaf = sleep(Duration::from_secs(3600)).waiting("for an hour");
    program.spawn("deaf", track_value("deaf", deaf));
    let main = async {
        program.token().cancelled().waiting("to be stopped").await;
        say!("returns");
    };
    track_value("main", main).await;
    "what it had".into()
}
