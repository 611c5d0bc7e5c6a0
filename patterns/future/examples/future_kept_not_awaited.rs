//! Mistake: a future is kept in a variable, as one keeps a reference to an asyncio task, and never
//! awaited. It never runs. `save(…);` alone would be reported by the compiler; a variable is not.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use future::spawn_eager;
use tokio::task::yield_now;

/// Stands for a request.
async fn save(saved: &AtomicU32) {
    yield_now().await;
    saved.fetch_add(1, Relaxed);
}

/// Returns how often something was saved. It should be once.
pub async fn mistake() -> u32 {
    let saved = AtomicU32::new(0);
    let _saving = save(&saved);
    // Other work, with many an await at which it could run, if it were a task.
    for _ in 0..100 {
        yield_now().await;
    }
    saved.load(Relaxed)
}

/// Returns how often something was saved. It should be once.
pub async fn with_spawn_eager() -> u32 {
    static SAVED: AtomicU32 = AtomicU32::new(0);
    let saving = spawn_eager(save(&SAVED));
    for _ in 0..100 {
        yield_now().await;
    }
    saving.join().await.expect("it does not panic");
    SAVED.load(Relaxed)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: saved {} times", mistake().await);
    println!("recipe:  saved {} times", with_spawn_eager().await);
}
