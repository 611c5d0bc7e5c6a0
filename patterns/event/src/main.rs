//! Workers start together when a service is ready, and are paused and resumed while they run.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use common::server::{Item, Server};
use common::timeline::{Mark, mark, track, waiting, working};
use common::{client, demo, say, timeline};
use event::Event;
use reqwest::{Client, StatusCode, Url};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

/// Hold workers back until a service is ready, start them in the same instant, then pause and
/// resume them while they run. One more worker comes late.
///
/// Without a URL the service is a small server that the demo starts itself, on this machine only.
/// It refuses the first two requests.
#[derive(Parser)]
#[command(bin_name = "cargo run -p event --")]
struct Args {
    /// The http or https address of a service to wait for. Each job asks it once, too
    #[arg(value_name = "URL", value_parser = address, conflicts_with = "paused")]
    url: Option<Url>,

    /// How many workers wait, from 1 to 16
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    workers: u8,

    /// How many jobs each worker does, from 1 to 20
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    jobs: u8,

    /// How often to ask whether the service is ready, from 1 to 100
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    tries: u8,

    #[command(flatten)]
    shared: demo::Options,
}

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("{other} is not http or https")),
    }
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    if let Some(url) = &args.url {
        return show(&args, client::system()?, url, |_| Ok(url.clone())).await;
    }
    let server = Server::start().await?;
    let health = Item::new("health").delay(Duration::from_millis(20));
    let health = server.url(&health.fail_first(2)).parse()?;
    let job = |worker: u8| {
        let delay = Duration::from_millis(30 + 20 * u64::from(worker));
        let job = Item::new(format!("job-{worker}")).delay(delay);
        Ok(server.url(&job).parse()?)
    };
    let told = show(&args, client::loopback()?, &health, job).await;
    server.shutdown().await;
    told
}

/// What all workers share.
#[derive(Default)]
struct Shared {
    ready: Event,
    running: Event,
    /// Counts the jobs that have begun.
    begun: AtomicUsize,
}

/// Tells the whole story and returns what to notice.
async fn show(
    args: &Args,
    client: Client,
    health: &Url,
    job: impl Fn(u8) -> anyhow::Result<Url>,
) -> anyhow::Result<String> {
    let count = args.workers;
    say!("{count} workers wait for a service, and one comes late");
    say!("");
    let shared = Arc::<Shared>::default();
    shared.running.set();
    let mut workers = JoinSet::new();
    let mut spawn = |name: &str, number| -> anyhow::Result<()> {
        let worker = worker(shared.clone(), client.clone(), job(number)?, args.jobs);
        workers.spawn(track(name, worker));
        Ok(())
    };
    for number in 1..=count {
        spawn(&format!("worker-{number}"), number)?;
    }

    let control = async {
        until_healthy(&client, health, args.tries).await?;
        mark(Mark::Set, "ready");
        shared.ready.set();

        sleep(Duration::from_millis(40)).await;
        spawn("late", count + 1)?;
        sleep(Duration::from_millis(40)).await;
        anyhow::Ok(pause(&shared).await)
    };
    let in_pause = track("control", control).await?;

    let mut starts = Vec::new();
    while let Some(joined) = workers.join_next().await {
        starts.push(joined??);
    }
    // The late one is the last.
    starts.sort();
    let together = &starts[..usize::from(count)];
    let apart = together[together.len() - 1] - together[0];
    Ok(format!(
        "{count} workers started within {} of each other · {in_pause} jobs began in the pause",
        timeline::time(apart)
    ))
}

/// Asks until the service is ready.
async fn until_healthy(client: &Client, health: &Url, tries: u8) -> anyhow::Result<()> {
    let mut left = tries;
    loop {
        left -= 1;
        match get(client, health).await {
            Ok(status) => {
                say!("{status}: ready is set");
                return Ok(());
            }
            Err(failure) if left == 0 => {
                anyhow::bail!("not ready at try {tries}, the last: {failure}")
            }
            Err(failure) => say!("{failure}"),
        }
        let again = sleep(Duration::from_millis(80));
        again.instrument(waiting("to ask again")).await;
    }
}

/// Pauses the workers for a while. Returns how many jobs have begun in that time.
async fn pause(shared: &Shared) -> usize {
    say!("running is cleared");
    mark(Mark::Cleared, "running");
    shared.running.clear();
    let before = shared.begun.load(Ordering::Relaxed);
    let resume = sleep(Duration::from_millis(200));
    resume.instrument(waiting("to resume")).await;
    let begun = shared.begun.load(Ordering::Relaxed) - before;
    say!("running is set");
    mark(Mark::Set, "running");
    shared.running.set();
    begun
}

/// Waits until the service is ready, then does its jobs, none of which begins during a pause.
/// Returns when it started.
async fn worker(
    shared: Arc<Shared>,
    client: Client,
    job: Url,
    jobs: u8,
) -> anyhow::Result<Instant> {
    say!("waits for ready");
    shared.ready.wait().instrument(waiting("for ready")).await;
    let started = Instant::now();
    say!("starts");
    for number in 1..=jobs {
        let pause = waiting("in a pause");
        shared.running.wait().instrument(pause).await;
        shared.begun.fetch_add(1, Ordering::Relaxed);
        let job = get(&client, &job).instrument(working("on a job"));
        say!("job {number}: {}", job.await?);
    }
    Ok(started)
}

/// The status of the answer. The error is one line.
async fn get(client: &Client, url: &Url) -> anyhow::Result<StatusCode> {
    let answer = async {
        let response = client.get(url.clone()).send().await?.error_for_status()?;
        let status = response.status();
        response.bytes().await?;
        Ok(status)
    };
    let answer: reqwest::Result<_> = answer.await;
    answer.map_err(|error| anyhow::anyhow!(client::explain(&error)))
}
