//! Mistake: one task locks `a`, then `b`, another one `b`, then `a`. Each has what the other waits
//! for, and Tokio does not notice. No sleep of any length ends it: the clock jumps over an hour here.

use std::time::Duration;

use lock::KeyedLock;
use tokio::sync::Mutex;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);

/// Work that is done between two locks, or with both.
async fn work() {
    sleep(Duration::from_millis(10)).await;
}

async fn both(first: &Mutex<()>, second: &Mutex<()>) {
    let _first = first.lock().await;
    work().await;
    let _second = second.lock().await;
    work().await;
}

/// Returns whether both have done their work within an hour.
pub async fn mistake() -> Result<(), Elapsed> {
    let (a, b) = (Mutex::new(()), Mutex::new(()));
    timeout(HOUR, async {
        tokio::join!(both(&a, &b), both(&b, &a));
    })
    .await
}

/// Returns whether both have done their work within an hour.
pub async fn with_lock_all() -> Result<(), Elapsed> {
    let locks = KeyedLock::new();
    let both = async |keys: [&'static str; 2]| {
        let _guards = locks.lock_all(keys).await;
        work().await;
    };
    timeout(HOUR, async {
        tokio::join!(both(["a", "b"]), both(["b", "a"]));
    })
    .await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_lock_all().await);
}
