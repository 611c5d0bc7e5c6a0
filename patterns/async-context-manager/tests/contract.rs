//! What the two functions promise, one test for each promise.
//!
//! A name such as test_async_callback is that of the test in CPython's `test_contextlib.py` or
//! `test_contextlib_async.py` which shows the same.

use std::fmt::Display;
use std::future::{Ready, pending, ready};
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_context_manager::{ExitStack, WithError, with_resource, with_stack};
use common::cancellation::alive_tasks;
use futures::{FutureExt as _, poll};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{self, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What happened, in order, with the milliseconds since its beginning.
#[derive(Clone)]
struct Events(Arc<Mutex<Vec<(String, u128)>>>, Instant);

impl Events {
    fn new() -> Self {
        Self(Arc::default(), Instant::now())
    }

    fn note(&self, event: impl Display) {
        let at = self.1.elapsed().as_millis();
        self.0
            .lock()
            .expect("nothing panics in between")
            .push((event.to_string(), at));
    }

    /// Notes the name, takes 10 ms, and opens.
    async fn open(self, name: &'static str) -> Result<Resource, String> {
        self.note(format_args!("open {name}"));
        sleep(ms(10)).await;
        let events = self;
        Ok(Resource { events, name })
    }

    #[track_caller]
    fn are(&self, expected: &[(&str, u128)]) {
        let events = self.0.lock().expect("nothing panics in between");
        let events = events.iter().map(|(event, at)| (event.as_str(), *at));
        assert_eq!(events.collect::<Vec<_>>(), expected);
    }

    #[track_caller]
    fn are_in_order(&self, expected: &[&str]) {
        let events = self.0.lock().expect("nothing panics in between");
        let events: Vec<_> = events.iter().map(|(event, _)| event.as_str()).collect();
        assert_eq!(events, expected);
    }
}

struct Resource {
    events: Events,
    name: &'static str,
}

impl Resource {
    /// Takes 10 ms, and notes the name.
    async fn close(self) -> Result<(), String> {
        sleep(ms(10)).await;
        self.events.note(format_args!("close {}", self.name));
        Ok(())
    }

    async fn fail_to_close(self) -> Result<(), String> {
        let name = self.name;
        self.close().await?;
        Err(format!("{name} is not closed"))
    }

    async fn panic_while_closing(self) -> Result<(), String> {
        let name = self.name;
        self.close().await?;
        panic!("{name} panicked")
    }

    /// Takes 10 ms.
    async fn work(&mut self) -> Result<&'static str, String> {
        sleep(ms(10)).await;
        self.events.note("work");
        Ok("value")
    }
}

/// Fails instead of hanging.
async fn within<F: Future>(future: F) -> F::Output {
    let hour = Duration::from_secs(3600);
    timeout(hour, future).await.expect("it hangs")
}

/// What a program awaits at its end.
async fn end(tracker: &TaskTracker) {
    tracker.close();
    within(tracker.wait()).await;
    assert_eq!(alive_tasks(), 0);
}

/// The text that a call panicked with.
async fn panic_of<R>(call: impl Future<Output = R>) -> String {
    match AssertUnwindSafe(within(call)).catch_unwind().await {
        Ok(_) => panic!("the call returned"),
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => String::from(*text),
            Err(payload) => *payload.downcast().expect("the payload is text"),
        },
    }
}

fn runtime(builder: &mut Builder) -> Runtime {
    let builder = builder.enable_time();
    builder.build().expect("a runtime can be built")
}

// test_contextmanager_plain
#[tokio::test(start_paused = true)]
async fn a_resource_is_closed_before_the_call_returns() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_resource(
        &tracker,
        events.clone().open("a"),
        Resource::close,
        Resource::work,
    );
    assert_eq!(within(call).await.unwrap(), "value");
    events.are(&[("open a", 0), ("work", 20), ("close a", 30)]);
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

// test_contextmanager_finally
#[tokio::test(start_paused = true)]
async fn after_an_error_of_the_body_it_is_closed_before_the_call_returns() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let body = async |resource: &mut Resource| {
        resource.work().await?;
        Err::<(), _>(String::from("refused"))
    };
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    let error = within(call).await.unwrap_err();
    assert!(matches!(error, WithError::Body(error) if error == "refused"));
    events.are(&[("open a", 0), ("work", 20), ("close a", 30)]);
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_of_the_body_it_is_closed_before_the_panic_continues() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let body = async |resource: &mut Resource| -> Result<(), _> {
        resource.work().await?;
        panic!("broken")
    };
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    assert_eq!(panic_of(call).await, "broken");
    events.are(&[("open a", 0), ("work", 20), ("close a", 30)]);
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

// A body that is a plain function may panic before it returns a future.
#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_await_of_the_body_is_no_exception() {
    fn body(_: &mut Resource) -> Ready<Result<(), String>> {
        panic!("broken")
    }
    fn body_of_stack(_: &ExitStack<String>) -> Ready<Result<(), String>> {
        panic!("broken")
    }

    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    assert_eq!(panic_of(call).await, "broken");
    events.are_in_order(&["open a", "close a"]);

    assert_eq!(
        panic_of(with_stack(&tracker, body_of_stack)).await,
        "broken"
    );
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

// test_async_exit_exception_chaining: asyncio keeps the body's error as the context of the other.
#[tokio::test(start_paused = true)]
async fn errors_of_the_body_and_of_closing_are_both_kept() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let close = Resource::fail_to_close;
    let body = async |_: &mut Resource| Err::<(), _>(String::from("refused"));
    let call = with_resource(&tracker, events.clone().open("a"), close, body);
    let error = within(call).await.unwrap_err();
    let text = "the body failed (not closed: a is not closed): refused";
    assert_eq!(format!("{error:#}"), text);
    let WithError::BodyAndClose { body, close } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (body.as_str(), close),
        ("refused", vec!["a is not closed".into()])
    );
}

// test_exit_raise
#[tokio::test(start_paused = true)]
async fn an_error_of_closing_alone_takes_the_place_of_the_value() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let close = Resource::fail_to_close;
    let call = with_resource(&tracker, events.clone().open("a"), close, Resource::work);
    let error = within(call).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "not closed: a is not closed");
    assert!(matches!(error, WithError::Close(close) if close == ["a is not closed"]));
}

// test_enter_async_context_errors
#[tokio::test(start_paused = true)]
async fn an_opening_that_fails_runs_no_body_and_closes_nothing() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = async { Err::<Resource, _>(String::from("refused")) };
    let call = with_resource(&tracker, open, Resource::close, Resource::work);
    let error = within(call).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "the body failed: refused");
    assert!(matches!(error, WithError::Body(_)));
    events.are(&[]);
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_set_up_that_fails_half_way_closes_what_it_has_opened() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let _a = stack
            .enter(events.clone().open("a"), Resource::close)
            .await?;
        let _b = stack
            .enter(events.clone().open("b"), Resource::close)
            .await?;
        let refused = ready(Err::<Resource, _>(String::from("refused")));
        let mut c = stack.enter(refused, Resource::close).await?;
        c.work().await
    });
    let error = within(call).await.unwrap_err();
    assert!(matches!(error, WithError::Body(error) if error == "refused"));
    events.are_in_order(&["open a", "open b", "close b", "close a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_opening_continues_when_the_others_are_closed() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let _a = stack
            .enter(events.clone().open("a"), Resource::close)
            .await?;
        let broken = async { panic!("broken") };
        let mut b = stack.enter(broken, Resource::close).await?;
        b.work().await
    });
    assert_eq!(panic_of(call).await, "broken");
    events.are_in_order(&["open a", "close a"]);
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

// test_async_callback
#[tokio::test(start_paused = true)]
async fn a_stack_is_closed_in_reverse_order_one_at_a_time() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let mut leases = Vec::new();
        for name in ["a", "b", "c"] {
            leases.push(
                stack
                    .enter(events.clone().open(name), Resource::close)
                    .await?,
            );
        }
        leases[1].work().await
    });
    assert_eq!(within(call).await.unwrap(), "value");
    events.are(&[
        ("open a", 0),
        ("open b", 10),
        ("open c", 20),
        ("work", 40),
        ("close c", 50),
        ("close b", 60),
        ("close a", 70),
    ]);
}

// test_no_resources
#[tokio::test(start_paused = true)]
async fn an_empty_stack_is_only_its_body() {
    let tracker = TaskTracker::new();
    let call = with_stack(&tracker, async |_| Ok::<_, String>("value"));
    assert_eq!(within(call).await.unwrap(), "value");
}

// test_excessive_nesting
#[tokio::test(start_paused = true)]
async fn a_stack_is_as_deep_as_the_body_makes_it() {
    let tracker = TaskTracker::new();
    let open = Arc::new(AtomicUsize::new(0));
    let call = with_stack(&tracker, async |stack| {
        for _ in 0..10_000 {
            open.fetch_add(1, Ordering::Relaxed);
            let close = async |open: Arc<AtomicUsize>| {
                open.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            };
            stack.enter(ready(Ok(open.clone())), close).await?;
        }
        Ok::<_, String>(open.load(Ordering::Relaxed))
    });
    assert_eq!(within(call).await.unwrap(), 10_000);
    assert_eq!(open.load(Ordering::Relaxed), 0);
}

// test_async_exit_exception_chaining
#[tokio::test(start_paused = true)]
async fn a_closing_that_fails_does_not_stop_the_others() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let open = |name| events.clone().open(name);
        let _a = stack.enter(open("a"), Resource::fail_to_close).await?;
        let _b = stack.enter(open("b"), Resource::close).await?;
        let _c = stack.enter(open("c"), Resource::fail_to_close).await?;
        Err::<(), _>(String::from("refused"))
    });
    let WithError::BodyAndClose { body, close } = within(call).await.unwrap_err() else {
        panic!("all three are kept");
    };
    assert_eq!(body, "refused");
    assert_eq!(close, ["c is not closed", "a is not closed"]);
    let opened = ["open a", "open b", "open c"];
    let closed = ["close c", "close b", "close a"];
    events.are_in_order(&[opened, closed].concat());
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_panics_does_not_stop_the_others() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let open = |name| events.clone().open(name);
        let _a = stack.enter(open("a"), Resource::close).await?;
        let _b = stack
            .enter(open("b"), Resource::panic_while_closing)
            .await?;
        let _c = stack
            .enter(open("c"), Resource::panic_while_closing)
            .await?;
        Ok(())
    });
    // The first of the two.
    assert_eq!(panic_of(call).await, "c panicked");
    let opened = ["open a", "open b", "open c"];
    let closed = ["close c", "close b", "close a"];
    events.are_in_order(&[opened, closed].concat());
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_before_an_error_and_the_bodys_before_that_of_closing() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let close = Resource::panic_while_closing;
    let body = async |_: &mut Resource| Err::<(), _>(String::from("refused"));
    let call = with_resource(&tracker, events.clone().open("a"), close, body);
    assert_eq!(panic_of(call).await, "a panicked");

    let body = async |_: &mut Resource| -> Result<(), _> { panic!("broken") };
    let call = with_resource(&tracker, events.clone().open("b"), close, body);
    assert_eq!(panic_of(call).await, "broken");
    events.are_in_order(&["open a", "close a", "open b", "close b"]);
}

// asyncio's caller would itself run the closing. A dropped one cannot.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_its_body_is_closed_by_the_tracker() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let body = async |_: &mut Resource| pending::<Result<(), _>>().await;
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    assert!(timeout(ms(50), call).await.is_err());
    events.note("dropped");
    end(&tracker).await;
    events.are(&[("open a", 0), ("dropped", 50), ("close a", 60)]);
}

// asyncio cuts a set-up that is cancelled, and runs no `__aexit__`.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_opens_finishes_that_and_closes() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let call = with_resource(&tracker, open, Resource::close, Resource::work);
    assert!(timeout(ms(5), call).await.is_err());
    events.note("dropped");
    end(&tracker).await;
    events.are(&[("open a", 0), ("dropped", 5), ("close a", 20)]);
}

// The opening has ended, and the caller has not been polled since.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_between_opening_and_body_is_closed() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let mut call = Box::pin(with_resource(
        &tracker,
        open,
        Resource::close,
        Resource::work,
    ));
    assert!(poll!(&mut call).is_pending());
    sleep(ms(30)).await;
    drop(call);
    events.note("dropped");
    end(&tracker).await;
    events.are(&[("open a", 0), ("dropped", 30), ("close a", 40)]);
}

// In asyncio a second cancellation cuts the closing.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_closes_goes_on_closing() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let call = with_resource(&tracker, open, Resource::close, Resource::work);
    assert!(timeout(ms(25), call).await.is_err());
    events.note("dropped");
    end(&tracker).await;
    events.are(&[
        ("open a", 0),
        ("work", 20),
        ("dropped", 25),
        ("close a", 30),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_before_its_opening_began_opens_nothing() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let mut call = Box::pin(with_resource(
        &tracker,
        open,
        Resource::close,
        Resource::work,
    ));
    // The task is spawned, and has not run.
    assert!(poll!(&mut call).is_pending());
    drop(call);
    end(&tracker).await;
    events.are(&[]);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_before_the_first_poll() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let call = with_resource(&tracker, open, Resource::close, Resource::work);
    yield_now().await;
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
    drop(call);
    events.are(&[]);
}

#[tokio::test(start_paused = true)]
async fn the_tracker_waits_for_calls_that_are_still_in_their_body() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let open = events.clone().open("a");
    let body = async |resource: &mut Resource| {
        sleep(ms(100)).await;
        resource.work().await
    };
    let mut call = pin!(with_resource(&tracker, open, Resource::close, body));
    assert!(timeout(ms(50), &mut call).await.is_err());
    tracker.close();
    assert!(timeout(ms(10), tracker.wait()).await.is_err());
    assert_eq!(within(call).await.unwrap(), "value");
    assert!(tracker.wait().now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_the_body_lets_go_of_stays_open_until_its_end() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        drop(
            stack
                .enter(events.clone().open("a"), Resource::close)
                .await?,
        );
        sleep(ms(40)).await;
        Ok(())
    });
    within(call).await.unwrap();
    events.are(&[("open a", 0), ("close a", 60)]);
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_the_body_gives_up_is_closed_with_the_stack() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let enter = stack.enter(events.clone().open("a"), Resource::close);
        assert!(timeout(ms(5), enter).await.is_err());
        let mut b = stack
            .enter(events.clone().open("b"), Resource::close)
            .await?;
        b.work().await
    });
    within(call).await.unwrap();
    events.are(&[
        ("open a", 0),
        ("open b", 10),
        ("work", 30),
        ("close b", 40),
        ("close a", 50),
    ]);
}

#[tokio::test(start_paused = true)]
async fn openings_run_one_at_a_time_in_the_order_of_the_calls() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let enter = |name| stack.enter(events.clone().open(name), Resource::close);
        let (a, b, c) = tokio::join!(enter("a"), enter("b"), enter("c"));
        let _leases = (a?, b?, c?);
        Ok(())
    });
    within(call).await.unwrap();
    let opened = [("open a", 0), ("open b", 10), ("open c", 20)];
    let closed = [("close c", 40), ("close b", 50), ("close a", 60)];
    events.are(&[opened, closed].concat());
}

#[tokio::test(start_paused = true)]
async fn the_body_borrows_and_need_not_be_send() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let mut used = Rc::new(0);
    let body = async |resource: &mut Resource| {
        resource.work().await?;
        *Rc::make_mut(&mut used) += 1;
        Ok(())
    };
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    within(call).await.unwrap();
    assert_eq!(*used, 1);
}

#[tokio::test(start_paused = true)]
async fn open_and_close_share_a_task_and_the_body_runs_in_the_callers() {
    let caller = tokio::spawn(async {
        let tracker = TaskTracker::new();
        let closed_in = Arc::new(Mutex::new(None));
        let noted = closed_in.clone();
        let close = async move |opened_in: task::Id| {
            *noted.lock().unwrap() = Some(task::id());
            assert_eq!(opened_in, task::id());
            Ok::<_, String>(())
        };
        let open = async { Ok(task::id()) };
        let body = async |opened_in: &mut task::Id| Ok((*opened_in, task::id()));
        let (opened_in, body_in) = within(with_resource(&tracker, open, close, body))
            .await
            .unwrap();
        assert_eq!(*closed_in.lock().unwrap(), Some(opened_in));
        assert_eq!(body_in, task::id());
        assert_ne!(body_in, opened_in);
    });
    caller.await.unwrap();
}

/// Ends half of the calls at each of several points, while two threads run them.
#[test]
fn on_several_threads_what_was_opened_is_closed_once() {
    let (opened, closed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let counts = Arc::new((opened, closed));
    let all = async {
        let tracker = TaskTracker::new();
        let calls: Vec<_> = (0..1_000)
            .map(|number| {
                let (tracker, counts) = (tracker.clone(), counts.clone());
                let call = tokio::spawn(async move {
                    let open = |counts: Arc<(AtomicUsize, AtomicUsize)>| async move {
                        counts.0.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                        Ok::<_, String>(counts)
                    };
                    let close = async |counts: Arc<(AtomicUsize, AtomicUsize)>| {
                        yield_now().await;
                        counts.1.fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    };
                    with_stack(&tracker, async |stack| {
                        let _one = stack.enter(open(counts.clone()), close).await?;
                        let _two = stack.enter(open(counts.clone()), close).await?;
                        yield_now().await;
                        Ok(())
                    })
                    .await
                });
                (number, call)
            })
            .collect();
        for (number, call) in calls {
            if number % 2 == 0 {
                call.abort();
            }
            if let Ok(result) = call.await {
                result.unwrap();
            }
        }
        tracker.close();
        tracker.wait().await;
    };
    // On the real clock: this is for broken code, which would hang.
    let minute = Duration::from_secs(60);
    let threads = runtime(Builder::new_multi_thread().worker_threads(2));
    let ended = threads.block_on(async { timeout(minute, all).await });
    ended.expect("it hangs");
    let (opened, closed) = &*counts;
    assert_eq!(
        opened.load(Ordering::Relaxed),
        closed.load(Ordering::Relaxed)
    );
    assert!(opened.load(Ordering::Relaxed) >= 1_000);
}

// What is lent is in the guard, and so nobody can close it. The others can be closed.
#[tokio::test(start_paused = true)]
async fn f6_a_guard_that_is_forgotten_is_a_panic_after_the_others_are_closed() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    let call = with_stack(&tracker, async |stack| {
        let open = |name| events.clone().open(name);
        let _a = stack.enter(open("a"), Resource::close).await?;
        mem::forget(stack.enter(open("b"), Resource::close).await?);
        let _c = stack.enter(open("c"), Resource::close).await?;
        Ok(())
    });
    assert_eq!(panic_of(call).await, "not closed: its guard was forgotten");
    let opened = ["open a", "open b", "open c"];
    events.are_in_order(&[&opened[..], &["close c", "close a"]].concat());
    assert_eq!((tracker.len(), alive_tasks()), (0, 0));
}

// `with_resource` lends a reference. To forget that does nothing.
#[tokio::test(start_paused = true)]
async fn f6_a_reference_that_is_forgotten_is_closed() {
    let (tracker, events) = (TaskTracker::new(), Events::new());
    #[expect(forgetting_references, reason = "it is what is tried")]
    let body = async |resource: &mut Resource| {
        mem::forget(resource);
        Ok(())
    };
    let call = with_resource(&tracker, events.clone().open("a"), Resource::close, body);
    within(call).await.unwrap();
    events.are_in_order(&["open a", "close a"]);
}

// Without `boxed` the compiler refuses it: see `twins.rs`.
#[tokio::test(start_paused = true)]
async fn f6_a_resource_that_is_a_reference_can_be_used_in_a_spawned_task() {
    let caller = tokio::spawn(async {
        let tracker = TaskTracker::new();
        let open = async { Ok::<_, String>("ann") };
        let close = async |_: &'static str| Ok(());
        let call = with_resource(&tracker, open, close, async |user| Ok(user.len()));
        let one = call.boxed().await.unwrap();

        let call = with_stack(&tracker, async |_| Err::<(), _>("refused"));
        let refused = call.boxed().await.unwrap_err();
        (one, format!("{refused:#}"))
    });
    let (one, refused) = within(caller).await.unwrap();
    assert_eq!((one, refused.as_str()), (3, "the body failed: refused"));
}

// The closing waits until the test lets it: it cannot have ended before.
#[test]
fn f8_a_tracker_of_its_own_says_when_the_closing_of_an_aborted_task_has_ended() {
    let threads = runtime(Builder::new_multi_thread().worker_threads(2));
    let all = async {
        let everybody = TaskTracker::new();
        let (other_opened, others) = (everybody.clone(), pending::<Result<(), String>>());
        let other = tokio::spawn(async move {
            let body = async |_: &mut ()| others.await;
            with_resource(&other_opened, ready(Ok(())), |()| ready(Ok(())), body).await
        });

        let tracker = TaskTracker::new();
        let ((begun, begins), (lets, let_go)) = (oneshot::channel(), oneshot::channel());
        let closed = Arc::new(AtomicUsize::new(0));
        let (own, noted) = (tracker.clone(), closed.clone());
        let caller = tokio::spawn(async move {
            let close = async move |()| {
                let_go.await.expect("the test lets it go");
                noted.fetch_add(1, Ordering::Relaxed);
                Ok::<_, String>(())
            };
            let body = async |_: &mut ()| {
                begun.send(()).expect("the test waits");
                pending::<Result<(), _>>().await
            };
            with_resource(&own, ready(Ok(())), close, body).await
        });
        begins.await.expect("the body begins");
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // The task has stopped, and its resource is open.
        assert_eq!((closed.load(Ordering::Relaxed), tracker.len()), (0, 1));
        lets.send(()).expect("the closing waits");
        tracker.close();
        tracker.wait().await;
        assert_eq!(closed.load(Ordering::Relaxed), 1);

        other.abort();
        assert!(other.await.unwrap_err().is_cancelled());
    };
    // On the real clock: this is for broken code, which would hang.
    let minute = Duration::from_secs(60);
    let ended = threads.block_on(async { timeout(minute, all).await });
    ended.expect("it hangs");
}

// The limit of all this: asyncio.run waits for what it cancels, a runtime drops it.
#[test]
fn a_runtime_that_ends_before_the_tracker_closes_nothing() {
    let closed = Arc::new(AtomicUsize::new(0));
    let tracker = TaskTracker::new();
    runtime(Builder::new_current_thread().start_paused(true)).block_on(async {
        let close = async |closed: Arc<AtomicUsize>| {
            sleep(ms(10)).await;
            closed.fetch_add(1, Ordering::Relaxed);
            Ok::<_, String>(())
        };
        let body = async |_: &mut Arc<AtomicUsize>| pending::<Result<(), _>>().await;
        let call = with_resource(&tracker, ready(Ok(closed.clone())), close, body);
        assert!(timeout(ms(50), call).await.is_err());
    });
    assert_eq!(closed.load(Ordering::Relaxed), 0);
    // It was dropped, at least.
    assert_eq!((Arc::strong_count(&closed), tracker.len()), (1, 0));
}

#[test]
fn outside_of_a_runtime_it_panics() {
    let tracker = TaskTracker::new();
    let call = with_stack(&tracker, async |_| Ok::<_, String>(()));
    let panic = AssertUnwindSafe(call).catch_unwind().now_or_never();
    let payload = panic.unwrap().unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("there is no reactor running"), "{text}");
}
