//! `run_until` is dropped at every await, and leaves nothing running behind.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use runtime::{Program, run_until};
use tokio::sync::oneshot;
use tokio::time::sleep;

const GRACE: Duration = Duration::from_secs(1);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Starts a task that stops when it is asked, after a while, and one that does not.
fn start(program: &Program, alive: &Arc<()>) {
    let (token, held) = (program.token(), Arc::clone(alive));
    program.spawn("saver", async move {
        token.cancelled().await;
        sleep(ms(30)).await;
        drop(held);
    });
    let held = Arc::clone(alive);
    program.spawn("deaf", async move {
        pending::<()>().await;
        drop(held);
    });
}

async fn nothing_is_left(alive: Arc<()>) {
    assert_eq!(Arc::strong_count(&alive), 1, "a future was not dropped");
    assert_eq!(alive_tasks(), 0, "a task is left");
}

#[test]
fn a_dropped_run_until_leaves_no_task_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let inner = Arc::clone(&alive);
        let call = async move {
            let ended = run_until(GRACE, pending, async |program| {
                start(&program, &inner);
                sleep(ms(10)).await;
            });
            assert_eq!(ended.await.unfinished, ["deaf"]);
        };
        (call, nothing_is_left(alive))
    });
    // For main, for the tasks until the deadline, and for the one that is aborted then.
    assert_eq!(points.get(), 3);
}

#[test]
fn a_dropped_run_until_asks_who_cannot_be_aborted() {
    let points = drop_at_every_await(|| {
        let (sender, receiver) = oneshot::channel();
        let call = async {
            let ended = run_until(GRACE, pending, async |program| {
                let token = program.token();
                assert!(sender.send(token).is_ok());
                sleep(ms(10)).await;
            });
            assert!(ended.await.unfinished.is_empty());
        };
        // As a blocking closure would look at it.
        let asked = async { assert!(receiver.await.expect("main has run").is_cancelled()) };
        (call, asked)
    });
    assert_eq!(points.get(), 1);
}

#[test]
fn a_dropped_run_until_that_was_asked_to_stop_leaves_no_task_running() {
    let points = drop_at_every_await(|| {
        let alive = Arc::new(());
        let inner = Arc::clone(&alive);
        let call = async move {
            let asked = async || sleep(ms(20)).await;
            let ended = run_until(GRACE, asked, async |program| {
                start(&program, &inner);
                program.token().cancelled().await;
                sleep(ms(10)).await;
            });
            // Asked again after 20 ms, when the saver needs 10 ms more.
            assert_eq!(ended.await.unfinished, ["saver", "deaf"]);
        };
        (call, nothing_is_left(alive))
    });
    // For the request, for main, for the tasks, and for the two that are aborted. The token that main
    // waits for wakes it once more, when it has been cancelled within its own poll.
    assert_eq!(points.get(), 5);
}
