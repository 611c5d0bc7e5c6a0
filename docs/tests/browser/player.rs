//! The player: its keys, buttons and playhead, what a bar says, and the page without scripts.

use std::sync::Arc;

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use libtest_mimic::Trial;
use serde_json::json;

use crate::driver::{Look, Session};
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
        world.trial("player: buttons and the speed", async |session, site| {
            Ok(buttons(session, site).await?)
        }),
        world.trial("player: the playhead is dragged", async |session, site| {
            Ok(drag(session, site).await?)
        }),
        world.trial(
            "player: with motion, it passes all moments",
            async |session, site| {
                assert!(!only_events(session, site).await?);
                Ok(())
            },
        ),
        world.trial(
            "player: with little motion, from event to event",
            async |session, site| {
                let still = Look {
                    still: true,
                    ..Look::default()
                };
                session.look(still).await?;
                assert!(only_events(session, site).await?);
                Ok(())
            },
        ),
        world.trial(
            "player: a bar under the pointer says what it is",
            async |session, site| Ok(hover(session, site).await?),
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

async fn buttons(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    let slider = first(client, ".player .handle").await?;
    let press = async |label: &str| {
        let button = format!(".player .controls button[aria-label='{label}']");
        first(client, &button).await?.click().await?;
        slider.attr("aria-valuenow").await
    };
    assert_eq!(press("To the start").await?.as_deref(), Some("0"));
    assert_eq!(press("Next event").await?.as_deref(), Some("100"));
    let time = first(client, ".player .controls .time").await?;
    let length = slider.attr("aria-valuemax").await?.unwrap_or_default();
    assert_eq!(time.text().await?, format!("100 ms of {length} ms"));
    let said = slider.attr("aria-valuetext").await?;
    assert_eq!(said, Some(time.text().await?));
    assert_eq!(press("Previous event").await?.as_deref(), Some("0"));

    let speed = ".player .controls select";
    let label = async || {
        let label = format!("return document.querySelector('{speed}').selectedOptions[0].label;");
        client.execute(&label, Vec::new()).await
    };
    let usual = label().await?;
    slider.send_keys("+").await?;
    let faster = label().await?;
    assert_ne!(faster, usual);
    slider.send_keys("-").await?;
    assert_eq!(label().await?, usual);
    let select = first(client, speed).await?;
    select.select_by_label("real time").await?;
    assert_eq!(label().await?, "real time");
    Ok(())
}

/// Drags the playhead to the middle of the axis, and out of it on the left.
async fn drag(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    let handle = first(client, ".player .handle").await?;
    let middle = "const track = document.querySelector('.player .track');
         track.scrollIntoView({ block: 'center', behavior: 'instant' });
         const { left, width } = track.getBoundingClientRect();
         const x = Math.round(left + width / 2);
         const length = document.querySelector('.player svg.timeline').dataset.length;
         return [x, Math.round(((x - left) / width) * length)];";
    let middle = client.execute(middle, Vec::new()).await?;
    let (x, expected) = (middle[0].as_f64().expect("a place"), &middle[1]);
    let at = "const { left, right, top, bottom } =
             document.querySelector('.player .handle').getBoundingClientRect();
         return [(left + right) / 2, (top + bottom) / 2];";
    let place = async || client.execute(at, Vec::new()).await;
    let y = place().await?[1].as_f64().expect("a place").round();
    let to = |x| PointerAction::MoveTo {
        duration: None,
        x,
        y,
    };
    let button = MOUSE_BUTTON_LEFT;
    // Each time the mouse goes on when the button is up: that moves nothing.
    let drag = async |way: [f64; 2]| {
        let press = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement {
                element: handle.clone(),
                duration: None,
                x: 0.0,
                y: 0.0,
            })
            .then(PointerAction::Down { button });
        let moved = way.into_iter().map(to).fold(press, MouseActions::then);
        let let_go = moved.then(PointerAction::Up { button }).then(to(x + 60.0));
        client.perform_actions(let_go).await?;
        handle.attr("aria-valuenow").await
    };
    assert_eq!(drag([x + 40.0, x]).await?, Some(expected.to_string()));
    let is = place().await?[0].as_f64().expect("a place");
    assert!((is - x).abs() <= 1.0, "the playhead is at {is}, not at {x}");
    assert_eq!(drag([x - 40.0, 1.0]).await?.as_deref(), Some("0"));
    Ok(())
}

/// Plays the run. Whether the playhead was seen at times of events only.
async fn only_events(session: &Session, site: &Site) -> Result<bool, CmdError> {
    open(session, site).await?;
    let played = session
        .client
        .execute_async(
            "const done = arguments[0];
             const figure = document.querySelector('.player');
             const length = Number(figure.querySelector('svg.timeline').dataset.length);
             const playhead = figure.querySelector('.playhead');
             // The fastest: the last one.
             const speed = figure.querySelector('.controls select');
             speed.selectedIndex = speed.length - 1;
             const events = new Set([0, length]);
             figure.querySelectorAll('[data-start], [data-at]').forEach(({ dataset }) => {
                 [dataset.start, dataset.end, dataset.at].filter((time) => time !== undefined)
                     .forEach((time) => events.add(Number(time)));
             });
             const seen = [];
             const button = figure.querySelector('[aria-label=Play]');
             new MutationObserver(() => {
                 const percent = Number(playhead.style.transform.match(/[\\d.]+/)[0]);
                 seen.push(percent / 100 * length);
             }).observe(playhead, { attributeFilter: ['style'] });
             new MutationObserver((_, observer) => {
                 if (button.getAttribute('aria-label') === 'Play') {
                     observer.disconnect();
                     const isEvent = (time) => [...events].some((event) => Math.abs(event - time) < 0.01);
                     done({ seen, isOnly: seen.every(isEvent), last: seen.at(-1), length });
                 }
             }).observe(button, { attributeFilter: ['aria-label'] });
             button.click();",
            Vec::new(),
        )
        .await?;
    assert_eq!(played["last"], played["length"], "{played}");
    assert!(
        played["seen"].as_array().is_some_and(|seen| seen.len() > 1),
        "{played}"
    );
    Ok(played["isOnly"] == true)
}

async fn hover(session: &Session, site: &Site) -> Result<(), CmdError> {
    open(session, site).await?;
    let client = &session.client;
    let detail = first(client, ".player .detail").await?;
    let point_at = async |selector: &str| {
        let to = PointerAction::MoveToElement {
            element: first(client, selector).await?,
            duration: None,
            x: 0.0,
            y: 0.0,
        };
        let pointed = MouseActions::new("mouse".to_owned()).then(to);
        client.perform_actions(pointed).await?;
        detail.text().await
    };
    let hint = detail.text().await?;
    // The lane that fails, in the middle of its only bar.
    let prices = ".player svg.timeline g[data-end=\"150\"] rect";
    let said = point_at(prices).await?;
    assert_eq!(
        said,
        "prices: waiting for the answer, 0 ms to 150 ms (150 ms)"
    );
    assert_eq!(point_at("h1.menu-title").await?, hint);
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
