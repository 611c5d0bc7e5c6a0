//! The transcripts, the pictures and the copies on the pages are what the demos make.

use std::fs;
use std::process::Command;

use common::demo::Snapshot;
use common::timeline::json;
use docs::pattern;
use docs::renew::expected;
use docs::run::programs;

use crate::support::{check, patterns, programs as built, report, short};

#[test]
fn everything_generated_is_fresh() {
    patterns();
    let wanted = expected::wanted(&pattern::workspace(), built()).expect("all demos succeed");
    let stale = expected::stale(&wanted);
    let problems: Vec<_> = stale
        .map(|path| format!("{} is stale: `just expected` mends it", short(path)))
        .collect();
    report(&problems);
}

#[test]
fn a_live_run_ends_with_the_timeline_that_was_recorded() {
    check(|pattern| {
        let recorded = pattern.folder.read("timeline.json").expect("it is there");
        let recorded = json::read(&recorded).expect("it is a timeline");
        let printed = programs::run(built(), pattern.name(), &["--paused", "--live"]);
        let printed = printed.expect("the demo succeeds");
        let last = printed.lines().last().expect("it prints a line");
        let last: Snapshot = serde_json::from_str(last).expect("it is a snapshot");
        let differs = last.timeline != recorded || last.notice.is_none();
        let differs = differs.then(|| format!("a live run ends with {:?}", last.notice));
        differs.into_iter().collect()
    });
}

#[test]
fn a_live_run_that_fails_shows_what_there_was() {
    let demo = programs::demo(built(), "event").expect("a demo");
    // Its service answers at the third try.
    let arguments = ["--paused", "--live", "--tries", "1"];
    let output = { demo }.args(arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).expect("text is UTF-8");
    let last = printed.lines().last().expect("it prints a line");
    let last: Snapshot = serde_json::from_str(last).expect("it is a snapshot");
    assert_eq!(last.notice, None);
    let ended = last
        .timeline
        .lanes
        .iter()
        .all(|lane| lane.outcome().is_some());
    assert!(
        ended && !last.timeline.lanes.is_empty(),
        "{:?}",
        last.timeline
    );
}

#[test]
fn twenty_runs_print_the_same_bytes() {
    check(|pattern| {
        let arguments = pattern.transcripts.iter().map(|it| it.argument.as_deref());
        let differs = arguments.filter(|argument| {
            let arguments: Vec<_> = ["--paused"].into_iter().chain(*argument).collect();
            let run = || {
                let printed = programs::run(built(), pattern.name(), &arguments);
                printed.expect("the demo succeeds")
            };
            let first = run();
            (1..20).any(|_| run() != first)
        });
        differs
            .map(|argument| {
                let argument = argument.unwrap_or_default();
                format!("with --paused {argument}, the demo prints something else in each run")
            })
            .collect()
    });
}

#[test]
fn the_front_page_shows_what_cargo_test_prints() {
    let workspace = pattern::workspace();
    let source = workspace.join("patterns/gather/tests/main.rs");
    let mut programs = built().iter();
    let tests = programs.find(|program| program.source == source);
    // One thread, so that the names come in order.
    let output = Command::new(&tests.expect("it is built").executable)
        .args(["--test-threads=1", "cancellation"])
        .output()
        .expect("it starts");
    let printed = String::from_utf8(output.stdout).expect("names are UTF-8");
    let (printed, _) = printed
        .split_once("; 0 ignored")
        .expect("it says how many have passed");
    let front_page = fs::read_to_string(workspace.join("README.md")).expect("it is there");
    assert!(front_page.contains(printed), "it should show:\n{printed}");
}
