//! Lines of a text go from producers to consumers through one queue, and each is accounted for.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, future, io, thread};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use common::demo::{self, CtrlC};
use common::say;
use common::timeline::{self, Mark, mark, track, track_value, waiting, working};
use queue::{Closed, Queue};
use tokio::select;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{Instrument as _, Span};

/// Count the words of a text, line by line: producers read the lines and put them into a bounded
/// queue, consumers take them out and count.
///
/// Ctrl-C closes the queue: what is in it is still counted, and the rest is reported.
#[derive(Parser)]
#[command(bin_name = "cargo run -p queue --")]
struct Args {
    /// A text file, or - for standard input, instead of the built-in text
    #[arg(value_name = "FILE", value_parser = input)]
    input: Option<Input>,

    /// How many tasks put lines into the queue
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1000))]
    producers: u16,

    /// How many tasks take lines out of it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    consumers: u16,

    /// How many lines the queue has room for
    #[arg(long, value_name = "N", default_value = "4")]
    capacity: NonZeroUsize,

    /// How long a consumer takes for one word
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=10_000))]
    work: u64,

    /// Close the queue after 140 ms
    #[arg(long, value_enum, value_name = "HOW")]
    stop: Option<Stop>,

    #[command(flatten)]
    shared: demo::Options,
}

#[derive(Clone, Copy, ValueEnum)]
enum Stop {
    /// `close`, as Ctrl-C does: what is in the queue is still counted
    Drain,
    /// `close_now`: what is in the queue is given back
    Now,
}

#[derive(Clone)]
enum Input {
    Text(String),
    Stdin,
}

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn input(name: &str) -> Result<Input, String> {
    match name {
        "-" => Ok(Input::Stdin),
        file => fs::read_to_string(file)
            .map(Input::Text)
            .map_err(|error| error.to_string()),
    }
}

fn main() -> ExitCode {
    demo::run_and_drain(tell)
}

/// One line is no text, and fails.
const TEXT: &str = "\
A producer comes with a line
and waits when there is no room.
A consumer takes the first one,
works on it as long as it takes,
and comes back for more.
* * *
Whoever asks first is served first.
Whoever goes away takes nothing along.
When the doors are closed
nobody else is let in,
but all who are inside are served.
Then the lights go out.
";

const READING: Duration = Duration::from_millis(15);
const HALF_WAY: Duration = Duration::from_millis(140);

struct Line {
    number: usize,
    text: String,
}

/// What all tasks share.
struct Hall {
    lines: Mutex<mpsc::Receiver<io::Result<Line>>>,
    queue: Queue<Line>,
    work: Duration,
    depth: Span,
    most: AtomicUsize,
}

async fn tell(args: Args, ctrl_c: CtrlC) -> anyhow::Result<String> {
    let built_in = args.input.is_none();
    let lines = match args.input.unwrap_or(Input::Text(TEXT.to_owned())) {
        Input::Text(text) => lines_of(&text),
        // On the paused clock nothing must depend on when a line comes.
        Input::Stdin if args.shared.paused => lines_of(&all(lines_of_stdin()).await?),
        Input::Stdin => lines_of_stdin(),
    };
    let (producers, consumers, capacity) = (args.producers, args.consumers, args.capacity);
    say!("producers {producers} · consumers {consumers} · capacity {capacity}");
    say!("");
    let hall = Arc::new(Hall {
        lines: Mutex::new(lines),
        queue: Queue::new(capacity),
        work: Duration::from_millis(args.work),
        depth: timeline::lane("queue"),
        most: AtomicUsize::new(0),
    });
    let putting = (1..=producers)
        .map(|number| track(&format!("put {number}"), produce(hall.clone())))
        .collect();
    let getting = (1..=consumers)
        .map(|number| track_value(&format!("get {number}"), consume(hall.clone())))
        .collect();
    let told = oversee(&hall, putting, getting, args.stop, ctrl_c);
    let [done, failed, not_started] = track("main", told).await?;

    let mut not_read = 0;
    while let Ok(line) = hall.lines.lock().await.try_recv() {
        line?;
        not_read += 1;
    }
    say!("");
    say!("done         {done}");
    say!("failed       {failed}");
    say!("not started  {not_started}");
    say!("not read     {not_read}");
    let lines = done + failed + not_started + not_read;
    let most = hall.most.load(Ordering::Relaxed);
    let notice = format!("{lines} lines, each accounted for · at most {most} in the queue");
    // In the built-in text the failure is part of the show.
    anyhow::ensure!(built_in || failed == 0, "{notice} · failed: {failed}");
    Ok(notice)
}

/// Closes the queue when all is in it, or sooner when it is told to. Returns how many lines are
/// done, how many have failed, and how many were given back.
async fn oversee(
    hall: &Hall,
    mut producers: JoinSet<anyhow::Result<Option<Line>>>,
    consumers: JoinSet<[usize; 2]>,
    stop: Option<Stop>,
    ctrl_c: CtrlC,
) -> anyhow::Result<[usize; 3]> {
    let half_way = async {
        match stop {
            Some(how) => {
                sleep(HALF_WAY).await;
                how
            }
            None => future::pending().await,
        }
    };
    let mut given_back = Vec::new();
    let stop = select! {
        biased;
        ended = all_ended(&mut producers, &mut given_back) => ended.map(|()| None)?,
        how = half_way => Some(how),
        () = ctrl_c.pressed() => Some(Stop::Drain),
    };
    match stop {
        Some(Stop::Now) => given_back.extend(hall.queue.close_now()),
        Some(Stop::Drain) | None => hall.queue.close(),
    }
    hall.show_depth();
    say!("closed the queue");
    // Those that wait for input do not hear of it. Nothing is lost: see `produce`.
    producers.abort_all();
    all_ended(&mut producers, &mut given_back).await?;

    let join = hall.queue.join();
    join.instrument(waiting("for the last line")).await;
    say!("all that was put is done");
    hall.depth.in_scope(|| mark(Mark::Done, ""));
    let counts = consumers.join_all().await.into_iter();
    let [done, failed] = counts.fold([0, 0], |all, one| [all[0] + one[0], all[1] + one[1]]);
    Ok([done, failed, given_back.len()])
}

/// Waits for the producers, and takes from each the line that it could not put.
async fn all_ended(
    producers: &mut JoinSet<anyhow::Result<Option<Line>>>,
    given_back: &mut Vec<Line>,
) -> anyhow::Result<()> {
    while let Some(ended) = producers.join_next().await {
        match ended {
            Ok(line) => given_back.extend(line?),
            Err(stopped) if stopped.is_cancelled() => {}
            Err(panicked) => return Err(panicked.into()),
        }
    }
    Ok(())
}

/// One producer. It takes a line when it has a place for it, so that it has none in its hands when
/// it waits, and may be cancelled there. Returns the line that came too late.
async fn produce(hall: Arc<Hall>) -> anyhow::Result<Option<Line>> {
    while let Ok(place) = hall
        .queue
        .reserve()
        .instrument(waiting("for a place"))
        .await
    {
        sleep(READING).instrument(working("reading")).await;
        let Some(line) = hall.next_line().await? else {
            break;
        };
        let number = line.number;
        if let Err(Closed(line)) = place.put(line) {
            return Ok(Some(line));
        }
        hall.show_depth();
        say!("line {number} put");
    }
    Ok(None)
}

/// One consumer. Returns how many lines it has counted, and on how many it failed.
async fn consume(hall: Arc<Hall>) -> [usize; 2] {
    let (mut done, mut failed) = (0, 0);
    while let Some(job) = hall.queue.get().instrument(waiting("for a line")).await {
        hall.show_depth();
        let counting = count(&job.text, hall.work).instrument(working("counting"));
        match counting.await {
            Ok(words) => {
                done += 1;
                say!("line {} has {words} words", job.number);
            }
            Err(failure) => {
                failed += 1;
                say!("line {} failed: {failure}", job.number);
            }
        }
        // The job is dropped here, and so it is done, whatever came of it.
    }
    [done, failed]
}

async fn count(text: &str, work: Duration) -> Result<usize, &'static str> {
    let words = text.split_whitespace();
    let count = words.clone().count();
    sleep(work * u32::try_from(count).unwrap_or(u32::MAX)).await;
    let is_word = |text: &str| text.chars().any(char::is_alphanumeric);
    if count > 0 && !words.clone().any(is_word) {
        return Err("there is no word in it");
    }
    Ok(count)
}

impl Hall {
    async fn next_line(&self) -> anyhow::Result<Option<Line>> {
        let next = async { self.lines.lock().await.recv().await };
        let line = next.instrument(waiting("for input")).await.transpose();
        line.context("cannot read standard input")
    }

    fn show_depth(&self) {
        let depth = self.queue.len();
        self.most.fetch_max(depth, Ordering::Relaxed);
        self.depth.in_scope(|| timeline::level(depth));
    }
}

fn lines_of(text: &str) -> mpsc::Receiver<io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(text.lines().count().max(1));
    for (index, text) in text.lines().enumerate() {
        let (number, text) = (index + 1, text.to_owned());
        let sent = sender.try_send(Ok(Line { number, text }));
        debug_assert!(sent.is_ok(), "there is room for all");
    }
    receiver
}

/// Reads on a thread that nobody waits for: what waits for a key press cannot be cancelled.
fn lines_of_stdin() -> mpsc::Receiver<io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for (index, text) in io::stdin().lines().enumerate() {
            let number = index + 1;
            if sender
                .blocking_send(text.map(|text| Line { number, text }))
                .is_err()
            {
                break;
            }
        }
    });
    receiver
}

async fn all(mut lines: mpsc::Receiver<io::Result<Line>>) -> anyhow::Result<String> {
    let mut text = String::new();
    while let Some(line) = lines.recv().await {
        text += &line.context("cannot read standard input")?.text;
        text.push('\n');
    }
    Ok(text)
}
