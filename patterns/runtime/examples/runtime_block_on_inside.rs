//! Mistake: `block_on` inside async code, often in a sync function that some async function calls. It
//! would block the thread that has to run the future, so it panics. Another runtime does not help.

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinError;

async fn answer() -> u32 {
    42
}

/// A sync function that needs the answer.
fn sync(handle: &Handle) -> u32 {
    handle.block_on(answer())
}

/// Returns the answer, or the panic.
pub async fn mistake() -> Result<u32, JoinError> {
    tokio::spawn(async { sync(&Handle::current()) }).await
}

/// The same with a runtime of its own.
pub async fn mistake_with_another_runtime() -> Result<u32, JoinError> {
    let another = || Builder::new_current_thread().build().expect("a runtime");
    tokio::spawn(async move { another().block_on(answer()) }).await
}

/// Returns the answer. The thread of a blocking closure runs no tasks, and may wait for one.
pub async fn with_spawn_blocking() -> Result<u32, JoinError> {
    tokio::task::spawn_blocking(|| sync(&Handle::current())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("mistake: {:?}", mistake_with_another_runtime().await);
    println!("recipe:  {:?}", with_spawn_blocking().await);
}
