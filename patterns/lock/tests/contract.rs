//! What the recipe promises, one test for each promise.
//!
//! A number such as L1 is a behaviour that CPython's own tests of `asyncio.Lock` check.

use std::cmp::Ordering;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt, poll};
use lock::{KeyGuard, KeyedLock, Shared};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

type Waiting<'a> = Pin<Box<dyn Future<Output = KeyGuard<&'static str>> + Send + 'a>>;

/// A call for the key "a" that stands in the queue.
fn waiting<'a>(locks: &'a KeyedLock<&'static str>) -> Waiting<'a> {
    let mut call = locks.lock("a").boxed();
    assert!((&mut call).now_or_never().is_none(), "it does not wait");
    call
}

/// The guard, which must be there at once.
fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("it has to wait")
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be built")
}

// Shared

#[test]
fn a_closure_has_the_state_and_returns_what_it_likes() {
    static WORDS: Shared<Vec<&str>> = Shared::new(Vec::new());
    WORDS.with(|words| words.push("one"));
    assert_eq!(WORDS.with(|words| words.pop()), Some("one"));
    assert_eq!(WORDS.with(|words| words.pop()), None);
}

#[test]
fn threads_have_the_state_one_after_the_other() {
    let state = Shared::new((0, false));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    state.with(|(count, taken)| {
                        assert!(!std::mem::replace(taken, true));
                        *count += 1;
                        *taken = false;
                    });
                }
            });
        }
    });
    assert_eq!(state.with(|state| *state), (40_000, false));
}

#[test]
fn an_error_in_a_closure_is_a_value_and_leaves_the_state_in_use() {
    let balance = Shared::new(100);
    let withdraw = |amount| {
        balance.with(|balance| {
            if *balance < amount {
                return Err("not enough");
            }
            *balance -= amount;
            Ok(*balance)
        })
    };
    assert_eq!(withdraw(70), Ok(30));
    assert_eq!(withdraw(70), Err("not enough"));
    assert_eq!(withdraw(30), Ok(0));
}

// L7: `Shared` is poisoned.
#[test]
fn after_a_panic_in_a_closure_every_call_panics() {
    let state = Shared::new([100, 0]);
    let panic_of = |access: fn(&mut [i32; 2])| {
        let panicked = catch_unwind(AssertUnwindSafe(|| state.with(access)));
        let payload = panicked.expect_err("the call panics");
        match payload.downcast::<&str>() {
            Ok(text) => String::from(*text),
            Err(payload) => *payload.downcast().expect("the payload is text"),
        }
    };
    let first = panic_of(|state| {
        state[0] -= 30;
        panic!("in the middle");
    });
    assert_eq!(first, "in the middle");
    for _ in 0..2 {
        let next = panic_of(|_| {});
        let text = "an earlier closure panicked and may have left the state half-changed";
        assert!(next.starts_with(text), "{next}");
    }
}

// KeyedLock

// L1
#[test]
fn those_who_wait_for_a_key_get_it_in_turn() {
    let locks = KeyedLock::new();
    let first = now(locks.lock("a"));
    let mut second = waiting(&locks);
    let mut third = waiting(&locks);

    drop(first);
    // The key was handed over: who comes now has to wait, though the second has not been polled.
    let mut fourth = waiting(&locks);
    assert!((&mut third).now_or_never().is_none());
    let second = now(&mut second);
    assert!((&mut third).now_or_never().is_none());
    drop(second);
    assert!((&mut fourth).now_or_never().is_none());
    drop(now(third));
    drop(now(fourth));
    assert_eq!(locks.in_use(), 0);
}

// L1: a task that lets go and asks again goes to the end of the queue.
#[tokio::test(start_paused = true)]
async fn nobody_gets_a_key_twice_while_others_wait() {
    let locks = KeyedLock::new();
    let order = Arc::new(Shared::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for name in 0..3 {
        let (locks, order) = (locks.clone(), Arc::clone(&order));
        tasks.spawn(async move {
            for _ in 0..3 {
                let _guard = locks.lock("a").await;
                order.with(|order| order.push(name));
                sleep(ms(1)).await;
            }
        });
    }
    timeout(HOUR, tasks.join_all()).await.unwrap();
    assert_eq!(
        order.with(|order| order.clone()),
        [0, 1, 2, 0, 1, 2, 0, 1, 2]
    );
}

// L2
#[test]
fn a_cancelled_waiter_leaves_the_queue() {
    let locks = KeyedLock::new();
    let first = now(locks.lock("a"));
    let second = waiting(&locks);
    let third = waiting(&locks);
    drop(second);
    drop(first);
    drop(now(third));
    assert_eq!(locks.in_use(), 0);
}

// L3
#[tokio::test(start_paused = true)]
async fn a_waiter_cancelled_while_the_holder_lets_go_does_not_stop_the_next() {
    let locks = KeyedLock::new();
    let first = locks.lock("a").await;
    let task = |locks: KeyedLock<&'static str>| async move { drop(locks.lock("a").await) };
    let second = tokio::spawn(task(locks.clone()));
    let third = tokio::spawn(task(locks.clone()));
    yield_now().await;

    second.abort();
    drop(first);
    timeout(HOUR, third).await.unwrap().unwrap();
    assert!(second.await.unwrap_err().is_cancelled());
    assert_eq!(locks.in_use(), 0);
}

// L4
#[tokio::test(start_paused = true)]
async fn a_release_and_a_cancellation_in_one_step_let_one_waiter_in() {
    let locks = KeyedLock::new();
    let entered = Arc::new(Shared::new(Vec::new()));
    let first = locks.lock("a").await;
    let [second, third, fourth] = [2, 3, 4].map(|name| {
        let (locks, entered) = (locks.clone(), Arc::clone(&entered));
        tokio::spawn(async move {
            let _guard = locks.lock("a").await;
            entered.with(|entered| entered.push(name));
            pending::<()>().await;
        })
    });
    yield_now().await;

    drop(first);
    second.abort();
    sleep(ms(1)).await;
    assert_eq!(entered.with(|entered| entered.clone()), [3]);

    for task in [second, third, fourth] {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    assert_eq!(locks.in_use(), 0);
}

// L5
#[test]
fn a_waiter_that_was_handed_the_key_and_is_cancelled_passes_it_on() {
    let locks = KeyedLock::new();
    let first = now(locks.lock("a"));
    let second = waiting(&locks);
    let third = waiting(&locks);
    drop(first);
    // The second has the key, and has not been polled since.
    drop(second);
    drop(now(third));
    assert_eq!(locks.in_use(), 0);

    let first = now(locks.lock("a"));
    let last = waiting(&locks);
    drop(first);
    drop(last);
    assert_eq!(locks.in_use(), 0, "nobody is left to clean up after it");
}

// L7
#[tokio::test(start_paused = true)]
async fn a_key_is_free_again_however_its_holder_ends() {
    let locks = KeyedLock::new();
    let hold = |end: fn() -> Result<(), ()>| {
        let locks = locks.clone();
        async move {
            let _guard = locks.lock("a").await;
            end()?;
            pending::<Result<(), ()>>().await
        }
    };
    let failed = tokio::spawn(hold(|| Err(())));
    assert_eq!(failed.await.unwrap(), Err(()));
    drop(now(locks.lock("a")));

    // There is no poisoning: the key says nothing about what it guards.
    let panicked = tokio::spawn(hold(|| panic!("on purpose")));
    assert!(panicked.await.unwrap_err().is_panic());
    drop(now(locks.lock("a")));

    let aborted = tokio::spawn(hold(|| Ok(())));
    yield_now().await;
    assert_eq!(locks.in_use(), 1);
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    drop(now(locks.lock("a")));

    assert!(timeout(ms(10), hold(|| Ok(()))).await.is_err());
    drop(now(locks.lock("a")));
    assert_eq!(locks.in_use(), 0);
}

// L8: asyncio refuses a lock that another loop has used.
#[test]
fn two_runtimes_can_share_a_key() {
    let (one, other) = (paused(), paused());
    let locks = KeyedLock::new();
    let guard = one.block_on(locks.lock("a"));
    let mut call = locks.lock("a").boxed();
    other.block_on(async { assert!(poll!(&mut call).is_pending()) });
    one.block_on(async { drop(guard) });
    other.block_on(async { drop(timeout(HOUR, call).await.unwrap()) });
    drop(now(locks.lock("a")));
}

// L9
#[tokio::test(start_paused = true)]
async fn a_key_is_not_re_entrant() {
    let locks = KeyedLock::new();
    let guard = locks.lock("a").await;
    assert!(timeout(HOUR, locks.lock("a")).await.is_err());
    drop(guard);
    drop(now(locks.lock("a")));
}

// The key was handed to a call that is kept, as after a `select!`, and not polled any more.
#[tokio::test(start_paused = true)]
async fn f13_a_call_that_is_kept_and_not_polled_stops_those_behind_it() {
    let locks = KeyedLock::new();
    let guard = locks.lock("a").await;
    let mut kept = Box::pin(locks.lock("a"));
    tokio::select! {
        biased;
        _ = &mut kept => unreachable!("the key is held"),
        () = sleep(ms(10)) => {}
    }
    drop(guard);
    assert!(timeout(HOUR, locks.lock("a")).await.is_err());
    // Let go of, it passes the key on.
    drop(kept);
    drop(now(locks.lock("a")));
}

// The same for one that holds the key. In a task it goes on by itself.
#[tokio::test(start_paused = true)]
async fn f13_work_that_holds_a_key_and_is_not_polled_stops_those_behind_it_unless_it_is_spawned() {
    let locks = KeyedLock::new();
    let work = || {
        let locks = locks.clone();
        async move {
            let _guard = locks.lock("a").await;
            sleep(ms(20)).await;
        }
    };
    let mut kept = Box::pin(work());
    assert!(timeout(ms(10), &mut kept).await.is_err());
    assert!(timeout(HOUR, locks.lock("a")).await.is_err());
    drop(kept);

    let mut kept = tokio::spawn(work());
    assert!(timeout(ms(10), &mut kept).await.is_err());
    let start = Instant::now();
    drop(timeout(HOUR, locks.lock("a")).await.unwrap());
    assert_eq!(start.elapsed(), ms(10));
    kept.await.unwrap();
}

#[test]
fn different_keys_do_not_wait_for_each_other() {
    let locks = KeyedLock::new();
    let guards: Vec<_> = (0..1000).map(|key| now(locks.lock(key))).collect();
    assert_eq!(locks.in_use(), 1000);
    drop(guards);
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn a_key_takes_up_room_while_somebody_holds_it_or_waits_for_it() {
    let locks = KeyedLock::default();
    assert_eq!(locks.in_use(), 0);
    let call = locks.lock("a");
    assert_eq!(locks.in_use(), 0, "it has not been polled");
    drop(call);

    let first = now(locks.lock("a"));
    let second = waiting(&locks);
    assert_eq!(locks.in_use(), 1);
    drop(first);
    assert_eq!(locks.in_use(), 1, "the second waits for it");
    let second = now(second);
    assert_eq!(locks.in_use(), 1, "the second has it");
    let third = waiting(&locks);
    drop(third);
    assert_eq!(locks.in_use(), 1, "the second has it still");
    drop(second);
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn a_guard_may_go_to_another_thread_and_outlive_the_handle() {
    let locks = KeyedLock::new();
    let guard = now(locks.clone().lock(String::from("a")));
    let other = locks.clone();
    drop(locks);
    thread::spawn(move || drop(guard)).join().unwrap();
    assert_eq!(other.in_use(), 0);
}

/// Does something when it is called, which is in the middle of the drop of a guard: the key has been
/// let go, and the map has not been looked at yet.
struct OnWake(Shared<Option<Box<dyn FnOnce() + Send>>>);

impl Wake for OnWake {
    fn wake(self: Arc<Self>) {
        if let Some(action) = self.0.with(Option::take) {
            action();
        }
    }
}

/// Holds a key that one call waits for, and does `action` with this call while the guard is dropped.
fn in_the_middle_of_a_drop(
    locks: &KeyedLock<&'static str>,
    action: impl FnOnce(Waiting<'static>) + Send + 'static,
) {
    let first = now(locks.lock("a"));
    let on_wake = Arc::new(OnWake(Shared::new(None)));
    let waker = Waker::from(Arc::clone(&on_wake));
    let locks = locks.clone();
    let mut second: Waiting = Box::pin(async move { locks.lock("a").await });
    let polled = second.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    on_wake
        .0
        .with(|slot| *slot = Some(Box::new(|| action(second))));
    drop(first);
    assert!(on_wake.0.with(|slot| slot.is_none()), "it was not woken");
}

#[test]
fn a_waiter_cancelled_in_the_middle_of_a_drop_leaves_nothing() {
    let locks = KeyedLock::new();
    in_the_middle_of_a_drop(&locks, drop);
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn a_key_taken_in_the_middle_of_a_drop_stays_held() {
    let locks = KeyedLock::new();
    let taken = Arc::new(Shared::new(None));
    let (other, slot) = (locks.clone(), Arc::clone(&taken));
    in_the_middle_of_a_drop(&locks, move |waiter| {
        drop(waiter);
        let guard = now(other.lock("a"));
        slot.with(|slot| *slot = Some(guard));
    });
    assert_eq!(locks.in_use(), 1);
    assert!(locks.lock("a").now_or_never().is_none());
    drop(taken.with(Option::take));
    assert_eq!(locks.in_use(), 0);
}

// The last user of a key removes its lock while the next one comes. Nobody queues up here, so that
// the key has a last user again and again.
#[test]
fn a_key_is_held_by_one_thread_at_a_time() {
    let locks = KeyedLock::new();
    let held = AtomicBool::new(false);
    let meet = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                meet.wait();
                for _ in 0..300_000 {
                    let Some(_guard) = locks.lock("a").now_or_never() else {
                        continue;
                    };
                    assert!(!held.swap(true, Relaxed), "two threads hold the key");
                    std::hint::spin_loop();
                    held.store(false, Relaxed);
                }
            });
        }
    });
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn tasks_on_several_threads_have_a_key_in_turn() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime can be built");
    let locks = KeyedLock::new();
    let held = Arc::new([const { AtomicBool::new(false) }; 3]);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for task in 0..10 {
            let (locks, held) = (locks.clone(), Arc::clone(&held));
            tasks.spawn(async move {
                for turn in 0..1_000 {
                    let key = (task + turn) % held.len();
                    let guard = locks.lock(key).await;
                    assert!(!held[key].swap(true, Relaxed), "two tasks hold {key}");
                    yield_now().await;
                    held[key].store(false, Relaxed);
                    drop(guard);
                }
            });
        }
        tasks.join_all().await;
    });
    assert_eq!(locks.in_use(), 0);
}

/// A key whose comparison panics when it is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Brittle(u8);

const BROKEN: Brittle = Brittle(13);

impl PartialOrd for Brittle {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Brittle {
    fn cmp(&self, other: &Self) -> Ordering {
        assert_ne!(self, &BROKEN, "cannot be compared");
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_comparison_that_panics_does_no_harm_to_other_keys() {
    let locks = KeyedLock::new();
    let guard = now(locks.lock(Brittle(1)));
    let broken = AssertUnwindSafe(async { drop(locks.lock(Brittle(13)).await) });
    // The drop of the guard must not panic, too: that would end the process.
    assert!(now(broken.catch_unwind()).is_err());
    drop(guard);
    drop(now(locks.lock(Brittle(2))));
    assert_eq!(locks.in_use(), 0);
}

// lock_all

#[test]
fn lock_all_takes_each_key_once() {
    let locks = KeyedLock::new();
    let guards = now(locks.lock_all([3, 1, 3, 2, 1]));
    assert_eq!((guards.len(), locks.in_use()), (3, 3));
    for key in 1..=3 {
        assert!(locks.lock(key).now_or_never().is_none());
    }
    drop(guards);
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn lock_all_of_nothing_returns_at_once() {
    let locks = KeyedLock::<u8>::new();
    assert!(now(locks.lock_all([])).is_empty());
}

#[test]
fn lock_all_takes_the_keys_from_the_smallest_to_the_largest() {
    let locks = KeyedLock::new();
    let two = now(locks.lock(2));
    let mut all = locks.lock_all([3, 2, 1]).boxed();
    assert!((&mut all).now_or_never().is_none());
    // It has 1, waits for 2, and has not asked for 3.
    assert!(locks.lock(1).now_or_never().is_none());
    drop(now(locks.lock(3)));
    drop(two);
    assert_eq!(now(all).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn lock_all_does_not_deadlock_in_whatever_order_the_keys_are_given() {
    let locks = KeyedLock::new();
    let orders = [
        [1, 2, 3],
        [1, 3, 2],
        [2, 1, 3],
        [2, 3, 1],
        [3, 1, 2],
        [3, 2, 1],
    ];
    let start = Instant::now();
    let calls = orders
        .iter()
        .flat_map(|order| [&order[..], &order[1..]])
        .map(|keys| async {
            let _guards = locks.lock_all(keys.iter().copied()).await;
            sleep(ms(10)).await;
        });
    // All at once. Half of them want two keys, and any two of them have a key in common.
    timeout(HOUR, join_all(calls)).await.unwrap();
    assert_eq!(start.elapsed(), ms(120));
    assert_eq!(locks.in_use(), 0);
}

#[test]
fn lock_all_that_is_dropped_half_way_frees_what_it_had() {
    let locks = KeyedLock::new();
    let three = now(locks.lock(3));
    let mut all = locks.lock_all([1, 2, 3]).boxed();
    assert!((&mut all).now_or_never().is_none());
    assert_eq!(locks.in_use(), 3);
    drop(all);
    assert_eq!(locks.in_use(), 1);
    drop((now(locks.lock(1)), now(locks.lock(2))));
    drop(three);
    assert_eq!(locks.in_use(), 0);
}

// Threads

#[test]
fn a_waiter_does_not_block_its_thread() {
    let locks = KeyedLock::new();
    paused().block_on(async {
        let (send, receive) = oneshot::channel();
        let guard = locks.lock("a").await;
        let other = locks.clone();
        let waiter = tokio::spawn(async move {
            drop(other.lock("a").await);
            send.send(()).unwrap();
        });
        yield_now().await;
        // There is one thread, and it goes on.
        drop(guard);
        timeout(HOUR, receive).await.unwrap().unwrap();
        waiter.await.unwrap();
    });
}
