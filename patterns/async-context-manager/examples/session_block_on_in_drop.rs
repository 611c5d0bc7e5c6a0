//! Mistake: a destructor that waits with `block_on`. Inside of a runtime that panics, and when the
//! destructor runs because of a panic, this second one aborts the process.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::with_resource;
use futures::FutureExt as _;
use tokio::runtime::Handle;
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
        let Ok(()) = Handle::current().block_on(self.0.clone().log_out());
    }
}

/// Returns what it panics with, if it does, and how many sessions are open in the end.
pub async fn mistake() -> (Option<String>, usize) {
    let sessions = Sessions::default();
    let call = async {
        let Ok(session) = sessions.clone().log_in().await;
        let _session = LogOutOnDrop(session);
    };
    let panic = AssertUnwindSafe(call).catch_unwind().await.err();
    let text = panic.map(|payload| match payload.downcast::<&str>() {
        Ok(text) => String::from(*text),
        Err(payload) => *payload.downcast().expect("the payload is text"),
    });
    (text, sessions.0.load(Ordering::Relaxed))
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
    let (text, open) = mistake().await;
    println!("mistake: {open} session(s) left open");
    println!("         {}", text.unwrap_or_default());
    println!("recipe:  {} session(s) left open", with_the_recipe().await);
}
