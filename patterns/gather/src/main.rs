//! Fetches several items at once, and shows what each of the three functions makes of a failure.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use common::fetch::{self, Fetched};
use common::server::{Item, Server};
use common::speed::{self, InTurn};
use common::timeline::{Bars as _, count, time, track, track_value};
use common::{client, demo, say, title};
use gather::{Outcome, gather, gather_settled, try_gather};
use reqwest::{Client, Url};
use tokio::time::Instant;

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

fn main() -> ExitCode {
    demo::run(tell)
}

/// Only `gather_settled` goes on after a panic, so only that mode has an item with a bug.
const BUG: &str = "photos";

async fn tell(args: Args) -> anyhow::Result<String> {
    if !args.urls.is_empty() {
        let jobs = fetch::named_by_host(args.urls);
        return show(args.mode, client::system()?, jobs).await;
    }
    let server = Server::start().await?;
    let item = |name, delay, size| {
        let delay = Duration::from_millis(delay);
        Item::new(name).delay(delay).size(size)
    };
    let mut items = vec![
        item("news", 250, 2000),
        item("weather", 100, 500),
        item("prices", 150, 100).status(500),
        item("maps", 400, 9000),
        item("mail", 200, 1200),
    ];
    if let Mode::Settled = args.mode {
        items.push(item(BUG, 300, 700));
    }
    let jobs = server.named_urls(items);
    let told = show(args.mode, client::loopback()?, jobs).await;
    server.shutdown().await;
    // Here the failure is part of the show.
    Ok(told.unwrap_or_else(|failure| failure.to_string()))
}

/// Fetches everything in the given mode and returns what to notice. A failed fetch is an error.
async fn show(mode: Mode, client: Client, jobs: Vec<(String, Url)>) -> anyhow::Result<String> {
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    let in_turn = InTurn::default();
    let fetches = jobs.into_iter().map(|(name, url)| {
        let fetch = fetch(client.clone(), name.clone(), url, in_turn.clone());
        track(&name, fetch)
    });

    title!("{} at once, a task each", count(names.len(), "request"));
    let start = Instant::now();
    let pages: Vec<Fetched> = match mode {
        Mode::All => call("gather", gather(fetches)).await,
        Mode::FailFast => match call("try_gather", try_gather(fetches)).await {
            Ok(pages) => pages.into_iter().map(Ok).collect(),
            Err(error) => {
                say!("");
                say!("{error:#}");
                let after = time(start.elapsed());
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
    for (name, page) in names.iter().zip(&pages) {
        fetch::list(name, page);
    }
    let notice = speed::compare(("sequential", in_turn.total()), ("gathered", gathered));
    fetch::verdict(notice, &pages)
}

/// Awaits the call in the lane of the caller, and says when it returned.
async fn call<T>(name: &str, gathering: impl Future<Output = T>) -> T {
    let call = async {
        let result = gathering.waiting("for the tasks").await;
        say!("{name} returned");
        result
    };
    track_value("caller", call).await
}

/// One task: asks for one thing, and says what came of it. Adds the time it took to `in_turn`.
async fn fetch(client: Client, name: String, url: Url, in_turn: InTurn) -> Fetched {
    let page = async {
        let page = in_turn.add(fetch::get(client, url)).await;
        assert!(
            name != BUG,
            "a bug in the task that fetches {BUG}, on purpose"
        );
        page
    };
    fetch::told(page).await
}

fn in_words(outcome: Outcome<String, String>) -> Fetched {
    match outcome {
        Outcome::Ok(page) => Ok(page),
        Outcome::Err(failure) => Err(failure),
        Outcome::Panicked(_) => Err("panicked".into()),
        Outcome::Cancelled => Err("cancelled".into()),
    }
}
