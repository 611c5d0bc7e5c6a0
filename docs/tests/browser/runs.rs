//! Runs from the pages: to the end, stopped, refused, and two side by side. A page of each pattern is
//! no more than the same form with other fields.

use std::sync::Arc;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use libtest_mimic::Trial;
use serde_json::json;

use crate::driver::Session;
use crate::{Site, World};

/// How often a run is stopped: more often than so many may run at once.
const STOPS: usize = 5;

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = vec![world.trial("run: to its end", async |session, site| {
        Ok(run(session, site, "gather").await?)
    })];
    trials.push(world.trial(
        "run: Stop ends it, again and again",
        async |session, site| Ok(stop(session, site).await?),
    ));
    trials.push(
        world.trial("run: two runs are compared", async |session, site| {
            Ok(compare(session, site).await?)
        }),
    );
    trials.push(world.trial(
        "run: a refused argument, then one that is not",
        async |session, site| Ok(refused(session, site).await?),
    ));
    trials.push(world.trial(
        "run: work that panics is a part of the run",
        async |session, site| Ok(panicking(session, site).await?),
    ));
    trials
}

pub async fn open(session: &Session, site: &Site, pattern: &str) -> Result<(), CmdError> {
    let page = format!("{}/patterns/{pattern}/index.html", site.origin);
    session.client.goto(&page).await
}

/// Chooses this in a field of the form, or types it.
pub async fn give(client: &Client, name: &str, value: &str) -> Result<(), CmdError> {
    let field = format!(".run form [name={name}]");
    let field = client.find(Locator::Css(&field)).await?;
    if field.tag_name().await? == "select" {
        return field.select_by_value(value).await;
    }
    field.clear().await?;
    field.send_keys(value).await
}

/// Presses Run.
pub async fn start(client: &Client) -> Result<(), CmdError> {
    let start = Locator::Css(".run button[type=submit]");
    client.find(start).await?.click().await
}

/// Presses Run, and waits until the demo shows what it does.
pub async fn start_and_see(client: &Client) -> Result<(), CmdError> {
    start(client).await?;
    status(client, "starts-with(., 'Running')").await?;
    let picture = Locator::Css(".runs section:first-child svg.timeline");
    client.wait().for_element(picture).await?;
    Ok(())
}

/// Presses Stop, and waits until the page says that it is done.
pub async fn stop_it(client: &Client) -> Result<(), CmdError> {
    let stop = Locator::XPath("//*[@class='start-stop']/button[. = 'Stop']");
    client.find(stop).await?.click().await?;
    status(client, "starts-with(., 'Stopped')").await?;
    Ok(())
}

/// Waits for the status of which this is true.
async fn status(client: &Client, is: &str) -> Result<Element, CmdError> {
    let status = format!("//p[@role='status'][{is}]");
    client.wait().for_element(Locator::XPath(&status)).await
}

/// The status once the run has ended: the first that is not one of a run under way.
pub async fn ended(client: &Client) -> Result<String, CmdError> {
    let ended = "not(. = '' or starts-with(., 'Starting') or starts-with(., 'Building') \
                 or starts-with(., 'Running')) and //button[@type='submit'][not(@disabled)]";
    status(client, ended).await?.text().await
}

/// Runs the demo on the paused clock: it says what the recorded run said.
async fn run(session: &Session, site: &Site, pattern: &str) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site, pattern).await?;
    give(client, "paused", "paused").await?;
    start(client).await?;
    let status = ended(client).await?;
    assert!(status.starts_with("Done in "), "{pattern}: {status}");
    let lines = client
        .execute(
            "return ['figure[data-timeline=\"timeline.json\"]', '.runs figure'].map((figure) =>
                 [...document.querySelectorAll(figure + ' .transcript li')].map((line) =>
                     line.textContent.replace(/\\s+/g, ' ').trim()));",
            Vec::new(),
        )
        .await?;
    assert!(
        lines[0].as_array().is_some_and(|lines| !lines.is_empty()),
        "{pattern}"
    );
    assert_eq!(lines[0], lines[1], "{pattern}");
    assert_eq!(session.axe().await?, [""; 0]);
    Ok(())
}

/// A run of many minutes on the real clock. Were it not ended, the last would be refused.
async fn stop(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site, "semaphore").await?;
    give(client, "limit", "1").await?;
    give(client, "items", "10000").await?;
    for _ in 0..STOPS {
        start_and_see(client).await?;
        stop_it(client).await?;
        // The player has what there was of it.
        let controls = Locator::Css(".runs section:first-child .controls");
        client.wait().for_element(controls).await?;
        let notice = Locator::Css(".runs section:first-child .notice");
        let notice = client.find(notice).await?.text().await?;
        assert_eq!(notice, "Stopped.");
    }
    Ok(())
}

/// The lengths of both runs are those of the paused clock, which are the same each time.
async fn compare(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site, "semaphore").await?;
    give(client, "paused", "paused").await?;
    for limit in ["2", "10"] {
        give(client, "limit", limit).await?;
        start(client).await?;
        let status = ended(client).await?;
        assert!(status.starts_with("Done in "), "--limit {limit}: {status}");
    }
    let compared = Locator::XPath("//p[@class='compared'][. != '']");
    let compared = client.wait().for_element(compared).await?.text().await?;
    assert_eq!(compared, "--limit 10: 1096 ms · --limit 2: 5306 ms · 4.8×");
    let shown = client
        .execute(
            "return [...document.querySelectorAll('.runs section')].map((run) => [
                 run.querySelector('header code').textContent,
                 run.querySelector('svg.timeline').dataset.length,
                 run.querySelectorAll('.controls').length,
             ]);",
            Vec::new(),
        )
        .await?;
    let run = |limit| format!("cargo run -p semaphore -- --limit {limit} --paused");
    assert_eq!(
        shown,
        json!([[run(10), "5306", 1], [run(2), "5306", 1]]),
        "the command, the axis and the player of each"
    );
    assert_eq!(session.axe().await?, [""; 0]);
    Ok(())
}

async fn refused(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site, "semaphore").await?;
    give(client, "paused", "paused").await?;
    give(client, "items", "99999").await?;
    start(client).await?;
    assert_eq!(
        ended(client).await?,
        "The demo refused an argument (exit code 2): \
         invalid value '99999' for '--items <N>': 99999 is not in 1..=10000"
    );
    give(client, "items", "10").await?;
    start(client).await?;
    let status = ended(client).await?;
    assert!(status.starts_with("Done in "), "{status}");
    Ok(())
}

/// This demo catches the panic, and shows what it does to the other tasks.
async fn panicking(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site, "async-context-manager").await?;
    give(client, "paused", "paused").await?;
    give(client, "outcome", "panic").await?;
    start(client).await?;
    assert_eq!(ended(client).await?, "Done in 450 ms.");
    let panicked = Locator::XPath("//*[@class='runs']//li[contains(., 'panicked')]");
    client.find(panicked).await?;
    Ok(())
}
