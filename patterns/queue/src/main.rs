//! Lines of a text go from producers to consumers through one queue, and each is accounted for.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum, value_parser};
use common::demo::{self, CtrlC, pretend};
use common::input::{self, Input, Lines};
use common::tally::Tally;
use common::timeline::{Bars as _, Gauge, track, track_value};
use common::{arguments, say, tasks, title};
use queue::{End, Queue};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Count the words of a text, line by line: producers read the lines and put them into a bounded
/// queue, consumers take them out and count.
///
/// Ctrl-C closes the queue: what is in it is still counted, and the rest is reported.
#[derive(Parser)]
#[command(bin_name = "cargo run -p queue --")]
struct Args {
    /// A text file, or - for standard input, instead of the built-in text
    #[arg(value_name = "FILE", value_parser = input::file)]
    input: Option<Input>,
    /// How many tasks put lines into the queue
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u16).range(1..=1000))]
    producers: u16,
    /// How many tasks take lines out of it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(1..=1000))]
    consumers: u16,
    /// How many lines the queue has room for
    #[arg(long, value_name = "N", default_value = "4", value_parser = arguments::one_or_more)]
    capacity: NonZeroUsize,
    /// How long a consumer takes for one word; by default no time with a FILE
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20, value_parser = value_parser!(u64).range(..=10_000))]
    #[arg(default_value_if("input", clap::builder::ArgPredicate::IsPresent, "0"))]
    work: u64,
    /// Close the queue after 140 ms
    #[arg(long, value_enum, value_name = "HOW")]
    stop: Option<Stop>,
    #[command(flatten)]
    shared: demo::Options,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Stop {
    /// `close`, as Ctrl-C does: what is in the queue is still counted
    Drain,
    /// `close_now`: what is in the queue is given back
    Now,
}

/// Twelve lines, of which one is no text, and fails.
const TEXT: &str = include_str!("text.txt");
const READING: Duration = Duration::from_millis(15);
const HALF_WAY: Duration = Duration::from_millis(140);

/// What all tasks share.
struct Hall {
    lines: Lines,
    depth: Gauge,
    tally: Tally<4>,
    time_for_a_word: Duration,
}

fn main() -> ExitCode {
    demo::run_and_drain(tell)
}

async fn tell(args: Args, ctrl_c: CtrlC) -> anyhow::Result<String> {
    let (producers, consumers, capacity) = (args.producers, args.consumers, args.capacity);
    title!("producers {producers} · consumers {consumers} · capacity {capacity}");
    let is_built_in = args.input.is_none();
    let text = args.input.clone().unwrap_or(Input::BuiltIn(TEXT, READING));
    let hall = Arc::new(Hall {
        lines: text.lines(args.shared.paused).await?,
        depth: Gauge::new("queue"),
        tally: Tally::new(["done", "failed", "not started", "not read"]),
        time_for_a_word: Duration::from_millis(args.work),
    });
    oversee(&hall, &args, ctrl_c).await?;
    hall.tally.add("not read", hall.lines.rest().await?);
    let [_, failed, ..] = hall.tally.report();
    let (lines, most) = (hall.tally.total(), hall.depth.most());
    let notice = format!("{lines} lines, each accounted for · at most {most} in the queue");
    // In the built-in text the failure is part of the show.
    anyhow::ensure!(is_built_in || failed == 0, "{notice} · failed: {failed}");
    Ok(notice)
}

/// Closes the queue when all is in it, or sooner when it is told to, and waits until all is done.
async fn oversee(hall: &Arc<Hall>, args: &Args, ctrl_c: CtrlC) -> anyhow::Result<()> {
    let queue = Arc::new(Queue::new(args.capacity));
    let (to, from) = queue.split();
    let put = |number| track(&format!("put {number}"), put(hall.clone(), to.clone()));
    let get = |number| track_value(&format!("get {number}"), get(hall.clone(), from.clone()));
    let mut producers: JoinSet<_> = (1..=args.producers).map(put).collect();
    let consumers: JoinSet<_> = (1..=args.consumers).map(get).collect();
    // The tasks have the ends now: when those of one side are gone, however they ended, the other
    // side hears of it.
    drop((to, from));
    let main = async {
        tokio::select! {
            biased;
            ended = tasks::values(&mut producers) => drop(ended?),
            () = sleep(HALF_WAY), if args.stop == Some(Stop::Drain) => {}
            () = sleep(HALF_WAY), if args.stop == Some(Stop::Now) => {
                hall.tally.add("not started", queue.close_now().len());
            }
            () = ctrl_c.pressed() => {}
        }
        queue.close();
        hall.depth.show(queue.len());
        say!("closed the queue");
        // Those that wait for input do not hear of it. Nothing is lost: see `put`.
        producers.abort_all();
        tasks::values(&mut producers).await?;
        queue.join().waiting("for the last line").await;
        say!("all that was put is done");
        hall.depth.end();
        consumers.join_all().await;
        anyhow::Ok(())
    };
    track("main", main).await
}

/// One producer. It takes a line when it has a place for it, so that it has none in its hands when
/// it waits, and may be cancelled there.
async fn put(hall: Arc<Hall>, queue: Arc<End<input::Line>>) -> anyhow::Result<()> {
    while let Ok(place) = queue.reserve().waiting("for a place").await
        && let Some(line) = hall.lines.next().await?
    {
        let number = line.number;
        if place.put(line).is_err() {
            // It is closed now, and the line came back.
            hall.tally.add("not started", 1);
            break;
        }
        hall.depth.show(queue.len());
        say!("line {number} put");
    }
    Ok(())
}

/// One consumer. A job is done when it is dropped, whatever came of it.
async fn get(hall: Arc<Hall>, queue: Arc<End<input::Line>>) {
    while let Some(job) = queue.get().waiting("for a line").await {
        hall.depth.show(queue.len());
        let words = job.text.split_whitespace().count();
        pretend(hall.time_for_a_word * words as u32)
            .working("counting")
            .await;
        let is_text = words == 0 || job.text.contains(char::is_alphanumeric);
        hall.tally.add(if is_text { "done" } else { "failed" }, 1);
        match is_text {
            true => say!("line {} has {words} words", job.number),
            false => say!("line {} failed: there is no word in it", job.number),
        }
    }
}
