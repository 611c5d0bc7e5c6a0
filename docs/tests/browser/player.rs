//! The player: its keys, what a bar says, and the page without scripts.

use std::sync::Arc;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use libtest_mimic::Trial;
use serde_json::json;

use crate::driver::Session;
use crate::{Site, World};

const PAGE: &str = "patterns/gather/index.html";

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    vec![
        world.trial("player: keys move the moment", async |session, site| {
            Ok(keys(session, site).await?)
        }),
        world.trial(
            "player: a focused bar says what it is",
            async |session, site| Ok(bar(session, site).await?),
        ),
        world.trial("player: without scripts", async |session, site| {
            let off = |value: bool| json!({"value": value});
            let name = "Emulation.setScriptExecutionDisabled";
            session.devtools(name, off(true)).await?;
            let shown = static_page(session, site).await;
            session.devtools(name, off(false)).await?;
            Ok(shown?)
        }),
        world.trial("copy: the clipboard has the code", async |session, site| {
            Ok(copy(session, site).await?)
        }),
    ]
}

async fn open(session: &Session, site: &Site) -> Result<(), CmdError> {
    session
        .client
        .goto(&format!("{}/{PAGE}", site.origin))
        .await
}

async fn first(client: &Client, selector: &str) -> Result<Element, CmdError> {
    client.find(Locator::Css(selector)).await
}

async fn keys(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    let slider = first(client, ".player .handle").await?;
    let end = slider.attr("aria-valuemax").await?;
    let now = async || slider.attr("aria-valuenow").await;
    let key = async |key: Key| slider.send_keys(&String::from(char::from(key))).await;
    assert_eq!(now().await?, end, "the whole run is shown at first");

    key(Key::Home).await?;
    assert_eq!(now().await?.as_deref(), Some("0"));
    let line = first(client, ".player .transcript li[aria-current]").await?;
    assert_eq!(line.attr("data-at").await?.as_deref(), Some("0"));
    key(Key::Right).await?;
    let next = now().await?;
    assert_eq!(next.as_deref(), Some("100"), "the first answer of gather");
    let line = first(client, ".player .transcript li[aria-current]").await?;
    assert_eq!(line.attr("data-at").await?, next);
    key(Key::Left).await?;
    assert_eq!(now().await?.as_deref(), Some("0"));
    key(Key::End).await?;
    assert_eq!(now().await?, end);
    assert!(
        client.current_url().await?.path().ends_with(PAGE),
        "the page was turned"
    );

    let button = |label: &str| format!(".player .controls button[aria-label={label}]");
    slider.send_keys(" ").await?;
    client
        .wait()
        .for_element(Locator::Css(&button("Pause")))
        .await?;
    slider.send_keys(" ").await?;
    client
        .wait()
        .for_element(Locator::Css(&button("Play")))
        .await?;
    Ok(())
}

async fn bar(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    let said = client
        .execute(
            "const bar = document.querySelector('.player svg [tabindex=\"0\"]');
             bar.focus();
             const detail = document.querySelector('.player .detail');
             return [bar.querySelector('title').textContent, detail.textContent];",
            Vec::new(),
        )
        .await?;
    assert_eq!(said[0], said[1]);
    assert!(
        said[0].as_str().is_some_and(|title| title.contains(" ms")),
        "{said}"
    );
    Ok(())
}

async fn static_page(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    assert!(
        first(client, ".player svg.timeline")
            .await?
            .is_displayed()
            .await?
    );
    assert!(
        first(client, ".player .transcript li")
            .await?
            .is_displayed()
            .await?
    );
    let controls = client.find_all(Locator::Css(".player .controls")).await?;
    assert!(controls.is_empty(), "the scripts ran");
    Ok(())
}

async fn copy(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let script = "(async () => {
        const buttons = [...document.querySelectorAll('pre .clip-button')];
        const differing = [];
        for (const button of buttons) {
            // What is folded away cannot be pressed, and is not text that is seen.
            button.closest('details')?.setAttribute('open', '');
            button.click();
            const code = button.closest('pre').querySelector('code').textContent;
            const copy = await navigator.clipboard.readText();
            if (copy !== code) differing.push([code.slice(0, 80), copy.slice(0, 80)]);
        }
        return { count: buttons.length, differing };
    })()";
    let copied = session.press(&site.origin, script).await?;
    assert_eq!(copied["differing"], json!([]), "{copied}");
    assert_ne!(copied["count"], 0);
    Ok(())
}
