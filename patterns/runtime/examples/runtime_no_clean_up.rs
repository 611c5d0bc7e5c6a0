//! Mistake: main returns while tasks have something to save. The runtime drops them where they stand:
//! code after their `await` does not run, and a destructor cannot await.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use runtime::run;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Saves when it is told to stop, which takes a while.
async fn saver(stop: CancellationToken, saved: Arc<AtomicU32>) {
    stop.cancelled().await;
    sleep(Duration::from_millis(20)).await;
    saved.fetch_add(1, Ordering::Relaxed);
}

/// Returns how many of three tasks have saved. They are told to stop, and that is not enough.
pub fn mistake(runtime: Runtime) -> u32 {
    let saved = Arc::new(AtomicU32::new(0));
    runtime.block_on(async {
        let stop = CancellationToken::new();
        for _ in 0..3 {
            tokio::spawn(saver(stop.clone(), saved.clone()));
        }
        stop.cancel();
    });
    drop(runtime);
    saved.load(Ordering::Relaxed)
}

/// Returns how many of three tasks have saved.
pub fn with_run(runtime: Runtime) -> u32 {
    let saved = Arc::new(AtomicU32::new(0));
    let main = async |program: runtime::Program| {
        for _ in 0..3 {
            program.spawn("saver", saver(program.token(), saved.clone()));
        }
    };
    let ended = run(runtime, Duration::from_secs(1), main).expect("signals can be listened for");
    assert!(ended.unfinished.is_empty());
    saved.load(Ordering::Relaxed)
}

fn main() -> std::io::Result<()> {
    println!("mistake: {} of 3 have saved", mistake(Runtime::new()?));
    println!("recipe:  {} of 3 have saved", with_run(Runtime::new()?));
    Ok(())
}
