//! Mistake: a task is spawned and its handle dropped, or kept and never awaited. When it panics, a
//! message goes to stderr, and the program goes on without the task. An `Err` leaves not even that.

use std::time::Duration;

use task::Tasks;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

/// Imports until it comes across something that it does not expect.
async fn import() -> Result<(), String> {
    sleep(Duration::from_millis(300)).await;
    panic!("a date in the year zero");
}

/// Returns when the program heard of it, and what, if it did within a day.
pub async fn mistake() -> Option<(Duration, String)> {
    let (_reporter, reports) = unbounded_channel();
    let _import = tokio::spawn(import());
    first(reports).await
}

/// Returns when the program heard of it, and what, if it did within a day.
pub async fn with_tasks() -> Option<(Duration, String)> {
    let (reporter, reports) = unbounded_channel();
    let tasks = Tasks::new(move |name, failure| {
        let _ = reporter.send(format!("{name} {failure:#}"));
    });
    let started = tasks.spawn("import", |_| import());
    started.expect("the set is not stopped");
    first(reports).await
}

async fn first(mut reports: UnboundedReceiver<String>) -> Option<(Duration, String)> {
    let start = Instant::now();
    let day = Duration::from_secs(24 * 60 * 60);
    let report = timeout(day, reports.recv()).await.ok()??;
    Some((start.elapsed(), report))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_tasks().await);
}
