//! Mistake: a destructor that spawns the log-out. Nobody waits for that task: when the program
//! ends first, its runtime drops the task, and the session stays open.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::with_resource;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
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
        tokio::spawn(self.0.clone().log_out());
    }
}

/// More than the work is given.
async fn work() {
    sleep(Duration::from_secs(1)).await;
}

fn runtime() -> Runtime {
    let mut current_thread = Builder::new_current_thread();
    let paused = current_thread.enable_time().start_paused(true);
    paused.build().expect("a runtime can be built")
}

/// Returns how many sessions are open when the runtime has ended.
pub fn mistake() -> usize {
    let sessions = Sessions::default();
    runtime().block_on(async {
        let call = async {
            let Ok(session) = sessions.clone().log_in().await;
            let _session = LogOutOnDrop(session);
            work().await;
        };
        let cancelled = timeout(Duration::from_millis(500), call).await;
        assert!(cancelled.is_err());
    });
    sessions.0.load(Ordering::Relaxed)
}

/// Returns how many sessions are open when the runtime has ended.
pub fn with_the_recipe() -> usize {
    let sessions = Sessions::default();
    runtime().block_on(async {
        let tracker = TaskTracker::new();
        let open = sessions.clone().log_in();
        let body = async |_: &mut Sessions| {
            work().await;
            Ok(())
        };
        let call = with_resource(&tracker, open, Sessions::log_out, body);
        let cancelled = timeout(Duration::from_millis(500), call).await;
        assert!(cancelled.is_err());
        tracker.close();
        tracker.wait().await;
    });
    sessions.0.load(Ordering::Relaxed)
}

fn main() {
    println!("mistake: {} session(s) left open", mistake());
    println!("recipe:  {} session(s) left open", with_the_recipe());
}
