//! Each function is dropped at every await, and all that was opened is closed, once, in order.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_context_manager::{with_resource, with_stack};
use common::cancellation::{alive_tasks, drop_at_every_await};
use futures::FutureExt as _;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

/// What was opened and closed, in the order in which the server saw it.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Vec<&'static str>>>);

struct Resource {
    server: Server,
    closed: &'static str,
}

impl Server {
    fn sees(&self, event: &'static str) {
        let mut events = self.0.lock().expect("nothing panics in between");
        events.push(event);
    }

    /// It is open from the first moment, and the caller hears of it later.
    async fn open(
        self,
        opened: &'static str,
        closed: &'static str,
    ) -> Result<Resource, Infallible> {
        self.sees(opened);
        sleep(Duration::from_millis(10)).await;
        let server = self;
        Ok(Resource { server, closed })
    }
}

impl Resource {
    async fn close(self) -> Result<(), Infallible> {
        sleep(Duration::from_millis(10)).await;
        self.server.sees(self.closed);
        Ok(())
    }
}

async fn at_the_end_of_the_program(tracker: TaskTracker) {
    tracker.close();
    tracker.wait().await;
    assert_eq!(alive_tasks(), 0, "a task is left");
}

#[test]
fn a_resource_is_closed_wherever_the_call_is_dropped() {
    let points = drop_at_every_await(|| {
        let tracker = TaskTracker::new();
        let server = Server::default();
        let call = {
            let (tracker, server) = (tracker.clone(), server.clone());
            async move {
                let open = server.clone().open("open", "closed");
                let call = with_resource(&tracker, open, Resource::close, async |resource| {
                    sleep(Duration::from_millis(10)).await;
                    resource.server.sees("used");
                    Ok(())
                });
                assert!(call.await.is_ok());
                assert_eq!(*server.0.lock().unwrap(), ["open", "used", "closed"]);
            }
        };
        let everything_is_closed = async move {
            at_the_end_of_the_program(tracker).await;
            let seen = server.0.lock().unwrap();
            let allowed: [&[_]; 3] = [&[], &["open", "closed"], &["open", "used", "closed"]];
            assert!(allowed.contains(&&seen[..]), "{seen:?}");
        };
        (call, everything_is_closed)
    });
    // For the opening, in the body, and for the closing.
    assert_eq!(points.get(), 3);
}

#[test]
fn a_stack_is_closed_in_reverse_order_wherever_the_call_is_dropped() {
    let points = drop_at_every_await(|| {
        let tracker = TaskTracker::new();
        let server = Server::default();
        let call = {
            let (tracker, server) = (tracker.clone(), server.clone());
            async move {
                let call = with_stack(&tracker, async |stack| {
                    for (opened, closed) in [("a", "A"), ("b", "B"), ("c", "C")] {
                        let open = server.clone().open(opened, closed);
                        let _resource = stack.enter(open, Resource::close).await?;
                        sleep(Duration::from_millis(10)).await;
                    }
                    Ok(())
                });
                assert!(call.await.is_ok());
                assert_eq!(*server.0.lock().unwrap(), ["a", "b", "c", "C", "B", "A"]);
            }
        };
        let everything_is_closed = async move {
            at_the_end_of_the_program(tracker).await;
            let seen = server.0.lock().unwrap();
            let allowed: [&[_]; 4] = [
                &[],
                &["a", "A"],
                &["a", "b", "B", "A"],
                &["a", "b", "c", "C", "B", "A"],
            ];
            assert!(allowed.contains(&&seen[..]), "{seen:?}");
        };
        (call, everything_is_closed)
    });
    // For each opening, after each, and for the task that closes them all.
    assert_eq!(points.get(), 7);
}

#[test]
fn a_failing_stack_is_closed_wherever_the_call_is_dropped() {
    let points = drop_at_every_await(|| {
        let tracker = TaskTracker::new();
        let server = Server::default();
        let call = {
            let (tracker, server) = (tracker.clone(), server.clone());
            async move {
                let call = with_stack(&tracker, async |stack| {
                    let open = server.clone().open("a", "A");
                    let open = open.map(|opened| Ok(opened.unwrap()));
                    let close = async |resource: Resource| {
                        resource.close().await.unwrap();
                        Err("broken")
                    };
                    let _resource = stack.enter(open, close).await?;
                    let refused = async {
                        sleep(Duration::from_millis(10)).await;
                        Err::<(), _>("refused")
                    };
                    stack.enter(refused, async |()| Ok(())).await.map(drop)
                });
                let error = format!("{:#}", call.await.unwrap_err());
                assert_eq!(error, "the body failed (not closed: broken): refused");
            }
        };
        let everything_is_closed = async move {
            at_the_end_of_the_program(tracker).await;
            let seen = server.0.lock().unwrap();
            let allowed: [&[_]; 2] = [&[], &["a", "A"]];
            assert!(allowed.contains(&&seen[..]), "{seen:?}");
        };
        (call, everything_is_closed)
    });
    assert_eq!(points.get(), 3);
}
