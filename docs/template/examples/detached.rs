//! The mistake: a plain `JoinHandle` for the task. Dropping the caller detaches it, and it goes on.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Waits for a task through its plain handle.
pub async fn detached<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = tokio::spawn(future);
    task.await.expect("nobody aborts the task")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let task = async {
        sleep(Duration::from_millis(300)).await;
        println!("300 ms: the task is still running");
    };
    let outcome = timeout(Duration::from_millis(100), detached(task)).await;
    assert!(outcome.is_err());
    println!("100 ms: the caller has given up");
    sleep(Duration::from_millis(300)).await;
}
