//! Mistake: `abort` is taken for the end. It only asks for it: the task is dropped at its next turn, and
//! until then it has what it has: a port, a file, a device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use task::Tasks;
use tokio::sync::oneshot;

/// Can be opened once at a time.
#[derive(Clone, Default)]
struct Device(Arc<AtomicBool>);

/// Closes the device when it is dropped.
struct Open(Device);

impl Device {
    fn open(&self) -> Option<Open> {
        let was_open = self.0.swap(true, Ordering::AcqRel);
        (!was_open).then(|| Open(self.clone()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

/// Has the device until it is aborted. Says when it has begun.
async fn hold(open: Open, begun: oneshot::Sender<()>) {
    let _open = open;
    begun.send(()).expect("it is waited for");
    std::future::pending().await
}

/// Returns whether the device can be opened right after the abort.
pub async fn mistake() -> bool {
    let device = Device::default();
    let open = device.open().expect("nobody has it");
    let (begun, has_begun) = oneshot::channel();
    let task = tokio::spawn(hold(open, begun));
    has_begun.await.expect("it begins");
    task.abort();
    device.open().is_some()
}

/// Returns whether the device can be opened when the handle has been awaited, too.
pub async fn with_await() -> bool {
    let device = Device::default();
    let open = device.open().expect("nobody has it");
    let (begun, has_begun) = oneshot::channel();
    let task = tokio::spawn(hold(open, begun));
    has_begun.await.expect("it begins");
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    device.open().is_some()
}

/// Returns whether the device can be opened after `stop`, which waits.
pub async fn with_tasks() -> bool {
    let device = Device::default();
    let open = device.open().expect("nobody has it");
    let (begun, has_begun) = oneshot::channel();
    let tasks = Tasks::<String>::new(|name, failure| eprintln!("{name} {failure:#}"));
    let work = async move |_| {
        hold(open, begun).await;
        Ok(())
    };
    tasks.spawn("device", work).expect("it is not stopped");
    has_begun.await.expect("it begins");
    let stopped = tasks.stop(Duration::ZERO, Duration::ZERO).await;
    assert_eq!(stopped.aborted, ["device"]);
    device.open().is_some()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: free after the abort: {}", mistake().await);
    println!("recipe:  free after the await: {}", with_await().await);
    println!("recipe:  free after `stop`: {}", with_tasks().await);
}
