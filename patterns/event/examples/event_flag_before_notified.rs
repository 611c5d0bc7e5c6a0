//! Mistake: a flag beside a `Notify`, and the flag is looked at before `notified` is called. When
//! the flag is raised in between, nobody is there yet to be woken, and nobody looks again.
//!
//! Here an await stands in between. On several threads nothing has to: another thread fits in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event::Event;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;

/// Longer than anything here takes: who waits for so long hangs.
const HOUR: Duration = Duration::from_secs(3600);

/// Stands for a line that is logged, or a metric that is sent.
async fn report_that_we_wait() {
    yield_now().await;
}

/// Returns whether the task has passed.
pub async fn mistake() -> bool {
    let shared = Arc::new((AtomicBool::new(false), Notify::new()));
    let task = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move {
            let (flag, notify) = &*shared;
            if !flag.load(Ordering::Acquire) {
                report_that_we_wait().await;
                return timeout(HOUR, notify.notified()).await.is_ok();
            }
            true
        }
    });
    yield_now().await;
    let (flag, notify) = &*shared;
    flag.store(true, Ordering::Release);
    notify.notify_waiters();
    task.await.expect("the task does not panic")
}

/// Returns whether the task has passed.
pub async fn with_event() -> bool {
    let event = Arc::new(Event::new());
    let task = tokio::spawn({
        let event = Arc::clone(&event);
        async move {
            if !event.is_set() {
                report_that_we_wait().await;
            }
            timeout(HOUR, event.wait()).await.is_ok()
        }
    });
    yield_now().await;
    event.set();
    task.await.expect("the task does not panic")
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: the task has passed: {}", mistake().await);
    println!("recipe:  the task has passed: {}", with_event().await);
}
