//! Mistake: `abort` on a task of `spawn_blocking` that has begun. It does nothing: no await is there
//! to stop at. The work goes on to its end, and the runtime waits for that when it shuts down.

use std::sync::mpsc;
use std::time::Duration;

use task::Tasks;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// A file to hash, in a hundred parts.
const PARTS: usize = 100;

/// Hashes part by part until it is told to stop. Says when it has begun, and goes on when it may.
fn hash(begun: oneshot::Sender<()>, go_on: mpsc::Receiver<()>, stop: impl Fn() -> bool) -> usize {
    let _ = begun.send(());
    let _ = go_on.recv();
    (0..PARTS).take_while(|_| !stop()).count()
}

/// Returns how many parts were hashed after the abort.
pub async fn mistake() -> usize {
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let task = spawn_blocking(|| hash(begun, may_go_on, || false));
    has_begun.await.expect("it begins");
    task.abort();
    go_on.send(()).expect("it waits");
    task.await.expect("it was not cancelled")
}

/// Returns how many parts were hashed after the stop.
pub async fn with_tasks() -> usize {
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let (hashed, parts) = oneshot::channel();
    let tasks = Tasks::<String>::new(|name, failure| eprintln!("{name} {failure:#}"));
    let started = tasks.spawn_blocking("hash", |stop| {
        let _ = hashed.send(hash(begun, may_go_on, move || stop.is_cancelled()));
        Ok(())
    });
    started.expect("the set is not stopped");
    has_begun.await.expect("it begins");
    let stopped = tasks.stop(Duration::ZERO, Duration::ZERO).await;
    assert_eq!(stopped.running, ["hash"], "the abort did nothing");
    go_on.send(()).expect("it waits");
    parts.await.expect("it was asked to stop, and did")
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} parts of {PARTS}", mistake().await);
    println!("recipe:  {} parts of {PARTS}", with_tasks().await);
}
