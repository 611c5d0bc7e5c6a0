//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::time::Duration;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_abort_blocking.rs"]
mod task_abort_blocking;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_abort_inside.rs"]
mod task_abort_inside;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_abort_not_awaited.rs"]
mod task_abort_not_awaited;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_detached.rs"]
mod task_detached;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_joinset_grows.rs"]
mod task_joinset_grows;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_local_lost.rs"]
mod task_local_lost;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_panic_unseen.rs"]
mod task_panic_unseen;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/task_span_lost.rs"]
mod task_span_lost;

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_leaves_its_task_running() {
    assert_eq!(task_detached::mistake().await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_set_does_not() {
    assert_eq!(task_detached::with_tasks().await, 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_hears_of_a_panic() {
    assert_eq!(task_panic_unseen::mistake().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_reported_at_once() {
    let told = String::from("import panicked: a date in the year zero");
    let at = Duration::from_millis(300);
    assert_eq!(task_panic_unseen::with_tasks().await, Some((at, told)));
}

#[tokio::test]
async fn a_join_set_keeps_every_result() {
    assert_eq!(task_joinset_grows::mistake().await, 1_000);
}

#[tokio::test]
async fn a_set_of_tasks_keeps_none() {
    assert_eq!(task_joinset_grows::with_tasks().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_abort_does_nothing_to_a_blocking_task_that_has_begun() {
    assert_eq!(task_abort_blocking::mistake().await, 100);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_task_that_looks_at_its_token_stops() {
    assert_eq!(task_abort_blocking::with_tasks().await, 0);
}

#[tokio::test(start_paused = true)]
async fn p9_what_a_task_has_spawned_runs_on_when_it_is_aborted() {
    assert_eq!(task_abort_inside::mistake().await, 10);
}

#[tokio::test(start_paused = true)]
async fn p9_what_is_aborted_with_its_handle_does_not() {
    assert_eq!(task_abort_inside::with_abort_on_drop().await, 0);
}

#[tokio::test]
async fn p9_a_task_has_what_it_has_until_its_handle_was_awaited() {
    assert!(!task_abort_not_awaited::mistake().await);
    assert!(task_abort_not_awaited::with_await().await);
    assert!(task_abort_not_awaited::with_tasks().await);
}

#[tokio::test]
async fn a_spawned_task_does_not_inherit_a_task_local() {
    assert_eq!(task_local_lost::mistake().await, None);
}

#[tokio::test]
async fn a_scope_takes_a_task_local_along() {
    assert_eq!(task_local_lost::with_scope().await, Some(7));
}

#[tokio::test]
async fn a_spawned_task_is_outside_of_the_span() {
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());
    assert_eq!(task_span_lost::mistake().await, None);
}

#[tokio::test]
async fn an_instrumented_task_is_inside() {
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());
    let span = task_span_lost::with_instrument().await;
    assert_eq!(span, Some("request"));
}
