//! What the recipe promises.

use std::time::Duration;

use tokio::task;
use tokio::time::{Instant, sleep};

use {{module}}::in_task;

#[tokio::test(start_paused = true)]
async fn the_call_takes_as_long_as_its_future() {
    let start = Instant::now();
    in_task(sleep(Duration::from_secs(1))).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test]
async fn the_future_runs_in_one_task_of_its_own() {
    let outer = task::spawn(async {
        let inner = in_task(async { task::id() }).await;
        (task::id(), inner)
    });
    let (caller, inner) = outer.await.unwrap();
    assert_ne!(caller, inner);
}

#[tokio::test]
async fn an_error_is_a_value_like_any_other() {
    assert_eq!(in_task(async { Err::<(), _>("no") }).await, Err("no"));
}

#[tokio::test]
async fn a_panic_continues_in_the_caller() {
    let caller = task::spawn(in_task(async { panic!("of the task") }));
    let payload = caller.await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&"of the task"));
}
