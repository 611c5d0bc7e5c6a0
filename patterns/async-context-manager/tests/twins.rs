//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::time::Duration;

use tokio::time::timeout;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_block_on_in_drop.rs"]
mod session_block_on_in_drop;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_cancelled_before_the_body.rs"]
mod session_cancelled_before_the_body;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_drop_cannot_await.rs"]
mod session_drop_cannot_await;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_question_mark.rs"]
mod session_question_mark;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_spawn_in_drop.rs"]
mod session_spawn_in_drop;

/// Fails instead of hanging.
async fn within<F: Future>(future: F) -> F::Output {
    let hour = Duration::from_secs(3600);
    timeout(hour, future).await.expect("it hangs")
}

#[tokio::test(start_paused = true)]
async fn a_drop_that_calls_an_async_function_closes_nothing() {
    assert_eq!(session_drop_cannot_await::mistake().await, 1);
    assert_eq!(
        within(session_drop_cannot_await::with_the_recipe()).await,
        0
    );
}

#[tokio::test(start_paused = true)]
async fn block_on_in_drop_panics_and_closes_nothing() {
    let (panic, open) = session_block_on_in_drop::mistake().await;
    let text = "Cannot start a runtime from within a runtime. This happens because a function \
                (like `block_on`) attempted to block the current thread while the thread is \
                being used to drive asynchronous tasks.";
    let panic = panic.expect("it panics");
    assert!(panic.starts_with(text), "{panic}");
    assert_eq!(open, 1);
    assert_eq!(within(session_block_on_in_drop::with_the_recipe()).await, 0);
}

#[test]
fn a_task_spawned_in_drop_ends_with_the_runtime() {
    assert_eq!(session_spawn_in_drop::mistake(), 1);
    assert_eq!(session_spawn_in_drop::with_the_recipe(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_question_mark_before_the_close_leaves_it_out() {
    assert_eq!(session_question_mark::mistake().await, 1);
    assert_eq!(within(session_question_mark::with_the_recipe()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_cancelled_before_its_guard_exists_closes_nothing() {
    for (patience, left) in [(50, 1), (150, 1), (250, 0)] {
        let patience = Duration::from_millis(patience);
        let mistake = session_cancelled_before_the_body::mistake(patience);
        assert_eq!(mistake.await, left, "after {patience:?}");
        let recipe = session_cancelled_before_the_body::with_the_recipe(patience);
        assert_eq!(within(recipe).await, 0, "after {patience:?}");
    }
}
