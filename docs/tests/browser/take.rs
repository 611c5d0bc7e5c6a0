//! What the copy buttons of a page's panel put on the clipboard. What the panels offer is compared for
//! each pattern without a browser.

use std::sync::Arc;

use docs::pattern::Pattern;
use docs::take::recipe::taken;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::driver::Session;
use crate::support::patterns;
use crate::{Site, World};

/// Presses each button of the panel, and says what it announced, what the page shows and what the
/// clipboard has.
const PRESS: &str = "(async () => {
    const pressed = [];
    for (const figure of document.querySelectorAll('.take figure[data-copy]')) {
        figure.querySelector('details')?.setAttribute('open', '');
        await navigator.clipboard.writeText('nothing');
        const status = figure.querySelector('[role=status]');
        const said = new Promise((resolve) => {
            const tell = () => resolve(status.textContent);
            new MutationObserver(tell).observe(status, { childList: true });
        });
        const button = figure.querySelector('button');
        button.click();
        pressed.push([
            await said,
            button.firstChild.textContent,
            figure.querySelector('pre > code').innerText,
            await navigator.clipboard.readText(),
        ]);
    }
    return pressed;
})()";

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    let pattern = patterns().iter().find(|pattern| pattern.name() == "gather");
    let pattern = pattern.expect("the pattern");
    vec![
        world.trial("copy: the panel of a recipe", async move |session, site| {
            Ok(take(session, site, pattern).await?)
        }),
    ]
}

async fn take(session: &Session, site: &Site, pattern: &Pattern) -> Result<(), CmdError> {
    let name = pattern.name();
    let page = format!("{}/{}", site.origin, pattern.folder.file("index.html"));
    session.client.goto(&page).await?;
    let pressed = session.press(&site.origin, PRESS).await?;
    let mut files = taken(pattern, &pattern.folder.module(), &[]);
    let recipe = files.remove(0).text;
    let offered = [
        (
            "the command",
            format!("cargo run -p docs -- paste {name} ../my-app"),
        ),
        ("the recipe", recipe),
        (
            "the module line",
            format!("mod {};\n", pattern.folder.module()),
        ),
        ("the dependencies", pattern.dependency_lines.clone()),
    ];
    let pressed = pressed.as_array().expect("what PRESS answers");
    assert_eq!(pressed.len(), offered.len());
    for ((what, text), pressed) in offered.iter().zip(pressed) {
        assert_eq!(pressed[0], format!("Copied {what}"));
        assert_eq!(pressed[1], "Copied");
        assert_eq!(pressed[2], json!(text), "{what} is shown otherwise");
        assert_eq!(pressed[3], Value::from(&**text), "{what}");
    }
    Ok(())
}
