//! The search finds the page.

use std::sync::Arc;

use fantoccini::Locator;
use libtest_mimic::Trial;

use crate::World;

/// What is typed, and a page that must be among the first found.
const SEARCHES: [(&str, &str); 4] = [
    ("JoinSet", "patterns/task/index.html"),
    ("Semaphore", "patterns/semaphore/index.html"),
    ("asyncio.gather", "patterns/gather/index.html"),
    (
        "Cannot start a runtime from within a runtime",
        "patterns/runtime/index.html",
    ),
];

/// How many results a reader sees without a scroll.
const FIRST: usize = 5;

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    SEARCHES
        .map(|(words, page)| {
            world.trial(format!("search {words}"), async move |session, site| {
                let client = &session.client;
                client.goto(&format!("{}/index.html", site.origin)).await?;
                client
                    .find(Locator::Css("body"))
                    .await?
                    .send_keys("s")
                    .await?;
                client
                    .wait()
                    .for_element(Locator::Css("#mdbook-searchbar:focus"))
                    .await?
                    .send_keys(words)
                    .await?;
                let results = Locator::Css("#mdbook-searchresults li a");
                client.wait().for_element(results).await?;
                let mut found = Vec::new();
                for link in client.find_all(results).await?.into_iter().take(FIRST) {
                    let address = link.prop("href").await?.unwrap_or_default();
                    if address.contains(page) {
                        return Ok(());
                    }
                    found.push(address);
                }
                Err(format!("{page} is not among {found:#?}").into())
            })
        })
        .into()
}
