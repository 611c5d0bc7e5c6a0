//! Mistake: what a map, a cell or a lock of another crate gives out is a guard, and it is alive across
//! an await. Neither the compiler nor Clippy says so, as they do for a guard of `std`. Whoever wants it
//! next blocks the thread, on which the holder would go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lock::Shared;
use parking_lot::Mutex;
use tokio::time::sleep;

type Prices = BTreeMap<&'static str, u32>;

async fn pay(_price: u32) {
    sleep(Duration::from_millis(100)).await;
}

/// Returns whether another task of the same thread would block in the middle of the payment.
pub async fn mistake() -> bool {
    let prices = Arc::new(Mutex::new(Prices::from([("tea", 3)])));
    let buyer = tokio::spawn({
        let prices = prices.clone();
        async move {
            let prices = prices.lock_arc();
            pay(prices["tea"]).await;
        }
    });
    sleep(Duration::from_millis(50)).await;
    // Not `lock`: that would block the only thread, and nothing would ever go on.
    let blocks = prices.try_lock().is_none();
    buyer.await.expect("it does not panic");
    blocks
}

/// The same, with what is needed copied out.
pub async fn with_shared() -> bool {
    let prices = Arc::new(Shared::new(Prices::from([("tea", 3)])));
    let buyer = tokio::spawn({
        let prices = prices.clone();
        async move {
            let price = prices.with(|prices| prices["tea"]);
            pay(price).await;
        }
    });
    sleep(Duration::from_millis(50)).await;
    let changed = prices.with(|prices| prices.insert("tea", 4));
    buyer.await.expect("it does not panic");
    changed != Some(3)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: another task would block: {}", mistake().await);
    println!("recipe:  another task would block: {}", with_shared().await);
}
