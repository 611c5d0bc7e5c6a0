//! What the event promises, one test for each promise.
//!
//! A number such as E1 is a behaviour that CPython's own tests of `asyncio.Event` check. Every order
//! of a few steps is in tests/interleavings.rs, and every order of two threads in
//! tests/exploration.rs.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use event::Event;
use futures::FutureExt as _;
use tokio::task::{JoinSet, block_in_place, yield_now};
use tokio::time::{Instant, sleep, timeout};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Whether the wait is over, by one poll.
fn is_over(wait: impl Future) -> bool {
    wait.now_or_never().is_some()
}

/// Tasks that wait for the event, and have begun to. Each notes its number when it has passed.
async fn numbered(event: &Arc<Event>, count: usize) -> (JoinSet<()>, Arc<Mutex<Vec<usize>>>) {
    let begun = Arc::new(AtomicUsize::new(0));
    let passed = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (event, begun, passed) = (Arc::clone(event), Arc::clone(&begun), Arc::clone(&passed));
        tasks.spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            event.wait().await;
            passed.lock().expect("no holder panics").push(number);
        });
    }
    while begun.load(Ordering::Relaxed) < count {
        yield_now().await;
    }
    (tasks, passed)
}

/// Tasks that wait for the event, and have begun to.
async fn waiters(event: &Arc<Event>, count: usize) -> JoinSet<()> {
    numbered(event, count).await.0
}

/// Joins them all, and fails when one waits for longer than an hour.
async fn join(mut tasks: JoinSet<()>) {
    let all = async {
        while let Some(joined) = tasks.join_next().await {
            joined.expect("a waiter does not panic");
        }
    };
    let hour = Duration::from_secs(3600);
    timeout(hour, all).await.expect("a waiter was not woken");
}

// E1
#[tokio::test(start_paused = true)]
async fn set_wakes_everyone_who_waits() {
    let start = Instant::now();
    let event = Arc::new(Event::new());
    let mut tasks = waiters(&event, 5).await;
    assert!(tasks.try_join_next().is_none());
    sleep(ms(10)).await;
    assert!(tasks.try_join_next().is_none());
    event.set();
    join(tasks).await;
    assert_eq!(start.elapsed(), ms(10));
}

// E1
#[tokio::test(start_paused = true)]
async fn who_comes_after_set_passes_at_once() {
    let event = Arc::new(Event::new());
    let tasks = waiters(&event, 2).await;
    event.set();
    assert!(is_over(event.wait()));
    join(tasks).await;
    assert!(is_over(event.wait()));
}

// E2
#[test]
fn a_wait_on_a_set_event_returns_at_its_first_poll() {
    let event = Event::new();
    event.set();
    assert!(is_over(event.wait()));
    assert!(is_over(event.wait()));
}

// E3
#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_is_gone() {
    let event = Arc::new(Event::new());
    let mut tasks = waiters(&event, 3).await;
    tasks.abort_all();
    while let Some(joined) = tasks.join_next().await {
        assert!(joined.expect_err("it waited").is_cancelled());
    }
    // Each waiter had a clone: nothing holds on to them.
    assert_eq!(Arc::strong_count(&event), 1);

    let tasks = waiters(&event, 2).await;
    assert!(timeout(ms(10), event.wait()).await.is_err());
    event.set();
    join(tasks).await;
}

// E4
#[test]
fn set_and_clear_are_seen_by_is_set() {
    let event = Event::new();
    assert!(!event.is_set());
    event.clear();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
    event.set();
    assert!(event.is_set());
    event.clear();
    assert!(!event.is_set());
    event.clear();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
}

// E5
#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_when_clear_follows_in_the_same_instant() {
    let event = Arc::new(Event::new());
    let tasks = waiters(&event, 5).await;
    event.set();
    event.clear();
    assert!(!event.is_set());
    join(tasks).await;
    assert!(!event.is_set());
    // Who comes after the pulse waits.
    assert!(!is_over(event.wait()));
}

#[test]
fn waiting_begins_at_the_call() {
    let event = Event::new();
    let called_before = event.wait();
    event.set();
    let called_while_set = event.wait();
    event.clear();
    let called_after = event.wait();
    assert!(is_over(called_before));
    assert!(is_over(called_while_set));
    assert!(!is_over(called_after));
}

// N12: what a task calls itself, it calls when it first runs.
#[tokio::test(start_paused = true)]
async fn n12_tasks_that_are_given_their_wait_see_a_pulse_right_after_the_spawn() {
    let event = Arc::new(Event::new());
    let mut own = JoinSet::new();
    let mut given = JoinSet::new();
    for _ in 0..3 {
        let event = Arc::clone(&event);
        given.spawn(Arc::clone(&event).wait_owned());
        own.spawn(async move { event.wait().await });
    }
    event.set();
    event.clear();
    join(given).await;
    assert!(own.try_join_next().is_none());
    assert_eq!(Arc::strong_count(&event), 1 + 3);
    event.set();
    join(own).await;
}

#[test]
fn an_owned_wait_begins_at_the_call_too() {
    let event = Arc::new(Event::new());
    let wait = || Arc::clone(&event).wait_owned();
    let called_before = wait();
    event.set();
    let called_while_set = wait();
    event.clear();
    let called_after = wait();
    assert!(is_over(called_before));
    assert!(is_over(called_while_set));
    assert!(!is_over(called_after));
}

#[test]
fn a_wait_that_is_pinned_misses_no_pulse_between_its_polls() {
    let event = Event::new();
    let mut wait = pin!(event.wait());
    assert!(!is_over(wait.as_mut()));
    event.set();
    event.clear();
    assert!(is_over(wait));

    // A new call does: it waits for the next one.
    assert!(!is_over(event.wait()));
    event.set();
    event.clear();
    assert!(!is_over(event.wait()));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_passes_at_once_does_not_yield() {
    let event = Arc::new(Event::new());
    event.set();
    let ran = Arc::new(AtomicUsize::new(0));
    let other = tokio::spawn({
        let ran = Arc::clone(&ran);
        async move { ran.fetch_add(1, Ordering::Relaxed) }
    });
    for _ in 0..1_000 {
        assert!(timeout(ms(10), event.wait()).await.is_ok());
    }
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    other.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn on_one_thread_tasks_are_woken_in_the_order_in_which_they_came() {
    let event = Arc::new(Event::new());
    let (tasks, passed) = numbered(&event, 100).await;
    event.set();
    join(tasks).await;
    assert!(passed.lock().unwrap().iter().copied().eq(0..100));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_may_wait() {
    let event = Arc::new(Event::new());
    let tasks = waiters(&event, 10_000).await;
    event.set();
    event.clear();
    join(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_setter_that_fails_or_panics_leaves_the_waiters_waiting() {
    let event = Arc::new(Event::new());
    let mut tasks = waiters(&event, 1).await;
    let panics = tokio::spawn({
        let event = Arc::clone(&event);
        async move {
            assert!(event.is_set(), "a bug, on purpose");
            event.set();
        }
    });
    assert!(panics.await.unwrap_err().is_panic());
    // Its clone of the event was dropped, and that tells nobody anything.
    sleep(Duration::from_secs(3600)).await;
    assert!(tasks.try_join_next().is_none());
    event.set();
    join(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_panics_after_it_was_woken_disturbs_nobody() {
    let event = Arc::new(Event::new());
    let panics = tokio::spawn({
        let event = Arc::clone(&event);
        async move {
            event.wait().await;
            panic!("a bug, on purpose");
        }
    });
    let tasks = waiters(&event, 3).await;
    event.set();
    join(tasks).await;
    assert!(panics.await.unwrap_err().is_panic());
    assert!(event.is_set());
}

#[test]
fn it_needs_no_runtime_and_may_be_a_static() {
    static READY: Event = Event::new();
    let mut wait = pin!(READY.wait());
    assert!(!is_over(wait.as_mut()));
    thread::spawn(|| READY.set()).join().unwrap();
    assert!(is_over(wait));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_run_where_their_tasks_run_and_any_thread_may_set() {
    let event = Arc::new(Event::new());
    let both = Arc::new(Barrier::new(2));
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        let (event, both) = (Arc::clone(&event), Arc::clone(&both));
        tasks.spawn(async move {
            event.wait().await;
            // Each blocks its thread until the other one runs, too.
            block_in_place(|| both.wait());
            thread::current().id()
        });
    }
    thread::spawn(move || event.set()).join().unwrap();
    // On several threads the clock is real. Only an event that wakes nobody makes it run so long.
    let all = timeout(Duration::from_secs(30), tasks.join_all());
    let threads: Vec<ThreadId> = all.await.expect("a waiter was not woken");
    assert_ne!(threads[0], threads[1]);
}

#[test]
fn the_future_may_be_sent_and_shared() {
    fn check<T: Send + Sync>(_: &T) {}
    let event = Event::default();
    check(&event);
    check(&event.wait());
    check(&Arc::new(event).wait_owned());
}
