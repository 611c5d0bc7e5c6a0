//! Mistake: a blocking call in a task. The thread that makes it runs no other task and looks at no
//! timer meanwhile, so on one thread everything stands still.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use runtime::call_later;
use tokio::sync::oneshot;
use tokio::time::Instant;

const DUE: Duration = Duration::from_millis(10);

/// Returns how late a timer is that is due in 10 ms, when a task calls `block`.
pub async fn mistake(block: impl FnOnce() + Send + 'static) -> Duration {
    let late = timer();
    tokio::spawn(async { block() });
    late.await.expect("the timer fires")
}

/// Returns how late a timer is that is due in 10 ms, when another thread calls `block`. `block` can
/// wait for the timer, which is how a test sees that the timer did not wait for it.
pub async fn with_spawn_blocking(
    block: impl FnOnce(mpsc::Receiver<()>) + Send + 'static,
) -> Duration {
    let (fired, wait) = mpsc::channel();
    let blocking = tokio::task::spawn_blocking(move || block(wait));
    let late = timer().await.expect("the timer fires");
    // An error says that nobody waits for the timer.
    let _ = fired.send(());
    blocking.await.expect("it does not panic");
    late
}

fn timer() -> oneshot::Receiver<Duration> {
    let (late, measured) = oneshot::channel();
    let due = Instant::now() + DUE;
    call_later(DUE, move || {
        late.send(due.elapsed()).expect("it is waited for")
    });
    measured
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let block = || thread::sleep(Duration::from_millis(300));
    println!(
        "mistake: a timer is {} ms late",
        mistake(block).await.as_millis()
    );
    let late = with_spawn_blocking(move |_| block()).await;
    println!("recipe:  a timer is {} ms late", late.as_millis());
}
