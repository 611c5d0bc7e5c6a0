//! Mistake: a hand-written future returns `Pending` and keeps no waker. Nobody knows whom to wake
//! when the flag is raised, so it is not polled again, although it would be ready.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use future::promise;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

struct Raised(Arc<AtomicBool>);

impl Future for Raised {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.0.load(Relaxed) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Waits in a task for a flag that is raised after a second.
pub async fn mistake() -> Result<(), Elapsed> {
    let flag = Arc::new(AtomicBool::new(false));
    // The timeout is around the handle. Around the future it would poll it once more, by chance.
    let mut waiting = tokio::spawn(Raised(Arc::clone(&flag)));
    sleep(SECOND).await;
    flag.store(true, Relaxed);
    let waited = timeout(HOUR, &mut waiting).await;
    waiting.abort();
    waited.map(|joined| joined.expect("it does not panic"))
}

/// Waits in a task for a flag that is raised after a second.
pub async fn with_promise() -> Result<(), Elapsed> {
    let (setter, flag) = promise();
    let mut waiting = tokio::spawn(async move { flag.wait().await.copied() });
    sleep(SECOND).await;
    setter.set(()).expect("it is the first");
    let waited = timeout(HOUR, &mut waiting).await;
    waiting.abort();
    waited.map(|joined| joined.expect("it does not panic").expect("it was set"))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?} after an hour", mistake().await);
    println!("recipe:  {:?}", with_promise().await);
}
