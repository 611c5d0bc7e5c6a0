//! Mistake: tasks go into a `JoinSet` as they come, and it is emptied at the end of the program. The
//! set keeps what each has returned, and the task itself, until somebody takes it out.

use std::sync::Arc;

use task::Tasks;
use tokio::task::{JoinSet, yield_now};

const REQUESTS: usize = 1_000;

/// Handles a request, and returns what is left of it.
async fn handle(request: Arc<()>) -> Arc<()> {
    yield_now().await;
    request
}

/// Returns how many results are still in memory when every request was handled.
pub async fn mistake() -> usize {
    let request = Arc::new(());
    let mut tasks = JoinSet::new();
    for _ in 0..REQUESTS {
        tasks.spawn(handle(request.clone()));
        yield_now().await;
    }
    all_handled().await;
    Arc::strong_count(&request) - 1
}

/// Returns how many results are still in memory when every request was handled.
pub async fn with_tasks() -> usize {
    let request = Arc::new(());
    let tasks = Tasks::<String>::new(|name, failure| eprintln!("{name} {failure:#}"));
    for number in 0..REQUESTS {
        let handle = handle(request.clone());
        let started = tasks.spawn(format!("request {number}"), |_| async {
            drop(handle.await);
            Ok(())
        });
        started.expect("the set is not stopped");
        yield_now().await;
    }
    all_handled().await;
    Arc::strong_count(&request) - 1
}

/// Lets every task run to its end, on one thread.
async fn all_handled() {
    for _ in 0..3 {
        yield_now().await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: {} of {REQUESTS} are kept", mistake().await);
    println!("recipe:  {} of {REQUESTS} are kept", with_tasks().await);
}
