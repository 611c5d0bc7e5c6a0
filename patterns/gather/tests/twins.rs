//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::sync::Barrier;
use std::time::Duration;

use tokio::task::block_in_place;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/join_all_cpu_bound.rs"]
mod join_all_cpu_bound;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/sequential_awaits.rs"]
mod sequential_awaits;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/try_join_all_over_handles.rs"]
mod try_join_all_over_handles;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/try_join_leaks_siblings.rs"]
mod try_join_leaks_siblings;

#[tokio::test(start_paused = true)]
async fn sequential_awaits_take_the_sum() {
    let took = sequential_awaits::mistake().await;
    assert_eq!(took, Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn gather_takes_the_longest() {
    let took = sequential_awaits::with_gather().await;
    assert_eq!(took, Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn join_all_computes_on_one_thread() {
    assert_eq!(join_all_cpu_bound::mistake(|| {}).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gather_computes_on_two_threads() {
    // Each computation blocks its thread until the other one runs.
    static BOTH: Barrier = Barrier::new(2);
    let meet = || {
        block_in_place(|| BOTH.wait());
    };
    assert_eq!(join_all_cpu_bound::with_gather(meet).await, 2);
}

#[tokio::test(start_paused = true)]
async fn try_join_all_over_handles_finds_the_error_when_the_slowest_has_ended() {
    let (error, at) = try_join_all_over_handles::mistake().await;
    assert_eq!((error, at), ("refused", Duration::from_millis(600)));
}

#[tokio::test(start_paused = true)]
async fn try_gather_finds_the_error_at_once() {
    let (error, at) = try_join_all_over_handles::with_gather().await;
    assert_eq!((error, at), ("refused", Duration::from_millis(100)));
}

#[tokio::test(start_paused = true)]
async fn try_join_over_handles_leaves_a_task_running() {
    assert_eq!(try_join_leaks_siblings::mistake().await, 1);
}

#[tokio::test(start_paused = true)]
async fn try_gather_leaves_no_task_running() {
    assert_eq!(try_join_leaks_siblings::with_gather().await, 0);
}
