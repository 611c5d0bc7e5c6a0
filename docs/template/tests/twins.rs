//! The mistakes that people make in place of the recipe, beside the recipe.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use {{module}}::in_task;

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/{{module}}_detached.rs"]
mod twin;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_detached_task_goes_on_without_its_caller() {
    let held = Arc::new(());
    let in_use = held.clone();
    let call = twin::detached(async move {
        sleep(2 * SECOND).await;
        drop(in_use);
    });
    assert!(timeout(SECOND, call).await.is_err());
    sleep(SECOND / 2).await;
    assert_eq!(Arc::strong_count(&held), 2, "the task is still there");
    sleep(SECOND).await;
    assert_eq!(Arc::strong_count(&held), 1, "it ends by itself");
}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_recipe_ends_with_its_caller() {
    let held = Arc::new(());
    let in_use = held.clone();
    let call = in_task(async move {
        sleep(2 * SECOND).await;
        drop(in_use);
    });
    assert!(timeout(SECOND, call).await.is_err());
    sleep(SECOND / 2).await;
    assert_eq!(Arc::strong_count(&held), 1, "the task is gone");
}
