//! Mistake: `Handle::block_on` with the handle of a current-thread runtime. It polls the future, but turns
//! neither timers nor sockets nor tasks: only `Runtime::block_on` does. Where nobody calls that, it waits
//! for ever.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::select;
use tokio::time::sleep;

const WAIT: Duration = Duration::from_millis(10);

/// Returns whether a wait of 10 ms ends before `patience` does.
async fn ends(patience: impl Future<Output = ()>) -> bool {
    select! {
        biased;
        () = sleep(WAIT) => true,
        () = patience => false,
    }
}

/// Returns whether a wait of 10 ms ends before `patience` does.
pub fn mistake(runtime: &Runtime, patience: impl Future<Output = ()>) -> bool {
    runtime.handle().block_on(ends(patience))
}

/// Returns whether a wait of 10 ms ends before `patience` does.
pub fn with_runtime(runtime: &Runtime, patience: impl Future<Output = ()>) -> bool {
    runtime.block_on(ends(patience))
}

fn main() -> std::io::Result<()> {
    // From outside of the runtime, and far longer than the wait.
    let patience = || async {
        let (done, is_done) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(30 * WAIT);
            done.send(())
        });
        is_done.await.expect("the thread does not panic");
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    println!(
        "mistake: 10 ms have ended after 300 ms: {}",
        mistake(&runtime, patience())
    );
    println!(
        "recipe:  10 ms have ended after 300 ms: {}",
        with_runtime(&runtime, patience())
    );
    let several = Builder::new_multi_thread().enable_all().build()?;
    println!(
        "several: 10 ms have ended after 300 ms: {}",
        mistake(&several, patience())
    );
    Ok(())
}
