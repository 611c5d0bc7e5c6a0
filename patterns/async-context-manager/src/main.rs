//! Logs in to a server, works there and logs out again, whatever becomes of the work.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use async_context_manager::with_resource;
use clap::{Parser, ValueEnum};
use common::demo::{self, CtrlC};
use common::server::{Item, Server};
use common::timeline::{Bars as _, time, track, track_value};
use common::{client, say, title};
use reqwest::{Client, Url};
use tokio::time::{Instant, sleep};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Log in, work, log out: the log-out happens whatever becomes of the work.
///
/// The server is a small one that the demo starts itself, on this machine only. It counts the
/// sessions that are open, and in the end there is none.
#[derive(Parser)]
#[command(bin_name = "cargo run -p async-context-manager --")]
struct Args {
    /// What becomes of the work
    #[arg(long, value_enum, default_value_t = Outcome::Ok)]
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Outcome {
    /// It succeeds
    Ok,
    /// The server refuses the second request
    Error,
    /// It has a bug
    Panic,
    /// The caller is cancelled in the middle of the second request
    Cancel,
}

fn main() -> ExitCode {
    demo::run_and_drain(tell)
}

async fn tell(args: Args, ctrl_c: CtrlC) -> anyhow::Result<String> {
    let server = Server::start().await?;
    title!("log in, two requests, log out; the server counts its open sessions");
    let told = track_value("program", program(args.outcome, &server, ctrl_c)).await;
    server.shutdown().await;
    told
}

/// Returns the line that says what to notice.
async fn program(outcome: Outcome, server: &Server, ctrl_c: CtrlC) -> anyhow::Result<String> {
    let status = if outcome == Outcome::Error { 500 } else { 200 };
    let news = Item::new("news").delay(ms(100)).size(500);
    let mail = Item::new("mail").delay(ms(150)).size(900).status(status);
    let requests = server.named_urls([news, mail]);
    let sessions = format!("http://{}/sessions", server.address());
    // One for the whole program, which awaits it at its end.
    let tracker = TaskTracker::new();

    let start = Instant::now();
    let call = call(tracker.clone(), sessions, requests, outcome);
    let mut caller = AbortOnDropHandle::new(tokio::spawn(track("caller", call)));
    let waited = async {
        tokio::select! {
            biased;
            ended = &mut caller => return ended,
            () = sleep(ms(250)), if outcome == Outcome::Cancel => {}
            () = ctrl_c.pressed() => {}
        }
        // A request: until it has ended, the caller may run on, and open what is missed below.
        caller.abort();
        (&mut caller).await
    };
    let ended = match waited.waiting("for the caller").await {
        Ok(Ok(())) => "returned",
        Ok(Err(_)) => "failed",
        Err(ended) if ended.is_cancelled() => "was cancelled",
        Err(_) => "panicked",
    };
    let after = time(start.elapsed());

    tracker.close();
    tracker.wait().waiting("for the tracker").await;
    let closed = time(start.elapsed());
    let left = server.open_sessions();
    say!("ends, open sessions: {left}");
    anyhow::ensure!(left == 0, "a session was left open");
    Ok(format!(
        "caller {ended} after {after} · all closed after {closed} · open sessions: {left}"
    ))
}

/// The caller: needs a session for its two requests.
async fn call(
    tracker: TaskTracker,
    sessions: String,
    requests: Vec<(String, Url)>,
    outcome: Outcome,
) -> anyhow::Result<()> {
    let open = track("log in", log_in(client::loopback()?, sessions));
    let close = |session: Session| track("log out", session.log_out());
    let body = async |session: &mut Session| {
        for (name, url) in requests {
            let page = session.get(&name, url);
            say!("{}", page.holding("the session").await?);
        }
        assert!(outcome != Outcome::Panic, "a bug in the work, on purpose");
        Ok(())
    };
    let result = with_resource(&tracker, open, close, body).await;
    // An `anyhow::Error` is no `std::error::Error`, which a source has to be.
    let result = result.map_err(|failed| failed.map(io::Error::other));
    match &result {
        Ok(()) => say!("returns"),
        Err(failed) => say!("returns: {failed:#}"),
    }
    Ok(result?)
}

/// A session at the server, which stays open there until somebody logs out.
struct Session {
    client: Client,
    url: String,
}

async fn log_in(client: Client, sessions: String) -> anyhow::Result<Session> {
    say!("asks");
    let asked = client.post(format!("{sessions}?delay=100")).send();
    let answer = asked.waiting("for the answer").await?;
    let number = answer.error_for_status()?.text().await?;
    let url = format!("{sessions}/{}", number.trim_end());
    say!("has session {}", number.trim_end());
    Ok(Session { client, url })
}

impl Session {
    async fn get(&mut self, name: &str, url: Url) -> anyhow::Result<String> {
        let answer = self.client.get(url).send().await?;
        let status = answer.status();
        anyhow::ensure!(status.is_success(), "{name}: status {status}");
        let bytes = answer.bytes().await.context(name.to_owned())?.len();
        Ok(format!("{name}: {status}, {bytes} bytes"))
    }

    async fn log_out(self) -> anyhow::Result<()> {
        say!("asks");
        let asked = self.client.delete(format!("{}?delay=100", self.url)).send();
        let answer = asked.waiting("for the answer").await?;
        answer.error_for_status()?;
        say!("has logged out");
        Ok(())
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
