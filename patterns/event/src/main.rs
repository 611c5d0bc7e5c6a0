//! Workers start together when a service is ready, and are paused and resumed while they run.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, value_parser};
use common::server::Item;
use common::service::Service;
use common::timeline::{Bars as _, Mark, mark, time, track};
use common::{client, demo, fetch, say, tasks, title};
use event::Event;
use reqwest::{Client, Url};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Hold workers back until a service is ready, start them in the same instant, then pause and
/// resume them while they run. One more worker comes late.
///
/// Without a URL the service is a small server that the demo starts itself, on this machine only.
/// It refuses the first two requests.
#[derive(Parser)]
#[command(bin_name = "cargo run -p event --")]
struct Args {
    /// The http or https address of a service to wait for. Each job asks it once, too
    #[arg(value_name = "URL", value_parser = client::address, conflicts_with = "paused")]
    url: Option<Url>,

    /// How many workers wait, from 1 to 16
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u8).range(1..=16))]
    workers: u8,

    /// How many jobs each worker does, from 1 to 20
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u8).range(1..=20))]
    jobs: u8,

    /// How often to ask whether the service is ready, from 1 to 100
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u8).range(1..=100))]
    tries: u8,
}

/// What all workers share.
#[derive(Default)]
struct Shared {
    ready: Event,
    running: Event,
    /// Counts the jobs that have begun.
    begun: AtomicUsize,
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> Result<String> {
    let service = Service::start(args.url.clone()).await?;
    let told = show(&args, &service).await;
    service.stop().await;
    told
}

/// Tells the whole story and returns what to notice.
async fn show(args: &Args, service: &Service) -> Result<String> {
    let count = args.workers;
    title!("{count} workers wait for a service, and one comes late");
    let shared = Arc::<Shared>::default();
    shared.running.set();
    let worker = |number: u8| {
        let takes = Duration::from_millis(30 + 20 * u64::from(number));
        let job = service.url(&Item::new(format!("job-{number}")).delay(takes));
        worker(shared.clone(), service.client.clone(), job, args.jobs)
    };
    let mut workers = JoinSet::new();
    for number in 1..=count {
        workers.spawn(track(&format!("worker-{number}"), worker(number)));
    }

    let control = async {
        until_healthy(service, args.tries).await?;
        mark(Mark::Set, "ready");
        shared.ready.set();

        service.pretend(Duration::from_millis(40)).await;
        workers.spawn(track("late", worker(count + 1)));
        service.pretend(Duration::from_millis(40)).await;
        pause(&shared, service).await
    };
    let in_pause = track("control", control).await?;

    let mut starts = tasks::values(&mut workers).await?;
    // The late one is the last.
    starts.sort();
    let apart = time(starts[usize::from(count) - 1] - starts[0]);
    Ok(format!(
        "{count} workers started within {apart} of each other · {in_pause} jobs began in the pause"
    ))
}

/// Asks until the service is ready.
async fn until_healthy(service: &Service, tries: u8) -> Result<()> {
    let health = Item::new("health").delay(Duration::from_millis(20));
    let health = service.url(&health.fail_first(2));
    for left in (0..tries).rev() {
        match fetch::status(&service.client, health.clone()).await {
            Ok(status) => {
                say!("{status}: ready is set");
                break;
            }
            Err(failure) if left == 0 => bail!("not ready at try {tries}, the last: {failure}"),
            Err(failure) => say!("{failure}"),
        }
        // Nothing pretended: a real service needs some time, too, before it is asked again.
        let again = sleep(Duration::from_millis(80));
        again.waiting("to ask again").await;
    }
    Ok(())
}

/// Pauses the workers until the service has answered. Returns how many jobs have begun until then.
async fn pause(shared: &Shared, service: &Service) -> Result<usize> {
    say!("running is cleared");
    mark(Mark::Cleared, "running");
    shared.running.clear();
    let before = shared.begun.load(Ordering::Relaxed);
    let check = Item::new("check").delay(Duration::from_millis(200));
    let check = fetch::status(&service.client, service.url(&check));
    check.waiting("to resume").await?;
    let begun = shared.begun.load(Ordering::Relaxed) - before;
    say!("running is set");
    mark(Mark::Set, "running");
    shared.running.set();
    Ok(begun)
}

/// Waits until the service is ready, then does its jobs, none of which begins during a pause.
/// Returns when it started.
async fn worker(shared: Arc<Shared>, client: Client, job: Url, jobs: u8) -> Result<Instant> {
    say!("waits for ready");
    shared.ready.wait().waiting("for ready").await;
    let started = Instant::now();
    say!("starts");
    for number in 1..=jobs {
        shared.running.wait().waiting("in a pause").await;
        shared.begun.fetch_add(1, Ordering::Relaxed);
        let job = fetch::status(&client, job.clone());
        say!("job {number}: {}", job.working("on a job").await?);
    }
    Ok(started)
}
