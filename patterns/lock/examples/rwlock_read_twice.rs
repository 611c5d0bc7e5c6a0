//! Mistake: a task that reads a `RwLock` reads it again, often in a function that it calls. A writer
//! that came in between goes first, and it waits for the first read to end: nobody gets on.

use std::collections::BTreeMap;
use std::time::Duration;

use lock::Shared;
use tokio::sync::RwLock;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

type Prices = BTreeMap<&'static str, u32>;

const HOUR: Duration = Duration::from_secs(3600);

fn prices() -> Prices {
    Prices::from([("tea", 3), ("cup", 4)])
}

/// Looks up one price, which needs the lock.
async fn price(prices: &RwLock<Prices>, of: &str) -> u32 {
    prices.read().await[of]
}

/// Adds up all prices, with the lock held, and asks for it again.
async fn total(prices: &RwLock<Prices>) -> u32 {
    let all = prices.read().await;
    sleep(Duration::from_millis(10)).await;
    let mut total = 0;
    for of in all.keys() {
        total += price(prices, of).await;
    }
    total
}

/// Returns the total, if it is known within an hour. After 5 ms a writer comes.
pub async fn mistake() -> Result<u32, Elapsed> {
    let prices = RwLock::new(prices());
    let writer = async {
        sleep(Duration::from_millis(5)).await;
        prices.write().await.insert("pot", 9);
    };
    timeout(HOUR, async { tokio::join!(total(&prices), writer).0 }).await
}

/// Returns the total, if it is known within an hour. After 5 ms a writer comes.
pub async fn with_shared() -> Result<u32, Elapsed> {
    let prices = Shared::new(prices());
    let total = async {
        // A copy to work on: what takes time happens without the lock.
        let all = prices.with(|prices| prices.clone());
        sleep(Duration::from_millis(10)).await;
        all.values().sum()
    };
    let writer = async {
        sleep(Duration::from_millis(5)).await;
        prices.with(|prices| prices.insert("pot", 9));
    };
    timeout(HOUR, async { tokio::join!(total, writer).0 }).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_shared().await);
}
