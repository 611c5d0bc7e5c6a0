//! A run from each page, to its end.

use std::sync::Arc;

use fantoccini::Locator;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;

use crate::driver::Session;
use crate::support::patterns;
use crate::{Site, World};

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    patterns()
        .into_iter()
        .map(|pattern| {
            let name = pattern.name;
            world.trial(format!("run {name}"), async move |session, site| {
                Ok(run(session, site, &name).await?)
            })
        })
        .collect()
}

/// Runs the demo on the paused clock: it says what the recorded run said.
async fn run(session: &Session, site: &Site, pattern: &str) -> Result<(), CmdError> {
    let client = &session.client;
    let page = format!("{}/patterns/{pattern}/index.html", site.origin);
    client.goto(&page).await?;
    let paused = Locator::Css(".run form [name=paused] option[value=paused]");
    client.find(paused).await?.click().await?;
    let start = Locator::Css(".run button[type=submit]");
    client.find(start).await?.click().await?;
    // The first of these states that is not one of a run under way.
    let ended = Locator::XPath(
        "//p[@role='status'][not(. = '' or starts-with(., 'Starting') \
         or starts-with(., 'Building') or starts-with(., 'Running'))]",
    );
    let status = client.wait().for_element(ended).await?.text().await?;
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
    Ok(())
}
