//! Mistake: `Notify::notify_waiters` as if it were an event. It wakes those who wait at that moment
//! and remembers nothing, so a task that comes later waits for ever.

use std::sync::Arc;
use std::time::Duration;

use event::Event;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes: who waits for so long hangs.
const HOUR: Duration = Duration::from_secs(3600);

/// Returns whether the task that came late has started.
pub async fn mistake() -> bool {
    let ready = Arc::new(Notify::new());
    let late = tokio::spawn({
        let ready = Arc::clone(&ready);
        async move {
            sleep(Duration::from_millis(20)).await;
            timeout(HOUR, ready.notified()).await.is_ok()
        }
    });
    sleep(Duration::from_millis(10)).await;
    ready.notify_waiters();
    late.await.expect("the task does not panic")
}

/// Returns whether the task that came late has started.
pub async fn with_event() -> bool {
    let ready = Arc::new(Event::new());
    let late = tokio::spawn({
        let ready = Arc::clone(&ready);
        async move {
            sleep(Duration::from_millis(20)).await;
            timeout(HOUR, ready.wait()).await.is_ok()
        }
    });
    sleep(Duration::from_millis(10)).await;
    ready.set();
    late.await.expect("the task does not panic")
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: the late task has started: {}", mistake().await);
    println!("recipe:  the late task has started: {}", with_event().await);
}
