//! Mistake: `select!` over tasks of which several have ended. It takes the result of one, and drops
//! the handles of the others with the results in them.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use wait::{first_completed, wait};

/// A request that takes 100 ms.
async fn fetch(page: &'static str) -> &'static str {
    sleep(Duration::from_millis(100)).await;
    page
}

/// Work of the caller's own, during which every request is answered.
async fn other_work() {
    sleep(Duration::from_millis(300)).await;
}

/// Returns how many of the three pages the caller has.
pub async fn mistake() -> usize {
    let one = tokio::spawn(fetch("one"));
    let two = tokio::spawn(fetch("two"));
    let three = tokio::spawn(fetch("three"));
    other_work().await;
    let page = tokio::select! {
        page = one => page,
        page = two => page,
        page = three => page,
    };
    [page.expect("no task panics")].len()
}

/// Returns how many of the three pages the caller has.
pub async fn with_wait() -> usize {
    let mut tasks: JoinSet<_> = ["one", "two", "three"].map(fetch).into_iter().collect();
    other_work().await;
    let mut done = Vec::new();
    wait(&mut tasks, first_completed, None, &mut done).await;
    done.len()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} of 3 pages", mistake().await);
    println!("recipe:  {} of 3 pages", with_wait().await);
}
