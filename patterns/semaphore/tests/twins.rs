//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::time::Duration;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/blocking_waits_for_blocking.rs"]
mod blocking_waits_for_blocking;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/buffered_zero_hangs.rs"]
mod buffered_zero_hangs;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/forgotten_permit.rs"]
mod forgotten_permit;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/large_acquire_many_starves.rs"]
mod large_acquire_many_starves;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/let_underscore_permit.rs"]
mod let_underscore_permit;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/permit_ends_at_the_head.rs"]
mod permit_ends_at_the_head;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/permit_in_a_condition.rs"]
mod permit_in_a_condition;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/semaphore_as_rate_limiter.rs"]
mod semaphore_as_rate_limiter;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/spawn_then_acquire.rs"]
mod spawn_then_acquire;

use semaphore_as_rate_limiter::Calls;
use tokio::time::timeout;

/// What the call returns, unless it hangs.
async fn in_time<R>(call: impl Future<Output = R>) -> R {
    let hour = Duration::from_secs(3600);
    timeout(hour, call).await.expect("the call hangs")
}

#[tokio::test(start_paused = true)]
async fn let_underscore_limits_nothing() {
    assert_eq!(let_underscore_permit::mistake().await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_permit_with_a_name_limits() {
    assert_eq!(in_time(let_underscore_permit::with_a_name()).await, 2);
}

#[tokio::test]
async fn spawning_everything_first_has_a_task_for_every_item() {
    assert_eq!(spawn_then_acquire::mistake(10_000).await, 10_000);
}

#[tokio::test(start_paused = true)]
async fn map_limited_has_as_many_tasks_as_the_limit() {
    assert_eq!(
        in_time(spawn_then_acquire::with_map_limited(10_000)).await,
        64
    );
}

#[tokio::test(start_paused = true)]
async fn a_semaphore_lets_twenty_short_calls_through_in_forty_milliseconds() {
    let calls = Calls {
        in_the_first_second: 20,
        took: Duration::from_millis(40),
    };
    assert_eq!(in_time(semaphore_as_rate_limiter::mistake()).await, calls);
}

#[tokio::test(start_paused = true)]
async fn an_interval_lets_five_calls_through_in_a_second() {
    let calls = Calls {
        in_the_first_second: 5,
        took: Duration::from_millis(3810),
    };
    assert_eq!(semaphore_as_rate_limiter::with_an_interval().await, calls);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_holds_up_the_small_ones_behind_it() {
    let waited = in_time(large_acquire_many_starves::mistake()).await;
    assert_eq!(waited, Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_limit_each_keeps_the_small_ones_going() {
    let waited = in_time(large_acquire_many_starves::with_a_limit_each()).await;
    assert_eq!(waited, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_permit_is_lost_over_a_panic_and_a_cancellation() {
    assert!(forgotten_permit::mistake().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_permit_of_the_limit_comes_back_over_a_panic_and_a_cancellation() {
    assert!(forgotten_permit::with_shared_limit().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn buffered_with_room_for_none_hangs() {
    assert!(buffered_zero_hangs::mistake(0).await.is_err());
    assert_eq!(buffered_zero_hangs::mistake(2).await, Ok(vec![2, 4, 6]));
}

#[tokio::test(start_paused = true)]
async fn map_limited_cannot_be_called_with_room_for_none() {
    assert_eq!(
        in_time(buffered_zero_hangs::with_map_limited(0)).await,
        None
    );
    let doubled = in_time(buffered_zero_hangs::with_map_limited(2)).await;
    assert_eq!(doubled, Some(vec![2, 4, 6]));
}

#[tokio::test(start_paused = true)]
async fn n8_a_permit_in_a_condition_limits_nothing() {
    assert_eq!(permit_in_a_condition::mistake().await, 40);
    assert_eq!(permit_in_a_condition::mistake_without_a_wait().await, 40);
}

#[tokio::test(start_paused = true)]
async fn n8_run_has_no_permit_to_lose() {
    assert_eq!(in_time(permit_in_a_condition::with_a_name()).await, 4);
    assert_eq!(in_time(permit_in_a_condition::with_run()).await, 4);
}

#[tokio::test(start_paused = true)]
async fn n7_a_permit_that_goes_back_with_the_head_limits_no_bodies() {
    assert_eq!(permit_ends_at_the_head::mistake().await, 40);
    let most = permit_ends_at_the_head::mistake_with_map_limited().await;
    assert_eq!(most, 40);
}

#[tokio::test(start_paused = true)]
async fn n7_a_permit_that_goes_with_the_body_limits_the_answers() {
    assert_eq!(in_time(permit_ends_at_the_head::with_the_body()).await, 4);
    let most = in_time(permit_ends_at_the_head::with_map_limited()).await;
    assert_eq!(most, 4);
}

#[test]
fn p3_blocking_closures_that_wait_for_others_fill_the_pool() {
    assert_eq!(blocking_waits_for_blocking::mistake(), 0);
}

#[test]
fn p3_map_limited_leaves_a_thread_for_those_they_wait_for() {
    assert_eq!(blocking_waits_for_blocking::with_map_limited(4), 4);
    assert_eq!(blocking_waits_for_blocking::with_map_limited(512), 512);
}
