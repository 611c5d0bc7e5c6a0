//! `stop` is dropped at every await, and no task is lost sight of.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use task::Tasks;
use tokio::time::{sleep, timeout};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A task that cleans up in time, one that takes too long, and one that does not listen.
fn three() -> Tasks<()> {
    let tasks = Tasks::new(|name, failure| panic!("{name}: {failure:?}"));
    for (name, clean_up) in [("quick", 10), ("slow", 1_000)] {
        let work = async move |stop: tokio_util::sync::CancellationToken| {
            stop.cancelled().await;
            sleep(ms(clean_up)).await;
            Ok(())
        };
        tasks.spawn(name, work).expect("it is not stopped");
    }
    (tasks.spawn("deaf", |_| pending())).expect("it is not stopped");
    tasks
}

#[test]
fn a_stop_that_is_dropped_can_be_called_again() {
    let points = drop_at_every_await(|| {
        let tasks = Arc::new(three());
        let stop = {
            let tasks = tasks.clone();
            async move {
                let stopped = tasks.stop(ms(100), ms(100)).await;
                assert_eq!(stopped.asked, ["quick"]);
                assert_eq!(stopped.aborted, ["slow", "deaf"]);
                assert!(stopped.running.is_empty());
            }
        };
        let invariant = async move {
            tasks
                .spawn("late", |_| pending())
                .expect_err("it is stopped");
            let running = tasks.running();
            let again = timeout(ms(200), tasks.stop(ms(100), ms(100))).await;
            let again = again.expect("it does not wait longer");
            assert!(again.running.is_empty());
            assert_eq!(again.asked.len() + again.aborted.len(), running.len());
            assert!(tasks.running().is_empty());
            assert_eq!(alive_tasks(), 0);
        };
        (stop, invariant)
    });
    // For those who are asked, and for those who are aborted.
    assert_eq!(points.get(), 2);
}

#[test]
fn a_set_that_is_dropped_in_its_stop_leaves_nothing_running() {
    let points = drop_at_every_await(|| {
        let tasks = three();
        let stop = async move {
            tasks.stop(ms(100), ms(100)).await;
        };
        (stop, async { assert_eq!(alive_tasks(), 0) })
    });
    assert_eq!(points.get(), 2);
}
