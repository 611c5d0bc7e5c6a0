//! An error that nobody receives is logged.

use std::future::pending;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;
use std::{env, mem};

use futures::future::BoxFuture;
use futures::{FutureExt as _, poll};
use semaphore::{TryMapError, try_map_limited};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Writes down what this process logs from now on.
    fn begin() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        subscriber.without_time().with_ansi(false).finish().init();
        log
    }

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

fn logged(error: &str) -> String {
    format!("ERROR semaphore::exit: nobody receives this error: {error:?}\n")
}

/// Whether a place that logs is heard is kept for all threads, and a thread of another test, which has
/// no subscriber, would switch it off. So the test has a process of its own.
fn passes_alone(test: &str) {
    let child = Command::new(env::current_exe().expect("it runs"))
        .args(["--exact", test, "--ignored"])
        .output()
        .expect("it starts");
    let says = String::from_utf8_lossy(&child.stdout);
    assert!(says.contains("test result: ok. 1 passed"), "{says}");
}

#[test]
fn n5_an_error_that_nobody_receives_is_logged() {
    passes_alone("log::child_with_a_paused_clock");
}

#[test]
fn n5_an_error_is_logged_when_the_caller_goes_before_a_deaf_task() {
    passes_alone("log::child_with_a_deaf_task");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

type Work<T> = BoxFuture<'static, Result<T, &'static str>>;

/// Runs all of them at once.
async fn all<T, const N: usize>(work: [Work<T>; N]) -> Result<Vec<T>, TryMapError<&'static str>>
where
    T: Send + 'static,
{
    try_map_limited(work, NonZeroUsize::MAX, |work| work).await
}

fn fails_after<T>(millis: u64, error: &'static str) -> Work<T> {
    let millis = Duration::from_millis(millis);
    let work = async move {
        sleep(millis).await;
        Err(error)
    };
    work.boxed()
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs a process of its own: a test above starts it"]
async fn child_with_a_paused_clock() {
    let log = Log::begin();
    let panics = async |futures: [Work<Bomb>; 3]| {
        let call = AssertUnwindSafe(all(futures)).catch_unwind();
        let payload = call.await.err().expect("the call panics");
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    };

    // The caller receives them.
    let futures = [fails_after::<()>(10, "disk full"), fails_after(10, "late")];
    assert_eq!(all(futures).await.unwrap_err().later.len(), 1);
    assert_eq!(log.taken(), "");

    // A sibling's destructor panics.
    let bomb = async {
        let _bomb = Bomb;
        pending().await
    };
    let futures = [
        bomb.boxed(),
        fails_after(20, "disk full"),
        fails_after(20, "late"),
    ];
    panics(futures).await;
    assert_eq!(log.taken(), logged("disk full") + &logged("late"));

    // The destructor of a sibling's value does.
    let value = async { Ok(Bomb) };
    let futures = [
        value.boxed(),
        fails_after(20, "disk full"),
        pending().boxed(),
    ];
    panics(futures).await;
    assert_eq!(log.taken(), logged("disk full"));

    // A sibling has panicked before.
    let panic = async {
        sleep(Duration::from_millis(10)).await;
        panic!("on purpose")
    };
    let futures = [
        panic.boxed(),
        fails_after(10, "disk full"),
        fails_after(20, "never"),
    ];
    panics(futures).await;
    assert_eq!(log.taken(), logged("disk full"));

    // The caller goes in the same instant, and has not heard of the error.
    let mut call = pin!(all([fails_after::<()>(10, "disk full")]));
    assert!(poll!(&mut call).is_pending());
    sleep(Duration::from_millis(20)).await;
    assert_eq!(log.taken(), "");
    call.set(all([fails_after(10, "never")]));
    assert_eq!(log.taken(), logged("disk full"));
    assert!(timeout(Duration::from_millis(5), call).await.is_err());
    sleep(Duration::from_millis(20)).await;
    assert_eq!(log.taken(), "");
}

#[test]
#[ignore = "it needs a process of its own: a test above starts it"]
fn child_with_a_deaf_task() {
    let log = Log::begin();
    // Dropped last: it waits for the deaf one, which ends when the test's half of a channel is gone.
    let runtime = Builder::new_multi_thread().worker_threads(3).build();
    let runtime = runtime.expect("it starts");
    let both = Arc::new(Barrier::new(2));
    let (release, released) = mpsc::channel();
    let (ended, has_ended) = oneshot::channel::<()>();
    let (held, cancelling) = oneshot::channel::<()>();
    let deaf: Work<()> = {
        let both = Arc::clone(&both);
        async move {
            block_in_place(|| {
                both.wait();
                _ = released.recv();
            });
            let _ended = ended;
            Err("too late")
        }
        .boxed()
    };
    let fails = async move {
        block_in_place(|| both.wait());
        Err("disk full")
    };
    let cancelled = async move {
        // It is dropped, and the receiver hears of it, when this future is cancelled.
        let _held = held;
        pending().await
    };
    let futures = [deaf, fails.boxed(), cancelled.boxed()];
    runtime.block_on(async {
        let call = Box::pin(all(futures));
        tokio::select! {
            biased;
            _ = cancelling => {}
            // A limit that has run out drops the call in the same way.
            _ = call => panic!("the call returned before everything had stopped"),
        }
        assert_eq!(log.taken(), logged("disk full"));

        release.send(()).expect("it waits to be released");
        assert!(has_ended.await.is_err());
    });
    // Its threads end with it.
    drop(runtime);
    assert_eq!(log.taken(), logged("too late"));
}
