//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::num::NonZeroUsize;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_close_after_the_loop.rs"]
mod close_after_the_loop;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_results_in_order.rs"]
mod results_in_order;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_retry_put_back.rs"]
mod retry_put_back;
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
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/queue_workers_put.rs"]
mod workers_put;

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

#[tokio::test(start_paused = true)]
async fn n4_a_producer_that_fails_before_it_closes_keeps_the_consumers_waiting() {
    let consumed = close_after_the_loop::mistake_of_the_producer().await;
    consumed.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn n4_the_end_of_a_producer_that_fails_closes_the_queue() {
    let consumed = close_after_the_loop::a_producer_with_its_end().await;
    assert_eq!(consumed.unwrap(), 12);
}

#[tokio::test(start_paused = true)]
async fn f12_a_consumer_that_fails_before_it_closes_keeps_the_producers_waiting() {
    let produced = close_after_the_loop::mistake_of_the_consumer().await;
    produced.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn f12_the_end_of_a_consumer_that_fails_closes_the_queue() {
    let produced = close_after_the_loop::a_consumer_with_its_end().await;
    assert_eq!(produced.unwrap(), 13);
}

#[tokio::test(start_paused = true)]
async fn p5_workers_that_wait_in_their_own_queue_stand_still() {
    for (bound, done) in [(1, 2), (4, 4), (100, 101)] {
        let bound = NonZeroUsize::new(bound).unwrap();
        assert_eq!(workers_put::mistake(bound).await, Err(done));
    }
}

#[tokio::test(start_paused = true)]
async fn p5_workers_with_a_stack_or_no_bound_get_through() {
    for bound in [1, 4, 100] {
        let bound = NonZeroUsize::new(bound).unwrap();
        assert_eq!(workers_put::with_stack(bound).await, Ok(3_999));
    }
    assert_eq!(workers_put::without_bound().await, Ok(3_999));
}

#[tokio::test(start_paused = true)]
async fn p5_a_job_that_is_put_back_for_another_attempt_stops_the_consumers() {
    assert_eq!(retry_put_back::mistake().await, Err(0));
}

#[tokio::test(start_paused = true)]
async fn p5_a_job_that_is_tried_again_in_hand_gets_done() {
    assert_eq!(retry_put_back::in_hand().await, Ok(10));
}

#[tokio::test(start_paused = true)]
async fn n13_results_that_wait_for_their_turn_have_no_bound() {
    assert_eq!(results_in_order::mistake().await, 1_798);
}

#[tokio::test(start_paused = true)]
async fn n13_a_buffered_stream_of_jobs_is_in_order_and_has_a_bound() {
    assert_eq!(results_in_order::buffered().await, 4);
}
