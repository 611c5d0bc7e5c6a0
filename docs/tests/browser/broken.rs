//! Demos that go wrong, made of a script: what the page says, and that the next run works. And demos
//! that never end: that their process does, when the reader stops them or leaves.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use docs::run::{Limits, Programs};
use fantoccini::Locator;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::time::timeout;

use crate::driver::Session;
use crate::runs::{ended, give, open, start, start_and_see, stop_it};
use crate::support::patterns;
use crate::{Site, World};

/// The page whose form chooses what goes wrong.
const PAGE: &str = "wait";

/// In place of that page's demo. In the folder are a run, as a demo prints it, and a pipe, which the
/// process holds open for writing as long as it lives.
const SCRIPT: &str = r#"
folder=$1
case "$*" in
*--until=error*) echo 'error: no such host' >&2; exit 1 ;;
*--until=success*) cat "$folder/run"
    printf "thread 'main' panicked at src/main.rs:1:2:\na bug\n" >&2; exit 101 ;;
*--until=all*) while cat "$folder/run"; do :; done ;;
*--timeout=1*) kill -9 $$ ;;
*--timeout=2*) exec 9>"$folder/pipe"; cat "$folder/run"; exec tail -f /dev/null ;;
*--timeout=3*) exec tail -f /dev/null ;;
*--timeout=4*) exit 0 ;;
*--timeout=5*) echo 'hello' ;;
*) cat "$folder/run" ;;
esac
"#;

/// What to choose in the form, and what the page says of that run.
const ENDS: [(&str, &str, &str); 6] = [
    (
        "until",
        "error",
        "The run failed (exit code 1): no such host",
    ),
    ("until", "success", "The demo panicked (exit code 101):"),
    (
        "until",
        "all",
        "Stopped, because the run said too much: stopped: the demo printed more than 1000000 bytes",
    ),
    (
        "timeout",
        "1",
        "The demo was ended by a signal: killed by signal 9",
    ),
    (
        "timeout",
        "4",
        "The run failed: the demo ended without a timeline",
    ),
    (
        "timeout",
        "5",
        "The run failed: the demo printed what is no timeline: hello",
    ),
];

/// How long the test waits for what would never come if the process went on.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    vec![
        world.trial(
            "run: each way to go wrong is said, and the next run works",
            async |session, site| Ok(ends(session, site).await?),
        ),
        world.trial(
            "run: one that never ends is ended",
            async |session, site| Ok(too_long(session, site).await?),
        ),
        world.trial("run: Stop ends the process", async |session, site| {
            let stop = async |session: &Session, _: &Site| stop_it(&session.client).await;
            Ok(process_ends(session, site, stop).await?)
        }),
        world.trial(
            "run: leaving the page ends the process",
            async |session, site| {
                let leave = async |session: &Session, site: &Site| {
                    let page = format!("{}/pick.html", site.origin);
                    session.client.goto(&page).await
                };
                Ok(process_ends(session, site, leave).await?)
            },
        ),
        world.trial(
            "run: closing the page ends the process",
            async |session, site| {
                let close = async |session: &Session, _: &Site| {
                    let client = &session.client;
                    let other = client.new_window(true).await?;
                    client.close_window().await?;
                    client.switch_to_window(other.handle).await
                };
                Ok(process_ends(session, site, close).await?)
            },
        ),
    ]
}

/// The book with the script in place of the demo. Its folder has to live as long.
async fn broken(site: &Site, limits: Limits) -> (Site, TempDir) {
    let pattern = patterns().iter().find(|pattern| pattern.name() == PAGE);
    let timeline = pattern.expect("the page").folder.dir.join("timeline.json");
    let timeline = fs::read_to_string(timeline).expect("the recorded run");
    let timeline: Value = serde_json::from_str(&timeline).expect("a timeline");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = json!({"timeline": timeline, "notice": null});
    fs::write(folder.path().join("run"), format!("{run}\n")).expect("a file");
    let script = folder.path().join("script");
    fs::write(&script, SCRIPT).expect("a file");
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(pipe).status().expect("mkfifo");
    assert!(made.success());
    let command = vec!["sh".into(), script.into(), folder.path().into()];
    let programs = Programs::Ready(BTreeMap::from([(PAGE.to_owned(), command)]));
    (site.with(programs, limits).await, folder)
}

async fn ends(session: &Session, site: &Site) -> Result<(), CmdError> {
    let limits = Limits {
        output: 1_000_000,
        ..Limits::default()
    };
    let (site, _folder) = broken(site, limits).await;
    let client = &session.client;
    open(session, &site, PAGE).await?;
    for (name, value, says) in ENDS {
        give(client, name, value).await?;
        start(client).await?;
        assert_eq!(ended(client).await?, says, "{name} {value}");
        let message = client.find(Locator::Css(".run .message")).await?;
        if says.ends_with(':') {
            let bug = "thread 'main' panicked at src/main.rs:1:2:\na bug";
            assert_eq!(message.text().await?, bug);
            // What there was of the run is shown, and it can be played.
            let player = ".runs section:first-child .player .controls";
            client.find(Locator::Css(player)).await?;
        } else {
            assert!(!message.is_displayed().await?, "{name} {value}");
        }

        give(client, name, if name == "until" { "first" } else { "" }).await?;
        start(client).await?;
        let next = ended(client).await?;
        assert!(next.starts_with("Done in "), "after {name} {value}: {next}");
    }
    Ok(())
}

async fn too_long(session: &Session, site: &Site) -> Result<(), CmdError> {
    let limits = Limits {
        time: Duration::from_millis(1),
        ..Limits::default()
    };
    let (site, _folder) = broken(site, limits).await;
    let client = &session.client;
    open(session, &site, PAGE).await?;
    give(client, "timeout", "3").await?;
    // The server is there for the second, too.
    for _ in 0..2 {
        start(client).await?;
        assert_eq!(
            ended(client).await?,
            "Stopped, because the run took too long: stopped after 1ms"
        );
    }
    Ok(())
}

/// Starts runs that never end, and ends them in this way: the process is gone, and one more run than
/// there may be at once can be started.
async fn process_ends(
    session: &Session,
    site: &Site,
    end: impl AsyncFn(&Session, &Site) -> Result<(), CmdError>,
) -> Result<(), CmdError> {
    let limits = Limits {
        runs: 2,
        ..Limits::default()
    };
    let (site, folder) = broken(site, limits).await;
    let client = &session.client;
    for _ in 0..3 {
        let pipe = pipe::OpenOptions::new().open_receiver(folder.path().join("pipe"));
        let mut pipe = pipe.expect("a pipe");
        open(session, &site, PAGE).await?;
        give(client, "timeout", "2").await?;
        start_and_see(client).await?;
        let mut written = Vec::new();
        let nothing = pipe
            .try_read_buf(&mut written)
            .map_err(|error| error.kind());
        assert_eq!(nothing, Err(std::io::ErrorKind::WouldBlock), "it runs");
        end(session, &site).await?;
        let closed = timeout(PATIENCE, pipe.read_to_end(&mut written)).await;
        closed.expect("the process goes on").expect("the pipe");
    }
    Ok(())
}
