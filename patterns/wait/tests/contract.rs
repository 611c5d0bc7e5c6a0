//! What `wait` and `as_completed` promise, one test for each promise.
//!
//! A number such as W1 or A1 is a behaviour that CPython's own tests of `asyncio.wait` and
//! `asyncio.as_completed` check.

use std::collections::HashMap;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use common::cancellation::alive_tasks;
use futures::{FutureExt as _, StreamExt as _, poll};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::coop::consume_budget;
use tokio::task::{JoinSet, block_in_place, yield_now};
use tokio::time::{Instant, advance, sleep, sleep_until, timeout};
use wait::{Done, all_completed, as_completed, first_completed, first_error, first_success, wait};

type Slept = Result<u64, u64>;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Ends after so many milliseconds, and fails when the number is odd.
async fn slept(millis: u64) -> Slept {
    sleep(ms(millis)).await;
    if millis.is_multiple_of(2) {
        Ok(millis)
    } else {
        Err(millis)
    }
}

fn sleepers<const N: usize>(millis: [u64; N]) -> JoinSet<Slept> {
    millis.into_iter().map(slept).collect()
}

fn values(done: &[Done<Slept>]) -> Vec<u64> {
    let value = |done: &Done<Slept>| match &done.result {
        Ok(Ok(millis) | Err(millis)) => *millis,
        Err(stopped) => panic!("{stopped}"),
    };
    done.iter().map(value).collect()
}

/// A set of so many tasks that have ended, and of `more` that never end.
async fn ended(count: usize, more: usize) -> JoinSet<()> {
    let mut tasks: JoinSet<()> = (0..count).map(|_| ready(())).collect();
    for _ in 0..more {
        tasks.spawn(pending());
    }
    sleep(ms(1)).await;
    assert_eq!(alive_tasks(), more);
    tasks
}

// W1, W6: all results come out, errors and panics among them, and none of them is raised.
#[tokio::test(start_paused = true)]
async fn all_completed_takes_every_result() {
    let start = Instant::now();
    let mut tasks = sleepers([30, 11, 20]);
    let broken = tasks.spawn(async { panic!("broken") }).id();
    let mut done = Vec::new();
    assert!(wait(&mut tasks, all_completed, None, &mut done).await);
    assert_eq!(start.elapsed(), ms(30));
    assert!(tasks.is_empty());
    let panicked = done.remove(0);
    assert_eq!(panicked.id, broken);
    assert!(panicked.result.unwrap_err().is_panic());
    assert_eq!(values(&done), [11, 20, 30]);

    // Once more, and at once.
    assert!(wait(&mut tasks, all_completed, None, &mut done).await);
    assert_eq!((done.len(), start.elapsed()), (3, ms(30)));
}

// W9: asyncio raises ValueError.
#[test]
fn an_empty_set_returns_at_once() {
    let mut tasks = JoinSet::<Slept>::new();
    let mut done = Vec::new();
    // One poll, and no runtime.
    for until in [first_completed, first_error, first_success, all_completed] {
        let call = wait(&mut tasks, until, None, &mut done);
        assert_eq!(call.now_or_never(), Some(true));
    }
    assert!(as_completed(&mut tasks).next().now_or_never().is_some());
    assert!(done.is_empty());
}

// W2
#[tokio::test(start_paused = true)]
async fn first_completed_leaves_the_others_running() {
    let start = Instant::now();
    let mut tasks = sleepers([30, 10, 20]);
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_completed, None, &mut done).await);
    assert_eq!((values(&done), start.elapsed()), (vec![10], ms(10)));
    assert_eq!((tasks.len(), alive_tasks()), (2, 2));

    sleep(ms(50)).await;
    assert_eq!((tasks.len(), alive_tasks()), (2, 0), "they have run on");
    let rest = wait(&mut tasks, first_completed, None, &mut done);
    assert_eq!(rest.now_or_never(), Some(true));
    assert_eq!(values(&done), [10, 20, 30]);
}

// W3
#[tokio::test(start_paused = true)]
async fn everything_that_has_ended_comes_out() {
    // More than the 128 that Tokio lets a task have before it must yield.
    let mut tasks = ended(1_000, 2).await;
    let mut done = Vec::new();
    let call = wait(&mut tasks, first_completed, None, &mut done);
    assert_eq!(call.now_or_never(), Some(true));
    assert_eq!((done.len(), tasks.len()), (1_000, 2));
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_in_which_they_ended() {
    let mut tasks = sleepers([50, 30, 10, 20, 40]);
    sleep(ms(60)).await;
    let mut done = Vec::new();
    wait(&mut tasks, first_completed, None, &mut done).await;
    assert_eq!(values(&done), [10, 20, 30, 40, 50]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_done_stays_in_front() {
    let mut tasks = sleepers([10, 20, 30]);
    let mut done = Vec::new();
    for so_far in [vec![10], vec![10, 20], vec![10, 20, 30]] {
        assert!(wait(&mut tasks, first_completed, None, &mut done).await);
        assert_eq!(values(&done), so_far);
    }
}

// W4
#[tokio::test(start_paused = true)]
async fn a_task_that_has_failed_already_ends_the_wait_at_once() {
    let mut tasks = sleepers([10, 21, 90]);
    sleep(ms(50)).await;
    let mut done = Vec::new();
    let call = wait(&mut tasks, first_error, None, &mut done);
    assert_eq!(call.now_or_never(), Some(true));
    assert_eq!((values(&done), tasks.len()), (vec![10, 21], 1));
}

// W5
#[tokio::test(start_paused = true)]
async fn first_error_ends_the_wait_at_that_moment() {
    let start = Instant::now();
    let mut tasks = sleepers([10, 31, 20, 90]);
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_error, None, &mut done).await);
    assert_eq!(start.elapsed(), ms(31));
    assert_eq!(values(&done), [10, 20, 31]);
    assert_eq!((tasks.len(), alive_tasks()), (1, 1));
}

// W5
#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_and_a_cancelled_task_is_none() {
    let start = Instant::now();
    let mut tasks = sleepers([10, 90]);
    let cancelled = tasks.spawn(slept(80));
    cancelled.abort();
    let panics = tasks.spawn(async {
        sleep(ms(40)).await;
        panic!("broken")
    });
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_error, None, &mut done).await);
    assert_eq!(start.elapsed(), ms(40));
    let [first, second, third] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(first.id, cancelled.id());
    assert!(first.result.as_ref().unwrap_err().is_cancelled());
    assert!(matches!(second.result, Ok(Ok(10))));
    assert_eq!(third.id, panics.id());
    assert!(third.result.as_ref().unwrap_err().is_panic());
    assert_eq!(tasks.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_an_error_first_error_waits_for_all() {
    let start = Instant::now();
    let mut tasks = sleepers([20, 10]);
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_error, None, &mut done).await);
    assert_eq!((values(&done), start.elapsed()), (vec![10, 20], ms(20)));
}

// asyncio has no name for it.
#[tokio::test(start_paused = true)]
async fn first_success_goes_past_errors_and_keeps_them() {
    let start = Instant::now();
    let mut tasks = sleepers([11, 30, 21, 40]);
    tasks.spawn(async { panic!("broken") });
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_success, None, &mut done).await);
    assert_eq!((start.elapsed(), tasks.len()), (ms(30), 1));
    assert!(done.remove(0).result.unwrap_err().is_panic());
    assert_eq!(values(&done), [11, 21, 30]);

    // When none succeeds, every error is there.
    let mut tasks = sleepers([11, 21]);
    let mut done = Vec::new();
    assert!(wait(&mut tasks, first_success, None, &mut done).await);
    assert!(tasks.is_empty());
    assert_eq!(values(&done), [11, 21]);
}

#[tokio::test(start_paused = true)]
async fn until_is_asked_once_about_each_task_and_may_count() {
    let mut tasks = sleepers([10, 20, 20, 30]);
    let mut done = Vec::new();
    let mut asked = 0;
    let two = |_: &Done<Slept>| {
        asked += 1;
        asked >= 2
    };
    assert!(wait(&mut tasks, two, None, &mut done).await);
    // The third ended in the same instant as the second.
    assert_eq!((values(&done), asked), (vec![10, 20, 20], 3));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_until_loses_no_result() {
    let mut tasks = sleepers([10, 20]);
    let mut done = Vec::new();
    let call = wait(&mut tasks, |_| panic!("until"), None, &mut done);
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    assert_eq!((values(&done), tasks.len()), (vec![10], 1));
}

// W7
#[tokio::test(start_paused = true)]
async fn a_deadline_is_no_error_and_cancels_nothing() {
    let start = Instant::now();
    for until in [first_error, all_completed] {
        let mut tasks = sleepers([10, 20, 40]);
        let mut done = Vec::new();
        let begun = start.elapsed();
        let deadline = Instant::now() + ms(30);
        assert!(!wait(&mut tasks, until, Some(deadline), &mut done).await);
        assert_eq!(start.elapsed() - begun, ms(30));
        assert_eq!(values(&done), [10, 20]);
        assert_eq!((tasks.len(), alive_tasks()), (1, 1));

        assert!(wait(&mut tasks, until, None, &mut done).await);
        assert_eq!(start.elapsed() - begun, ms(40));
        assert_eq!(values(&done), [10, 20, 40]);
    }
    for until in [first_completed, first_success] {
        let mut tasks = sleepers([40]);
        let mut done = Vec::new();
        let deadline = Instant::now() + ms(30);
        assert!(!wait(&mut tasks, until, Some(deadline), &mut done).await);
        assert_eq!((done.len(), tasks.len(), alive_tasks()), (0, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_not_reached_changes_nothing() {
    let start = Instant::now();
    let mut tasks = sleepers([10, 20]);
    let mut done = Vec::new();
    let deadline = Some(start + ms(1_000));
    assert!(wait(&mut tasks, all_completed, deadline, &mut done).await);
    assert_eq!((values(&done), start.elapsed()), (vec![10, 20], ms(20)));
}

// W7
#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_takes_what_has_ended_without_waiting() {
    // Whatever the caller has left of Tokio's limit: where `join_next` hits it, it hides a result.
    for used in [0, 1] {
        let mut tasks = ended(1_000, 1).await;
        for _ in 0..used {
            consume_budget().await;
        }
        let mut done = Vec::new();
        // A `select!` loop does not notice: it has always another result, and the limit stops the
        // timer together with the set.
        let call = wait(&mut tasks, all_completed, Some(Instant::now()), &mut done);
        assert_eq!(call.now_or_never(), Some(false));
        assert_eq!((done.len(), tasks.len()), (1_000, 1));
        tasks.shutdown().await;
    }
}

// W8: asyncio counts such a task as done. Here, too, when it has ended before the caller is polled,
// and the order of timers of the same instant decides that.
#[tokio::test(start_paused = true)]
async fn a_task_that_ends_at_the_deadline_comes_out_when_it_is_polled_first() {
    let start = Instant::now();
    let mut tasks = sleepers([10]);
    let mut done = Vec::new();
    let deadline = Some(start + ms(10));
    let mut call = Box::pin(wait(&mut tasks, all_completed, deadline, &mut done));
    assert!(poll!(&mut call).is_pending());
    yield_now().await;
    // Both timers fire, and the task runs before the caller goes on.
    advance(ms(10)).await;
    yield_now().await;
    assert_eq!(call.now_or_never(), Some(true));
    assert_eq!(values(&done), [10]);
}

// W10
#[tokio::test(start_paused = true)]
async fn any_iterator_of_futures_makes_a_set() {
    let mut tasks: JoinSet<Slept> = (1..=3).rev().map(|n| slept(10 * n)).collect();
    tasks.extend([slept(40)]);
    let mut done = Vec::new();
    wait(&mut tasks, all_completed, None, &mut done).await;
    assert_eq!(values(&done), [10, 20, 30, 40]);
}

// W12
#[tokio::test(start_paused = true)]
async fn dropping_the_call_leaves_the_tasks_running_and_the_results_in_reach() {
    let mut tasks = sleepers([10, 20, 40]);
    let mut done = Vec::new();
    let call = wait(&mut tasks, all_completed, None, &mut done);
    timeout(ms(30), call).await.unwrap_err();
    assert_eq!(values(&done), [10, 20]);
    assert_eq!((tasks.len(), alive_tasks()), (1, 1));

    wait(&mut tasks, all_completed, None, &mut done).await;
    assert_eq!(values(&done), [10, 20, 40]);
}

// W12: with asyncio nothing stops them. Here the set is the owner.
#[tokio::test(start_paused = true)]
async fn dropping_the_set_stops_the_tasks() {
    let mut tasks = sleepers([10, 1_000]);
    let mut done = Vec::new();
    wait(&mut tasks, first_completed, None, &mut done).await;
    assert_eq!(alive_tasks(), 1);
    drop(tasks);
    sleep(ms(1)).await;
    assert_eq!(alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_cancelled_come_out_when_they_have_stopped() {
    let alive = Arc::new(());
    let mut tasks: JoinSet<()> = [(); 3]
        .map(|()| Arc::clone(&alive))
        .map(async |alive| {
            let _alive = alive;
            pending().await
        })
        .into_iter()
        .collect();
    yield_now().await;
    let mut done = Vec::new();
    tasks.abort_all();
    assert_eq!(Arc::strong_count(&alive), 4);
    wait(&mut tasks, all_completed, None, &mut done).await;
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!((done.len(), alive_tasks()), (3, 0));
    for ended in done {
        assert!(ended.result.unwrap_err().is_cancelled());
    }
}

// A4, for `wait`
#[tokio::test(start_paused = true)]
async fn a_result_says_which_task_it_is_of() {
    let mut tasks = JoinSet::new();
    let mut names = HashMap::new();
    names.insert(tasks.spawn(async { 1 }).id(), "value");
    names.insert(tasks.spawn(async { panic!("broken") }).id(), "panic");
    let cancelled = tasks.spawn(pending());
    cancelled.abort();
    names.insert(cancelled.id(), "cancelled");
    let mut done = Vec::new();
    wait(&mut tasks, all_completed, None, &mut done).await;
    assert_eq!(done.len(), 3);
    for Done { id, result } in done {
        let name = match result {
            Ok(1) => "value",
            Err(stopped) if stopped.is_panic() => "panic",
            Err(stopped) if stopped.is_cancelled() => "cancelled",
            other => panic!("{other:?}"),
        };
        assert_eq!(names.remove(&id), Some(name));
    }
}

// asyncio: `pending`, and `task.get_name()`.
#[tokio::test(start_paused = true)]
async fn f11e_a_map_of_names_has_the_pending_ones_left() {
    let mut tasks = JoinSet::new();
    let mut names = HashMap::new();
    for (name, millis) in [("near", 10), ("busy", 20), ("far", 30)] {
        names.insert(tasks.spawn(slept(millis)).id(), name);
    }
    let mut done = Vec::new();
    wait(&mut tasks, first_completed, None, &mut done).await;
    for ended in &done {
        assert_eq!(names.remove(&ended.id), Some("near"));
    }
    let mut pending: Vec<&str> = names.into_values().collect();
    pending.sort();
    assert_eq!(pending, ["busy", "far"]);
}

// A destructor that panics when its task is cancelled is a result, too: `shutdown` drops it.
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_comes_out() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let bomb = async {
        let _bomb = Bomb;
        pending::<()>().await
    };
    let mut tasks: JoinSet<()> = [bomb.boxed(), pending().boxed()].into_iter().collect();
    yield_now().await;
    tasks.abort_all();
    let mut done = Vec::new();
    wait(&mut tasks, all_completed, None, &mut done).await;
    let panics = |ended: &Done<()>| ended.result.as_ref().unwrap_err().is_panic();
    assert_eq!(done.iter().map(panics).collect::<Vec<_>>(), [true, false]);
}

// On several threads a task may end after `abort_all`, with a value.
#[test]
fn n6_what_a_task_returns_after_abort_all_is_not_lost() {
    let (begun, has_begun) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let late = async move {
        begun.send(()).expect("the test waits");
        block_in_place(|| released.recv().expect("the test releases it"));
        Ok::<_, ()>("late")
    };
    let first = async move {
        has_begun.await.expect("it begins");
        Ok("first")
    };
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    // It owns `release`: a test that fails lets go of the task.
    runtime.expect("it starts").block_on(async move {
        let mut tasks: JoinSet<_> = [late.boxed(), first.boxed()].into_iter().collect();
        let mut done = Vec::new();
        wait(&mut tasks, first_success, None, &mut done).await;
        assert_eq!((done.len(), tasks.len()), (1, 1));

        tasks.abort_all();
        release.send(()).expect("it waits to be released");
        wait(&mut tasks, all_completed, None, &mut done).await;
        let values = done.into_iter().map(|ended| ended.result.unwrap());
        assert_eq!(values.collect::<Vec<_>>(), [Ok("first"), Ok("late")]);
    });
}

#[tokio::test(start_paused = true)]
async fn others_of_the_same_task_have_their_turn_while_results_come_out() {
    let mut tasks = ended(1_000, 0).await;
    let mut done = Vec::new();
    let mut call = Box::pin(wait(&mut tasks, all_completed, None, &mut done));
    let mut turns = 0;
    while poll!(&mut call).is_pending() {
        turns += 1;
        yield_now().await;
    }
    drop(call);
    // Tokio's limit is 128 now, and may change.
    assert_ne!(turns, 0);
    assert_eq!(done.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn done_grows_by_one_for_each_task_and_no_more() {
    let mut tasks = ended(1_000, 0).await;
    let mut done = Vec::with_capacity(1_000);
    wait(&mut tasks, all_completed, None, &mut done).await;
    assert_eq!((done.len(), done.capacity()), (1_000, 1_000));
}

#[test]
fn tasks_run_on_several_threads_and_the_call_on_its_own() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        // Each of the two blocks its thread until the other one runs.
        let both = Arc::new(Barrier::new(2));
        let tasks = [Arc::clone(&both), both].map(|both| async move {
            block_in_place(|| both.wait());
        });
        let mut tasks: JoinSet<()> = tasks.into_iter().collect();
        let mut done = Vec::new();
        let own = std::thread::current().id();
        let until = |_: &Done<()>| {
            assert_eq!(std::thread::current().id(), own);
            false
        };
        wait(&mut tasks, until, None, &mut done).await;
        assert_eq!(done.len(), 2);
    });
}

#[test]
fn the_call_and_the_stream_are_send() {
    fn is_send(_: impl Send) {}
    let mut tasks = JoinSet::<Slept>::new();
    is_send(wait(&mut tasks, first_error, None, &mut Vec::new()));
    is_send(as_completed(&mut tasks));
}

#[test]
fn a_deadline_needs_a_runtime_with_time() {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let mut tasks: JoinSet<()> = [ready(())].into_iter().collect();
        let mut done = Vec::new();
        assert!(wait(&mut tasks, all_completed, None, &mut done).await);
        let deadline = Some(Instant::now());
        let call = wait(&mut tasks, all_completed, deadline, &mut done);
        let payload = catch_unwind(AssertUnwindSafe(|| call.now_or_never())).unwrap_err();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        assert!(text.unwrap().contains("timers are disabled"), "{text:?}");
    });
}

// A1
#[tokio::test(start_paused = true)]
async fn as_completed_yields_in_order_of_completion() {
    let start = Instant::now();
    let mut tasks = sleepers([30, 10, 21]);
    let mut ended = as_completed(&mut tasks);
    for millis in [10, 21, 30] {
        assert_eq!(values(&[ended.next().await.unwrap()]), [millis]);
        assert_eq!(start.elapsed(), ms(millis));
    }
    assert!(ended.next().await.is_none());
    assert!(ended.next().await.is_none());
}

// A2
#[tokio::test(start_paused = true)]
async fn as_completed_with_a_deadline_stops_nothing() {
    let start = Instant::now();
    let mut tasks = sleepers([10, 20, 40]);
    let deadline = sleep_until(start + ms(30));
    let done: Vec<_> = as_completed(&mut tasks)
        .take_until(deadline)
        .collect()
        .await;
    assert_eq!((values(&done), start.elapsed()), (vec![10, 20], ms(30)));
    assert_eq!((tasks.len(), alive_tasks()), (1, 1));

    let rest: Vec<_> = as_completed(&mut tasks).collect().await;
    assert_eq!((values(&rest), start.elapsed()), (vec![40], ms(40)));
}

// A4
#[tokio::test(start_paused = true)]
async fn as_completed_says_which_task_it_yields() {
    let mut tasks = JoinSet::new();
    let panics = tasks.spawn(async { panic!("broken") });
    let value = tasks.spawn(slept(10));
    let done: Vec<_> = as_completed(&mut tasks).collect().await;
    let [first, second] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!((first.id, second.id), (panics.id(), value.id()));
    assert!(first.result.as_ref().unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn tasks_go_on_while_the_body_of_the_loop_works() {
    let start = Instant::now();
    let steps = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for millis in [10, 20, 30] {
        let steps = Arc::clone(&steps);
        tasks.spawn(async move {
            sleep(ms(millis)).await;
            steps.fetch_add(1, Ordering::Relaxed);
        });
    }
    let mut ended = as_completed(&mut tasks);
    ended.next().await.unwrap().result.unwrap();
    sleep(ms(100)).await;
    assert_eq!(steps.load(Ordering::Relaxed), 3);
    assert_eq!(ended.count().await, 2);
    assert_eq!(start.elapsed(), ms(110));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_leaves_the_rest_running_in_the_set() {
    let mut tasks = sleepers([10, 20]);
    let first: Vec<_> = as_completed(&mut tasks).take(1).collect().await;
    assert_eq!(values(&first), [10]);
    assert_eq!((tasks.len(), alive_tasks()), (1, 1));
    assert_eq!(tasks.join_next().await.unwrap().unwrap(), Ok(20));
}
