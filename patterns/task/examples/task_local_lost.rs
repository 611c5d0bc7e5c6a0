//! Mistake: a task-local is read in a spawned task, as a contextvar could be. A new task does not
//! inherit it. `with` and `get` panic there; `try_with` returns an error.

use std::time::Duration;

use task::Tasks;
use tokio::sync::oneshot;

tokio::task_local! {
    static REQUEST: u32;
}

/// The number of the request that this code works for.
async fn request() -> Option<u32> {
    REQUEST.try_with(|number| *number).ok()
}

/// Returns the number of the request that the spawned task sees.
pub async fn mistake() -> Option<u32> {
    let handler = async { tokio::spawn(request()).await.expect("it does not panic") };
    REQUEST.scope(7, handler).await
}

/// Returns the number of the request that the spawned task sees.
pub async fn with_scope() -> Option<u32> {
    let handler = async {
        let (answer, answered) = oneshot::channel();
        let tasks = Tasks::<String>::new(|name, failure| eprintln!("{name} {failure:#}"));
        let in_scope = REQUEST.scope(REQUEST.get(), request());
        let started = tasks.spawn("audit", |_| async {
            let _ = answer.send(in_scope.await);
            Ok(())
        });
        started.expect("the set is not stopped");
        tasks.stop(Duration::MAX, Duration::ZERO).await;
        answered.await.expect("the task has answered")
    };
    REQUEST.scope(7, handler).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: request {:?}", mistake().await);
    println!("recipe:  request {:?}", with_scope().await);
}
