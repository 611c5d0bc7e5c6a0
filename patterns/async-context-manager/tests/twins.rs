//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::process::Command;
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
#[path = "../examples/session_limit_around_the_close.rs"]
mod session_limit_around_the_close;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_question_mark.rs"]
mod session_question_mark;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_spawn_in_drop.rs"]
mod session_spawn_in_drop;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/session_waits_for_its_turn_in_open.rs"]
mod session_waits_for_its_turn_in_open;

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

#[tokio::test(start_paused = true)]
async fn p4_a_wait_in_open_goes_on_for_callers_who_have_gone() {
    let (took, handshakes) = within(session_waits_for_its_turn_in_open::mistake()).await;
    assert_eq!((took, handshakes), (Duration::from_millis(4_040), 301));
    let right = session_waits_for_its_turn_in_open::with_the_place_taken_before();
    assert_eq!(within(right).await, (Duration::from_millis(40), 1));
}

#[tokio::test(start_paused = true)]
async fn n9_a_limit_around_the_call_takes_the_value_of_work_done_in_time() {
    let mistake = session_limit_around_the_close::mistake();
    assert_eq!(within(mistake).await, (None, Duration::from_millis(50)));
    let right = session_limit_around_the_close::with_the_limit_around_the_body();
    let value = (Some("value"), Duration::from_millis(60));
    assert_eq!(within(right).await, value);
}

// When this fails, the compiler takes it, and the page need not speak of it any more.
#[test]
fn f6_a_reference_in_the_resource_is_refused_in_a_spawned_task() {
    // It needs nothing but std, so the compiler alone will do: no crate has to be built for it.
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let refused = Command::new(rustc)
        .args(["--edition=2024", "--emit=metadata", "--color=never"])
        .arg("tests/refused/resource_with_a_reference.rs")
        .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
        .output()
        .expect("there is a compiler");
    let says = String::from_utf8(refused.stderr).expect("its messages are UTF-8");
    let errors: Vec<_> = says
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    let message = "error: implementation of `AsyncFnOnce` is not general enough";
    assert_eq!(
        errors,
        [message, "error: aborting due to 1 previous error"],
        "{says}"
    );
}
