//! What the recipe promises, one test for each promise.
//!
//! "asyncio:" marks a behaviour that CPython's own tests of `asyncio.Future` or of eager tasks check.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, Weak, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::cancellation::alive_tasks;
use future::{AlreadySet, Eager, NeverSet, Waiter, promise, spawn_eager};
use futures::FutureExt as _;
use futures::executor::block_on;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::task::{JoinSet, block_in_place, yield_now};
use tokio::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the future returns, which must be there at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("it has to wait")
}

/// A waker that counts, and says through its own reference count who keeps it.
#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

// promise

// asyncio: result() of a future that is not done raises InvalidStateError.
#[test]
fn the_value_is_open_until_it_is_set() {
    let (setter, waiter) = promise();
    assert_eq!(waiter.get(), None);
    assert!(waiter.wait().now_or_never().is_none());
    setter.set(7).unwrap();
    assert_eq!(waiter.get(), Some(Ok(&7)));
    assert_eq!(now(waiter.wait()), Ok(&7));
}

// asyncio: a second set_result raises InvalidStateError.
#[test]
fn a_second_set_gives_its_value_back() {
    let (setter, waiter) = promise();
    setter.set("first").unwrap();
    let late = setter.set("second").unwrap_err();
    assert_eq!(late, AlreadySet("second"));
    assert_eq!(late.to_string(), "the value is set already");
    assert_eq!(waiter.get(), Some(Ok(&"first")));
}

// asyncio: several tasks may await one future.
#[tokio::test(start_paused = true)]
async fn every_waiter_gets_the_same_value() {
    /// Neither `Clone` nor `Debug`: nothing is asked of a value.
    struct Value(u32);

    let (setter, waiter) = promise();
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let waiter = waiter.clone();
        tasks.spawn(async move {
            let value: &Value = waiter.wait().await.unwrap();
            (value.0, std::ptr::from_ref(value).addr())
        });
    }
    // By then all of them wait.
    sleep(ms(1)).await;
    assert!(setter.set(Value(7)).is_ok());
    let place = std::ptr::from_ref(waiter.get().unwrap().unwrap()).addr();
    let seen = timeout(HOUR, tasks.join_all()).await.unwrap();
    assert_eq!(seen, [(7, place); 1_000]);
}

#[test]
fn a_late_waiter_gets_the_value_at_once() {
    let (setter, waiter) = promise();
    setter.set(7).unwrap();
    drop(setter);
    let late = waiter.clone();
    drop(waiter);
    assert_eq!(now(late.wait()), Ok(&7));
    assert_eq!(now(late.wait()), Ok(&7), "again and again");
}

#[test]
fn dropping_the_setter_fails_every_waiter() {
    let (setter, waiter) = promise::<u32>();
    let other = waiter.clone();
    let mut one = pin!(waiter.wait());
    let mut two = pin!(other.wait());
    assert!(one.as_mut().now_or_never().is_none());
    assert!(two.as_mut().now_or_never().is_none());
    drop(setter);
    assert_eq!(now(one), Err(NeverSet));
    assert_eq!(now(two), Err(NeverSet));
    assert_eq!(now(waiter.wait()), Err(NeverSet), "a late one, too");
    assert_eq!(waiter.get(), Some(Err(NeverSet)));
    let text = "the value will never be set: its setter was dropped";
    assert_eq!(NeverSet.to_string(), text);
}

#[test]
fn dropping_the_setter_wakes_each_waiter_once() {
    let (setter, waiter) = promise::<u32>();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut waits = [0; 100].map(|_| Box::pin(waiter.wait()));
    for wait in &mut waits {
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    drop(setter);
    assert_eq!(count.0.load(Relaxed), 100);
}

#[tokio::test(start_paused = true)]
async fn a_setter_whose_task_ends_or_panics_or_is_aborted_fails_the_waiters() {
    for end in ["return", "panic", "abort"] {
        let (setter, waiter) = promise::<u32>();
        let task = tokio::spawn(async move {
            let _setter = setter;
            sleep(ms(10)).await;
            match end {
                "panic" => panic!("on purpose"),
                "abort" => pending().await,
                _ => {}
            }
        });
        let abort = async {
            sleep(ms(20)).await;
            task.abort();
        };
        let (waited, ()) = tokio::join!(timeout(HOUR, waiter.wait()), abort);
        assert_eq!(waited.unwrap(), Err(NeverSet), "{end}");
        assert_eq!(task.await.is_err(), end != "return");
    }
}

#[test]
fn a_shared_setter_is_dropped_with_its_last_owner() {
    let (setter, waiter) = promise();
    let one = Arc::new(setter);
    let other = Arc::clone(&one);
    drop(one);
    assert_eq!(waiter.get(), None, "the other may set it still");
    other.set(7).unwrap();
    drop(other);
    assert_eq!(waiter.get(), Some(Ok(&7)));
}

#[test]
fn of_many_that_set_at_once_one_is_the_first() {
    for _ in 0..200 {
        let (setter, waiter) = promise();
        let meet = Barrier::new(4);
        let results = thread::scope(|scope| {
            let set = |number| {
                let (setter, meet) = (&setter, &meet);
                scope.spawn(move || {
                    meet.wait();
                    setter.set(number)
                })
            };
            [0, 1, 2, 3].map(set).map(|thread| thread.join().unwrap())
        });
        let first = *waiter.get().unwrap().unwrap();
        for (number, result) in (0..).zip(results) {
            let expected = if number == first {
                Ok(())
            } else {
                Err(AlreadySet(number))
            };
            assert_eq!(result, expected);
        }
    }
}

// asyncio: cancelling a task that awaits a bare future cancels the future, for all others, too.
#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_changes_nothing_for_the_others() {
    let (setter, waiter) = promise();
    let wait = |waiter: Waiter<u32>| async move { waiter.wait().await.copied() };
    let cancelled = tokio::spawn(wait(waiter.clone()));
    let stays = tokio::spawn(wait(waiter.clone()));
    assert!(timeout(ms(10), waiter.wait()).await.is_err());
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    setter.set(7).unwrap();
    let stayed = timeout(HOUR, stays).await.unwrap();
    assert_eq!(stayed.unwrap(), Ok(7));
    assert_eq!(now(waiter.wait()), Ok(&7));
}

#[test]
fn a_cancelled_waiter_leaves_nothing() {
    let (setter, waiter) = promise();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    for _ in 0..100 {
        let mut wait = Box::pin(waiter.wait());
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    assert_eq!(Arc::strong_count(&count), 2, "a waker is left");
    setter.set(7).unwrap();
    assert_eq!(count.0.load(Relaxed), 0);
}

#[test]
fn the_value_goes_with_its_last_handle() {
    let (setter, waiter) = promise();
    let value = Arc::new(7);
    let alive: Weak<u32> = Arc::downgrade(&value);
    setter.set(value).unwrap();
    let other = waiter.clone();
    drop((setter, waiter));
    assert_eq!(alive.strong_count(), 1);
    drop(other);
    assert_eq!(alive.strong_count(), 0);
}

// asyncio: callbacks run in the order in which they were added.
#[tokio::test(start_paused = true)]
async fn waiters_are_woken_in_the_order_in_which_they_began_to_wait() {
    let (setter, waiter) = promise();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (waiter, order) = (waiter.clone(), Arc::clone(&order));
        tasks.spawn(async move {
            waiter.wait().await.unwrap();
            order.lock().unwrap().push(number);
        });
    }
    // By then all of them wait.
    sleep(ms(1)).await;
    setter.set(()).unwrap();
    timeout(HOUR, tasks.join_all()).await.unwrap();
    assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..100));
}

// asyncio: set_exception.
#[test]
fn an_error_is_a_value() {
    let (setter, waiter) = promise::<Result<u32, String>>();
    setter.set(Err("refused".into())).unwrap();
    let value = now(waiter.wait()).unwrap();
    assert_eq!(value.as_ref().unwrap_err(), "refused");
}

// asyncio: a future belongs to its loop, and is not thread-safe.
#[test]
fn a_promise_needs_no_runtime_and_may_be_set_by_any_thread() {
    let (setter, waiter) = promise();
    let (waits, begin) = oneshot::channel();
    let thread = thread::spawn(move || {
        begin.blocking_recv().unwrap();
        setter.set(thread::current().id()).unwrap();
    });
    let setter_ran_on = block_on(async {
        let mut wait = pin!(waiter.wait());
        assert!(wait.as_mut().now_or_never().is_none());
        waits.send(()).unwrap();
        *wait.await.unwrap()
    });
    assert_eq!(setter_ran_on, thread.thread().id());
    thread.join().unwrap();
}

// spawn_eager

// asyncio: an eager task that does not block is done when create_task returns.
#[tokio::test]
async fn a_ready_future_makes_no_task() {
    let started = spawn_eager(async { 7 });
    assert!(matches!(started, Eager::Ready(7)));
    assert_eq!(alive_tasks(), 0);
    assert_eq!(now(started.join()).unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_pending_future_goes_on_as_a_task() {
    let start = Instant::now();
    let started = spawn_eager(async {
        sleep(ms(100)).await;
        7
    });
    assert!(matches!(started, Eager::Spawned(_)));
    assert_eq!(alive_tasks(), 1);
    sleep(ms(100)).await;
    assert_eq!(started.join().await.unwrap(), 7);
    assert_eq!(start.elapsed(), ms(100), "it ran meanwhile");
}

// asyncio: the first step of an eager task runs inside of create_task; that of another one does not.
#[tokio::test]
async fn the_first_poll_comes_before_the_call_returns() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let future = |name| {
        let said = Arc::clone(&said);
        async move {
            said.lock().unwrap().push(name);
            yield_now().await;
        }
    };
    let spawned = tokio::spawn(future("spawned"));
    let eager = spawn_eager(future("eager"));
    assert_eq!(*said.lock().unwrap(), ["eager"]);
    spawned.await.unwrap();
    eager.join().await.unwrap();
    assert_eq!(*said.lock().unwrap(), ["eager", "spawned"]);
}

#[tokio::test]
async fn the_future_is_polled_once_in_the_call_and_by_its_task_from_then_on() {
    let polls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&polls);
    let started = spawn_eager(poll_fn(move |context| {
        context.waker().wake_by_ref();
        match counted.fetch_add(1, Relaxed) {
            0..3 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }));
    assert_eq!(polls.load(Relaxed), 1);
    started.join().await.unwrap();
    assert_eq!(polls.load(Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn what_happens_before_the_tasks_first_poll_is_not_missed() {
    let (setter, waiter) = promise();
    let started = spawn_eager(async move { waiter.wait().await.copied() });
    // There is one thread, and the task has not had it yet.
    setter.set(7).unwrap();
    let joined = timeout(HOUR, started.join()).await;
    assert_eq!(joined.unwrap().unwrap(), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn the_task_leaves_its_own_waker() {
    let last = Arc::new(Mutex::new(Waker::noop().clone()));
    let kept = Arc::clone(&last);
    let mut polls = 0;
    let started = spawn_eager(poll_fn(move |context| {
        kept.lock().unwrap().clone_from(context.waker());
        polls += 1;
        if polls == 3 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    yield_now().await;
    last.lock().unwrap().wake_by_ref();
    timeout(HOUR, started.join()).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_error_of_the_future_is_a_value() {
    let ready = spawn_eager(async { Err::<(), _>("refused") });
    assert_eq!(now(ready.join()).unwrap(), Err("refused"));
    let pending = spawn_eager(async {
        yield_now().await;
        Err::<(), _>("refused")
    });
    assert_eq!(pending.join().await.unwrap(), Err("refused"));
}

// asyncio: an exception in the first step is the task's, too.
#[tokio::test]
async fn a_panic_in_the_first_poll_or_later_comes_out_of_join() {
    for first_poll in [true, false] {
        let dropped = Arc::new(());
        let inside = Arc::clone(&dropped);
        // Not an async block: its variables are dropped by the panic, whoever keeps the future.
        let mut polls = u32::from(first_poll);
        let started = spawn_eager(poll_fn(move |context| {
            let _inside = &inside;
            polls += 1;
            if polls == 2 {
                panic!("on purpose");
            }
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let error = started.join().await.map(|()| "no panic").unwrap_err();
        let payload = error.into_panic().downcast::<&str>();
        assert_eq!(*payload.expect("it is text"), "on purpose");
        assert_eq!(Arc::strong_count(&dropped), 1, "the future is there still");
    }
    assert_eq!(alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_cancels_the_task() {
    for joining in [true, false] {
        let (setter, dropped) = promise::<()>();
        let started = spawn_eager(async move {
            let _setter = setter;
            pending::<()>().await;
        });
        if joining {
            assert!(timeout(ms(10), started.join()).await.is_err());
        } else {
            drop(started);
        }
        let waited = timeout(HOUR, dropped.wait()).await;
        assert_eq!(waited.unwrap(), Err(NeverSet));
        yield_now().await;
        assert_eq!(alive_tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_detached_task_outlives_its_handle() {
    let (setter, done) = promise();
    let started = spawn_eager(async move {
        sleep(ms(10)).await;
        setter.set(7).unwrap();
    });
    match started {
        Eager::Ready(()) => panic!("it has to wait"),
        Eager::Spawned(task) => drop(task.detach()),
    }
    assert_eq!(timeout(HOUR, done.wait()).await.unwrap(), Ok(&7));
}

#[test]
fn outside_of_a_runtime_it_panics_and_polls_nothing() {
    static POLLED: AtomicU32 = AtomicU32::new(0);
    let panicked = catch_unwind(|| {
        drop(spawn_eager(async { POLLED.fetch_add(1, Relaxed) }));
    });
    let payload = panicked.expect_err("there is no runtime");
    let text = payload.downcast::<String>().expect("it is text");
    assert!(text.starts_with("there is no reactor running"), "{text}");
    assert_eq!(POLLED.load(Relaxed), 0);
}

#[test]
fn a_runtime_that_shuts_down_cancels_the_task() {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime can be built");
    let started = runtime.block_on(async { spawn_eager(pending::<()>()) });
    drop(runtime);
    let error = block_on(started.join()).unwrap_err();
    assert!(error.is_cancelled());
}

#[tokio::test]
async fn every_pending_future_becomes_a_task_at_once() {
    let started: Vec<_> = (0..1_000).map(|_| spawn_eager(pending::<()>())).collect();
    assert_eq!(alive_tasks(), 1_000);
    drop(started);
}

#[tokio::test]
async fn without_budget_a_ready_future_becomes_a_task() {
    while has_budget_remaining() {
        assert!(consume_budget().now_or_never().is_some());
    }
    // Whatever of Tokio's is awaited is pending now, to let others run.
    let started = spawn_eager(consume_budget());
    assert!(matches!(started, Eager::Spawned(_)));
    started.join().await.unwrap();
}

tokio::task_local! {
    static NAME: Cell<&'static str>;
}

#[tokio::test]
async fn the_first_poll_sees_the_callers_task_locals_and_the_task_does_not() {
    let name = || NAME.try_with(Cell::get).ok();
    let started = NAME.sync_scope(Cell::new("caller"), || {
        spawn_eager(async move {
            let first = name();
            yield_now().await;
            (first, name())
        })
    });
    assert_eq!(started.join().await.unwrap(), (Some("caller"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_poll_is_on_the_callers_thread_and_the_task_may_be_on_another() {
    let in_a_task = tokio::spawn(async {
        let caller = thread::current().id();
        let (send, receive) = mpsc::channel();
        let started = spawn_eager(async move {
            let first = thread::current().id();
            yield_now().await;
            send.send((first, thread::current().id())).unwrap();
        });
        // The caller's thread is blocked until the task has run.
        let ran_on = block_in_place(|| receive.recv()).unwrap();
        started.join().await.unwrap();
        (caller, ran_on)
    });
    let (caller, (first, then)) = in_a_task.await.unwrap();
    assert_eq!(first, caller);
    assert_ne!(then, caller);
}

#[test]
fn handles_go_to_other_threads() {
    fn sends<T: Send + Sync + Unpin>(_: &T) {}
    fn is_sent(_: &(impl Future + Send)) {}

    let (setter, waiter) = promise::<u32>();
    sends(&setter);
    sends(&waiter);
    is_sent(&waiter.wait());
    is_sent(&Eager::Ready(7).join());
}
