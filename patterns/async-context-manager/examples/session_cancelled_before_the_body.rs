//! Mistake: the log-out is prepared when the set-up is complete. A caller that is cancelled before
//! that, during the log-in or between it and the work, leaves its session open.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::with_stack;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// The server's count of open sessions.
#[derive(Clone, Default)]
struct Sessions(Arc<AtomicUsize>);

impl Sessions {
    /// The session is open at once, and the answer takes 100 ms.
    async fn log_in(self) -> Result<Self, Infallible> {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
        Ok(self)
    }

    async fn choose_a_language(&mut self) {
        sleep(Duration::from_millis(100)).await;
    }

    async fn log_out(self) -> Result<(), Infallible> {
        sleep(Duration::from_millis(100)).await;
        self.0.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Logs out in a task of the tracker.
struct LogOutOnDrop(Sessions, TaskTracker);

impl Drop for LogOutOnDrop {
    fn drop(&mut self) {
        self.1.spawn(self.0.clone().log_out());
    }
}

/// Returns how many sessions are open in the end, when the caller is cancelled after `patience`.
pub async fn mistake(patience: Duration) -> usize {
    let sessions = Sessions::default();
    let tracker = TaskTracker::new();
    let call = async {
        let Ok(mut session) = sessions.clone().log_in().await;
        session.choose_a_language().await;
        let _session = LogOutOnDrop(session, tracker.clone());
        sleep(Duration::from_millis(100)).await;
    };
    let cancelled = timeout(patience, call).await;
    assert!(cancelled.is_err());
    tracker.close();
    tracker.wait().await;
    sessions.0.load(Ordering::Relaxed)
}

/// Returns how many sessions are open in the end, when the caller is cancelled after `patience`.
pub async fn with_the_recipe(patience: Duration) -> usize {
    let sessions = Sessions::default();
    let tracker = TaskTracker::new();
    let call = with_stack(&tracker, async |stack| {
        let log_in = sessions.clone().log_in();
        let mut session = stack.enter(log_in, Sessions::log_out).await?;
        session.choose_a_language().await;
        sleep(Duration::from_millis(100)).await;
        Ok(())
    });
    let cancelled = timeout(patience, call).await;
    assert!(cancelled.is_err());
    tracker.close();
    tracker.wait().await;
    sessions.0.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for (when, patience) in [("log-in", 50), ("set-up", 150), ("work", 250)] {
        let patience = Duration::from_millis(patience);
        let (left, none) = (mistake(patience).await, with_the_recipe(patience).await);
        println!("cancelled in the {when:<6}  mistake: {left} left open  recipe: {none}");
    }
}
