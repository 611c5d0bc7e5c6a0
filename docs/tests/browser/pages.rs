//! What holds for every page, light and dark, on a desktop and on a phone.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fantoccini::Locator;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::driver::{Look, Session};
use crate::{Checked, Site, World};

/// A page of each kind, which is looked at in depth: a pattern's, what helps to choose, the figure of
/// the patterns, tables, a file of the repository, and what is not there.
const KINDS: [&str; 6] = [
    "patterns/gather/index.html",
    "pick.html",
    "introduction.html",
    "asyncio.html",
    "patterns/gather/examples/sequential_awaits.rs.html",
    "404.html",
];

/// A desktop and a phone.
const WIDTHS: [u32; 2] = [1280, 390];

/// A page with all that the check has to find, and a link that is alive. The picture has two texts in
/// one place and one outside.
const BAD: &str = "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Bad</title>
<link rel=icon href=data:,><main><h1>Bad</h1>
<p id=here style='width: 3000px'>wide</p>
<svg width=100 height=40>
<text x=0 y=20>first</text><text x=2 y=20>second</text><text x=90 y=20>outside</text></svg>
<a href='#here'>alive</a> <a href='#nowhere'>1</a> <a href='missing.html'>2</a>
<a href='/index.html#nowhere'>3</a>
<svg width=10 height=10><a href='gone.html' aria-label=4><rect width=9 height=9 /></a></svg>
<img src='http://elsewhere.example/picture.png' alt=''></main>
<script>console.error('a complaint');</script><script>throw new Error('a bug');</script>";

/// What the check says of it, each a part of one problem.
const FOUND: [&str; 11] = [
    "scrolls sideways: ",
    "on each other: <text> \"first\" and <text> \"second\"",
    "outside of its picture: <text> \"outside\"",
    "dead link: bad.html#nowhere",
    "dead link: missing.html",
    "dead link: index.html#nowhere",
    "dead link: gone.html",
    "asks another machine: http://elsewhere.example/picture.png",
    "a complaint",
    "Uncaught Error: a bug",
    "ERR_NAME_NOT_RESOLVED",
];

/// A page that some people cannot read, and what axe calls that.
const CLOSED: &str = "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Closed</title>
<link rel=icon href=data:,><main><h1>Closed</h1><p style='color: #aaa'>pale</p>
<img src=data:, id=unsaid></main><p>outside</p>";
const CLOSED_TO: [&str; 3] = ["axe: color-contrast, ", "axe: image-alt, ", "axe: region, "];

/// Each page quickly, and some in depth.
pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    let all = world.trial("page by page", async |session, site| {
        every(session, site).await
    });
    let bad = world.trial("a bad page is found to be bad", async |session, site| {
        Ok(bad(session, site).await?)
    });
    let refused = world.trial("a bad page gets nothing", async |session, site| {
        Ok(refused(session, site).await?)
    });
    let depth = KINDS.map(|page| {
        world.trial(
            format!("in depth: page {page}"),
            async move |session, site| in_depth(session, site, page).await,
        )
    });
    [all, bad, refused].into_iter().chain(depth).collect()
}

/// What needs axe.
pub fn axe_trials(world: &Arc<World>) -> Vec<Trial> {
    vec![world.trial(
        "axe: a bad page is found to be bad",
        async |session, site| Ok(closed(session, site).await?),
    )]
}

/// Loads each page in one session: what its console says, what it asks for, where its links lead,
/// whether it fits, and what axe finds. A chapter at both widths, a file of the repository once.
async fn every(session: &Session, site: &Site) -> Checked {
    let begun = Instant::now();
    let mut problems = Vec::new();
    for (turn, page) in site.pages.keys().enumerate() {
        // The frame that holds the list of pages where there are no scripts: nobody opens it.
        if page.as_os_str() == "toc.html" {
            continue;
        }
        let page = page.to_string_lossy().replace('\\', "/");
        let is_chapter = !page.trim_end_matches(".html").contains('.');
        for (dark, width) in [(false, 1280), (true, 390)] {
            if is_chapter || dark == (turn % 2 == 0) {
                let width = if is_chapter { width } else { 390 };
                let look = Look {
                    dark,
                    width,
                    ..Look::default()
                };
                problems.extend(looked(session, site, &page, look).await?);
            }
        }
    }
    // For who reads it. It depends on the machine.
    let seconds = begun.elapsed().as_secs_f64();
    let pages = site.pages.len() - 1;
    eprintln!(
        "{pages} pages in {seconds:.1} s, {:.2} s each",
        seconds / pages as f64
    );
    checked(problems)
}

/// Looks at a page in each theme and at each width, as it is and with all that is folded open.
async fn in_depth(session: &Session, site: &Site, page: &str) -> Checked {
    let mut problems = Vec::new();
    for width in WIDTHS {
        for dark in [false, true] {
            let look = Look {
                dark,
                width,
                ..Look::default()
            };
            problems.extend(looked(session, site, page, look).await?);
            session.client.execute(UNFOLD, Vec::new()).await?;
            let opened = format!("{page}, opened");
            problems.extend(look_again(session, site, page, &opened, look).await?);
        }
    }
    checked(problems)
}

/// Opens all that is folded.
const UNFOLD: &str =
    "document.querySelectorAll('details').forEach((folded) => { folded.open = true; });";

fn checked(problems: Vec<String>) -> Checked {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// Loads a page with this look, and says what is wrong with it.
async fn looked(
    session: &Session,
    site: &Site,
    page: &str,
    look: Look,
) -> Result<Vec<String>, CmdError> {
    session.look(look).await?;
    open(session, site, page).await?;
    let chosen = if look.dark { "html.navy" } else { "html.light" };
    session.client.find(Locator::Css(chosen)).await?;
    look_again(session, site, page, page, look).await
}

/// Says what is wrong with the page, which is loaded, under this name.
async fn look_again(
    session: &Session,
    site: &Site,
    page: &str,
    name: &str,
    Look { dark, width, .. }: Look,
) -> Result<Vec<String>, CmdError> {
    let mut problems = self::look(session, site, page).await?;
    problems.extend(session.axe().await?);
    let theme = if dark { "dark" } else { "light" };
    let named = |problem| format!("{name} ({theme}, {width} px): {problem}");
    Ok(problems.into_iter().map(named).collect())
}

/// The check can fail: it finds all that is wrong with a page that was made for it.
async fn bad(session: &Session, site: &Site) -> Result<(), CmdError> {
    std::fs::write(site.book.path().join("bad.html"), BAD).expect("a page");
    // The server's policy would leave less to find.
    let bypass = |on: bool| session.devtools("Page.setBypassCSP", json!({"enabled": on}));
    bypass(true).await?;
    open(session, site, "bad.html").await?;
    let problems = look(session, site, "bad.html").await;
    bypass(false).await?;
    are(problems?, &FOUND);
    Ok(())
}

/// With the policy, the browser runs none of its scripts and asks no other machine.
async fn refused(session: &Session, site: &Site) -> Result<(), CmdError> {
    std::fs::write(site.book.path().join("refused.html"), BAD).expect("a page");
    open(session, site, "refused.html").await?;
    let of = |events: &[Value]| -> Vec<Value> {
        let blocked = events.iter().map(|event| &event["params"]["blockedReason"]);
        blocked
            .filter(|reason| !reason.is_null())
            .cloned()
            .collect()
    };
    assert_eq!(
        of(&events(session, "Network.loadingFailed").await?),
        ["csp"]
    );
    let said = session.log("browser").await?;
    let said: Vec<String> = said
        .iter()
        .map(|entry| entry["message"].to_string())
        .collect();
    // Two scripts and a picture.
    assert_eq!(said.len(), 3, "{said:#?}");
    for refusal in &said {
        assert!(refusal.contains("Content Security Policy"), "{refusal}");
    }
    Ok(())
}

async fn closed(session: &Session, site: &Site) -> Result<(), CmdError> {
    std::fs::write(site.book.path().join("closed.html"), CLOSED).expect("a page");
    open(session, site, "closed.html").await?;
    are(session.axe().await?, &CLOSED_TO);
    Ok(())
}

/// Fails when these are not the problems that were found.
fn are(mut problems: Vec<String>, expected: &[&str]) {
    for found in expected {
        let place = problems.iter().position(|said| said.contains(found));
        let place = place.unwrap_or_else(|| panic!("not found: {found} in {problems:#?}"));
        problems.swap_remove(place);
    }
    assert!(problems.is_empty(), "found, too: {problems:#?}");
}

/// What `page.js` answers.
#[derive(Deserialize)]
struct Report {
    problems: Vec<String>,
    links: Vec<String>,
    ids: BTreeSet<String>,
}

async fn open(session: &Session, site: &Site, page: &str) -> Result<(), CmdError> {
    let page = format!("{}/{page}", site.origin);
    session.client.goto(&page).await
}

/// Says what is wrong with the page, which is loaded.
async fn look(session: &Session, site: &Site, page: &str) -> Result<Vec<String>, CmdError> {
    let report = session
        .client
        .execute_async(include_str!("page.js"), Vec::new())
        .await?;
    let report: Report = serde_json::from_value(report).expect("what page.js answers");
    let mut problems = report.problems;
    problems.extend(dead_links(site, page, &report.links, &report.ids));
    for entry in session.log("browser").await? {
        problems.push(format!("console: {}", entry["message"]));
    }
    for address in requests(session).await? {
        let is_here = address.starts_with(&format!("{}/", site.origin));
        if !is_here && !address.starts_with("data:") && !address.starts_with("blob:") {
            problems.push(format!("asks another machine: {address}"));
        }
    }
    Ok(problems)
}

/// Every address that was asked for since the last question.
async fn requests(session: &Session) -> Result<Vec<String>, CmdError> {
    let events = events(session, "Network.requestWillBeSent").await?;
    let address = |event: &Value| {
        let address = event["params"]["request"]["url"].as_str();
        address.map(str::to_owned)
    };
    Ok(events.iter().filter_map(address).collect())
}

/// What the browser noted under this name since the last question for notes.
async fn events(session: &Session, name: &str) -> Result<Vec<Value>, CmdError> {
    let entries = session.log("performance").await?;
    let noted = entries.iter().filter_map(|entry| {
        let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
        let event = message["message"].clone();
        (event["method"] == name).then_some(event)
    });
    Ok(noted.collect())
}

/// Links of the page, with those that its scripts made, that lead nowhere in the book.
fn dead_links(site: &Site, page: &str, links: &[String], ids: &BTreeSet<String>) -> Vec<String> {
    let mut dead = Vec::new();
    for link in links {
        let Some(target) = link.strip_prefix(&format!("{}/", site.origin)) else {
            continue;
        };
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let mut file = path.split('?').next().unwrap_or_default().to_owned();
        if file.is_empty() || file.ends_with('/') {
            file += "index.html";
        }
        let is_there = site.book.path().join(&file).is_file();
        let has_anchor = || match site.ids().get(Path::new(&file)) {
            _ if anchor.is_empty() => true,
            _ if file == page => ids.contains(anchor),
            other => other.is_some_and(|ids| ids.contains(anchor)),
        };
        if !is_there || !has_anchor() {
            dead.push(format!("dead link: {target}"));
        }
    }
    dead
}
