//! Mistake: open, work and close, one after the other, with a `?` at each. When the work fails,
//! its `?` returns before the log-out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::{WithError, with_resource};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

/// The server's count of open sessions.
#[derive(Clone, Default)]
struct Sessions(Arc<AtomicUsize>);

impl Sessions {
    async fn log_in(self) -> Result<Self, &'static str> {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
        Ok(self)
    }

    async fn work(&mut self) -> Result<(), &'static str> {
        sleep(Duration::from_millis(100)).await;
        Err("refused")
    }

    async fn log_out(self) -> Result<(), &'static str> {
        sleep(Duration::from_millis(100)).await;
        self.0.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

async fn by_hand(sessions: Sessions) -> Result<(), &'static str> {
    let mut session = sessions.log_in().await?;
    session.work().await?;
    session.log_out().await
}

/// Returns how many sessions are open in the end.
pub async fn mistake() -> usize {
    let sessions = Sessions::default();
    assert_eq!(by_hand(sessions.clone()).await, Err("refused"));
    sessions.0.load(Ordering::Relaxed)
}

/// Returns how many sessions are open in the end.
pub async fn with_the_recipe() -> usize {
    let sessions = Sessions::default();
    let tracker = TaskTracker::new();
    let open = sessions.clone().log_in();
    let result = with_resource(&tracker, open, Sessions::log_out, Sessions::work).await;
    assert!(matches!(result, Err(WithError::Body("refused"))));
    sessions.0.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} session(s) left open", mistake().await);
    println!("recipe:  {} session(s) left open", with_the_recipe().await);
}
