//! Fetches a hundred items, five at a time, and asks the server how many it had at once.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, value_parser};
use common::client::{self, Addresses};
use common::fetch::{self, Fetched};
use common::progress::Progress;
use common::server::{Item, Server};
use common::speed::{self, InTurn};
use common::timeline::{Bars as _, Mark, lane, mark};
use common::{arguments, demo, say, title};
use reqwest::{Client, Url};
use semaphore::map_limited;
use tokio::time::Instant;
use tracing::Instrument as _;

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
    #[arg(long, value_name = "N", default_value = "5", value_parser = arguments::one_or_more)]
    #[arg(allow_negative_numbers = true)]
    limit: NonZeroUsize,

    /// How many built-in items to fetch, at most 10000
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = value_parser!(u16).range(1..=10_000))]
    items: u16,

    #[command(flatten)]
    shared: demo::Options,
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let (limit, paused) = (args.limit, args.shared.paused);
    let urls = args.from.map_or(args.urls, |Addresses(urls)| urls);
    if !urls.is_empty() {
        let jobs = fetch::named_by_host(urls);
        return show(client::system()?, jobs, limit, paused).await;
    }
    let server = Server::start().await?;
    let item = |index: u16| {
        // The answer takes 30 to 110 ms, and its ten parts take 36 ms more.
        let delay = Duration::from_millis(30 + u64::from(index) * 7 % 9 * 10);
        let item = Item::new(format!("item-{index:03}")).size(1000 + usize::from(index));
        item.delay(delay).trickle(Duration::from_millis(4))
    };
    let jobs = server.named_urls((0..args.items).map(item));
    let told = show(client::loopback()?, jobs, limit, paused).await;
    let stats = server.stats();
    server.shutdown().await;
    let (requests, peak) = (stats.requests, stats.peak);
    let counted = format!("server: {requests} requests, peak {peak}");
    Ok(format!("{counted} · {}", told?))
}

/// Fetches everything, at most `limit` at a time, and returns what to notice.
async fn show(
    client: Client,
    jobs: Vec<(String, Url)>,
    limit: NonZeroUsize,
    paused: bool,
) -> anyhow::Result<String> {
    let total = jobs.len();
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    title!("{total} requests, at most {limit} in flight");
    let caller = lane("caller");
    let progress = Progress::start(&caller, total, "answered", paused);
    let in_turn = InTurn::default();
    let start = Instant::now();
    let call = map_limited(jobs, limit, |(name, url)| {
        let page = fetch::get_named(client.clone(), name, url);
        in_turn.clone().add(progress.clone().run(page))
    });
    let call = call.waiting("for the tasks").instrument(caller.clone());
    let pages = call.await;
    let took = start.elapsed();
    progress.end();
    caller.in_scope(|| {
        say!("map_limited returned");
        mark(Mark::Done, "");
    });

    say!("");
    say!("results, in input order");
    list(&names, &pages);
    let notice = speed::compare(("sequential", in_turn.total()), ("limited", took));
    fetch::verdict(notice, &pages)
}

/// Lists the first, the last, and those that have failed.
fn list(names: &[String], pages: &[Fetched]) {
    let mut is_gap = false;
    for (index, (name, page)) in names.iter().zip(pages).enumerate() {
        let is_listed = page.is_err() || index < 3 || index + 3 >= pages.len();
        if is_listed {
            fetch::list(name, page);
        } else if !is_gap {
            say!("…");
        }
        is_gap = !is_listed;
    }
}
