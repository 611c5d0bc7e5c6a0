//! A destructor that panics stops no closing, and takes no error away.

use std::any::Any;
use std::fmt::{self, Display, Formatter};
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::{with_resource, with_stack};
use common::cancellation::alive_tasks;
use futures::{FutureExt as _, poll};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// Panics when it is dropped, with its name.
#[derive(Debug)]
struct Bad(&'static str);

impl Drop for Bad {
    fn drop(&mut self) {
        panic_any(self.0);
    }
}

impl Display for Bad {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Counts what is open.
#[derive(Clone, Default)]
struct Server(Arc<AtomicUsize>);

impl Server {
    async fn open<E>(self) -> Result<Self, E> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(self)
    }

    async fn close<E>(self) -> Result<(), E> {
        self.0.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    fn are_open(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a program awaits at its end.
async fn end(tracker: &TaskTracker) {
    tracker.close();
    let hour = Duration::from_secs(3600);
    timeout(hour, tracker.wait()).await.expect("it hangs");
    assert_eq!(alive_tasks(), 0);
}

#[track_caller]
fn name(payload: Box<dyn Any + Send>) -> &'static str {
    *payload.downcast().expect("it is the name of a destructor")
}

#[tokio::test(start_paused = true)]
async fn of_the_body_of_a_call_that_is_dropped() {
    let (tracker, server) = (TaskTracker::new(), Server::default());
    let body = async |_: &mut Server| {
        let _bad = Bad("body");
        pending::<Result<(), String>>().await
    };
    let open = server.clone().open();
    let mut call = Box::pin(with_resource(&tracker, open, Server::close, body));
    assert!(poll!(&mut call).is_pending());
    sleep(Duration::from_millis(1)).await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(server.are_open(), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(call)));
    assert_eq!(name(panic.unwrap_err()), "body");
    end(&tracker).await;
    assert_eq!(server.are_open(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_the_body_when_it_ends() {
    let (tracker, server) = (TaskTracker::new(), Server::default());
    let body = async |_: &mut Server| {
        let _bad = Bad("body");
        Ok::<_, String>(())
    };
    let call = with_resource(&tracker, server.clone().open(), Server::close, body);
    let panic = AssertUnwindSafe(call).catch_unwind().await;
    assert_eq!(name(panic.unwrap_err()), "body");
    assert_eq!(server.are_open(), 0);
    end(&tracker).await;
}

// What it was lent is closed by then. The error of the closing is logged: see `log.rs`.
#[tokio::test(start_paused = true)]
async fn of_the_value_when_closing_has_failed_or_panicked() {
    let tracker = TaskTracker::new();
    for panics in [false, true] {
        let close = move |()| {
            assert!(!panics, "on purpose");
            ready(Err("not closed"))
        };
        let call = with_resource(&tracker, ready(Ok(())), close, async |_| Ok(Bad("value")));
        let panic = AssertUnwindSafe(call).catch_unwind().await;
        assert_eq!(name(panic.map(drop).unwrap_err()), "value");
    }
    end(&tracker).await;
}

// The error has no receiver, and the task drops it.
#[tokio::test(start_paused = true)]
async fn of_an_error_of_an_opening_whose_caller_has_gone() {
    let (tracker, server) = (TaskTracker::new(), Server::default());
    let mut call = Box::pin(with_stack(&tracker, async |stack| {
        let _open = stack.enter(server.clone().open(), Server::close).await?;
        let refused = async {
            sleep(Duration::from_millis(10)).await;
            Err::<Server, _>(Bad("error"))
        };
        stack.enter(refused, Server::close).await.map(drop)
    }));
    let five = Duration::from_millis(5);
    assert!(timeout(five, &mut call).await.is_err());
    assert_eq!(server.are_open(), 1);
    drop(call);
    end(&tracker).await;
    assert_eq!(server.are_open(), 0);
}

// What the closure has is dropped, as there is nothing to close.
#[tokio::test(start_paused = true)]
async fn of_a_closing_that_is_not_needed() {
    let (tracker, server) = (TaskTracker::new(), Server::default());
    let call = with_stack(&tracker, async |stack| {
        let _open = stack.enter(server.clone().open(), Server::close).await?;
        let bad = Bad("closing");
        let close = async move |_: Server| {
            drop(bad);
            Ok(())
        };
        let refused = ready(Err::<Server, _>("refused"));
        stack.enter(refused, close).await.map(drop)
    });
    let panic = AssertUnwindSafe(call).catch_unwind().await;
    assert_eq!(name(panic.unwrap_err()), "closing");
    assert_eq!(server.are_open(), 0);
    end(&tracker).await;
}

// Two closings panic, and one panic can go on. To drop the other is a panic of its own.
#[tokio::test(start_paused = true)]
async fn of_what_a_closing_panicked_with() {
    let (tracker, server) = (TaskTracker::new(), Server::default());
    let call = with_stack(&tracker, async |stack| {
        let _open = stack.enter(server.clone().open(), Server::close).await?;
        let bad = async |()| panic_any(Bad("payload"));
        stack.enter(ready(Ok(())), bad).await?;
        let plain = async |()| panic!("on purpose");
        stack.enter(ready(Ok(())), plain).await?;
        pending::<Result<(), String>>().await
    });
    let five = Duration::from_millis(5);
    assert!(timeout(five, call).await.is_err());
    end(&tracker).await;
    assert_eq!(server.are_open(), 0);
}
