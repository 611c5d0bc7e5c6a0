//! The chapter "asyncio to Tokio": its code compiles, and what its tables say of Tokio is so.

use std::collections::BTreeSet;
use std::fs;
use std::future::{Ready, pending, poll_fn, ready};
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use docs::pattern::Page;
use docs::pattern::page::Table;
use docs::pattern::workspace;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::channel;
use tokio::sync::{Barrier, broadcast, oneshot, watch};
use tokio::task::{JoinSet, block_in_place, spawn_blocking, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::cells;
use crate::support::patterns;

/// What the cells have as code and is none: Python's, or the name of something that is no Rust item.
const NO_RUST: [&str; 11] = [
    "Handle::dump", // Needs `tokio_unstable`.
    "Queue(0)",
    "ValueError",
    "__aexit__",
    "await task",
    "finally",
    "pop_all",
    "rayon::spawn", // Another crate's, which nothing here depends on.
    "tokio-console",
    "tokio_unstable",
    "tokio_util::task::JoinMap", // Behind a feature that nothing here asks for.
];

/// All Rust files under the folder, but for those that the filter leaves out.
fn rust(folder: &Path, keep: &dyn Fn(&str) -> bool) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            text += &rust(&path, keep);
        } else if name.ends_with(".rs") && keep(&name) {
            text += &fs::read_to_string(&path).expect("a file");
        }
    }
    text
}

/// The code without comments, with one space where there is any.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().starts_with("//"));
    let lines = lines.flat_map(str::split_whitespace).collect::<Vec<_>>();
    lines.join(" ")
}

/// Whether `wanted` stands in the code, and is not a part of a longer name there.
fn stands(wanted: &str, code: &str) -> bool {
    let part = |char: char| char.is_alphanumeric() || char == '_';
    code.match_indices(wanted).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + wanted.len()..]);
        let begins = !(wanted.starts_with(part) && before.ends_with(part));
        begins && !(wanted.ends_with(part) && after.starts_with(part))
    })
}

/// Whether each part of a path, such as `Tasks::spawn`, is a public name in the recipes.
fn is_public(path: &str, recipes: &str) -> bool {
    path.split("::").all(|name| {
        let kinds = ["fn", "async fn", "struct", "enum"];
        let mut kinds = kinds.iter().map(|kind| format!("pub {kind} {name}"));
        kinds.any(|item| stands(&item, recipes))
    })
}

/// The code of the tables' cells, but for the first column, which is Python's.
fn spans(tables: &[Table]) -> BTreeSet<&str> {
    let rows = tables.iter().flat_map(|table| &table[1..]);
    let cells = rows.flat_map(|row| &row[1..]);
    cells
        .flat_map(|cell| &cell.code)
        .map(String::as_str)
        .collect()
}

fn chapter() -> Page {
    let file = "docs/book/src/asyncio.md";
    let text = fs::read_to_string(workspace().join(file)).expect("the chapter");
    Page::read(file, &text)
}

// P11: a cell that does not compile. A cell stands in `cells.rs`, which does, or names a recipe.
#[test]
fn p11_the_code_of_every_cell_is_compiled_or_names_a_recipe() {
    let compiled = code(include_str!("cells.rs"));
    let recipes = code(&rust(&workspace().join("patterns"), &|name| {
        name != "main.rs"
    }));
    let page = chapter();
    let (mut checked, mut wrong) = (0, Vec::new());
    for section in &page.sections {
        let mut spans = spans(&section.tables);
        if section.title.starts_with("I cancelled it") {
            spans.retain(|span| !stands(&format!("fn {span}"), &recipes) && !is_test_here(span));
        }
        for span in spans {
            let known = stands(span, &compiled) || is_public(span, &recipes);
            if !known && !NO_RUST.contains(&span) {
                wrong.push(span.to_owned());
            }
            checked += 1;
        }
    }
    assert!(
        wrong.is_empty(),
        "neither in docs/tests/book/cells.rs nor a recipe's: {wrong:#?}"
    );
    assert!(checked > 150, "{checked}");
}

#[test]
fn p11_a_cell_that_is_wrong_is_found() {
    let compiled = code(include_str!("cells.rs"));
    assert!(stands("timeout(d, &mut handle)", &compiled));
    for wrong in [
        "timeout(&mut handle, d)",
        "imeout(d, f)",
        "tokio::time::Instan",
    ] {
        assert!(!stands(wrong, &compiled), "{wrong}");
    }
    assert!(is_public(
        "Tasks::spawn",
        "pub struct Tasks pub fn spawn<F>("
    ));
    assert!(!is_public("Tasks::spawn", "pub struct Tasks fn spawn<F>("));
}

/// What a cell of a page calls or names: `reserve` in `let place = q.reserve().await?`, each part of a path.
fn called(span: &str) -> impl Iterator<Item = &str> {
    let end = span.find(['(', '<']).unwrap_or(span.len());
    let is_name = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let name = span[..end].rsplit(|char| !is_name(char)).next();
    let parts = name.into_iter().flat_map(|path| path.split("::"));
    parts.filter(|part| !part.is_empty())
}

// P11, for the pages: what the second column of a table calls stands in the pattern's own code, or in `cells.rs`.
// The arguments are not compared: a page's cell has short names of its own for them.
#[test]
fn p11_the_calls_of_every_page_are_compiled() {
    let compiled = code(include_str!("cells.rs"));
    let mut wrong = Vec::new();
    for pattern in patterns() {
        let own = workspace().join("patterns").join(pattern.name());
        let mut text = rust(&own, &|_| true);
        for section in &pattern.page.sections {
            let blocks = section.blocks.iter();
            let blocks = blocks.filter(|block| block.language() == "rust");
            text.extend(blocks.map(|block| block.text.as_str()));
        }
        let text = code(&text);
        let sections = pattern.page.sections.iter();
        let sections = sections.filter(|section| section.title != "The card");
        let tables = sections.flat_map(|section| &section.tables);
        let cells = tables
            .flat_map(|table| &table[1..])
            .flat_map(|row| &row[1..2]);
        for span in cells.flat_map(|cell| &cell.code) {
            let known = called(span).all(|name| stands(name, &text) || stands(name, &compiled));
            if !known && !NO_RUST.contains(&span.as_str()) {
                wrong.push(format!("{}: {span}", pattern.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_test_here(name: &str) -> bool {
    stands(&format!("fn {name}"), include_str!("asyncio.rs"))
}

#[test]
fn each_row_of_what_has_stopped_names_its_tests() {
    let tests = rust(&workspace().join("patterns"), &|name| name != "main.rs");
    let page = chapter();
    let section = page
        .sections
        .iter()
        .find(|it| it.title.starts_with("I cancelled it"));
    let rows = &section.expect("the section").tables[0][1..];
    assert!(rows.len() >= 13, "{}", rows.len());
    for row in rows {
        let shown = &row[3].code;
        assert!(!shown.is_empty(), "{}", row[0].text);
        for name in shown {
            let known = is_test_here(name) || stands(&format!("fn {name}"), &tests);
            assert!(known, "no test is called {name}");
        }
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Waits for ever, and holds something meanwhile.
fn hold(held: &Arc<()>) -> impl Future<Output = ()> + Send + use<> {
    let held = Arc::clone(held);
    async move {
        pending::<()>().await;
        drop(held);
    }
}

/// Whether nobody holds it any more: all that might still run has stopped.
fn gone(held: &Arc<()>) -> bool {
    Arc::strong_count(held) == 1
}

/// Blocks its thread until it is released, then waits for ever, and holds something meanwhile.
struct Deaf {
    held: Arc<()>,
    begun: oneshot::Receiver<()>,
    release: mpsc::Sender<()>,
}

impl Deaf {
    fn new() -> (Self, impl Future<Output = ()> + Send + 'static) {
        let held = Arc::new(());
        let (begin, begun) = oneshot::channel();
        let (release, released) = mpsc::channel();
        let waits = hold(&held);
        let future = async move {
            begin.send(()).expect("somebody waits");
            block_in_place(|| released.recv()).expect("it is released");
            waits.await;
        };
        let deaf = Self {
            held,
            begun,
            release,
        };
        (deaf, future)
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_has_stopped_when_the_drop_returns() {
    let held = Arc::new(());
    let future = hold(&held);
    assert!(!gone(&held));
    drop(future);
    assert!(gone(&held));
    timeout(ms(10), hold(&held)).await.unwrap_err();
    assert!(gone(&held));
    tokio::select! {
        biased;
        () = hold(&held) => unreachable!("it waits for ever"),
        () = ready(()) => {}
    }
    assert!(gone(&held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_task_runs_on_to_its_next_await() {
    let (deaf, future) = Deaf::new();
    let handle = tokio::spawn(future);
    deaf.begun.await.unwrap();
    handle.abort();
    assert!(!gone(&deaf.held));
    deaf.release.send(()).unwrap();
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(gone(&deaf.held));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_stops_nothing() {
    let held = Arc::new(());
    let dropped = tokio::spawn(hold(&held));
    let limited = tokio::spawn(hold(&held));
    let tasks = [dropped.abort_handle(), limited.abort_handle()];
    drop(dropped);
    timeout(ms(10), limited).await.unwrap_err();
    assert_eq!(Arc::strong_count(&held), 1 + 2);
    for task in tasks {
        assert!(!task.is_finished());
        task.abort();
        yield_now().await;
        assert!(task.is_finished());
    }
    assert!(gone(&held));
}

#[tokio::test]
async fn an_abort_on_drop_is_only_asked_for() {
    let held = Arc::new(());
    let handle = AbortOnDropHandle::new(tokio::spawn(hold(&held)));
    yield_now().await;
    drop(handle);
    assert!(!gone(&held));
    yield_now().await;
    assert!(gone(&held));

    let handle = AbortOnDropHandle::new(tokio::spawn(hold(&held)));
    handle.abort();
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(gone(&held));
}

#[tokio::test]
async fn a_set_has_stopped_when_it_is_empty() {
    let held = Arc::new(());
    let mut set = JoinSet::from_iter([hold(&held)]);
    yield_now().await;
    drop(set);
    assert!(!gone(&held));
    yield_now().await;
    assert!(gone(&held));

    set = JoinSet::from_iter([hold(&held)]);
    set.spawn(ready(()));
    yield_now().await;
    set.abort_all();
    assert!(!gone(&held));
    let mut values = 0;
    while let Some(ended) = set.join_next().await {
        values += usize::from(ended.is_ok());
    }
    assert!(gone(&held));
    assert_eq!(values, 1);

    set.spawn(hold(&held));
    set.shutdown().await;
    assert!(gone(&held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_may_run_on_when_their_task_has_stopped() {
    let (deaf, child) = Deaf::new();
    let tracker = TaskTracker::new();
    let child = tracker.track_future(child);
    let parent = tokio::spawn(async move {
        let mut children = JoinSet::from_iter([child]);
        children.join_next().await;
    });
    deaf.begun.await.unwrap();
    parent.abort();
    assert!(parent.await.unwrap_err().is_cancelled());
    tracker.close();
    assert!(tracker.wait().now_or_never().is_none());
    assert!(!gone(&deaf.held));
    deaf.release.send(()).unwrap();
    tracker.wait().await;
    assert!(gone(&deaf.held));
}

// P9: what runs on after an abort was spawned inside.
#[tokio::test(start_paused = true)]
async fn p9_a_detached_child_runs_on_when_its_task_has_stopped() {
    let (end, ended) = oneshot::channel();
    let parent = tokio::spawn(async move {
        tokio::spawn(async move {
            sleep(ms(10)).await;
            end.send(Instant::now()).expect("somebody waits");
        });
        pending::<()>().await;
    });
    yield_now().await;
    let aborted = Instant::now();
    parent.abort();
    assert!(parent.await.unwrap_err().is_cancelled());
    assert_eq!(ended.await.unwrap() - aborted, ms(10));
}

#[test]
fn a_blocking_closure_that_has_begun_cannot_be_aborted() {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (begin, begun) = oneshot::channel();
        let (release, released) = mpsc::channel();
        let first = spawn_blocking(move || {
            begin.send(()).unwrap();
            released.recv().unwrap();
            "value"
        });
        let second = spawn_blocking(|| unreachable!("it was aborted before it began"));
        begun.await.unwrap();
        second.abort();
        first.abort();
        assert!(!first.is_finished());
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), "value");
        let second: Result<(), _> = second.await;
        assert!(second.unwrap_err().is_cancelled());
    });
}

#[tokio::test(start_paused = true)]
async fn a_token_is_a_wish() {
    let start = Instant::now();
    let token = CancellationToken::new();
    let asked = token.clone();
    let handle = tokio::spawn(async move {
        asked.cancelled().await;
        sleep(ms(10)).await;
        "cleaned up"
    });
    token.cancel();
    assert!(!handle.is_finished());
    assert_eq!(handle.await.unwrap(), "cleaned up");
    assert_eq!(start.elapsed(), ms(10));
}

#[test]
fn a_runtime_that_is_dropped_has_stopped_its_tasks() {
    let held = Arc::new(());
    for runtime in [Builder::new_current_thread().build(), Runtime::new()] {
        let runtime = runtime.unwrap();
        runtime.spawn(hold(&held));
        assert!(!gone(&held));
        drop(runtime);
        assert!(gone(&held));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_child_has_ended_when_it_was_waited_for() {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).kill_on_drop(true);
    let mut child = cat.spawn().unwrap();
    child.start_kill().unwrap();
    assert!(!child.wait().await.unwrap().success());
    assert_eq!(child.id(), None);

    let mut child = cat.spawn().unwrap();
    child.kill().await.unwrap();
    assert_eq!(child.id(), None);
}

// Fault 9. asyncio's barrier forgets it.
#[tokio::test(start_paused = true)]
async fn f9_a_barrier_counts_a_waiter_who_was_cancelled() {
    let barrier = Barrier::new(2);
    timeout(ms(10), barrier.wait()).await.unwrap_err();
    assert!(barrier.wait().now_or_never().is_some(), "alone");
}

#[tokio::test(start_paused = true)]
async fn f9_a_task_that_nobody_drops_waits_at_the_barrier() {
    let barrier = Arc::new(Barrier::new(2));
    let waits = Arc::clone(&barrier);
    let mut waiter = tokio::spawn(async move { waits.wait().await.is_leader() });
    timeout(ms(10), &mut waiter).await.unwrap_err();
    assert!(barrier.wait().await.is_leader());
    assert!(!waiter.await.unwrap());
}

// P1
#[test]
fn p1_a_handle_alone_drives_no_timer_of_a_current_thread_runtime() {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let handle = runtime.handle().clone();
    let (sender, polls) = mpsc::channel();
    let waiter = thread::spawn(move || {
        handle.block_on(async {
            let mut sleep = pin!(sleep(ms(10)));
            let polled = poll_fn(|context| {
                let poll = sleep.as_mut().poll(context);
                sender.send(poll.is_ready()).unwrap();
                poll
            });
            polled.await;
        });
    });
    assert!(!polls.recv().unwrap());
    // A paused clock goes on when the runtime has nothing else to do. Nobody drives it, so it stands.
    assert!(!waiter.is_finished());
    runtime.block_on(async { sleep(ms(20)).await });
    assert!(polls.recv().unwrap());
    waiter.join().unwrap();
}

// 11(e): the first round takes 250 ms, and the beat is 100 ms.
#[tokio::test(start_paused = true)]
async fn f11_the_three_ways_of_an_interval_after_a_late_round() {
    for (behavior, expected) in [
        (MissedTickBehavior::Burst, [0, 250, 250, 300, 400]),
        (MissedTickBehavior::Delay, [0, 250, 350, 450, 550]),
        (MissedTickBehavior::Skip, [0, 250, 300, 400, 500]),
    ] {
        let start = Instant::now();
        let mut interval = interval(ms(100));
        interval.set_missed_tick_behavior(behavior);
        let mut ticks = Vec::new();
        for round in 0..5 {
            interval.tick().await;
            ticks.push(start.elapsed().as_millis());
            if round == 0 {
                sleep(ms(250)).await;
            }
        }
        assert_eq!(ticks, expected, "{behavior:?}");
    }
}

// 11(e): `wait_for(task, d)`, and `wait_for(shield(task), d)`.
#[tokio::test(start_paused = true)]
async fn f11_a_limit_around_a_borrowed_handle_leaves_the_task_to_its_owner() {
    let start = Instant::now();
    let mut shielded = tokio::spawn(async {
        sleep(ms(30)).await;
        "value"
    });
    timeout(ms(10), &mut shielded).await.unwrap_err();
    assert_eq!(shielded.await.unwrap(), "value");
    assert_eq!(start.elapsed(), ms(30));

    let mut cancelled = tokio::spawn(sleep(ms(30)));
    timeout(ms(10), &mut cancelled).await.unwrap_err();
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    assert_eq!(start.elapsed(), ms(40));
}

// Fault 15, for the questions: only a channel for each reader makes the sender wait for the slowest.
#[tokio::test(start_paused = true)]
async fn f15_a_broadcast_drops_what_a_slow_reader_has_not_read_and_a_channel_for_each_does_not() {
    let (sender, mut reader) = broadcast::channel(2);
    for number in 0..5 {
        sender.send(number).unwrap();
    }
    assert_eq!(reader.recv().await, Err(RecvError::Lagged(3)));
    assert_eq!(reader.recv().await, Ok(3));

    let (senders, readers): (Vec<_>, Vec<_>) = [(); 2].map(|()| channel(2)).into_iter().unzip();
    let readers = readers.into_iter().zip([0, 100]);
    let readers = readers.map(|(mut reader, pause)| async move {
        let mut seen = Vec::new();
        while let Some(number) = reader.recv().await {
            seen.push(number);
            sleep(ms(pause)).await;
        }
        seen
    });
    let readers: JoinSet<_> = readers.collect();
    for number in 0..5 {
        for sender in &senders {
            sender.send(number).await.unwrap();
        }
    }
    drop(senders);
    assert_eq!(readers.join_all().await, [[0, 1, 2, 3, 4]; 2]);
}

// What makes a loop spin: it returns at once, each time.
#[tokio::test(start_paused = true)]
async fn what_is_empty_closed_or_over_returns_at_once() {
    let (sender, mut closed) = tokio::sync::mpsc::channel::<()>(1);
    drop(sender);
    let (sender, mut unchanged) = watch::channel(());
    drop(sender);
    let (sender, mut silent) = broadcast::channel::<()>(1);
    drop(sender);
    let mut fired = pin!(sleep(ms(10)));
    fired.as_mut().await;
    let mut none = FuturesUnordered::<Ready<()>>::new();
    let mut set = JoinSet::<()>::new();
    let (mut end, mut byte) = (tokio::io::empty(), [0]);
    for _round in 0..3 {
        assert_eq!(closed.recv().now_or_never(), Some(None));
        assert!(
            unchanged
                .changed()
                .now_or_never()
                .is_some_and(|it| it.is_err())
        );
        assert!(silent.recv().now_or_never().is_some_and(|it| it.is_err()));
        assert!(fired.as_mut().now_or_never().is_some());
        assert_eq!(none.next().now_or_never(), Some(None));
        assert!(
            set.join_next()
                .now_or_never()
                .is_some_and(|it| it.is_none())
        );
        let read = end.read(&mut byte).now_or_never();
        assert_eq!(read.expect("at once").unwrap(), 0);
    }
}

#[test]
#[should_panic(expected = "mpsc bounded channel requires buffer > 0")]
fn a_channel_of_no_size_panics() {
    cells::no_room();
}
