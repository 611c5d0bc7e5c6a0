//! Asks several mirrors for one file, waits for some of them, and stops the others.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use common::server::{Item, Server};
use common::timeline::{track, track_value, waiting, working};
use common::{client, demo, say, timeline};
use reqwest::{Client, Url};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;
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
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    timeout: Option<Duration>,

    #[command(flatten)]
    shared: demo::Options,
}

#[derive(Clone, Copy, ValueEnum)]
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

impl AsRef<demo::Options> for Args {
    fn as_ref(&self) -> &demo::Options {
        &self.shared
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let day = 24 * 60 * 60 * 1000;
    let number = text.parse().ok().filter(|millis| *millis <= day);
    let number = number.ok_or_else(|| format!("expected a number from 0 to {day}"))?;
    Ok(Duration::from_millis(number))
}

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    if !args.urls.is_empty() {
        let host = |url: &Url| url.host_str().unwrap_or("?").to_owned();
        let urls = args.urls.into_iter();
        let mirrors = urls.map(|url| (host(&url), url)).collect();
        return show(args.until, args.timeout, client::system()?, mirrors).await;
    }

    let server = Server::start().await?;
    let file = |name, delay| {
        let delay = Duration::from_millis(delay);
        Item::new(name).delay(delay).size(4000)
    };
    let mut items = vec![
        ("near", file("near", 100)),
        ("busy", file("busy", 200).status(503)),
        ("far", file("far", 400)),
        // The first part of the body after 60 ms, and the tenth 540 ms later.
        (
            "narrow",
            file("narrow", 60).trickle(Duration::from_millis(60)),
        ),
    ];
    if let Until::Success = args.until {
        // It fails before any other has ended: the other modes would stop there, or not notice.
        items.push(("moved", file("moved", 50).status(404)));
    }
    let mut mirrors = Vec::new();
    for (name, item) in items {
        mirrors.push((name.to_owned(), server.url(&item).parse()?));
    }
    // Here the failure is part of the show.
    let told = show(args.until, args.timeout, client::loopback()?, mirrors).await;
    server.shutdown().await;
    Ok(told.unwrap_or_else(|failure| failure.to_string()))
}

/// What a task returns: what it got, or why it got nothing.
type Fetched = Result<String, String>;

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
    let within = limit.map(|limit| format!(", for at most {}", timeline::time(limit)));
    say!("{} mirrors of one file, a task each", mirrors.len());
    say!("wait until {goal}{}", within.unwrap_or_default());
    say!("");

    let start = Instant::now();
    let deadline = limit.map(|limit| start + limit);
    // A task that panics has no name to return, but it has an id.
    let mut names = HashMap::new();
    let mut done = Vec::new();
    let mut stopped = Vec::new();
    let caller = async {
        let mut tasks = JoinSet::new();
        for (name, url) in mirrors {
            let task = tasks.spawn(track(&name, fetch(client.clone(), url)));
            names.insert(task.id(), name);
        }
        let waited = wait(&mut tasks, met, deadline, &mut done);
        let in_time = waited.instrument(waiting("for mirrors")).await;
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
        ended.instrument(waiting("for the losers")).await;
        say!("every task has ended");
        (in_time, after)
    };
    let (in_time, after) = track_value("caller", caller).await;

    say!("");
    for Done { id, result } in &done {
        let name = &names[id];
        match result {
            Ok(Ok(page)) => say!("{name:<8}  {page}"),
            Ok(Err(failure)) => say!("{name:<8}  failed: {failure}"),
            Err(error) => say!("{name:<8}  failed: {error}"),
        }
    }
    for Done { id, result } in &stopped {
        let cancelled = result.as_ref().is_err_and(|error| error.is_cancelled());
        let how = if cancelled { "stopped" } else { "too late" };
        say!("{:<8}  {how}", names[id]);
    }
    let has_file = done.iter().filter(|done| first_success(done)).count();
    let has_failed = done.len() - has_file;
    let notice = format!(
        "waited {} · got {has_file} · failed {has_failed} · pending {}",
        timeline::time(after),
        stopped.len()
    );
    let found = match until {
        Until::First | Until::Error | Until::All => has_failed == 0,
        Until::Success => has_file > 0,
    };
    anyhow::ensure!(in_time && found, notice);
    Ok(notice)
}

/// One task: asks one mirror, and says what came of it.
async fn fetch(client: Client, url: Url) -> Fetched {
    say!("asked");
    match get(&client, url).await {
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
