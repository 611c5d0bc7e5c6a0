//! What the timeline records, and how it is drawn.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, and these are the helpers of tests"
)]

use std::{
    collections::BTreeSet,
    future,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use common::timeline::{
    self, Bar, Lane, LevelAt, Line, Mark, MarkAt, Recording, Slots, State, Timeline, holding, json,
    lane, level, mark, svg, text, track, track_value, waiting, working,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{Instrument, Level, dispatcher, subscriber::DefaultGuard};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};
use unicode_width::UnicodeWidthChar;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn bar(state: State, what: &str, start: u64, end: u64) -> Bar {
    Bar {
        state,
        what: what.to_owned(),
        start: ms(start),
        end: ms(end),
    }
}

fn at(mark: Mark, text: &str, at: u64) -> MarkAt {
    MarkAt {
        mark,
        text: text.to_owned(),
        at: ms(at),
    }
}

fn said(at: u64, lane: Option<&str>, text: &str) -> Line {
    Line {
        at: ms(at),
        lane: lane.map(str::to_owned),
        text: text.to_owned(),
    }
}

/// A lane from zero to its end mark.
fn whole(name: &str, bars: Vec<Bar>, marks: Vec<MarkAt>) -> Lane {
    let end = marks.iter().find(|mark| mark.mark.is_end());
    Lane {
        name: name.to_owned(),
        start: ms(0),
        end: end.map(|end| end.at),
        bars,
        levels: vec![],
        marks,
    }
}

fn picture(length: u64, lanes: Vec<Lane>) -> Timeline {
    Timeline {
        length: ms(length),
        lanes,
        lines: Vec::new(),
    }
}

struct Session {
    recording: Recording,
    lines: Arc<Mutex<Vec<Line>>>,
    _subscriber: DefaultGuard,
}

/// Records what happens on this thread.
fn record() -> Session {
    let session = record_later();
    session.recording.start();
    session
}

/// Like `record`, without the start.
fn record_later() -> Session {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = lines.clone();
    let (layer, recording) =
        timeline::recorder(move |line: &Line| to.lock().unwrap().push(line.clone()));
    let _subscriber = tracing_subscriber::registry().with(layer).set_default();
    Session {
        recording,
        lines,
        _subscriber,
    }
}

impl Session {
    fn snapshot(&self) -> Timeline {
        let timeline = self.recording.snapshot();
        assert_eq!(*self.lines.lock().unwrap(), timeline.lines);
        timeline
    }
}

#[tokio::test(start_paused = true)]
async fn two_tasks_are_two_lanes_with_their_bars_lines_and_ends() {
    let session = record();
    let weather = tokio::spawn(track("weather", async {
        sleep(ms(200)).instrument(waiting("for the answer")).await;
        sleep(ms(100)).instrument(working("on the body")).await;
        common::say!("200 OK, {} bytes", 5);
        Ok::<_, String>("sunny")
    }));
    let news = tokio::spawn(track("news", async {
        sleep(ms(50)).await;
        sleep(ms(100)).instrument(waiting("for the answer")).await;
        Err::<(), _>("no such page")
    }));
    assert_eq!(weather.await.unwrap(), Ok("sunny"));
    assert_eq!(news.await.unwrap(), Err("no such page"));

    let weather = whole(
        "weather",
        vec![
            bar(State::Waiting, "for the answer", 0, 200),
            bar(State::Working, "on the body", 200, 300),
        ],
        vec![at(Mark::Done, "", 300)],
    );
    let news = whole(
        "news",
        vec![bar(State::Waiting, "for the answer", 50, 150)],
        vec![at(Mark::Failed, "no such page", 150)],
    );
    let expected = Timeline {
        length: ms(300),
        lanes: vec![weather, news],
        lines: vec![said(300, Some("weather"), "200 OK, 5 bytes")],
    };
    assert_eq!(session.snapshot(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_is_cancelled_and_says_so() {
    let session = record();
    let endless = future::pending::<()>().instrument(waiting("for ever"));
    let task = tokio::spawn(track_value("slow", endless.instrument(holding("permit"))));
    sleep(ms(70)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    // The picture ends where the last lane does, however late it is drawn.
    sleep(ms(1000)).await;

    let timeline = session.snapshot();
    let bars = vec![
        bar(State::Holding, "permit", 0, 70),
        bar(State::Waiting, "for ever", 0, 70),
    ];
    let slow = whole("slow", bars, vec![at(Mark::Cancelled, "", 70)]);
    assert_eq!(timeline.lanes, [slow]);
    assert_eq!(timeline.lines, [said(70, Some("slow"), "cancelled")]);
    assert_eq!(timeline.length, ms(70));
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_by_a_timeout_is_cancelled() {
    let session = record();
    let slow = sleep(ms(500)).instrument(waiting("for the answer"));
    timeout(ms(30), track_value("slow", slow))
        .await
        .unwrap_err();

    let bars = vec![bar(State::Waiting, "for the answer", 0, 30)];
    let slow = whole("slow", bars, vec![at(Mark::Cancelled, "", 30)]);
    assert_eq!(session.snapshot().lanes, [slow]);
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_before_its_first_poll_is_cancelled_without_having_run() {
    let session = record();
    let unused = track_value("unused", async {});
    sleep(ms(30)).await;
    drop(unused);

    let lane = &session.snapshot().lanes[0];
    assert_eq!((lane.start, lane.end), (ms(30), Some(ms(30))));
    assert_eq!(lane.marks, [at(Mark::Cancelled, "", 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_marks_the_lane_that_panicked_and_not_its_neighbour() {
    let session = record();
    let task = tokio::spawn(async {
        let bad = track_value("bad", async {
            sleep(ms(40)).instrument(working("on it")).await;
            panic!("a panic on purpose");
        });
        let good = track_value("good", future::pending::<()>());
        tokio::join!(good, bad);
    });
    assert!(task.await.unwrap_err().is_panic());

    let timeline = session.snapshot();
    let outcomes = timeline
        .lanes
        .iter()
        .map(|lane| (&*lane.name, &*lane.marks));
    let bad = [at(Mark::Panicked, "", 40)];
    let good = [at(Mark::Cancelled, "", 40)];
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [("bad", &bad[..]), ("good", &good[..])]
    );
    let lines: BTreeSet<_> = timeline
        .lines
        .iter()
        .map(|line| (&*line.text, line.at))
        .collect();
    assert_eq!(
        lines,
        BTreeSet::from([("cancelled", ms(40)), ("panicked", ms(40))])
    );
}

#[tokio::test(start_paused = true)]
async fn bars_nest_and_a_guard_or_a_held_span_is_a_bar() {
    let session = record();
    track_value("nest", async {
        let permit = holding("permit");
        async {
            sleep(ms(10)).await;
            sleep(ms(20)).instrument(waiting("inside")).await;
            let _guard = working("at once").entered();
        }
        .instrument(working("outside"))
        .await;
        sleep(ms(5)).await;
        drop(permit);
    })
    .await;

    let bars = [
        bar(State::Holding, "permit", 0, 35),
        bar(State::Working, "outside", 0, 30),
        bar(State::Waiting, "inside", 10, 30),
        bar(State::Working, "at once", 30, 30),
    ];
    assert_eq!(session.snapshot().lanes[0].bars, bars);
}

#[tokio::test(start_paused = true)]
async fn a_lane_and_a_bar_begin_when_they_are_first_polled() {
    let session = record();
    let first = track_value("first", sleep(ms(100)));
    let second = track_value("second", async {
        let later = sleep(ms(10)).instrument(waiting("later"));
        sleep(ms(50)).instrument(waiting("sooner")).await;
        later.await;
    });
    first.await;
    second.await;

    let second = &session.snapshot().lanes[1];
    assert_eq!((second.start, second.end), (ms(100), Some(ms(150))));
    assert_eq!(
        second.bars,
        [
            bar(State::Waiting, "sooner", 100, 150),
            bar(State::Waiting, "later", 150, 150)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_is_never_in_the_lane_that_spawned_it() {
    let session = record();
    track_value("parent", async {
        let child = track_value("child", sleep(ms(20)).instrument(waiting("child")));
        let bare = sleep(ms(20)).instrument(waiting("nobody"));
        let (child, bare) = (tokio::spawn(child), tokio::spawn(bare));
        child.await.unwrap();
        bare.await.unwrap();
        track_value("inner", async { mark(Mark::Set, "inner") }).await;
    })
    .await;

    let lanes = session.snapshot().lanes;
    // `bare` was instrumented inside of the parent's lane, before it was spawned.
    assert_eq!(lanes[0].bars, [bar(State::Waiting, "nobody", 0, 20)]);
    assert_eq!(lanes[0].marks, [at(Mark::Done, "", 20)]);
    assert_eq!(lanes[1].bars, [bar(State::Waiting, "child", 0, 20)]);
    assert_eq!(
        lanes[2].marks,
        [at(Mark::Set, "inner", 20), at(Mark::Done, "", 20)]
    );
}

#[tokio::test(start_paused = true)]
async fn marks_carry_their_text_and_the_first_end_counts() {
    let session = record();
    track("marks", async {
        mark(Mark::Set, "ready");
        sleep(ms(10)).await;
        mark(Mark::Cleared, "ready");
        mark(Mark::Woken, "by a friend");
        let open = waiting("for more");
        let open = open.enter();
        mark(Mark::Failed, "too early");
        mark(Mark::Woken, "after the end");
        let after = working("after the end").entered();
        drop((after, open));
        Ok::<_, String>(())
    })
    .await
    .unwrap();

    let marks = vec![
        at(Mark::Set, "ready", 0),
        at(Mark::Cleared, "ready", 10),
        at(Mark::Woken, "by a friend", 10),
        at(Mark::Failed, "too early", 10),
    ];
    let bars = vec![bar(State::Waiting, "for more", 10, 10)];
    assert_eq!(session.snapshot().lanes, [whole("marks", bars, marks)]);
}

#[tokio::test(start_paused = true)]
async fn a_bar_that_is_open_at_the_end_of_its_lane_ends_there() {
    let session = record();
    let mut tasks = JoinSet::new();
    track_value("leak", async {
        tasks.spawn(sleep(ms(100)).instrument(waiting("on and on")));
        sleep(ms(10)).await;
    })
    .await;
    tasks.join_all().await;

    let bars = vec![bar(State::Waiting, "on and on", 0, 10)];
    let leak = whole("leak", bars, vec![at(Mark::Done, "", 10)]);
    assert_eq!(session.snapshot().lanes, [leak]);
}

#[tokio::test(start_paused = true)]
async fn a_line_outside_of_every_lane_has_no_lane_and_a_bar_or_mark_there_is_nothing() {
    let session = record();
    common::say!("hello");
    mark(Mark::Set, "nowhere");
    sleep(ms(10)).instrument(waiting("nowhere")).await;
    tracing::info!(target: "another", "nothing");
    let other = tracing::info_span!(target: "another", "span");
    let in_other = async { tracing::info!(target: "timeline", "by hand") };
    track_value("lane", in_other.instrument(other)).await;

    let timeline = session.snapshot();
    assert_eq!(
        timeline.lines,
        [said(0, None, "hello"), said(10, Some("lane"), "by hand")]
    );
    let lane = &timeline.lanes[0];
    assert_eq!((timeline.lanes.len(), lane.bars.len()), (1, 0));
    assert_eq!(lane.marks, [at(Mark::Done, "", 10)]);
}

#[test]
fn nothing_but_the_timeline_is_enabled() {
    let _session = record();
    assert!(tracing::enabled!(target: "timeline", Level::INFO));
    assert!(!tracing::enabled!(target: "hyper", Level::ERROR));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_a_running_task_closes_its_bars_now_and_marks_nothing() {
    let session = record();
    let task = tokio::spawn(track_value("run", async {
        sleep(ms(20)).instrument(working("at first")).await;
        sleep(ms(60)).instrument(waiting("for more")).await;
    }));
    sleep(ms(50)).await;
    let early = session.snapshot();
    task.await.unwrap();

    let first = bar(State::Working, "at first", 0, 20);
    let bars = vec![first.clone(), bar(State::Waiting, "for more", 20, 50)];
    assert_eq!(early, picture(50, vec![whole("run", bars, vec![])]));
    assert!(text::draw(&early, 60, false).contains("running\n"));

    let bars = vec![first, bar(State::Waiting, "for more", 20, 80)];
    let done = vec![at(Mark::Done, "", 80)];
    assert_eq!(
        session.snapshot(),
        picture(80, vec![whole("run", bars, done)])
    );
}

#[tokio::test(start_paused = true)]
async fn zero_is_the_start_of_the_recording() {
    let session = record_later();
    sleep(ms(500)).await;
    session.recording.start();
    sleep(ms(20)).await;
    session.recording.start();
    common::say!("hello");
    assert_eq!(session.snapshot().lines, [said(20, None, "hello")]);
}

#[test]
fn other_threads_and_the_time_after_the_runtime_go_by_the_runtime_s_paused_clock() {
    let session = record_later();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let span = runtime.block_on(async {
        session.recording.start();
        sleep(ms(100)).await;
        let span = lane("threads");
        let dispatch = dispatcher::get_default(Clone::clone);
        let ahead = dispatcher::get_default(Clone::clone);
        thread::scope(|scope| {
            let work = || {
                let _lane = span.enter();
                mark(Mark::Set, "from a thread");
            };
            scope.spawn(move || dispatcher::with_default(&dispatch, work));
            scope.spawn(move || dispatcher::with_default(&ahead, work));
        });
        sleep(ms(100)).await;
        span
    });
    drop(runtime);

    let early = session.snapshot();
    assert_eq!(early.length, ms(200));
    assert_eq!((early.lanes[0].start, early.lanes[0].end), (ms(100), None));
    drop(span);
    let set = at(Mark::Set, "from a thread", 100);
    assert_eq!(
        session.snapshot().lanes[0].marks,
        [set.clone(), set, at(Mark::Cancelled, "", 200)]
    );
}

#[test]
fn time_never_goes_back_even_when_the_clock_does() {
    let session = record();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        sleep(ms(3_600_000)).await;
        common::say!("an hour later, on a clock that the recording did not start on");
    });
    common::say!("on the first clock");

    let lines = session.snapshot().lines;
    assert!(lines[0].at >= ms(3_600_000));
    assert_eq!(lines[1].at, lines[0].at);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_parent_ends_before_the_child_that_it_left_running() {
    let session = record();
    let mut children = JoinSet::new();
    let parent = track_value("parent", async {
        children.spawn(track_value("child", sleep(ms(50))));
        future::pending::<()>().await;
    });
    timeout(ms(10), parent).await.unwrap_err();
    children.join_all().await;

    let ends = session.snapshot().lanes.into_iter().map(|lane| lane.marks);
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [[at(Mark::Cancelled, "", 10)], [at(Mark::Done, "", 50)]]
    );
}

#[tokio::test(start_paused = true)]
async fn work_takes_the_first_slot_that_is_free_also_after_a_cancelled_one() {
    let session = record();
    let slots = Slots::new("slot");
    let work = |what, millis| slots.run(sleep(ms(millis)).instrument(waiting(what)));
    tokio::join!(work("a", 10), async {
        timeout(ms(4), work("b", 10)).await.unwrap_err();
        work("c", 10).await;
    });
    work("d", 1).await;
    slots.end();

    let end = || vec![at(Mark::Done, "", 15)];
    let [a, d] = [("a", 0, 10), ("d", 14, 15)].map(|(w, s, e)| bar(State::Waiting, w, s, e));
    let [b, c] = [("b", 0, 4), ("c", 4, 14)].map(|(w, s, e)| bar(State::Waiting, w, s, e));
    let lanes = vec![
        whole("slot 1", vec![a, d], end()),
        whole("slot 2", vec![b, c], end()),
    ];
    assert_eq!(session.snapshot(), picture(15, lanes));
}

#[tokio::test(start_paused = true)]
async fn slots_that_were_not_ended_are_cancelled() {
    let session = record();
    let slots = Slots::new("slot");
    slots.run(sleep(ms(10))).await;
    drop(slots);
    let lane = whole("slot 1", vec![], vec![at(Mark::Cancelled, "", 10)]);
    let lines = vec![said(10, Some("slot 1"), "cancelled")];
    let cancelled = Timeline {
        lines,
        ..picture(10, vec![lane])
    };
    assert_eq!(session.snapshot(), cancelled);
}

fn levels(changes: &[(u64, usize)]) -> Vec<LevelAt> {
    let changes = changes.iter();
    changes
        .map(|&(at, level)| LevelAt { level, at: ms(at) })
        .collect()
}

/// A lane that counts, from zero to its end at `end`.
fn counting(changes: &[(u64, usize)], end: u64) -> Lane {
    Lane {
        levels: levels(changes),
        ..whole("queue", vec![], vec![at(Mark::Done, "", end)])
    }
}

#[tokio::test(start_paused = true)]
async fn a_level_belongs_to_the_lane_it_was_set_in_and_comes_to_an_end_with_it() {
    let session = record();
    level(7);
    let queue = lane("queue");
    queue.in_scope(|| level(1));
    sleep(ms(10)).await;
    queue.in_scope(|| level(3));
    sleep(ms(10)).await;
    queue.in_scope(|| mark(Mark::Done, ""));
    queue.in_scope(|| level(5));

    let timeline = session.snapshot();
    assert_eq!(timeline.lanes, [counting(&[(0, 1), (10, 3)], 20)]);
    assert!(timeline.lines.is_empty());
    let json = json::draw(&timeline);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["lanes"][0]["levels"],
        serde_json::json!([{ "level": 1, "at": 0.0 }, { "level": 3, "at": 10.0 }])
    );
}

#[test]
fn the_text_draws_levels_as_steps_in_proportion_to_the_greatest() {
    // Full for an instant only: what comes at the same time takes its place.
    let changes = [(0, 1), (100, 7), (100, 2), (200, 4), (300, 0), (350, 3)];
    let mut timeline = picture(400, vec![counting(&changes, 400)]);
    let text = text::draw(&timeline, 50, false);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[3],
        "queue  ▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▄▄▄▄▄▄▄···▃▃▃▃✓  done 400 ms"
    );
    assert_eq!(lines[4], "✓ done  ▇ level, at most 7");

    timeline.lanes[0].end = None;
    timeline.lanes[0].marks.clear();
    let text = text::draw(&timeline, 50, false);
    assert!(text.contains("▄····▃▃▃▃   running\n"), "{text}");
}

#[test]
fn a_lane_that_counts_nothing_or_never_anything_has_no_steps_and_no_word_for_them() {
    let never = picture(400, vec![counting(&[(0, 0), (100, 0)], 400)]);
    let words = text::draw(&never, 50, false);
    assert!(words.ends_with("\n✓ done\n"), "{words}");
    assert!(!svg::draw(&never).contains("tl-level\" x"));
    assert!(!svg::draw(&small()).contains("tl-level\" x"));
    assert!(!json::draw(&small()).contains("levels"));
}

#[test]
fn the_svg_draws_each_level_as_a_step_with_a_title() {
    let changes = [(0, 1), (100, 4), (200, 0), (300, 2)];
    let svg = svg::draw(&picture(400, vec![counting(&changes, 400)]));
    assert_eq!(
        titles(&svg)[1..4],
        [
            "queue: 1, 0 ms to 100 ms",
            "queue: 4, 100 ms to 200 ms",
            "queue: 2, 300 ms to 400 ms",
        ]
    );
    let document = roxmltree::Document::parse(&svg).unwrap();
    let number = |node: &roxmltree::Node, name| node.attribute(name).unwrap().parse::<f64>();
    let steps: Vec<_> = with_class(&document, "tl-level")
        .map(|step| {
            let [y, height] = ["y", "height"].map(|name| number(&step, name).unwrap());
            (height, y + height)
        })
        .collect();
    // The last two are the legend's.
    assert_eq!(steps[..3], [(4.0, 49.0), (16.0, 49.0), (8.0, 49.0)]);
    assert_eq!(steps.len(), 5);
    let words = with_class(&document, "tl-word").map(|word| word.text().unwrap());
    assert_eq!(words.collect::<Vec<_>>(), ["done", "level, at most 4"]);
}

#[test]
fn a_picture_stays_small_however_often_a_level_changes() {
    let changes: Vec<_> = (0..50_000).map(|n| (n, n as usize * 7919 % 100)).collect();
    let timeline = picture(50_000, vec![counting(&changes, 50_000)]);
    let svg = svg::draw(&timeline);
    assert!(svg.len() < 60_000, "{}", svg.len());
    // The most that there was in the time that a step stands for.
    assert!(titles(&svg)[1].starts_with("queue: 99, 0 ms to "));
    let text = text::draw(&timeline, 80, false);
    assert!(text.lines().nth(3).unwrap().matches('▇').count() > 50);
}

fn small() -> Timeline {
    let weather = vec![
        bar(State::Waiting, "for the answer", 0, 200),
        bar(State::Working, "on the body", 200, 300),
    ];
    let news = vec![bar(State::Waiting, "for the answer", 0, 150)];
    picture(
        300,
        vec![
            whole("weather", weather, vec![at(Mark::Done, "", 300)]),
            whole("news", news, vec![at(Mark::Failed, "no such page", 150)]),
        ],
    )
}

/// Every state, every mark, a task that is still running, bars in bars, and a late start.
fn full() -> Timeline {
    let mut timeline = small();
    let nested = vec![
        bar(State::Holding, "permit", 100, 300),
        bar(State::Working, "on it", 150, 250),
        bar(State::Waiting, "inside", 160, 200),
        bar(State::Working, "deeper", 170, 190),
        bar(State::Waiting, "deepest", 175, 180),
    ];
    let marks = vec![
        at(Mark::Set, "ready", 50),
        at(Mark::Cleared, "ready", 80),
        at(Mark::Woken, "", 90),
        at(Mark::Cancelled, "", 300),
    ];
    let late = Lane {
        start: ms(100),
        ..whole("late", vec![], vec![at(Mark::Panicked, "", 220)])
    };
    timeline.lanes.push(whole("nested", nested, marks));
    timeline.lanes.push(late);
    timeline.lanes.push(whole("still", vec![], vec![]));
    timeline
}

#[test]
fn the_text_of_a_small_timeline() {
    // 60 columns: 7 for names, 35 and 1 for bars, 13 for outcomes, and 2 between each.
    // 100 of 300 ms are 11.7 of 35 columns.
    let expected = "\
2 lanes in 300 ms: 1 done, 1 failed
         0           100 ms     200 ms      300 ms
         ├───────────┼──────────┼───────────┼
weather  ░░░░░░░░░░░░░░░░░░░░░░░████████████✓  done 300 ms
news     ░░░░░░░░░░░░░░░░░░✗                   failed 150 ms
░ waiting  █ working  ✓ done  ✗ failed
";
    assert_eq!(text::draw(&small(), 60, false), expected);
}

#[test]
fn the_text_shows_the_innermost_bar_the_marks_and_the_idle_time() {
    // 58 columns: 30 for bars, so that one column is 10 ms. What lies deeper than two bars is one.
    let expected = "\
5 lanes in 300 ms: 1 done, 1 failed, 1 cancelled, 1
panicked, 1 running
         0         100 ms    200 ms    300 ms
         ├─────────┼─────────┼─────────┼
weather  ░░░░░░░░░░░░░░░░░░░░██████████✓  done 300 ms
news     ░░░░░░░░░░░░░░░✗                 failed 150 ms
nested   ·····▲··▽◆▓▓▓▓▓█░░░░█████▓▓▓▓▓⊘  cancelled 300 ms
late               ············!          panicked 220 ms
still    ······························   running
░ waiting  █ working  ▓ holding  ▲ set  ▽ cleared  ◆ woken
✓ done  ✗ failed  ⊘ cancelled  ! panicked
";
    assert_eq!(text::draw(&full(), 58, false), expected);
}

#[test]
fn labels_of_the_axis_that_would_touch_are_left_out() {
    // 40 columns: 10 for the name and 13 for the outcome leave 12, so that 200 ms are 6 columns.
    let lane = whole("just right", vec![], vec![at(Mark::Failed, "", 400)]);
    let text = text::draw(&picture(400, vec![lane]), 40, false);
    let axis: Vec<_> = text.lines().skip(1).take(2).collect();
    assert_eq!(
        axis,
        ["            0     200 ms", "            ├─────┼─────┼"]
    );
}

#[test]
fn a_line_of_text_is_never_wider_than_asked_and_has_no_space_at_its_end() {
    let names = [
        "",
        "a",
        "ünïcödé",
        "日本語のとても長い名前です",
        "👩‍👩‍👧‍👦 family",
        "a\nb\x1b[31mc\td",
    ];
    let long = "https://example.com/".repeat(20);
    for name in names.iter().copied().chain([&*long]) {
        for length in [300, 9_999, 3_600_000, u64::MAX] {
            let mut timeline = full();
            timeline.length = ms(length).max(timeline.length);
            timeline.lanes[4].name = name.to_owned();
            timeline.lanes[2].marks[3].at = timeline.length;
            let lanes = timeline.lanes.clone();
            timeline
                .lanes
                .extend(lanes.iter().cycle().take(25).cloned());
            let bare = picture(length, vec![]);
            for width in (40..=120).chain([0, 200]) {
                let mut text = text::draw(&timeline, width, false);
                text += &text::draw(&bare, width, false);
                for line in text.lines() {
                    let columns: usize = line.chars().map(|c| c.width().unwrap()).sum();
                    assert!(columns <= width.max(40), "{columns} of {width}: {line}");
                    assert_eq!(line.trim_end(), line);
                }
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let plain = text::draw(&full(), 80, false);
    let coloured = text::draw(&full(), 80, true);
    assert!(!plain.contains('\x1b'));
    assert!(coloured.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn every_state_and_mark_has_a_glyph_and_a_shape_of_its_own() {
    let mut glyphs = BTreeSet::new();
    let legend = text::draw(&full(), 200, false);
    for entry in legend.lines().last().unwrap().split("  ") {
        let (glyph, _) = entry.split_once(' ').unwrap();
        assert_eq!(glyph.chars().map(|c| c.width().unwrap()).sum::<usize>(), 1);
        glyphs.insert(glyph);
    }
    assert_eq!(glyphs.len(), State::ALL.len() + Mark::ALL.len());

    let svg = svg::draw(&full());
    let document = roxmltree::Document::parse(&svg).unwrap();
    let shapes = with_class(&document, "tl-mark").map(|mark| {
        let path = mark.attribute("d").unwrap();
        path.split_once('m').unwrap().1.to_owned()
    });
    assert_eq!(shapes.collect::<BTreeSet<_>>().len(), Mark::ALL.len());
}

#[test]
fn the_smallest_timelines_are_drawn() {
    let at_zero = whole(
        "at once",
        vec![bar(State::Working, "", 0, 0)],
        vec![at(Mark::Done, "", 0)],
    );
    for timeline in [Timeline::default(), picture(0, vec![at_zero.clone()])] {
        assert!(text::draw(&timeline, 80, false).contains(" in 0 ms"));
        let svg = svg::draw(&timeline);
        let document = roxmltree::Document::parse(&svg).unwrap();
        let ticks = with_class(&document, "tl-tick");
        for zero in ticks.chain(with_class(&document, "tl-bar")) {
            // The bars begin right of the names.
            let x: f64 = zero.attribute("x").unwrap_or("0").parse().unwrap();
            assert!(x < 100.0, "{x}");
        }
        assert!(json::draw(&timeline).starts_with("{\n  \"length\": 0.0,\n"));
    }
    assert_eq!(
        text::draw(&Timeline::default(), 40, false).lines().next(),
        Some("0 lanes in 0 ms")
    );
    let expected = format!("at once  ✓{}done 0 ms", " ".repeat(31 + 2));
    let text = text::draw(&picture(0, vec![at_zero]), 52, false);
    assert_eq!(text.lines().nth(3), Some(&*expected));
}

#[test]
fn times_are_milliseconds_and_then_seconds() {
    assert_eq!(timeline::time(Duration::ZERO), "0 ms");
    assert_eq!(timeline::time(Duration::from_micros(1_500)), "2 ms");
    assert_eq!(timeline::time(ms(9_999)), "9999 ms");
    assert_eq!(timeline::time(Duration::from_micros(9_999_700)), "10.0 s");
    assert_eq!(timeline::time(ms(75_250)), "75.2 s");
}

#[test]
fn an_axis_beyond_ten_seconds_is_in_seconds() {
    let minute = picture(60_000, vec![whole("minute", vec![], vec![])]);
    let text = text::draw(&minute, 60, false);
    let labels: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        labels,
        [
            "0", "10", "s", "20", "s", "30", "s", "40", "s", "50", "s", "60", "s"
        ]
    );
}

fn with_class<'a, 'input>(
    document: &'a roxmltree::Document<'input>,
    class: &'a str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'input>> {
    document.descendants().filter(move |node| {
        let classes = node.attribute("class").unwrap_or_default();
        classes.split(' ').any(|one| one == class)
    })
}

fn titles(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let titles = document
        .descendants()
        .filter(|node| node.has_tag_name("title"));
    titles
        .map(|title| title.text().unwrap().to_owned())
        .collect()
}

#[test]
fn every_bar_and_mark_of_the_svg_has_a_title() {
    let svg = svg::draw(&small());
    assert_eq!(
        titles(&svg),
        [
            "Timeline of 2 lanes in 300 ms: 1 done, 1 failed",
            "weather: waiting for the answer, 0 ms to 200 ms (200 ms)",
            "weather: working on the body, 200 ms to 300 ms (100 ms)",
            "weather: done at 300 ms",
            "news: waiting for the answer, 0 ms to 150 ms (150 ms)",
            "news: failed at 150 ms: no such page",
        ]
    );

    let svg = svg::draw(&full());
    let deep = "nested: 3 bars drawn as one: 2 waiting, 1 working, 160 ms to 200 ms (40 ms)";
    assert!(titles(&svg).iter().any(|title| title == deep));
    let document = roxmltree::Document::parse(&svg).unwrap();
    let is_untitled = |node: &roxmltree::Node| {
        let previous = node.prev_sibling_element();
        previous.is_none_or(|sibling| !sibling.has_tag_name("title"))
    };
    let shapes = with_class(&document, "tl-bar").chain(with_class(&document, "tl-mark"));
    let untitled = shapes.filter(is_untitled).count();
    // The samples of the legend have their word beside them.
    assert_eq!(untitled, State::ALL.len() + Mark::ALL.len());
}

#[test]
fn the_svg_says_what_it_shows_to_who_cannot_see_it() {
    let svg = svg::draw(&small());
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert_eq!(
        root.attribute("aria-label"),
        Some("Timeline of 2 lanes in 300 ms: 1 done, 1 failed")
    );
    let desc = root.children().find(|child| child.has_tag_name("desc"));
    let expected = "weather: done 300 ms. news: failed 150 ms.";
    assert_eq!(desc.unwrap().text(), Some(expected));
}

#[test]
fn the_svg_fits_into_markdown_and_into_a_page_with_others() {
    let (one, other) = (svg::draw(&small()), svg::draw(&full()));
    assert_eq!(one, svg::draw(&small()));
    assert!(one.starts_with("<svg ") && one.ends_with("</svg>\n"));
    assert!(one.lines().next().unwrap().ends_with('>'));
    for svg in [&one, &other] {
        assert!(svg.lines().all(|line| !line.trim().is_empty()));
        assert_eq!(svg.matches("http").count(), 1, "the namespace, and no more");
        assert!(!svg.contains("script") && !svg.contains("import"));
    }

    let ids = |svg: &str| -> BTreeSet<String> {
        let document = roxmltree::Document::parse(svg).unwrap();
        let ids = document
            .descendants()
            .filter_map(|node| node.attribute("id"));
        let ids: BTreeSet<_> = ids.map(str::to_owned).collect();
        for id in &ids {
            assert!(svg.contains(&format!("url(#{id})")));
        }
        assert_eq!(svg.matches("url(").count(), ids.len());
        ids
    };
    assert_eq!(ids(&one).len(), 2);
    assert!(ids(&one).is_disjoint(&ids(&other)));

    let style = one
        .split_once("<style>\n")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    for rule in style.lines() {
        let rule = rule.trim_start_matches("@media (prefers-color-scheme: dark) { ");
        for selector in rule.split_once(" {").unwrap().0.split(", ") {
            assert!(
                selector == ".timeline" || selector.starts_with(".timeline "),
                "{rule}"
            );
        }
    }
}

/// From where to where a text may reach: left, right, and its baseline.
fn text_boxes(svg: &str) -> Vec<(f64, f64, f64, String)> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    let boxes = texts.map(|node| {
        let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let text = node.text().unwrap_or_default().to_owned();
        let class = node.attribute("class").unwrap();
        let size = if ["tl-tick", "tl-word"].contains(&class) {
            12.0
        } else {
            13.0
        };
        // The mean of a wide sans-serif font.
        let width = 0.62 * size * text.chars().map(|c| c.width().unwrap() as f64).sum::<f64>();
        let (mut x, mut y) = (number("x"), number("y"));
        if class == "tl-tick" {
            x -= width / 2.0;
        }
        let shift = node
            .ancestors()
            .find_map(|parent| parent.attribute("transform"));
        if let Some(shift) = shift.map(|shift| shift.trim_start_matches("translate(")) {
            let (right, down) = shift.trim_end_matches(')').split_once(' ').unwrap();
            x += right.parse::<f64>().unwrap();
            y += down.parse::<f64>().unwrap();
        }
        (x, x + width, y, text)
    });
    boxes.collect()
}

#[test]
fn no_two_texts_of_the_svg_overlap_and_none_leaves_it() {
    let names = [
        "",
        "weather",
        "https://example.com/a/rather/long/path",
        "日本語のとても長い名前です",
    ];
    for length in [0, 1, 7, 300, 9_999, 10_000, 3_600_000] {
        for name in names {
            let mut timeline = full();
            timeline.length = ms(length);
            timeline.lanes[0].name = name.to_owned();
            timeline.lanes[2].marks[3].at = ms(length);
            let svg = svg::draw(&timeline);
            let document = roxmltree::Document::parse(&svg).unwrap();
            let height: f64 = document
                .root_element()
                .attribute("height")
                .unwrap()
                .parse()
                .unwrap();
            let boxes = text_boxes(&svg);
            assert!(boxes.len() > 20);
            for (index, (left, right, y, text)) in boxes.iter().enumerate() {
                assert!(*left >= 0.0 && *right <= 700.0, "{text}: {left} to {right}");
                assert!(
                    *y >= 12.0 && *y <= height - 4.0,
                    "{text}: at {y} of {height}"
                );
                for (other_left, other_right, other_y, other) in &boxes[index + 1..] {
                    let apart = right <= other_left || other_right <= left;
                    assert!(apart || (y - other_y).abs() >= 14.0, "{text} on {other}");
                }
            }
        }
    }
}

#[test]
fn the_legend_has_what_occurs_and_no_more() {
    let words = |timeline: &Timeline| -> Vec<String> {
        let svg = svg::draw(timeline);
        let document = roxmltree::Document::parse(&svg).unwrap();
        let words = with_class(&document, "tl-word").map(|word| word.text().unwrap().to_owned());
        words.collect()
    };
    assert_eq!(words(&small()), ["waiting", "working", "done", "failed"]);
    let all = State::ALL
        .map(State::name)
        .into_iter()
        .chain(Mark::ALL.map(Mark::name));
    assert_eq!(words(&full()), all.collect::<Vec<_>>());
    assert!(words(&picture(10, vec![])).is_empty());
}

#[test]
fn names_and_words_of_all_kinds_stay_text_in_the_svg() {
    let odd = "<b> & \"q\" 'a' ]]> \u{0}\u{1b}\u{ffff}\n#tl- end";
    let clean = "<b> & \"q\" 'a' ]]>     #tl- end";
    let bars = vec![bar(State::Working, odd, 0, 10)];
    let svg = svg::draw(&picture(
        10,
        vec![whole(odd, bars, vec![at(Mark::Failed, odd, 10)])],
    ));
    let titles = titles(&svg);
    assert_eq!(titles[1], clean, "the whole name, where it was cut");
    assert_eq!(
        titles[2],
        format!("{clean}: working {clean}, 0 ms to 10 ms (10 ms)")
    );
    assert_eq!(titles[3], format!("{clean}: failed at 10 ms: {clean}"));
}

/// The relative luminance of a colour such as `#1f2328`, as WCAG defines it.
fn luminance(color: &str) -> f64 {
    let channel = |range: std::ops::Range<usize>| {
        let value = f64::from(u8::from_str_radix(&color[range], 16).unwrap()) / 255.0;
        match value <= 0.03928 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        }
    };
    0.2126 * channel(1..3) + 0.7152 * channel(3..5) + 0.0722 * channel(5..7)
}

#[test]
fn the_colours_have_enough_contrast_on_light_and_on_dark() {
    for colors in [svg::LIGHT, svg::DARK] {
        let colors: Vec<(&str, &str)> = colors
            .split_terminator(';')
            .map(|declaration| declaration.trim().split_once(": ").unwrap())
            .collect();
        let paper = luminance(colors[0].1);
        assert_eq!((colors[0].0, colors.len()), ("--tl-paper", 11));
        for (name, color) in &colors[1..] {
            let (low, high) = match luminance(color) < paper {
                true => (luminance(color), paper),
                false => (paper, luminance(color)),
            };
            let contrast = (high + 0.05) / (low + 0.05);
            let least = match *name {
                "--tl-ink" | "--tl-faint" => 4.5,
                "--tl-grid" => 1.0,
                _ => 3.0,
            };
            assert!(contrast >= least, "{name} {color}: {contrast}");
        }
    }
}

#[test]
fn a_thousand_lanes_are_folded_and_every_kind_of_end_is_shown() {
    let mut lanes: Vec<Lane> = (0..1000)
        .map(|index| {
            let bars = (0..5).map(|n| bar(State::Waiting, "", n * 10, n * 10 + 10));
            let mut lane = whole(
                &format!("item {index}"),
                bars.collect(),
                vec![at(Mark::Done, "", 50 + index)],
            );
            lane.start = ms(index / 10);
            lane
        })
        .collect();
    lanes[600].marks[0].mark = Mark::Failed;
    lanes[700].marks[0].mark = Mark::Failed;
    lanes[800].marks[0].mark = Mark::Cancelled;
    lanes[900].marks[0].mark = Mark::Panicked;
    (lanes[950].marks, lanes[950].end) = (vec![], None);
    let timeline = picture(1049, lanes);

    let text = text::draw(&timeline, 100, false);
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("item"))
        .collect();
    assert_eq!(rows.len(), 24);
    for (row, name) in [
        (0, "item 0 "),
        (19, "item 19 "),
        (20, "item 600 "),
        (23, "item 950 "),
    ] {
        assert!(rows[row].starts_with(name), "{}", rows[row]);
    }
    let rest = "… 976 more lanes: 975 done, 1 failed, 2 ms to 1049 ms";
    assert_eq!(text.lines().nth(27), Some(rest));
    // The title, two lines of axis, the lanes, the rest, and the legend.
    assert_eq!(text.lines().count(), 1 + 2 + 24 + 1 + 1);

    let svg = svg::draw(&timeline);
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert_eq!(with_class(&document, "tl-outcome").count(), 24);
    let shown = with_class(&document, "tl-rest").next().unwrap();
    assert_eq!(shown.text(), Some(rest));
    assert!(svg.len() < 40_000, "{}", svg.len());
    assert!(json::draw(&timeline).contains("item 999"));
}

#[test]
fn one_lane_too_many_is_one_more_lane() {
    let done = |index| whole(&format!("{index}"), vec![], vec![at(Mark::Done, "", 10)]);
    let lanes: Vec<Lane> = (0..25).map(done).collect();
    let text = text::draw(&picture(10, lanes.clone()), 80, false);
    assert!(text.contains("\n… 1 more lane: 1 done, 0 ms to 10 ms\n"));
    let text = text::draw(&picture(10, lanes[1..].to_vec()), 80, false);
    assert!(!text.contains('…'));
}

#[test]
fn bars_too_short_to_see_are_drawn_as_one_that_says_so() {
    let state = |n| {
        if n % 10 == 0 {
            State::Working
        } else {
            State::Waiting
        }
    };
    let mut bars: Vec<Bar> = (0..50_000).map(|n| bar(state(n), "", n, n + 1)).collect();
    bars.push(bar(State::Holding, "permit", 80_000, 100_000));
    let busy = whole("busy", bars, vec![at(Mark::Done, "", 100_000)]);
    let titles = titles(&svg::draw(&picture(100_000, vec![busy])));
    assert_eq!(
        titles[1..],
        [
            "busy: 50000 bars drawn as one: 45000 waiting, 5000 working, 0 ms to 50.0 s (50.0 s)",
            "busy: holding permit, 80.0 s to 100.0 s (20.0 s)",
            "busy: done at 100.0 s",
        ]
    );
}

#[test]
fn one_short_bar_is_drawn_long_enough_to_see() {
    let short = vec![bar(State::Working, "", 5_000, 5_001)];
    let timeline = picture(9_000, vec![whole("short", short, vec![])]);
    let text = text::draw(&timeline, 80, false);
    assert_eq!(text.lines().nth(3).unwrap().matches('█').count(), 1);

    let svg = svg::draw(&timeline);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let drawn = with_class(&document, "tl-bar").next().unwrap();
    assert_eq!(drawn.attribute("width"), Some("3"));
}

#[test]
fn an_svg_stays_small_however_many_bars_and_marks_a_lane_has() {
    // Starts and lengths without a pattern, so that bars overlap in every way.
    let bars = (0..20_000).map(|n| bar(State::ALL[n as usize % 3], "", n, n + n * 7919 % 20_000));
    let marks = (0..20_000).map(|n| at(Mark::ALL[n as usize % 3], "", n));
    let busy = whole("busy", bars.collect(), marks.collect());
    let svg = svg::draw(&picture(40_000, vec![busy]));
    assert!(svg.len() < 200_000, "{}", svg.len());
    assert!(
        titles(&svg)
            .iter()
            .any(|title| title.contains(" × woken, "))
    );
}

#[test]
fn json_has_null_for_what_is_not_there_and_fractions_of_milliseconds() {
    let timeline = Timeline {
        length: Duration::from_micros(1_500),
        lanes: vec![whole("running", vec![], vec![])],
        lines: vec![said(1, None, "\"quoted\"\n")],
    };
    let json: serde_json::Value = serde_json::from_str(&json::draw(&timeline)).unwrap();
    let expected = serde_json::json!({
        "length": 1.5,
        "lanes": [{ "name": "running", "start": 0.0, "end": null, "bars": [], "marks": [] }],
        "lines": [{ "at": 1.0, "lane": null, "text": "\"quoted\"\n" }],
    });
    assert_eq!(json, expected);
}
