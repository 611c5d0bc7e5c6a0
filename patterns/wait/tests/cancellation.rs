//! Each function is dropped at every await. No result is lost, and every task runs on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use futures::StreamExt as _;
use tokio::sync::Mutex;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep};
use wait::{Done, all_completed, as_completed, first_completed, first_error, first_success, wait};

type Slept = Result<u64, u64>;

/// The set and the results of a caller, who still has them when the call has been dropped.
struct Caller {
    tasks: JoinSet<Slept>,
    done: Vec<Done<Slept>>,
}

/// Ends after so many milliseconds, and fails when the number is odd.
async fn slept(millis: u64) -> Slept {
    sleep(Duration::from_millis(millis)).await;
    if millis.is_multiple_of(2) {
        Ok(millis)
    } else {
        Err(millis)
    }
}

fn caller(millis: &[u64]) -> Arc<Mutex<Caller>> {
    let tasks = millis.iter().map(|millis| slept(*millis)).collect();
    let done = Vec::new();
    Arc::new(Mutex::new(Caller { tasks, done }))
}

fn values(done: &[Done<Slept>]) -> Vec<u64> {
    let value = |done: &Done<Slept>| match &done.result {
        Ok(Ok(millis) | Err(millis)) => *millis,
        Err(stopped) => panic!("{stopped}"),
    };
    done.iter().map(value).collect()
}

/// Whatever the call had taken is there, the tasks have not been stopped, and a second call has the
/// rest.
async fn nothing_is_lost(caller: Arc<Mutex<Caller>>, millis: &[u64]) {
    let mut caller = caller.try_lock().expect("the call is gone");
    let Caller { tasks, done } = &mut *caller;
    assert_eq!(done.len() + tasks.len(), millis.len());
    assert!(wait(tasks, all_completed, None, done).await);
    let mut wanted = millis.to_vec();
    wanted.sort();
    assert_eq!(values(done), wanted);
    assert_eq!(alive_tasks(), 0);
}

/// Drops a wait for these tasks at every await, and returns at how many. `until` and `deadline` say
/// how far it gets when it is not dropped.
fn drop_wait(
    millis: &'static [u64],
    until: fn(&Done<Slept>) -> bool,
    deadline: Option<u64>,
    wanted: &'static [u64],
) -> usize {
    let points = drop_at_every_await(|| {
        let owner = caller(millis);
        let shared = Arc::clone(&owner);
        let call = async move {
            let mut caller = shared.try_lock().expect("nobody else has it");
            let Caller { tasks, done } = &mut *caller;
            let deadline = deadline.map(|millis| Instant::now() + Duration::from_millis(millis));
            wait(tasks, until, deadline, done).await;
            assert_eq!(values(done), wanted);
        };
        (call, nothing_is_lost(owner, millis))
    });
    points.get()
}

#[test]
fn waiting_for_the_first_loses_nothing() {
    let points = drop_wait(&[20, 30, 10], first_completed, None, &[10]);
    assert_eq!(points, 1);
}

#[test]
fn waiting_for_an_error_loses_nothing() {
    // One wait for each result up to the error.
    let points = drop_wait(&[40, 20, 31, 10], first_error, None, &[10, 20, 31]);
    assert_eq!(points, 3);
}

#[test]
fn waiting_for_a_success_loses_no_error() {
    let points = drop_wait(&[30, 11, 21, 40], first_success, None, &[11, 21, 30]);
    assert_eq!(points, 3);
}

#[test]
fn waiting_for_all_loses_nothing() {
    let points = drop_wait(&[20, 30, 10], all_completed, None, &[10, 20, 30]);
    assert_eq!(points, 3);
}

#[test]
fn waiting_with_a_deadline_loses_nothing() {
    // Two results and the deadline.
    let points = drop_wait(&[20, 40, 10], all_completed, Some(30), &[10, 20]);
    assert_eq!(points, 3);
}

#[test]
fn a_stream_that_is_dropped_loses_nothing() {
    let millis = &[20, 30, 10];
    let points = drop_at_every_await(|| {
        let owner = caller(millis);
        let shared = Arc::clone(&owner);
        let call = async move {
            let mut caller = shared.try_lock().expect("nobody else has it");
            let Caller { tasks, done } = &mut *caller;
            let mut ended = as_completed(tasks);
            while let Some(next) = ended.next().await {
                done.push(next);
            }
            assert_eq!(values(done), [10, 20, 30]);
        };
        (call, nothing_is_lost(owner, millis))
    });
    assert_eq!(points.get(), 3);
}

#[test]
fn a_call_that_is_dropped_has_had_no_yes() {
    let points = drop_at_every_await(|| {
        let owner = caller(&[10, 21, 31]);
        let shared = Arc::clone(&owner);
        let has_returned = Arc::new(AtomicBool::new(false));
        let returned = Arc::clone(&has_returned);
        let call = async move {
            let mut caller = shared.try_lock().expect("nobody else has it");
            let Caller { tasks, done } = &mut *caller;
            wait(tasks, first_error, None, done).await;
            returned.store(true, Ordering::Relaxed);
            // So that it is also dropped here.
            yield_now().await;
        };
        let invariant = async move {
            let caller = owner.try_lock().expect("the call is gone");
            let has_error = caller.done.iter().any(first_error);
            assert_eq!(has_error, has_returned.load(Ordering::Relaxed));
        };
        (call, invariant)
    });
    assert_eq!(points.get(), 3);
}
