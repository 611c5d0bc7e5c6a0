//! Asks several mirrors for one file, waits for some of them, and stops the others.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum, value_parser};
use common::fetch::{self, Fetched};
use common::server::{Item, Server};
use common::timeline::{Bars as _, time, track, track_value};
use common::{client, demo, say, title};
use reqwest::{Client, Url};
use tokio::task::JoinSet;
use tokio::time::Instant;
use wait::{Done, all_completed, first_completed, first_error, first_success, wait};

/// Ask several mirrors for one file, a task each, wait for some of them and stop the others.
///
/// Without URLs it asks a small server that it starts itself, on this machine only. It has a fast
/// mirror, one that fails, and slow ones.
#[derive(Parser)]
#[command(bin_name = "cargo run -p wait --")]
struct Args {
    /// The http or https addresses to fetch, instead of the built-in mirrors
    #[arg(value_name = "URL", value_parser = client::address, conflicts_with = "paused")]
    urls: Vec<Url>,

    /// What to wait for
    #[arg(long, value_enum, default_value_t = Until::First)]
    until: Until,

    /// Wait no longer than this many milliseconds
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(..=86_400_000))]
    timeout: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Until {
    /// The first mirror that is done, even when it has failed
    First,
    /// The first that fails
    Error,
    /// The first that has the file
    Success,
    /// All of them
    All,
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let limit = args.timeout.map(Duration::from_millis);
    if !args.urls.is_empty() {
        let mirrors = fetch::named_by_host(args.urls);
        return show(args.until, limit, client::system()?, mirrors).await;
    }
    let server = Server::start().await?;
    let ms = Duration::from_millis;
    let file = |name, delay| Item::new(name).delay(ms(delay)).size(4000);
    let mut mirrors = vec![
        file("near", 100),
        file("busy", 200).status(503),
        file("far", 400),
        // The first part of the body after 60 ms, and the tenth 540 ms later.
        file("narrow", 60).trickle(ms(60)),
    ];
    if args.until == Until::Success {
        // It fails before any other has ended: the other modes would stop there, or not notice.
        mirrors.push(file("moved", 50).status(404));
    }
    let mirrors = server.named_urls(mirrors);
    let told = show(args.until, limit, client::loopback()?, mirrors).await;
    server.shutdown().await;
    // Here the failure is part of the show.
    Ok(told.unwrap_or_else(|failure| failure.to_string()))
}

/// Asks every mirror, waits, stops the rest and returns what to notice: as an error when the time was
/// up, or when a failure came out and success was not what to wait for.
async fn show(
    until: Until,
    limit: Option<Duration>,
    client: Client,
    mirrors: Vec<(String, Url)>,
) -> anyhow::Result<String> {
    let (met, goal): (fn(&Done<Fetched>) -> bool, &str) = match until {
        Until::First => (first_completed, "the first has ended"),
        Until::Error => (first_error, "the first has failed"),
        Until::Success => (first_success, "the first has the file"),
        Until::All => (all_completed, "all have ended"),
    };
    let within = limit.map(|limit| format!(", for at most {}", time(limit)));
    say!("{} mirrors of one file, a task each", mirrors.len());
    title!("wait until {goal}{}", within.unwrap_or_default());

    let start = Instant::now();
    let deadline = limit.map(|limit| start + limit);
    // A task that panics has no name to return, but it has an id.
    let mut names = HashMap::new();
    let mut done = Vec::new();
    let mut stopped = Vec::new();
    let caller = async {
        let mut tasks = JoinSet::new();
        for (name, url) in mirrors {
            let fetch = fetch::told(fetch::get(client.clone(), url));
            let task = tasks.spawn(track(&name, fetch));
            names.insert(task.id(), name);
        }
        let waited = wait(&mut tasks, met, deadline, &mut done);
        let in_time = waited.waiting("for mirrors").await;
        let why = match done.iter().any(met) {
            true => goal,
            false if in_time => "all have ended",
            false => "the time is up",
        };
        say!("{why}: {} done, {} pending", done.len(), tasks.len());
        let after = start.elapsed();

        // To cancel is one step, to see that they have stopped is another.
        tasks.abort_all();
        let ended = wait(&mut tasks, all_completed, None, &mut stopped);
        ended.waiting("for the losers").await;
        say!("every task has ended");
        (in_time, after)
    };
    let (in_time, after) = track_value("caller", caller).await;

    say!("");
    for Done { id, result } in &done {
        match result {
            Ok(fetched) => fetch::list(&names[id], fetched),
            Err(panic) => say!("{:<8}  failed: {panic}", names[id]),
        }
    }
    for Done { id, result } in &stopped {
        let cancelled = result.as_ref().is_err_and(|error| error.is_cancelled());
        let how = if cancelled { "stopped" } else { "too late" };
        say!("{:<8}  {how}", names[id]);
    }
    let has_file = done.iter().filter(|done| first_success(done)).count();
    let has_failed = done.len() - has_file;
    let (after, pending) = (time(after), stopped.len());
    let notice =
        format!("waited {after} · got {has_file} · failed {has_failed} · pending {pending}");
    let found = match until {
        Until::First | Until::Error | Until::All => has_failed == 0,
        Until::Success => has_file > 0,
    };
    anyhow::ensure!(in_time && found, notice);
    Ok(notice)
}
