//! `wait` is dropped at its await, and leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use event::Event;
use futures::FutureExt as _;
use tokio::time::sleep;

async fn set_later(event: Arc<Event>) {
    sleep(Duration::from_millis(10)).await;
    event.set();
}

#[test]
fn a_dropped_wait_leaves_the_event_as_it_was() {
    let points = drop_at_every_await(|| {
        let event = Arc::new(Event::new());
        let setter = tokio::spawn(set_later(Arc::clone(&event)));
        let waiter = Arc::clone(&event);
        let wait = async move { waiter.wait().await };
        let invariant = async move {
            setter.await.expect("the setter does not panic");
            assert_eq!(alive_tasks(), 0);
            // Nobody else has the event, and it works for who comes now.
            assert_eq!(Arc::strong_count(&event), 1);
            assert!(event.is_set());
            event.clear();
            let mut next = Box::pin(event.wait());
            assert!(next.as_mut().now_or_never().is_none());
            event.set();
            assert!(next.now_or_never().is_some());
        };
        (wait, invariant)
    });
    assert_eq!(points.get(), 1);
}

#[test]
fn a_dropped_owned_wait_gives_its_event_back() {
    let points = drop_at_every_await(|| {
        let event = Arc::new(Event::new());
        let setter = tokio::spawn(set_later(Arc::clone(&event)));
        let wait = Arc::clone(&event).wait_owned();
        let invariant = async move {
            setter.await.expect("the setter does not panic");
            assert_eq!(Arc::strong_count(&event), 1);
            assert!(event.is_set());
        };
        (wait, invariant)
    });
    assert_eq!(points.get(), 1);
}

#[test]
fn a_dropped_wait_takes_the_wake_up_from_nobody() {
    let points = drop_at_every_await(|| {
        let event = Arc::new(Event::new());
        let others = [(); 3].map(|()| {
            let event = Arc::clone(&event);
            tokio::spawn(async move { event.wait().await })
        });
        let setter = tokio::spawn(set_later(Arc::clone(&event)));
        let wait = async move { event.wait().await };
        let invariant = async move {
            for other in others {
                other.await.expect("a waiter does not panic");
            }
            setter.await.expect("the setter does not panic");
        };
        (wait, invariant)
    });
    assert_eq!(points.get(), 1);
}
