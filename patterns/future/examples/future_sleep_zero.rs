//! Mistake: `sleep(Duration::ZERO)` to let others run, as `asyncio.sleep(0)` does. On the paused
//! clock it is ready at once, and nobody else runs. On the real clock it is a timer like any other,
//! and timers fire on whole milliseconds: it waits for the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::sleep;

/// Returns whether another task, which could run, did run while `pause` was awaited.
async fn others_run_during(pause: impl Future<Output = ()>) -> bool {
    let ran = Arc::new(AtomicBool::new(false));
    let other = Arc::clone(&ran);
    let task = tokio::spawn(async move { other.store(true, Relaxed) });
    pause.await;
    let ran = ran.load(Relaxed);
    task.await.expect("it does not panic");
    ran
}

/// Returns whether another task ran meanwhile. On the paused clock.
pub async fn mistake() -> bool {
    others_run_during(sleep(Duration::ZERO)).await
}

/// Returns whether another task ran meanwhile.
pub async fn with_yield_now() -> bool {
    others_run_during(yield_now()).await
}

/// How long 100 turns take, on the real clock.
async fn hundred_times<F: Future>(pause: fn() -> F) -> Duration {
    let start = Instant::now();
    for _ in 0..100 {
        pause().await;
    }
    start.elapsed()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn paused() {
    println!("mistake:   others ran: {}", mistake().await);
    println!("yield_now: others ran: {}", with_yield_now().await);
}

fn main() {
    paused();
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let took = hundred_times(|| sleep(Duration::ZERO)).await;
        println!("mistake:   100 turns take {took:.1?} on the real clock");
        let took = hundred_times(yield_now).await;
        println!("yield_now: 100 turns take {took:.1?} on the real clock");
    });
}
