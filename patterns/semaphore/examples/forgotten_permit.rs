//! Mistake: the permit is forgotten and given back by hand at the end, as one would with a counter.
//! A panic or a cancellation skips the end. Each takes a permit away, until nobody gets one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use semaphore::SharedLimit;
use tokio::sync::Semaphore;
use tokio::time::{error::Elapsed, timeout};

/// Fails in one of the ways in which the end of a function is not reached.
async fn work(panics: bool) {
    if panics {
        panic!("a bug, on purpose");
    }
    std::future::pending().await
}

async fn forget(semaphore: Arc<Semaphore>, panics: bool) {
    let permit = semaphore.acquire().await.expect("nobody closes it");
    permit.forget();
    work(panics).await;
    semaphore.add_permits(1);
}

async fn keep(limit: SharedLimit, panics: bool) {
    let _permit = limit.acquire(1).await.expect("nobody closes it");
    work(panics).await;
}

/// Runs a task that panics and one that is cancelled.
async fn go_wrong<F: Future<Output = ()> + Send + 'static>(task: impl Fn(bool) -> F) {
    let panicked = tokio::spawn(task(true)).await;
    assert!(panicked.is_err_and(|error| error.is_panic()));
    let cancelled = timeout(Duration::from_secs(1), task(false)).await;
    assert!(cancelled.is_err());
}

/// Waits an hour for a permit, after two calls went wrong.
pub async fn mistake() -> Result<(), Elapsed> {
    let semaphore = Arc::new(Semaphore::new(2));
    go_wrong(|panics| forget(Arc::clone(&semaphore), panics)).await;
    let next = timeout(Duration::from_secs(3600), semaphore.acquire()).await;
    next.map(|permit| drop(permit.expect("nobody closes it")))
}

/// Waits an hour for a permit, after two calls went wrong.
pub async fn with_shared_limit() -> Result<(), Elapsed> {
    let limit = SharedLimit::new(const { NonZeroU32::new(2).unwrap() });
    go_wrong(|panics| keep(limit.clone(), panics)).await;
    let next = timeout(Duration::from_secs(3600), limit.acquire(2)).await;
    next.map(|permits| drop(permits.expect("nobody closes it")))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for (name, next) in [
        ("mistake", mistake().await),
        ("recipe ", with_shared_limit().await),
    ] {
        match next {
            Ok(()) => println!("{name}: the next call gets a permit"),
            Err(_) => println!("{name}: the next call waits for ever"),
        }
    }
}
