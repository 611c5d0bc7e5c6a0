//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::num::NonZeroUsize;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_send_in_timeout.rs"]
mod send_in_timeout;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_sender_kept_alive.rs"]
mod sender_kept_alive;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_sentinel_in_full_queue.rs"]
mod sentinel_in_full_queue;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_sentinel_stops_all.rs"]
mod sentinel_stops_all;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_task_done_forgotten.rs"]
mod task_done_forgotten;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_without_bound.rs"]
mod without_bound;

#[tokio::test(start_paused = true)]
async fn a_sentinel_of_one_producer_loses_the_items_of_the_other() {
    assert_eq!(sentinel_stops_all::mistake().await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_queue_closed_after_all_producers_loses_nothing() {
    assert_eq!(sentinel_stops_all::with_queue().await, 11);
}

#[tokio::test(start_paused = true)]
async fn a_sentinel_put_back_into_a_full_queue_waits_for_ever() {
    sentinel_in_full_queue::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_the_recipe_puts_nothing_and_ends() {
    assert_eq!(sentinel_in_full_queue::with_queue().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_is_kept_alive_keeps_the_loop_waiting() {
    sender_kept_alive::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_closed_ends_the_loop_whoever_holds_it() {
    assert_eq!(sender_kept_alive::with_queue().await.unwrap(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_send_in_a_timeout_loses_its_item() {
    assert_eq!(send_in_timeout::mistake().await, [1, 2, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_reserve_in_a_timeout_loses_nothing() {
    assert_eq!(send_in_timeout::with_queue().await, [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_nearly_all_items_are_in_memory_at_once() {
    assert_eq!(without_bound::mistake().await, 9_000);
}

#[tokio::test(start_paused = true)]
async fn with_a_bound_there_are_never_more_than_that() {
    let ten = NonZeroUsize::new(10).unwrap();
    assert_eq!(without_bound::with_queue(ten).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_nobody_counts_as_done_keeps_join_waiting() {
    task_done_forgotten::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_job_is_done_when_it_is_dropped() {
    task_done_forgotten::with_queue().await.unwrap();
}
