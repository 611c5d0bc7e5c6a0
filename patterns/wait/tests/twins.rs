//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::time::Duration;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/deadline_rebuilt_in_loop.rs"]
mod deadline_rebuilt_in_loop;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/read_exact_in_select.rs"]
mod read_exact_in_select;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/select_all_freezes_the_rest.rs"]
mod select_all_freezes_the_rest;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/select_loses_ready_results.rs"]
mod select_loses_ready_results;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/shutdown_loses_connections.rs"]
mod shutdown_loses_connections;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/timeout_detaches_task.rs"]
mod timeout_detaches_task;

#[tokio::test(start_paused = true)]
async fn select_takes_one_of_three_results() {
    assert_eq!(select_loses_ready_results::mistake().await, 1);
}

#[tokio::test(start_paused = true)]
async fn wait_takes_all_three_results() {
    assert_eq!(select_loses_ready_results::with_wait().await, 3);
}

#[tokio::test(start_paused = true)]
async fn read_exact_in_select_loses_both_frames() {
    let frames = read_exact_in_select::mistake().await;
    assert!(frames.is_empty(), "{frames:?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_reads_loses_no_frame_to_the_clock() {
    assert_eq!(read_exact_in_select::with_wait().await, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn futures_in_select_all_stand_still_while_the_caller_works() {
    assert_eq!(select_all_freezes_the_rest::mistake().await, 0);
}

#[tokio::test(start_paused = true)]
async fn tasks_go_on_while_the_caller_works() {
    // The tenth part comes in the same instant in which the work is over.
    assert_eq!(select_all_freezes_the_rest::with_wait().await, 9);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_rebuilt_in_the_loop_never_fires() {
    let waited = deadline_rebuilt_in_loop::mistake().await;
    assert_eq!(waited, Duration::from_millis(1000));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_one_moment_for_the_whole_wait() {
    let waited = deadline_rebuilt_in_loop::with_wait().await;
    assert_eq!(waited, Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn timeout_around_a_handle_leaves_the_task_running() {
    assert_eq!(timeout_detaches_task::mistake().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_wait_gave_up_on_can_be_stopped() {
    assert_eq!(timeout_detaches_task::with_wait().await, 0);
}

#[tokio::test(start_paused = true)]
async fn n6_shutdown_loses_a_connection_that_came_up() {
    assert_eq!(shutdown_loses_connections::mistake().await, 1);
}

#[tokio::test(start_paused = true)]
async fn n6_abort_all_and_a_second_wait_lose_none() {
    assert_eq!(shutdown_loses_connections::with_wait().await, 0);
}
