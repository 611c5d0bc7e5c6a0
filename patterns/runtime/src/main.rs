//! Runs the same tasks on one thread and on several, and stops a program in the middle.

use std::collections::BTreeMap;
use std::future::pending;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use common::timeline::{self, Mark, lane, mark, track_value, waiting, working};
use common::{demo, say};
use futures::FutureExt as _;
use runtime::{Ended, Program, call_later, run_until, signals};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, advance, sleep};
use tracing::Instrument as _;

/// Run the same tasks on one thread and on several, then stop a program in the middle of its work.
#[derive(Clone, Parser)]
#[command(bin_name = "cargo run -p runtime --")]
struct Args {
    /// Which runtime to show
    #[arg(long, value_enum, default_value_t = Flavor::Both)]
    flavor: Flavor,

    /// How many threads the multi-thread runtime has
    #[arg(long, value_name = "N", default_value = "2", value_parser = workers)]
    workers: NonZeroUsize,

    /// How many milliseconds the program has to clean up
    #[arg(long, value_name = "MS", default_value_t = 200, value_parser = clap::value_parser!(u64).range(..=60_000))]
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

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    let workers = text
        .parse()
        .ok()
        .filter(|workers| (1..=64).contains(workers));
    let workers = workers.and_then(NonZeroUsize::new);
    workers.ok_or_else(|| "a runtime has 1 to 64 workers here".into())
}

fn main() -> ExitCode {
    demo::run(tell)
}

/// What a task computes at a time, and then waits for.
const WORK: Duration = Duration::from_millis(40);
const ANSWER: Duration = Duration::from_millis(60);
/// When the timer is due.
const DUE: Duration = Duration::from_millis(50);
/// When the program is asked to stop, and what it takes to save what it has.
const ASKED: Duration = Duration::from_millis(100);
const SAVING: Duration = Duration::from_millis(80);

async fn tell(args: Args) -> anyhow::Result<String> {
    let mut notice = Vec::new();
    let mut runtimes = Vec::new();
    if args.flavor != Flavor::MultiThread || args.shared.paused {
        runtimes.push(None);
    }
    if args.flavor != Flavor::CurrentThread && !args.shared.paused {
        runtimes.push(Some(args.workers));
    }
    for &workers in &runtimes {
        let name = threads(workers);
        say!("three tasks and a timer on {name}");
        say!("");
        let start = Instant::now();
        let paused = args.shared.paused;
        let ended = on_runtime(&args, workers, None, async move |program| {
            share(program, paused).await
        });
        let Some(late) = ended.await?.value else {
            anyhow::bail!("asked to stop");
        };
        let (took, late) = (timeline::time(start.elapsed()), timeline::time(late));
        notice.push(format!("{name} {took}, the timer {late} late"));
        say!("");
    }
    if args.shared.paused && args.flavor != Flavor::CurrentThread {
        say!("several threads: not here, as Tokio pauses the clock of one thread only");
        say!("");
    }

    say!(
        "a program that is asked to stop, and has {} ms to clean up",
        args.grace
    );
    say!("");
    let workers = runtimes.last().copied().flatten();
    let ended = on_runtime(&args, workers, Some(ASKED), work_until_stopped).await?;
    say!("");
    let value = ended.value.unwrap_or("nothing");
    let left = ended.unfinished.join(", ");
    say!("main returned {value}; not stopped in time: {left}");
    Ok(notice.join(" · "))
}

fn threads(workers: Option<NonZeroUsize>) -> String {
    match workers {
        None => "one thread".into(),
        Some(workers) if workers.get() == 1 => "one worker".into(),
        Some(workers) => format!("{workers} workers"),
    }
}

/// Runs `main` on a runtime of its own, on a thread of its own: inside a runtime, another one cannot
/// block the thread. Asks it to stop after `asked`.
///
/// With `--paused` it stays on the demo's runtime, whose clock the timeline reads.
async fn on_runtime<T, M>(
    args: &Args,
    workers: Option<NonZeroUsize>,
    asked: Option<Duration>,
    main: M,
) -> anyhow::Result<Ended<T>>
where
    T: Send + 'static,
    M: AsyncFnOnce(Program) -> T + Send + 'static,
{
    let grace = Duration::from_millis(args.grace);
    if args.shared.paused {
        return Ok(run_until(grace, once(asked), main).await);
    }
    let on_thread = move || {
        let mut builder = match workers {
            None => Builder::new_current_thread(),
            Some(_) => Builder::new_multi_thread(),
        };
        let runtime = builder
            .worker_threads(workers.map_or(1, NonZeroUsize::get))
            .enable_all()
            .build()?;
        let ended = runtime.block_on(async {
            let (mut ctrl_c, mut script) = (signals()?, once(asked));
            let asked = async || tokio::select! { () = ctrl_c() => {}, () = script() => {} };
            anyhow::Ok(run_until(grace, asked, main).await)
        });
        runtime.shutdown_background();
        ended
    };
    spawn_blocking(on_thread).await?
}

/// Returns once, after `delay`.
fn once(delay: Option<Duration>) -> impl AsyncFnMut() {
    let mut delays = delay.into_iter();
    async move || match delays.next() {
        Some(delay) => {
            let asks = async {
                sleep(delay).instrument(waiting("for Ctrl-C")).await;
                say!("asked to stop");
            };
            track_value("signal", asks).await;
        }
        None => pending().await,
    }
}

/// Three tasks that work and wait, and a timer. Returns how late the timer was.
async fn share(program: Program, paused: bool) -> Duration {
    let numbers = Numbers::default();
    let late = Arc::new(Mutex::new(Duration::ZERO));
    let tasks = ["A", "B", "C"].map(|name| {
        let work = work(numbers.clone(), paused);
        program.spawn(name, track_value(name, work))
    });

    let timer = lane("timer");
    let wait = timer.in_scope(|| waiting("until it is due"));
    let (due, by) = (Instant::now() + DUE, Arc::clone(&late));
    call_later(DUE, move || {
        let _lane = timer.enter();
        drop(wait);
        let late = due.elapsed();
        say!("{} late", timeline::time(late));
        mark(Mark::Done, "");
        *by.lock().unwrap_or_else(PoisonError::into_inner) = late;
    });

    for task in tasks {
        // A task that panics or is stopped has said so.
        let _ = task.await;
    }
    *late.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works, waits for an answer, and works again.
async fn work(numbers: Numbers, paused: bool) {
    for turn in 0..2 {
        if turn > 0 {
            sleep(ANSWER).instrument(waiting("for an answer")).await;
        }
        say!("works on thread {}", numbers.of_this_thread());
        working("").in_scope(|| block(WORK, paused));
    }
}

/// Keeps the thread busy. On the paused clock it makes time pass, and lets nobody else run meanwhile.
fn block(time: Duration, paused: bool) {
    if paused {
        let _jumped = advance(time).now_or_never();
    } else {
        thread::sleep(time);
    }
}

/// Numbers for threads, in the order in which they are first seen.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<BTreeMap<String, usize>>>);

impl Numbers {
    fn of_this_thread(&self) -> usize {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = numbers.len() + 1;
        let id: ThreadId = thread::current().id();
        *numbers.entry(format!("{id:?}")).or_insert(next)
    }
}

/// Three tasks, of which one saves its work, one has nothing to save, and one does not listen.
async fn work_until_stopped(program: Program) -> &'static str {
    let token = program.token();
    let saver = async move {
        token.cancelled().instrument(waiting("to be stopped")).await;
        say!("stops, and saves its work");
        sleep(SAVING).instrument(working("saving")).await;
        say!("has saved");
    };
    program.spawn("saver", track_value("saver", saver));

    let fetch = pending::<()>().instrument(waiting("for an answer"));
    let fetch = program
        .token()
        .run_until_cancelled_owned(track_value("fetcher", fetch));
    program.spawn("fetcher", fetch);

    let deaf = sleep(Duration::from_secs(3600)).instrument(waiting("for an hour"));
    program.spawn("deaf", track_value("deaf", deaf));

    let token = program.token();
    let main = async {
        token.cancelled().instrument(waiting("to be stopped")).await;
        say!("returns");
    };
    track_value("main", main).await;
    "what it had"
}
