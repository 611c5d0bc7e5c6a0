//! What holds for every page, light and dark, wide and narrow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use fantoccini::Locator;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::Value;

use crate::driver::{Look, Session};
use crate::{Checked, Site, World};

/// The themes of mdBook's menu.
const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// A page with all that the check has to find, and a link that is alive. The picture has two texts in
/// one place and one outside.
const BAD: &str = "<!DOCTYPE html><meta charset=utf-8><link rel=icon href=data:,>
<p id=here style='width: 3000px'>wide</p>
<svg width=100 height=40>
<text x=0 y=20>first</text><text x=2 y=20>second</text><text x=90 y=20>outside</text></svg>
<a href='#here'>alive</a> <a href='#nowhere'>1</a> <a href='missing.html'>2</a>
<a href='/index.html#nowhere'>3</a>
<svg width=10 height=10><a href='gone.html'><rect width=9 height=9 /></a></svg>
<img src='http://elsewhere.example/picture.png' alt=''>
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

/// A test for each page, and for each theme.
pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    let themes = THEMES.map(|theme| {
        world.trial(format!("theme {theme}"), async move |session, site| {
            in_theme(session, site, theme).await
        })
    });
    let bad = world.trial("a bad page is found to be bad", async |session, site| {
        Ok(bad(session, site).await?)
    });
    let pages = world.site.pages.keys();
    pages
        // The frame that holds the list of pages where there are no scripts: nobody opens it.
        .filter(|page| page.as_os_str() != "toc.html")
        .map(|page| {
            let page = page.to_string_lossy().replace('\\', "/");
            world.trial(format!("page {page}"), async move |session, site| {
                check(session, site, &page).await
            })
        })
        .chain(themes)
        .chain([bad])
        .collect()
}

/// Chooses the theme as a reader does, and looks at a page with all kinds of parts.
async fn in_theme(session: &Session, site: &Site, theme: &str) -> Checked {
    let client = &session.client;
    let page = "patterns/gather/index.html";
    open(session, site, page).await?;
    for button in ["toggle", theme] {
        let button = format!("#mdbook-theme-{button}");
        client.find(Locator::Css(&button)).await?.click().await?;
    }
    let mut problems = Vec::new();
    for width in [1280, 400] {
        let size = Look {
            width,
            ..Look::default()
        };
        session.look(size).await?;
        open(session, site, page).await?;
        let seen = look(session, site, page).await?;
        problems.extend(seen.iter().map(|problem| format!("{width}: {problem}")));
        let chosen = format!("html.{theme}");
        client.find(Locator::Css(&chosen)).await?;
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// The check can fail: it finds all that is wrong with a page that was made for it.
async fn bad(session: &Session, site: &Site) -> Result<(), CmdError> {
    std::fs::write(site.book.path().join("bad.html"), BAD).expect("a page");
    open(session, site, "bad.html").await?;
    let mut problems = look(session, site, "bad.html").await?;
    for found in FOUND {
        let place = problems.iter().position(|said| said.contains(found));
        let place = place.unwrap_or_else(|| panic!("not found: {found} in {problems:#?}"));
        problems.swap_remove(place);
    }
    assert!(problems.is_empty(), "found, too: {problems:#?}");
    Ok(())
}

/// What `page.js` answers.
#[derive(Deserialize)]
struct Report {
    problems: Vec<String>,
    links: Vec<String>,
    ids: BTreeSet<String>,
}

async fn check(session: &Session, site: &Site, page: &str) -> Checked {
    let mut problems = BTreeMap::new();
    // Loaded once at each width, since the width decides on the list of pages, once in light and once
    // in dark. The other theme follows the reader's system.
    for (width, loaded_dark) in [(1280, false), (400, true)] {
        for dark in [loaded_dark, !loaded_dark] {
            session
                .look(Look {
                    dark,
                    width,
                    ..Look::default()
                })
                .await?;
            if dark == loaded_dark {
                open(session, site, page).await?;
            }
            let theme = if dark { "navy" } else { "light" };
            let chosen = format!("html.{theme}");
            let chosen = Locator::Css(&chosen);
            session.client.wait().for_element(chosen).await?;
            for problem in look(session, site, page).await? {
                let seen: &mut Vec<String> = problems.entry(problem).or_default();
                seen.push(format!("{theme} {width}"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = problems
        .into_iter()
        .map(|(problem, seen)| format!("{page} ({}): {problem}", seen.join(", ")))
        .collect();
    Err(lines.join("\n").into())
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
    let entries = session.log("performance").await?;
    let sent = entries.iter().filter_map(|entry| {
        let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
        let event = &message["message"];
        let is_request = event["method"] == "Network.requestWillBeSent";
        is_request.then(|| {
            event["params"]["request"]["url"]
                .as_str()
                .map(str::to_owned)
        })?
    });
    Ok(sent.collect())
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
