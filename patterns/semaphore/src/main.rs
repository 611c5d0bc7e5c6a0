//! Fetches a hundred items, five at a time, and asks the server how many it had at once.

use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use common::client::{self, Addresses};
use common::server::{Item, Server};
use common::timeline::{Mark, Slots, lane, mark, waiting, working};
use common::{demo, say, timeline};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish};
use reqwest::{Client, Url};
use semaphore::map_limited;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

/// Fetch many URLs with a limit on how many requests are in flight.
///
/// Without URLs it asks a small server that it starts itself, on this machine only. That server
/// counts how many requests it has at once.
#[derive(Parser)]
#[command(bin_name = "cargo run -p semaphore --")]
struct Args {
    /// The http or https addresses to fetch, instead of the built-in items
    #[arg(value_name = "URL", value_parser = client::address)]
    #[arg(conflicts_with_all = ["from", "items", "paused"])]
    urls: Vec<Url>,

    /// Take the addresses from FILE, one on each line; - is standard input
    #[arg(long, value_name = "FILE", value_parser = client::addresses)]
    #[arg(conflicts_with_all = ["items", "paused"])]
    from: Option<Addresses>,

    /// How many requests may be in flight
    #[arg(long, value_name = "N", default_value = "5", value_parser = one_or_more)]
    #[arg(allow_negative_numbers = true)]
    limit: NonZeroUsize,

    /// How many built-in items to fetch, at most 10000
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    items: u16,

    #[command(flatten)]
    shared: demo::Options,
}

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn one_or_more(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "it is not a whole number from 1")
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let urls = args.from.map_or(args.urls, |Addresses(urls)| urls);
    let bar = bar(args.shared.paused);
    if !urls.is_empty() {
        let host = |url: &Url| url.host_str().unwrap_or("?").to_owned();
        let jobs = urls.into_iter().map(|url| (host(&url), url)).collect();
        return show(client::system()?, jobs, args.limit, bar).await;
    }

    let server = Server::start().await?;
    let mut jobs = Vec::new();
    for index in 0..args.items {
        let name = format!("item-{index:03}");
        // The answer takes 30 to 110 ms, and its ten parts take 36 ms more.
        let delay = Duration::from_millis(30 + u64::from(index) * 7 % 9 * 10);
        let item = Item::new(&name).size(1000 + usize::from(index));
        let url = server.url(&item.delay(delay).trickle(Duration::from_millis(4)));
        jobs.push((name, url.parse()?));
    }
    let told = show(client::loopback()?, jobs, args.limit, bar).await;
    let stats = server.stats();
    server.shutdown().await;
    let (requests, peak) = (stats.requests, stats.peak);
    let counted = format!("server: {requests} requests, peak {peak}");
    Ok(format!("{counted} · {}", told?))
}

/// Shows progress where somebody watches.
fn bar(paused: bool) -> ProgressBar {
    let is_watched = !paused && io::stdout().is_terminal() && io::stderr().is_terminal();
    let target = match is_watched {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    ProgressBar::with_draw_target(None, target).with_finish(ProgressFinish::AndClear)
}

/// Fetches everything, at most `limit` at a time, and returns what to notice.
async fn show(
    client: Client,
    jobs: Vec<(String, Url)>,
    limit: NonZeroUsize,
    bar: ProgressBar,
) -> anyhow::Result<String> {
    let total = jobs.len();
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    say!("{total} requests, at most {limit} in flight");
    say!("");
    let desk = Arc::new(Desk::open(total, bar));
    let start = Instant::now();
    let call = map_limited(jobs, limit, |(name, url)| {
        fetch(client.clone(), name, url, Arc::clone(&desk))
    });
    let call = call.instrument(waiting("for the tasks"));
    let fetched = call.instrument(desk.caller.clone()).await;
    let took = start.elapsed();
    desk.close();

    say!("");
    say!("results, in input order");
    let mut is_gap = false;
    for (index, (name, (result, _))) in names.iter().zip(&fetched).enumerate() {
        match result {
            Err(failure) => say!("{name}  failed: {failure}"),
            Ok(page) if index < 3 || index + 3 >= total => say!("{name}  {page}"),
            Ok(_) if is_gap => continue,
            Ok(_) => {
                say!("…");
                is_gap = true;
                continue;
            }
        }
        is_gap = false;
    }
    let in_turn: Duration = fetched.iter().map(|(_, took)| *took).sum();
    let ratio = in_turn.as_secs_f64() / took.as_secs_f64();
    let [in_turn, took] = [in_turn, took].map(timeline::time);
    let notice = format!("sequential {in_turn} · limited {took} · {ratio:.1}×");
    let failures = fetched.iter().filter(|(result, _)| result.is_err()).count();
    anyhow::ensure!(failures == 0, "{notice} · failed: {failures} of {total}");
    Ok(notice)
}

/// One task: fetches one thing. Also returns how long that took.
async fn fetch(
    client: Client,
    name: String,
    url: Url,
    desk: Arc<Desk>,
) -> (Result<String, String>, Duration) {
    let start = Instant::now();
    let result = desk.slots.run(get(&client, &name, url)).await;
    desk.answered();
    (
        result.map_err(|error| client::explain(&error)),
        start.elapsed(),
    )
}

async fn get(client: &Client, name: &str, url: Url) -> reqwest::Result<String> {
    let request = client.get(url).send();
    let answer = request.instrument(waiting(&format!("for {name}"))).await?;
    let answer = answer.error_for_status()?;
    let status = answer.status();
    let reading = working(&format!("reading {name}"));
    let body = answer.bytes().instrument(reading).await?;
    Ok(format!("{status}, {} bytes", body.len()))
}

/// Tells how far it has come: lines, the bar, and a lane for each request in flight.
struct Desk {
    // First, so that it is gone before a lane says that it was cancelled.
    bar: ProgressBar,
    caller: Span,
    slots: Slots,
    total: usize,
    answered: AtomicUsize,
}

impl Desk {
    fn open(total: usize, bar: ProgressBar) -> Desk {
        bar.set_length(total as u64);
        Desk {
            bar,
            caller: lane("caller"),
            slots: Slots::new("slot"),
            total,
            answered: AtomicUsize::new(0),
        }
    }

    fn answered(&self) {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        if answered.is_multiple_of(self.total.div_ceil(10)) {
            let say = || say!("{answered} of {} answered", self.total);
            self.bar.suspend(|| self.caller.in_scope(say));
        }
    }

    fn close(&self) {
        self.bar.finish_and_clear();
        self.slots.end();
        self.caller.in_scope(|| {
            say!("map_limited returned");
            mark(Mark::Done, "");
        });
    }
}
