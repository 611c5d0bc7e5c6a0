//! What keeps nobody out: two themes, the keyboard, and paper.

use std::sync::Arc;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::driver::{Look, Session};
use crate::{Checked, Site, World};

const PAGE: &str = "patterns/gather/index.html";

/// What an earlier build left in a browser, whether the system prefers a dark theme, and what is shown
/// and kept now.
const REMEMBERED: [(&str, bool, &str, &str); 7] = [
    ("light", true, "light", "light"),
    ("navy", false, "navy", "navy"),
    ("rust", true, "light", "light"),
    ("coal", false, "navy", "navy"),
    ("\"ayu\"", false, "navy", "navy"),
    ("no theme", false, "light", "no theme"),
    ("__proto__", true, "navy", "__proto__"),
];

/// What opens over a page or in it: which page, how, and what has to be seen then.
const OPENED: [(&str, &str, &str, &str); 6] = [
    (
        "the menu of themes",
        PAGE,
        "document.getElementById('mdbook-theme-toggle').click();",
        "#mdbook-theme-list",
    ),
    (
        "the other sidebar",
        PAGE,
        "document.getElementById('mdbook-sidebar-toggle').click();",
        "main",
    ),
    (
        "the help",
        PAGE,
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }));",
        "#mdbook-help-popup",
    ),
    (
        "the search",
        PAGE,
        "document.getElementById('mdbook-search-toggle').click();
         const field = document.getElementById('mdbook-searchbar');
         field.value = 'JoinSet';
         field.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true }));",
        "#mdbook-searchresults li",
    ),
    (
        "the player at another moment",
        PAGE,
        "document.querySelector('.player [aria-label=\"To the start\"]').click();
         document.querySelector('.player [aria-label=\"Next event\"]').click();",
        ".player.moved",
    ),
    (
        "symptoms that fit",
        "pick.html",
        "const field = document.getElementById('find-symptom');
         field.value = 'there is no reactor running';
         field.dispatchEvent(new Event('input', { bubbles: true }));",
        ".find li",
    ),
];

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    vec![
        world.trial("themes: the menu has two", async |session, site| {
            Ok(menu(session, site).await?)
        }),
        world.trial("themes: what a browser remembers", async |session, site| {
            Ok(remembered(session, site).await?)
        }),
        world.trial("keys: the sidebar", async |session, site| {
            Ok(sidebar(session, site).await?)
        }),
        world.trial(
            "keys: what scrolls can be reached",
            async |session, site| Ok(scrollers(session, site).await?),
        ),
        world.trial("paper: what is folded is printed", async |session, site| {
            let printed = paper(session, site).await;
            session
                .devtools("Emulation.setEmulatedMedia", json!({"media": ""}))
                .await?;
            Ok(printed?)
        }),
    ]
}

/// What needs axe.
pub fn axe_trials(world: &Arc<World>) -> Vec<Trial> {
    OPENED
        .map(|(what, page, open, shown)| {
            world.trial(format!("axe: {what}"), async move |session, site| {
                opened(session, site, page, open, shown).await
            })
        })
        .into()
}

async fn load(session: &Session, site: &Site) -> Result<(), CmdError> {
    let page = format!("{}/{PAGE}", site.origin);
    session.client.goto(&page).await
}

async fn first(client: &Client, selector: &str) -> Result<Element, CmdError> {
    client.find(Locator::Css(selector)).await
}

/// What the page answers to an expression.
async fn ask(client: &Client, expression: &str) -> Result<Value, CmdError> {
    let script = format!("return {expression};");
    client.execute(&script, Vec::new()).await
}

const CLASS: &str = "document.documentElement.className.split(' ')
    .filter((name) => ['light', 'rust', 'coal', 'navy', 'ayu'].includes(name)).join(' ')";

/// Chooses each as a reader does. The choice holds for the next page, whatever the system prefers.
async fn menu(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    load(session, site).await?;
    let offered = "[...document.querySelectorAll('#mdbook-theme-list button')]
        .map((button) => button.textContent)";
    assert_eq!(
        ask(client, offered).await?,
        json!(["Auto", "Light", "Dark"])
    );
    for (theme, dark) in [("light", true), ("navy", false)] {
        session
            .look(Look {
                dark,
                ..Look::default()
            })
            .await?;
        for button in ["toggle", theme] {
            let button = format!("#mdbook-theme-{button}");
            first(client, &button).await?.click().await?;
        }
        assert_eq!(ask(client, CLASS).await?, theme);
        load(session, site).await?;
        assert_eq!(ask(client, CLASS).await?, theme);
    }
    for button in ["toggle", "default_theme"] {
        let button = format!("#mdbook-theme-{button}");
        first(client, &button).await?.click().await?;
    }
    assert_eq!(ask(client, CLASS).await?, "light");
    assert_eq!(
        ask(client, "localStorage.getItem('mdbook-theme')").await?,
        Value::Null
    );
    Ok(())
}

async fn remembered(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    load(session, site).await?;
    session.log("browser").await?;
    for (was, dark, is, kept) in REMEMBERED {
        session
            .look(Look {
                dark,
                ..Look::default()
            })
            .await?;
        client
            .execute(
                "localStorage.setItem('mdbook-theme', arguments[0]);",
                vec![json!(was)],
            )
            .await?;
        load(session, site).await?;
        assert_eq!(ask(client, CLASS).await?, is, "{was}");
        let keeps = ask(client, "localStorage.getItem('mdbook-theme')").await?;
        assert_eq!(keeps, kept, "{was}");
        let said = session.log("browser").await?;
        assert!(said.is_empty(), "{was}: {said:?}");
    }
    Ok(())
}

/// A button that can have the focus, and says whether there is a sidebar.
async fn sidebar(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    load(session, site).await?;
    let state = "(() => {
        const button = document.getElementById('mdbook-sidebar-toggle');
        button.focus();
        return [
            document.activeElement === button,
            button.localName,
            button.getAttribute('aria-label'),
            button.getAttribute('aria-expanded'),
            document.getElementById('mdbook-sidebar').getAttribute('aria-hidden'),
        ];
    })()";
    let is = |shown: bool| {
        json!([
            true,
            "button",
            "Toggle Table of Contents",
            shown.to_string(),
            (!shown).to_string()
        ])
    };
    assert_eq!(ask(client, state).await?, is(true));
    for (key, shown) in [(Key::Enter, false), (Key::Space, true)] {
        let button = first(client, "#mdbook-sidebar-toggle").await?;
        button.send_keys(&String::from(char::from(key))).await?;
        assert_eq!(ask(client, state).await?, is(shown));
    }
    Ok(())
}

/// On a phone code is wider than the page: an arrow key scrolls it. Where all of it is seen, it is no
/// stop on the way.
async fn scrollers(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    let stops = "[...document.querySelectorAll('main pre > code')]
        .filter((code) => code.checkVisibility())
        .map((code) => [code.tabIndex === 0, code.scrollWidth > code.clientWidth])";
    let mut scrolling = Vec::new();
    for width in [390, 1280] {
        session
            .look(Look {
                width,
                ..Look::default()
            })
            .await?;
        load(session, site).await?;
        client
            .execute_async(
                "requestAnimationFrame(() => requestAnimationFrame(arguments[0]));",
                Vec::new(),
            )
            .await?;
        let stops = ask(client, stops).await?;
        let stops: Vec<(bool, bool)> = serde_json::from_value(stops).expect("pairs");
        for (index, (is_stop, scrolls)) in stops.iter().enumerate() {
            assert_eq!(is_stop, scrolls, "code {index} at {width} px");
        }
        scrolling.push(stops.iter().filter(|(_, scrolls)| *scrolls).count());
        assert!(scrolling.iter().all(|count| *count < stops.len()));
    }
    assert!(scrolling[0] > scrolling[1], "{scrolling:?}");

    session
        .look(Look {
            width: 390,
            ..Look::default()
        })
        .await?;
    load(session, site).await?;
    let code = "main pre > code[tabindex='0']";
    let code = client.wait().for_element(Locator::Css(code)).await?;
    let listen = "const code = arguments[0];
        window.moved = new Promise((resolve) => { code.onscroll = () => resolve(code.scrollLeft); });";
    let element = serde_json::to_value(&code).expect("a reference to an element");
    client.execute(listen, vec![element]).await?;
    code.send_keys(&String::from(char::from(Key::Right)))
        .await?;
    let moved = client
        .execute_async("window.moved.then(arguments[0]);", Vec::new())
        .await?;
    assert!(moved.as_f64() > Some(0.0), "{moved}");
    // mdBook would have turned the page.
    assert!(client.current_url().await?.path().ends_with(PAGE));
    Ok(())
}

async fn paper(session: &Session, site: &Site) -> Result<(), CmdError> {
    let client = &session.client;
    session
        .look(Look {
            dark: true,
            ..Look::default()
        })
        .await?;
    load(session, site).await?;
    let folded = "[...document.querySelectorAll('main details:not([open])')]
        .filter((folded) => folded.getClientRects().length > 0)
        .map((folded) => folded.lastElementChild.checkVisibility())";
    let seen = ask(client, folded).await?;
    let all = |value: bool| vec![value; seen.as_array().map_or(0, Vec::len)];
    assert!(all(false).len() > 1);
    assert_eq!(seen, json!(all(false)));
    session
        .devtools("Emulation.setEmulatedMedia", json!({"media": "print"}))
        .await?;
    assert_eq!(ask(client, folded).await?, json!(all(true)));
    // Also where the screen is dark.
    let colours = "['color', 'backgroundColor'].map((name) => getComputedStyle(document.documentElement)[name])";
    assert_eq!(
        ask(client, colours).await?,
        json!(["rgb(0, 0, 0)", "rgb(255, 255, 255)"])
    );
    Ok(())
}

async fn opened(session: &Session, site: &Site, page: &str, open: &str, shown: &str) -> Checked {
    let client = &session.client;
    let mut problems = Vec::new();
    for (dark, width) in [(false, 390), (true, 390), (true, 1280), (false, 1280)] {
        session
            .look(Look {
                dark,
                width,
                ..Look::default()
            })
            .await?;
        client.goto(&format!("{}/{page}", site.origin)).await?;
        client.execute(open, Vec::new()).await?;
        let shown = client.wait().for_element(Locator::Css(shown)).await?;
        assert!(shown.is_displayed().await?);
        client.execute_async(SETTLED, Vec::new()).await?;
        let found = session.axe().await?;
        problems.extend(
            found
                .iter()
                .map(|problem| format!("{dark} {width}: {problem}")),
        );
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// Waits for the end of all that moves.
const SETTLED: &str = "const done = arguments[0];
    requestAnimationFrame(() => Promise.allSettled(
        document.getAnimations().map((animation) => animation.finished)).then(done));";
