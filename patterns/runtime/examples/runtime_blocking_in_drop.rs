//! Mistake: a destructor may not wait, so it gives its clean-up to `spawn_blocking`. The tasks that are left
//! are dropped when the runtime ends, and it takes no closure any more: this one is dropped, too, and nobody
//! says so.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runtime::run;
use tokio::runtime::Runtime;
use tokio::task::{spawn_blocking, yield_now};

/// Saves what it has when it is dropped.
struct Draft(Arc<AtomicBool>);

impl Draft {
    /// A call that blocks its thread.
    fn save(saved: &AtomicBool) {
        saved.store(true, Ordering::Relaxed);
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let saved = self.0.clone();
        spawn_blocking(move || Self::save(&saved));
    }
}

/// Returns whether the draft was saved.
pub fn mistake(runtime: Runtime) -> bool {
    let saved = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let draft = Draft(saved.clone());
        tokio::spawn(async move {
            let _draft = draft;
            pending::<()>().await;
        });
        yield_now().await;
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    saved.load(Ordering::Relaxed)
}

/// Returns whether the draft was saved. The task hears of the stop, and awaits the call.
pub fn with_run(runtime: Runtime) -> bool {
    let saved = Arc::new(AtomicBool::new(false));
    let main = async |program: runtime::Program| {
        let (stop, saved) = (program.token(), saved.clone());
        program.spawn("draft", async move {
            stop.cancelled().await;
            let save = spawn_blocking(move || Draft::save(&saved));
            save.await.expect("it does not panic");
        });
    };
    let ended = run(runtime, Duration::from_secs(1), main).expect("signals can be listened for");
    assert!(ended.unfinished.is_empty());
    saved.load(Ordering::Relaxed)
}

fn main() -> std::io::Result<()> {
    println!("mistake: saved: {}", mistake(Runtime::new()?));
    println!("recipe:  saved: {}", with_run(Runtime::new()?));
    Ok(())
}
