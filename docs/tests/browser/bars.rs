//! A run of a thousand bars, played: what changes on the page, and how often.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use common::timeline::{Bar, Lane, Line, State, Timeline};
use docs::book::player;
use fantoccini::error::CmdError;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::driver::Session;
use crate::{Site, World};

/// So many lanes are drawn one by one, and their bars, too.
const LANES: u32 = 20;
/// How many bars each of them has.
const BARS: u32 = 50;
/// How long a bar and the pause after it take together.
const STEP: Duration = Duration::from_millis(60);

/// What may change in a frame besides bars and lines: the figure's class, the playhead, the veil, the
/// time in words and the two values of the slider, which are set once more at the end.
const OTHERS: usize = 8;

pub fn trials(world: &Arc<World>) -> Vec<Trial> {
    vec![
        world.trial("player: a thousand bars", async |session, site| {
            Ok(play(session, site).await?)
        }),
    ]
}

/// Each lane starts a little later than the one before, so that no two bars begin at the same time.
fn crowd() -> Timeline {
    let lane = |lane: u32| {
        let begin = Duration::from_millis(u64::from(lane) * 2);
        let bar = |bar: u32| {
            let start = begin + STEP * bar;
            Bar {
                state: State::ALL[(bar % 3) as usize],
                what: format!("for {bar}"),
                start,
                end: start + STEP - Duration::from_millis(15),
            }
        };
        Lane {
            name: format!("task {lane}"),
            start: begin,
            bars: (0..BARS).map(bar).collect(),
            ..Lane::default()
        }
    };
    let line = |bar: u32| Line {
        at: STEP * bar,
        lane: Some("task 0".to_owned()),
        text: format!("begins {bar}"),
    };
    Timeline {
        length: STEP * (BARS + 1),
        lanes: (0..LANES).map(lane).collect(),
        lines: (0..BARS).map(line).collect(),
    }
}

/// A page of the book with this run in place of its own.
fn page(site: &Site) -> String {
    let page = fs::read_to_string(site.book.path().join("patterns/gather/index.html"));
    let page = page.expect("a page");
    let (head, rest) = page.split_once("<div class=\"scroll\">").expect("a figure");
    let (_, rest) = rest.split_once("</figure>").expect("its end");
    let run = player::timeline(&crowd(), Duration::ZERO).into_string();
    format!("{head}{run}</figure>{rest}")
}

async fn play(session: &Session, site: &Site) -> Result<(), CmdError> {
    let file = "patterns/gather/thousand.html";
    fs::write(site.book.path().join(file), page(site)).expect("a page");
    let client = &session.client;
    client.goto(&format!("{}/{file}", site.origin)).await?;
    let played = client.execute_async(PLAY, Vec::new()).await?;
    let number = |name: &str| played[name].as_u64().unwrap_or_else(|| panic!("{name}"));

    assert_eq!(number("bars"), u64::from(LANES * BARS));
    assert_eq!(
        played["now"], played["length"],
        "it has not come to its end"
    );
    // On and off. None of them is touched in a frame in which it neither begins nor ends.
    assert_eq!(number("bar"), 2);
    // There, of the moment, and no longer of the moment: the class and what a reader's ears get.
    assert!(number("line") <= 6);
    let others = played["others"].as_array().map_or(0, Vec::len);
    assert!(others <= OTHERS, "in a frame: {}", played["others"]);

    let mut frames: Vec<f64> = played["frames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    frames.sort_by(f64::total_cmp);
    let late = frames.iter().filter(|frame| **frame > 25.0).count();
    // For who reads it. It depends on the machine.
    eprintln!(
        "a thousand bars: {} frames, the median {:.1} ms, {late} later than 25 ms",
        frames.len(),
        frames[frames.len() / 2],
    );
    Ok(())
}

/// Plays from the start and counts the changes: at most of one bar and of one line over the whole
/// run, and of all the rest in one frame.
const PLAY: &str = "
const done = arguments[0];
const figure = document.querySelector('.player');
const slider = figure.querySelector('.handle');
const button = figure.querySelector('[aria-label=Play]');
figure.querySelector('[aria-label=\"To the start\"]').click();
// The next faster one: twice as fast.
figure.querySelector('.controls select').selectedIndex += 1;
const bars = figure.querySelectorAll('svg.timeline [data-start]');
// The bars, how each lane ends, and the lines.
const PARTS = '[data-start], .tl-outcome, [data-at]';
const changes = new Map();
const frames = [];
let others = [];
let most = [];
const count = (records) => records.forEach(({ target, attributeName }) => {
    const one = (target.closest ? target : target.parentElement)?.closest(PARTS);
    if (one) changes.set(one, (changes.get(one) ?? 0) + 1);
    // The button changes when it is pressed, and not while the run is played.
    else if (!button.contains(target)) others.push(`${target.nodeName} ${target.className} ${attributeName}`);
});
const observer = new MutationObserver(count);
let last = null;
const frame = (stamp) => {
    count(observer.takeRecords());
    if (others.length > most.length) most = others;
    others = [];
    if (last !== null) frames.push(stamp - last);
    last = stamp;
    if (button.getAttribute('aria-label') === 'Pause') requestAnimationFrame(frame);
    else {
        const most_of = (selector) => Math.max(0, ...[...changes].map(
            ([one, times]) => one.matches(selector) ? times : 0));
        done({
            bars: bars.length,
            bar: most_of('[data-start], .tl-outcome'),
            line: most_of('[data-at]'),
            others: most,
            frames,
            now: slider.getAttribute('aria-valuenow'),
            length: slider.getAttribute('aria-valuemax'),
        });
    }
};
setTimeout(() => {
    observer.observe(figure, {
        attributes: true, childList: true, characterData: true, subtree: true,
    });
    button.click();
    requestAnimationFrame(frame);
});";
