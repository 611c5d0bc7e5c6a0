//! The recipe dropped at every await.

use std::sync::Arc;
use std::time::Duration;

use common::cancellation::drop_at_every_await;
use tokio::time::sleep;

use {{module}}::in_task;

#[test]
fn dropping_the_call_cancels_the_task() {
    let dropped = drop_at_every_await(|| {
        let held = Arc::new(());
        let watched = Arc::downgrade(&held);
        let call = in_task(async move {
            sleep(Duration::from_secs(1)).await;
            drop(held);
        });
        let nothing_is_left = async move {
            assert_eq!(watched.strong_count(), 0, "the task is gone");
        };
        (call, nothing_is_left)
    });
    assert_eq!(dropped.get(), 1);
}
