//! Mistake: a destructor that calls an async function. It gets a future, which does nothing until
//! it is polled, and `drop` is no place to await it. So it is thrown away, and nobody logs out.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::with_resource;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

/// The server's count of open sessions.
#[derive(Clone, Default)]
struct Sessions(Arc<AtomicUsize>);

impl Sessions {
    async fn log_in(self) -> Result<Self, Infallible> {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
        Ok(self)
    }

    async fn log_out(self) -> Result<(), Infallible> {
        sleep(Duration::from_millis(100)).await;
        self.0.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

struct LogOutOnDrop(Sessions);

impl Drop for LogOutOnDrop {
    fn drop(&mut self) {
        // Without `drop(…)` around it, rustc warns that the future does nothing.
        drop(self.0.clone().log_out());
    }
}

/// Returns how many sessions are open in the end.
pub async fn mistake() -> usize {
    let sessions = Sessions::default();
    {
        let Ok(session) = sessions.clone().log_in().await;
        let _session = LogOutOnDrop(session);
    }
    sleep(Duration::from_secs(1)).await;
    sessions.0.load(Ordering::Relaxed)
}

/// Returns how many sessions are open in the end.
pub async fn with_the_recipe() -> usize {
    let sessions = Sessions::default();
    let tracker = TaskTracker::new();
    let open = sessions.clone().log_in();
    let result = with_resource(&tracker, open, Sessions::log_out, async |_| Ok(())).await;
    assert!(result.is_ok());
    sessions.0.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} session(s) left open", mistake().await);
    println!("recipe:  {} session(s) left open", with_the_recipe().await);
}
