//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/event_flag_before_notified.rs"]
mod event_flag_before_notified;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/event_notify_alone.rs"]
mod event_notify_alone;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/event_notify_one.rs"]
mod event_notify_one;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/event_pulse_before_the_wait.rs"]
mod event_pulse_before_the_wait;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/event_watch_loses_the_pulse.rs"]
mod event_watch_loses_the_pulse;

#[tokio::test(start_paused = true)]
async fn notify_waiters_alone_hangs_the_late_waiter() {
    assert!(!event_notify_alone::mistake().await);
}

#[tokio::test(start_paused = true)]
async fn an_event_lets_the_late_waiter_pass() {
    assert!(event_notify_alone::with_event().await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_loses_the_pulse() {
    assert_eq!(event_watch_loses_the_pulse::mistake().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_keeps_the_pulse() {
    assert_eq!(event_watch_loses_the_pulse::with_event().await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_flag_looked_at_before_notified_loses_the_wake_up() {
    assert!(!event_flag_before_notified::mistake().await);
}

#[tokio::test(start_paused = true)]
async fn an_event_loses_no_wake_up_between_is_set_and_wait() {
    assert!(event_flag_before_notified::with_event().await);
}

#[tokio::test(start_paused = true)]
async fn notify_one_wakes_one() {
    assert_eq!(event_notify_one::mistake().await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_wakes_all() {
    assert_eq!(event_notify_one::with_event().await, 3);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_call_wait_themselves_miss_the_pulse() {
    assert_eq!(event_pulse_before_the_wait::mistake().await, 0);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_are_given_their_wait_do_not() {
    assert_eq!(event_pulse_before_the_wait::with_wait_owned().await, 3);
}
