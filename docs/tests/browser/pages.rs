//! What holds for every page, light and dark, wide and narrow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::Value;

use crate::driver::{Look, Session};
use crate::support::html::{attribute, tags};
use crate::{Checked, Site, World};

/// A test for each page.
pub fn trials(world: &Arc<World>) -> Vec<Trial> {
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
        .collect()
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
    for dark in [false, true] {
        for width in [1280, 400] {
            session
                .look(Look {
                    dark,
                    width,
                    ..Look::default()
                })
                .await?;
            let theme = if dark { "dark" } else { "light" };
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

/// Loads the page and says what is wrong with it.
async fn look(session: &Session, site: &Site, page: &str) -> Result<Vec<String>, CmdError> {
    session
        .client
        .goto(&format!("{}/{page}", site.origin))
        .await?;
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
    let requests = requests(session).await?;
    assert!(!requests.is_empty(), "the page itself was not asked for");
    for address in requests {
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
        let has_anchor = || match site.pages.get(Path::new(&file)) {
            _ if anchor.is_empty() => true,
            _ if file == page => ids.contains(anchor),
            Some(html) => tags(html)
                .iter()
                .any(|tag| attribute(tag, "id").as_deref() == Some(anchor)),
            None => false,
        };
        if !is_there || !has_anchor() {
            dead.push(format!("dead link: {target}"));
        }
    }
    dead
}
