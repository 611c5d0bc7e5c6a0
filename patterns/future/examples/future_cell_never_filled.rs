//! Mistake: a value that is made by the first who asks, with `OnceCell::get_or_init`, and callers who
//! give up sooner than it takes. Who gives up takes the work along, and the next one begins anew.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use future::{Waiter, promise};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const WORK: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_millis(100);

/// Makes the value, and counts how often that was begun.
async fn load(begun: &AtomicUsize) -> &'static str {
    begun.fetch_add(1, Relaxed);
    sleep(WORK).await;
    "value"
}

/// A hundred callers, one every 10 ms. Returns how many of them have the value in time.
async fn callers<F>(ask: impl Fn() -> F) -> usize
where
    F: Future<Output = Option<&'static str>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        tasks.spawn(ask());
        sleep(Duration::from_millis(10)).await;
    }
    let answers = tasks.join_all().await;
    answers.into_iter().flatten().count()
}

/// Returns how often the work was begun, and how many callers had the value.
pub async fn mistake() -> (usize, usize) {
    let begun = Arc::new(AtomicUsize::new(0));
    let cell = Arc::new(OnceCell::new());
    let served = callers(|| {
        let (begun, cell) = (Arc::clone(&begun), Arc::clone(&cell));
        async move {
            let value = timeout(LIMIT, cell.get_or_init(|| load(&begun))).await;
            value.ok().copied()
        }
    });
    let served = served.await;
    (begun.load(Relaxed), served)
}

/// Starts the work in a task of its own, which no caller takes along.
fn start(begun: Arc<AtomicUsize>) -> Waiter<&'static str> {
    let (setter, waiter) = promise();
    tokio::spawn(async move { setter.set(load(&begun).await) });
    waiter
}

/// Returns how often the work was begun, and how many callers had the value.
pub async fn with_promise() -> (usize, usize) {
    let begun = Arc::new(AtomicUsize::new(0));
    let cell = Arc::new(OnceLock::new());
    let served = callers(|| {
        let (begun, cell) = (Arc::clone(&begun), Arc::clone(&cell));
        async move {
            let waiter = cell.get_or_init(|| start(begun));
            let value = timeout(LIMIT, waiter.wait()).await;
            // An error inside: the task panicked.
            value.ok().map(|set| *set.expect("it does not panic"))
        }
    });
    let served = served.await;
    (begun.load(Relaxed), served)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (begun, served) = mistake().await;
    println!("mistake: begun {begun} times, {served} of 100 have the value");
    let (begun, served) = with_promise().await;
    println!("recipe:  begun {begun} times, {served} of 100 have the value");
}
