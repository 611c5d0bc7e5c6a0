//! The ways to a page: the questions, the symptoms and the catalogue.

use std::sync::Arc;

use fantoccini::Locator;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use libtest_mimic::Trial;
use serde_json::json;

use crate::driver::Session;
use crate::support::patterns;
use crate::{Site, World};

/// Where a symptom is typed.
const FIELD: &str = "#find-symptom";

/// How many clicks a reader needs at most, the one on the page's link among them.
const CLICKS: usize = 3;

/// What a reader types or pastes, and where the first link of what is found leads.
const SYMPTOMS: [(&str, &str); 8] = [
    (
        "\nthread 'main' (4711) panicked at src/main.rs:12:5:\n\
         there is no reactor running, must be called from the context of a Tokio 1.x runtime\n\
         note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        "patterns/runtime/index.html#which-runtime",
    ),
    (
        "thread 'main' panicked at /home/me/.cargo/registry/src/tokio-1.48.0/src/runtime/x.rs:86:13:\n\
         Cannot start a runtime from within a runtime. This happens because a function (like \
         `block_on`) attempted to block the current thread while the thread is being used to drive \
         asynchronous tasks.",
        "patterns/runtime/index.html#when-it-goes-wrong",
    ),
    (
        "error: future cannot be sent between threads safely",
        "patterns/lock/index.html",
    ),
    ("JoinError::Cancelled(Id(42))", "patterns/wait/index.html"),
    ("PoisonError", "patterns/lock/index.html"),
    ("hangs on exit", "patterns/runtime/index.html"),
    (
        "<string>:1: RuntimeWarning: coroutine 'fetch' was never awaited\n\
         RuntimeWarning: Enable tracemalloc to get the object allocation traceback",
        "patterns/future/index.html#when-it-goes-wrong",
    ),
    ("too many open files", "patterns/semaphore/index.html"),
];

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    vec![
        world.trial("find: symptoms lead to pages", async |session, site| {
            Ok(symptoms(session, site).await?)
        }),
        world.trial(
            "find: what people write finds its row",
            async |session, site| Ok(sentences(session, site).await?),
        ),
        world.trial(
            "find: an unknown symptom leads to the search",
            async |session, site| Ok(unknown(session, site).await?),
        ),
        world.trial(
            "find: questions lead to each pattern",
            async |session, site| {
                for pattern in patterns() {
                    questions(session, site, pattern.name()).await?;
                }
                Ok(())
            },
        ),
        world.trial(
            "find: the catalogue leads to each pattern",
            async |session, site| {
                for pattern in patterns() {
                    catalogue(session, site, pattern.name()).await?;
                }
                Ok(())
            },
        ),
    ]
}

async fn open(session: &Session, site: &Site) -> Result<(), CmdError> {
    let page = format!("{}/pick.html", site.origin);
    session.client.goto(&page).await
}

/// Whether the browser has come to this pattern's page.
async fn is_at(session: &Session, pattern: &str) -> Result<bool, CmdError> {
    let end = format!("/patterns/{pattern}/index.html");
    Ok(session.client.current_url().await?.path() == end)
}

async fn questions(session: &Session, site: &Site, pattern: &str) -> Result<(), CmdError> {
    let client = &session.client;
    open(session, site).await?;
    let link = format!(
        "(//*[@class='questions']//*[@class='target']//a\
         [starts-with(@href, 'patterns/{pattern}/')])[1]"
    );
    let answers = format!("{link}/ancestor::details/summary");
    // In the order of the page: the outermost first.
    let answers = client.find_all(Locator::XPath(&answers)).await?;
    let clicks = answers.len() + 1;
    assert!(clicks <= CLICKS, "{pattern} is {clicks} clicks away");
    let link = client.find(Locator::XPath(&link)).await?;
    // A pattern that no answer names yet is an answer to the first question itself.
    let is_folded = !link.is_displayed().await?;
    assert_eq!(is_folded, !answers.is_empty(), "{pattern}");
    for answer in answers {
        answer.click().await?;
    }
    link.click().await?;
    assert!(is_at(session, pattern).await?, "{pattern}");
    Ok(())
}

async fn symptoms(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    for (words, page) in SYMPTOMS {
        let found = find(session, site, words).await?;
        assert_eq!(found, page, "{words}");
        let escape = char::from(Key::Escape).to_string();
        let field = session.client.find(Locator::Css(FIELD)).await?;
        field.send_keys(&escape).await?;
        assert_eq!(field.prop("value").await?.as_deref(), Some(""));
    }
    Ok(())
}

/// What people type or paste, and how the row begins that must be among the first three.
async fn sentences(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let lines = include_str!("../book/find.tsv").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    let pairs: Vec<(String, &str)> = lines
        .map(|line| line.split_once('\t').expect("two columns"))
        .map(|(sentence, row)| (sentence.replace("\\n", "\n"), row))
        .collect();
    let sentences: Vec<_> = pairs.iter().map(|(sentence, _)| sentence).collect();
    // All in one go: a command of the driver for each key would take minutes.
    let script = "const field = document.querySelector(arguments[0]);
        return arguments[1].map((sentence) => {
            field.value = sentence;
            field.dispatchEvent(new InputEvent('input', { bubbles: true }));
            const rows = [...document.querySelectorAll('.found li > div:first-child')];
            return rows.map((row) => row.textContent.replaceAll('`', ''));
        });";
    let arguments = vec![json!(FIELD), json!(sentences)];
    let found = session.client.execute(script, arguments).await?;
    let found: Vec<Vec<String>> = serde_json::from_value(found).expect("lists of rows");
    assert_eq!(found.len(), pairs.len());
    for ((sentence, row), found) in pairs.iter().zip(found) {
        let mut first = found.iter().take(3);
        let is_there = first.any(|text| text.starts_with(row));
        assert!(is_there, "{sentence}\nnot {row}\nbut {found:#?}");
    }
    Ok(())
}

/// Pastes a text into the empty field. The address of the first link of what is found, in the book.
async fn find(session: &Session, site: &Site, words: &str) -> Result<String, CmdError> {
    let client = &session.client;
    client.find(Locator::Css(FIELD)).await?.click().await?;
    // As one piece: typed, each line's end would be the key that goes to the first link.
    let paste = json!({"text": words});
    session.devtools("Input.insertText", paste).await?;
    let links = client.find_all(Locator::Css(".found li a")).await?;
    let Some(link) = links.first() else {
        return Ok(String::new());
    };
    let address = link.prop("href").await?.unwrap_or_default();
    let address = address.strip_prefix(&format!("{}/", site.origin));
    Ok(address.unwrap_or("elsewhere").to_owned())
}

async fn unknown(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    assert_eq!(find(session, site, "banana").await?, "");
    let client = &session.client;
    let status = client.find(Locator::Css("#find-status")).await?;
    let said = status.text().await?;
    assert!(said.starts_with("Nothing found."), "{said}");
    status.find(Locator::Css("a")).await?.click().await?;
    let typed = Locator::Css("#mdbook-searchbar");
    let typed = client.wait().for_element(typed).await?;
    assert_eq!(typed.prop("value").await?.as_deref(), Some("banana"));
    Ok(())
}

async fn catalogue(session: &Session, site: &Site, pattern: &str) -> Result<(), CmdError> {
    let page = format!("{}/introduction.html", site.origin);
    session.client.goto(&page).await?;
    let line = format!(".catalogue > ul > li > a[href='patterns/{pattern}/index.html']");
    let line = session.client.find(Locator::Css(&line)).await?;
    line.click().await?;
    assert!(is_at(session, pattern).await?, "{pattern}");
    Ok(())
}
