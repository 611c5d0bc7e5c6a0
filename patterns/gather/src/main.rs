//! Fetches several items at once, and shows what each of the three functions makes of a failure.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use common::server::{Item, Server};
use common::timeline::{track, track_value, waiting, working};
use common::{client, demo, say, timeline};
use gather::{Outcome, gather, gather_settled, try_gather};
use reqwest::{Client, Url};
use tokio::time::Instant;
use tracing::Instrument as _;

/// Fetch several URLs at once, each in a task of its own, and show the results in input order.
///
/// Without URLs it asks a small server that it starts itself, on this machine only. One of the
/// items there fails, so that the modes differ.
#[derive(Parser)]
#[command(bin_name = "cargo run -p gather --")]
struct Args {
    /// The http or https addresses to fetch, instead of the built-in items
    #[arg(value_name = "URL", value_parser = client::address, conflicts_with = "paused")]
    urls: Vec<Url>,

    /// What a failure means
    #[arg(long, value_enum, default_value_t = Mode::All)]
    mode: Mode,

    #[command(flatten)]
    shared: demo::Options,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Nothing: `gather` returns every result, errors among them
    All,
    /// The end: `try_gather` stops the others and returns the error
    FailFast,
    /// Nothing, and a panic neither: `gather_settled` says how each one ended
    Settled,
}

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn main() -> ExitCode {
    demo::run(tell)
}

/// The built-in items: name, delay in milliseconds, bytes of body, status.
const ITEMS: [(&str, u64, usize, u16); 5] = [
    ("news", 250, 2000, 200),
    ("weather", 100, 500, 200),
    ("prices", 150, 100, 500),
    ("maps", 400, 9000, 200),
    ("mail", 200, 1200, 200),
];

/// Only `gather_settled` goes on after a panic, so only that mode has an item with a bug.
const BUG: &str = "photos";

async fn tell(args: Args) -> anyhow::Result<String> {
    if !args.urls.is_empty() {
        let host = |url: &Url| url.host_str().unwrap_or("?").to_owned();
        let jobs = args.urls.into_iter().map(|url| (host(&url), url)).collect();
        return show(args.mode, client::system()?, jobs).await;
    }

    let server = Server::start().await?;
    let mut items = ITEMS.to_vec();
    if let Mode::Settled = args.mode {
        items.push((BUG, 300, 700, 200));
    }
    let mut jobs = Vec::new();
    for (name, delay, size, status) in items {
        let item = Item::new(name).delay(Duration::from_millis(delay));
        let url = server.url(&item.size(size).status(status));
        jobs.push((name.to_owned(), url.parse()?));
    }
    // Here the failure is part of the show.
    let told = show(args.mode, client::loopback()?, jobs).await;
    server.shutdown().await;
    Ok(told.unwrap_or_else(|failure| failure.to_string()))
}

/// Fetches everything in the given mode and returns what to notice. A failed fetch is an error.
async fn show(mode: Mode, client: Client, jobs: Vec<(String, Url)>) -> anyhow::Result<String> {
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    let in_turn = Arc::new(AtomicU64::new(0));
    let fetches = jobs.into_iter().map(|(name, url)| {
        let fetch = fetch(client.clone(), name.clone(), url, in_turn.clone());
        track(&name, fetch)
    });

    let plural = if names.len() == 1 { "" } else { "s" };
    say!("{} request{plural} at once, a task each", names.len());
    say!("");
    let start = Instant::now();
    let lines: Vec<Result<String, String>> = match mode {
        Mode::All => call("gather", gather(fetches)).await,
        Mode::FailFast => match call("try_gather", try_gather(fetches)).await {
            Ok(pages) => pages.into_iter().map(Ok).collect(),
            Err(error) => {
                say!("");
                say!("{error}");
                let after = timeline::time(start.elapsed());
                anyhow::bail!("returned after {after} · by then the others had stopped");
            }
        },
        Mode::Settled => {
            let outcomes = call("gather_settled", gather_settled(fetches)).await;
            outcomes.into_iter().map(in_words).collect()
        }
    };
    let gathered = start.elapsed();

    say!("");
    say!("results, in input order");
    for (name, line) in names.iter().zip(&lines) {
        match line {
            Ok(page) => say!("{name:<8}  {page}"),
            Err(failure) => say!("{name:<8}  failed: {failure}"),
        }
    }
    let in_turn = Duration::from_micros(in_turn.load(Ordering::Relaxed));
    let notice = format!(
        "sequential {} · gathered {} · {:.1}×",
        timeline::time(in_turn),
        timeline::time(gathered),
        in_turn.as_secs_f64() / gathered.as_secs_f64()
    );
    let failures = lines.iter().filter(|line| line.is_err()).count();
    anyhow::ensure!(
        failures == 0,
        "{notice} · failed: {failures} of {}",
        lines.len()
    );
    Ok(notice)
}

/// Awaits the call in the lane of the caller, and says when it returned.
async fn call<T>(name: &str, gathering: impl Future<Output = T>) -> T {
    let call = async {
        let result = gathering.instrument(waiting("for the tasks")).await;
        say!("{name} returned");
        result
    };
    track_value("caller", call).await
}

/// One task: asks for one thing, and says what came of it. Adds the time it took to `in_turn`.
async fn fetch(
    client: Client,
    name: String,
    url: Url,
    in_turn: Arc<AtomicU64>,
) -> Result<String, String> {
    say!("asked");
    let start = Instant::now();
    let answer = get(&client, url).await;
    let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    in_turn.fetch_add(took, Ordering::Relaxed);
    if name == BUG {
        panic!("a bug in the task that fetches {BUG}, on purpose");
    }

    match answer {
        Ok(page) => {
            say!("{page}");
            Ok(page)
        }
        Err(error) => {
            let failure = client::explain(&error);
            say!("failed: {failure}");
            Err(failure)
        }
    }
}

async fn get(client: &Client, url: Url) -> reqwest::Result<String> {
    let request = client.get(url).send();
    let response = request.instrument(waiting("for the answer")).await?;
    let response = response.error_for_status()?;
    let status = response.status();
    let body = response.bytes().instrument(working("reading")).await?;
    Ok(format!("{status}, {} bytes", body.len()))
}

fn in_words(outcome: Outcome<String, String>) -> Result<String, String> {
    match outcome {
        Outcome::Ok(page) => Ok(page),
        Outcome::Err(failure) => Err(failure),
        Outcome::Panicked(_) => Err("panicked".into()),
        Outcome::Cancelled => Err("cancelled".into()),
    }
}
