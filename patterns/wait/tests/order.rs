//! What Tokio's budget of 128 does to the order of results: nothing.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, poll};
use tokio::task::JoinSet;
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::time::{Instant, sleep};
use wait::{Done, all_completed, as_completed, first_completed, wait};

const COUNT: u64 = 1_000;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A set of so many tasks that have ended, the last one first. Each returns when it ended.
async fn ended() -> JoinSet<u64> {
    let start = Instant::now();
    let tasks = (1..=COUNT).rev().map(|millis| async move {
        sleep(ms(millis)).await;
        millis
    });
    let tasks = tasks.collect();
    sleep(ms(COUNT + 1)).await;
    assert_eq!(start.elapsed(), ms(COUNT + 1));
    tasks
}

/// Uses so much of the caller's turn, or all that is left of it.
fn use_up(budget: usize) {
    for _ in 0..budget {
        if consume_budget().now_or_never().is_none() {
            break;
        }
    }
}

fn in_order(done: Vec<Done<u64>>) -> bool {
    let values = done
        .into_iter()
        .map(|done| done.result.expect("no task panics"));
    values.eq(1..=COUNT)
}

#[tokio::test(start_paused = true)]
async fn f1_wait_takes_more_than_the_budget_in_the_order_in_which_they_ended() {
    for used in [0, 1, 1_000] {
        for until in [first_completed, all_completed] {
            let mut tasks = ended().await;
            let mut done = Vec::new();
            use_up(used);
            assert!(wait(&mut tasks, until, None, &mut done).await);
            assert!(in_order(done), "{used} used");

            let mut tasks = ended().await;
            let mut done = Vec::new();
            use_up(used);
            let past = Some(Instant::now());
            wait(&mut tasks, until, past, &mut done).await;
            assert!(in_order(done), "{used} used, with a deadline");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f1_as_completed_yields_more_than_the_budget_in_the_order_in_which_they_ended() {
    for used in [0, 1, 1_000] {
        let mut tasks = ended().await;
        use_up(used);
        let done = as_completed(&mut tasks).collect::<Vec<_>>().await;
        assert!(in_order(done), "{used} used");
    }
}

#[tokio::test(start_paused = true)]
async fn f1_a_call_that_is_dropped_when_it_yields_leaves_the_set_in_order() {
    let mut tasks = ended().await;
    let mut done = Vec::new();
    while !tasks.is_empty() {
        use_up(1_000);
        assert!(!has_budget_remaining());
        assert!(poll!(Box::pin(wait(&mut tasks, |_| true, None, &mut done))).is_pending());
        assert!(as_completed(&mut tasks).next().now_or_never().is_none());
        // With a turn of its own again.
        sleep(ms(1)).await;
        done.extend(as_completed(&mut tasks).next().await);
    }
    assert!(in_order(done));
}
