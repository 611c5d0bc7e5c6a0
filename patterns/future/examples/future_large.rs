//! Mistake: a large buffer is alive across an await, so it is part of the future. The future is
//! moved through a few wrappers, each of which keeps room for it twice: as an argument, and while
//! it is awaited. It is made on the stack, and may not fit.

use tokio::task::yield_now;

/// How much is alive across the await.
pub const BUFFER: usize = 16 * 1024;

async fn read() -> u64 {
    let mut buffer = [0_u8; BUFFER];
    buffer[0] = 7;
    yield_now().await;
    buffer.iter().map(|byte| u64::from(*byte)).sum()
}

/// Stands for a middleware: logging, metrics, a timeout.
async fn wrapped<F: Future>(future: F) -> F::Output {
    future.await
}

/// Returns how many bytes the future has, after its value was seen to be right.
pub async fn mistake() -> usize {
    let future = wrapped(wrapped(wrapped(read())));
    let size = size_of_val(&future);
    assert_eq!(future.await, 7);
    size
}

/// Returns how many bytes the future has, after its value was seen to be right.
pub async fn with_box_pin() -> usize {
    let future = wrapped(wrapped(wrapped(Box::pin(read()))));
    let size = size_of_val(&future);
    assert_eq!(future.await, 7);
    size
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake:  {} bytes", Box::pin(mistake()).await);
    println!("Box::pin: {} bytes", with_box_pin().await);
}
