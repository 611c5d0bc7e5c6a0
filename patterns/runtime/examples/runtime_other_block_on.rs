//! Mistake: `futures::executor::block_on` around something of Tokio's, in a task. It is allowed, and stands
//! still after 128 calls: the task has used up its budget, and only an await would give it a new one.

use std::pin::pin;
use std::sync::{Arc, mpsc};

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, select};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;

/// How many calls there should be.
pub const CALLS: usize = 1_000;

/// A sync function that needs something of Tokio's, and gives up at the end of `patience`.
fn call(limit: &Semaphore, patience: &mut oneshot::Receiver<()>) -> bool {
    let permit = pin!(limit.acquire());
    matches!(block_on(select(permit, patience)), Either::Left(_))
}

/// Tells of each call that comes back, and returns how many they were.
pub async fn mistake(told: mpsc::Sender<()>, mut patience: oneshot::Receiver<()>) -> usize {
    let limit = Semaphore::new(1);
    for done in 0..CALLS {
        if !call(&limit, &mut patience) {
            return done;
        }
        // Nobody has to listen.
        let _ = told.send(());
    }
    CALLS
}

/// Returns how many calls come back. A blocking closure has no budget.
pub async fn with_spawn_blocking() -> usize {
    let limit = Arc::new(Semaphore::new(1));
    let calls = tokio::task::spawn_blocking(move || {
        let runtime = Handle::current();
        for _ in 0..CALLS {
            drop(runtime.block_on(limit.acquire()));
        }
        CALLS
    });
    calls.await.expect("it does not panic")
}

fn main() -> std::io::Result<()> {
    let runtime = Builder::new_multi_thread().build()?;
    let (told, calls) = mpsc::channel();
    let (give_up, patience) = oneshot::channel();
    let task = runtime.spawn(mistake(told, patience));
    // When no call has come back for so long, it stands still.
    let pause = std::time::Duration::from_millis(300);
    while calls.recv_timeout(pause).is_ok() {}
    let _ = give_up.send(());
    let done = runtime.block_on(task)?;
    println!("mistake: {done} of {CALLS} calls come back");
    let done = runtime.block_on(runtime.spawn(with_spawn_blocking()))?;
    println!("recipe:  {done} of {CALLS} calls come back");
    Ok(())
}
