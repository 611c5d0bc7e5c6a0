//! What nobody receives is logged.

use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, mem};

use async_context_manager::{WithError, with_resource, with_stack};
use futures::FutureExt as _;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What was logged since the last call.
    fn taken(&self) -> String {
        let bytes = mem::take(&mut *self.0.lock().expect("nothing panics in between"));
        String::from_utf8(bytes).expect("a log is text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().expect("nothing panics in between");
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn fail(text: &'static str) -> Result<(), &'static str> {
    sleep(Duration::from_millis(10)).await;
    Err(text)
}

async fn open() -> Result<(), &'static str> {
    Ok(())
}

/// Fails instead of hanging.
async fn within<F: Future>(future: F) -> F::Output {
    let hour = Duration::from_secs(3600);
    timeout(hour, future).await.expect("it hangs")
}

#[test]
fn an_error_that_nobody_receives_is_logged() {
    // Whether a place that logs is heard is kept for all threads, and a thread of another test, which
    // has no subscriber, would switch it off. So the test has a process of its own.
    let child = Command::new(env::current_exe().expect("it runs"))
        .args(["--exact", "log::child_that_logs", "--ignored"])
        .output()
        .expect("it starts");
    let says = String::from_utf8_lossy(&child.stdout);
    assert!(says.contains("test result: ok. 1 passed"), "{says}");
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs a process of its own: the test above starts it"]
async fn child_that_logs() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let subscriber = subscriber.without_time().with_ansi(false).finish();
    let _logging = subscriber.set_default();
    let tracker = TaskTracker::new();
    let logged = |error| {
        let place = "ERROR async_context_manager: nobody receives this error";
        format!("{place}: {error}\n")
    };

    // The caller receives it.
    let call = with_resource(&tracker, open(), |()| fail("not closed"), async |_| Ok(()));
    let result = within(call).await;
    assert!(matches!(result, Err(WithError::Close(close)) if close == ["not closed"]));
    assert_eq!(log.taken(), "");

    // The caller has gone.
    let body = async |_: &mut ()| std::future::pending().await;
    let call = with_resource::<_, (), _, _>(&tracker, open(), |()| fail("not closed"), body);
    assert!(timeout(Duration::from_millis(5), call).await.is_err());
    sleep(Duration::from_millis(20)).await;
    assert_eq!(log.taken(), logged("not closed"));

    // The caller goes when the closing has ended, and before it has heard of it.
    let mut call = Box::pin(with_resource(
        &tracker,
        open(),
        |()| fail("not closed"),
        async |_| Ok(()),
    ));
    assert!(timeout(Duration::from_millis(5), &mut call).await.is_err());
    sleep(Duration::from_millis(20)).await;
    assert_eq!(log.taken(), "");
    drop(call);
    assert_eq!(log.taken(), logged("not closed"));

    // The body has panicked.
    let body = async |_: &mut ()| -> Result<(), _> { panic!("on purpose") };
    let call = with_resource(&tracker, open(), |()| fail("not closed"), body);
    assert!(AssertUnwindSafe(within(call)).catch_unwind().await.is_err());
    assert_eq!(log.taken(), logged("not closed"));

    // A closing has panicked: the body's error comes last.
    let call = with_stack(&tracker, async |stack| {
        let _one = stack.enter(open(), |()| fail("not closed")).await?;
        let panics = async |()| panic!("on purpose");
        let _two = stack.enter(open(), panics).await?;
        Err::<(), _>("refused")
    });
    assert!(AssertUnwindSafe(within(call)).catch_unwind().await.is_err());
    assert_eq!(log.taken(), logged("not closed") + &logged("refused"));

    // n5: the body has failed, and the caller goes while it closes.
    let body = async |_: &mut ()| Err::<(), _>("disk full");
    let call = with_resource(&tracker, open(), |()| fail("not closed"), body);
    assert!(timeout(Duration::from_millis(5), call).await.is_err());
    sleep(Duration::from_millis(20)).await;
    assert_eq!(log.taken(), logged("disk full") + &logged("not closed"));

    // The value's destructor panics, and so the error of closing does not get to the caller.
    let body = async |_: &mut ()| Ok(PanicsOnDrop);
    let call = with_resource(&tracker, open(), |()| fail("not closed"), body);
    let panic = AssertUnwindSafe(within(call)).catch_unwind().await;
    assert!(panic.map(mem::forget).is_err());
    assert_eq!(log.taken(), logged("not closed"));

    // An error that has a chain is logged with it.
    let body = async |_: &mut ()| std::future::pending().await;
    let close = async |()| Err(anyhow::Error::msg("disk full").context("not closed"));
    let call = with_resource::<_, (), _, _>(&tracker, async { Ok(()) }, close, body);
    assert!(timeout(Duration::from_millis(5), call).await.is_err());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(log.taken(), logged("not closed: disk full"));
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}
