//! Mistake: a task panics while it holds a Tokio mutex. The mutex is unlocked and remembers nothing,
//! so the next task takes half-written state for good.

use std::sync::Arc;

use lock::Shared;
use tokio::sync::Mutex;
use tokio::task::JoinError;

/// Two accounts, with 100 in all.
type Accounts = [i64; 2];

/// Moves 30 from one account to the other, and has a bug in the middle.
fn transfer(accounts: &mut Accounts) {
    accounts[0] -= 30;
    assert_ne!(
        accounts[0], 70,
        "a bug in the middle of a transfer, on purpose"
    );
    accounts[1] += 30;
}

/// Returns what the next task finds in both accounts, or its panic.
pub async fn mistake() -> Result<i64, JoinError> {
    let accounts = Arc::new(Mutex::new([100, 0]));
    let held = Arc::clone(&accounts);
    let broken = tokio::spawn(async move { transfer(&mut *held.lock().await) });
    broken.await.expect_err("the transfer panics");
    tokio::spawn(async move { accounts.lock().await.iter().sum() }).await
}

/// Returns what the next task finds in both accounts, or its panic.
pub async fn with_shared() -> Result<i64, JoinError> {
    let accounts = Arc::new(Shared::new([100, 0]));
    let shared = Arc::clone(&accounts);
    let broken = tokio::spawn(async move { shared.with(transfer) });
    broken.await.expect_err("the transfer panics");
    tokio::spawn(async move { accounts.with(|accounts| accounts.iter().sum()) }).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mistake, recipe) = (mistake().await, with_shared().await);
    println!("mistake: {mistake:?} of 100");
    println!("recipe:  {recipe:?}");
}
