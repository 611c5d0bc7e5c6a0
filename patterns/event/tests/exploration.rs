//! The recipe's own file, under loom: the orders in which threads can take their steps, and the old
//! values that the memory model lets a load see.
//!
//! Loom can explore only what is built on its own types. In this file `std` and `tokio` are names of
//! the file itself, so that the recipe gets loom's atomics, and a `Notify` that does with loom's
//! types what Tokio's documentation promises, with the memory orderings that Tokio uses. Tokio's own
//! `Notify` is not explored here: tests/interleavings.rs has it, on one thread.

extern crate self as std;
extern crate self as tokio;
extern crate std as real;

#[expect(dead_code, reason = "a model makes its events with `default`")]
#[path = "../src/lib.rs"]
mod event;

use core::fmt::Debug;
use core::pin::{Pin, pin};
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::task::{Context, Waker};
use real::boxed::Box;
use real::collections::BTreeSet;
use real::sync::{Arc, Mutex, PoisonError};
use real::task::Wake;

use event::Event;
use futures::FutureExt as _;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

/// Explores the model, and returns what it returned in any of its executions.
///
/// # Panics
/// When there were fewer executions than `at_least`: then loom has not seen where threads can meet.
fn explore<T: Ord + Send + 'static>(
    at_least: usize,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    explore_bounded(at_least, None, model)
}

/// Like [`explore`], with at most so many switches away from a thread that could go on.
fn explore_bounded<T: Ord + Send + 'static>(
    at_least: usize,
    switches: Option<usize>,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new((BTreeSet::new(), 0)));
    let record = Arc::clone(&seen);
    let mut explorer = loom::model::Builder::new();
    explorer.preemption_bound = switches;
    explorer.check(move || {
        let outcome = model();
        let mut seen = record.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.insert(outcome);
        seen.1 += 1;
    });
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let (outcomes, executions) = core::mem::take(&mut *seen);
    assert!(
        executions >= at_least,
        "loom has explored {executions} executions only"
    );
    outcomes
}

/// What the models explore: the recipe, and events that have a mistake.
trait Flag: Default + Debug + 'static {
    fn set(&self);
    fn clear(&self);
    fn is_set(&self) -> bool;
    fn wait(&self) -> impl Future<Output = ()>;
}

impl Flag for Event {
    fn set(&self) {
        self.set();
    }

    fn clear(&self) {
        self.clear();
    }

    fn is_set(&self) -> bool {
        self.is_set()
    }

    fn wait(&self) -> impl Future<Output = ()> {
        self.wait()
    }
}

/// An event whose loom objects are made by the thread that makes it, as those of a real one are.
fn new_event<E: Flag>() -> Arc<E> {
    let event = E::default();
    assert!(event.wait().now_or_never().is_none());
    Arc::new(event)
}

/// Runs `steps` on a thread of its own.
fn on_a_thread<E: Flag>(
    event: &Arc<E>,
    steps: impl FnOnce(&E) + 'static,
) -> thread::JoinHandle<()> {
    let event = Arc::clone(event);
    thread::spawn(move || steps(&event))
}

fn join(thread: thread::JoinHandle<()>) {
    thread.join().expect("the thread does not panic");
}

fn pulse<E: Flag>(event: &E) {
    event.set();
    event.clear();
}

/// How a wait went.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Went {
    /// Over at its first poll.
    AtOnce,
    /// Woken, and over at the next poll.
    Woken,
    /// Woken, and not over.
    WokenInVain,
    /// Never woken, though every other thread has ended.
    Lost,
}

#[derive(Default)]
struct Wakes(AtomicBool);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// Awaits as a task would, but where it would wait for ever it lets the `others` end and looks.
fn go(mut wait: Pin<&mut impl Future>, others: impl FnOnce()) -> Went {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    let at_once = wait.as_mut().poll(&mut context).is_ready();
    others();
    if at_once {
        Went::AtOnce
    } else if !wakes.0.load(SeqCst) {
        Went::Lost
    } else if wait.poll(&mut context).is_ready() {
        Went::Woken
    } else {
        Went::WokenInVain
    }
}

/// A wait beside a set.
fn wait_beside_a_set<E: Flag>() -> Went {
    let event = new_event::<E>();
    let setter = on_a_thread(&event, E::set);
    go(pin!(event.wait()), || join(setter))
}

/// A wait that begins when the flag has been lowered, beside a set that may be half done. Nobody
/// lowers the flag again, so it was up during the wait if it is up in the end. Returns both.
fn wait_after_a_clear<E: Flag>() -> (Went, bool) {
    let event = new_event::<E>();
    let setter = on_a_thread(&event, E::set);
    event.clear();
    let went = go(pin!(event.wait()), || join(setter));
    (went, event.is_set())
}

// E1, E2
#[test]
fn a_wait_beside_a_set_ends() {
    let went = explore(200, wait_beside_a_set::<Event>);
    // This is also the guard that loom has really explored: the set came first, and it came later.
    assert_eq!(went, BTreeSet::from([Went::AtOnce, Went::Woken]));
}

// E5
#[test]
fn a_wait_that_has_begun_sees_a_pulse() {
    let went = explore(800, || {
        let event = new_event::<Event>();
        let wait = event.wait();
        let setter = on_a_thread(&event, pulse);
        let went = go(pin!(wait), || join(setter));
        assert!(!event.is_set());
        went
    });
    assert_eq!(went, BTreeSet::from([Went::AtOnce, Went::Woken]));
}

#[test]
fn pulses_on_two_threads_let_the_waiter_pass() {
    // Three threads have too many executions to explore all.
    let went = explore_bounded(1_000, Some(2), || {
        let event = new_event::<Event>();
        let wait = event.wait();
        let setters = [on_a_thread(&event, pulse), on_a_thread(&event, pulse)];
        let went = go(pin!(wait), || {
            for setter in setters {
                join(setter);
            }
        });
        assert!(!event.is_set());
        went
    });
    assert_eq!(went, BTreeSet::from([Went::AtOnce, Went::Woken]));
}

#[test]
fn nobody_passes_a_flag_that_stayed_down() {
    let went = explore(350, wait_after_a_clear::<Event>);
    let wanted = [
        (Went::AtOnce, true),
        (Went::Woken, true),
        // The flag was lowered again, and the wake-up of its set came to the wait, or went by.
        (Went::WokenInVain, false),
        (Went::Lost, false),
    ];
    assert_eq!(went, BTreeSet::from(wanted));
}

#[test]
fn what_was_done_before_set_is_seen_after_the_wait() {
    let values = explore(1900, || {
        let event = new_event::<Event>();
        let data = Arc::new(AtomicUsize::new(0));
        let setter = after_a_store(&event, &data, pulse);
        let passed = event.wait().now_or_never().is_some();
        // A load that may see the old value, unless having passed forbids it.
        let value = passed.then(|| data.load(Relaxed));
        join(setter);
        value
    });
    assert_eq!(values, BTreeSet::from([None, Some(42)]));
}

#[test]
fn what_was_done_before_clear_is_seen_when_the_flag_is_down() {
    let values = explore(7, || {
        let event = new_event::<Event>();
        event.set();
        let data = Arc::new(AtomicUsize::new(0));
        let clearer = after_a_store(&event, &data, Event::clear);
        let value = (!event.is_set()).then(|| data.load(Relaxed));
        join(clearer);
        value
    });
    assert_eq!(values, BTreeSet::from([None, Some(42)]));
}

/// On a thread of its own: stores 42, then takes the steps.
fn after_a_store(
    event: &Arc<Event>,
    data: &Arc<AtomicUsize>,
    steps: fn(&Event),
) -> thread::JoinHandle<()> {
    let data = Arc::clone(data);
    on_a_thread(event, move |event| {
        data.store(42, Relaxed);
        steps(event);
    })
}

// E3
#[test]
fn a_wait_dropped_beside_a_set_takes_nothing_from_another() {
    let went = explore(200, || {
        let event = new_event::<Event>();
        let mut dropped = Box::pin(event.wait());
        assert!(dropped.as_mut().now_or_never().is_none());
        let stays = event.wait();
        let setter = on_a_thread(&event, Event::set);
        drop(dropped);
        go(pin!(stays), || join(setter))
    });
    assert_eq!(went, BTreeSet::from([Went::AtOnce, Went::Woken]));
}

/// Mistake: looks at the flag first and registers then, so that a set in between wakes nobody.
#[derive(Debug, Default)]
struct LooksFirst {
    count: sync::atomic::AtomicUsize,
    waiters: sync::Notify,
}

impl Flag for LooksFirst {
    fn set(&self) {
        self.count.fetch_or(1, SeqCst);
        self.waiters.notify_waiters();
    }

    fn clear(&self) {
        self.count.fetch_and(0, SeqCst);
    }

    fn is_set(&self) -> bool {
        self.count.load(SeqCst) == 1
    }

    async fn wait(&self) {
        if !self.is_set() {
            self.waiters.notified().await;
        }
    }
}

#[test]
fn loom_finds_the_wake_up_that_is_lost_by_looking_first() {
    let went = explore(100, wait_beside_a_set::<LooksFirst>);
    assert!(went.contains(&Went::Lost));
}

/// Registers first, but takes every wake-up for a flag that is up, as one does who has a flag and
/// no count. A set that is half done when the flag is lowered wakes those who came after that.
#[derive(Debug, Default)]
struct TrustsTheWakeUp(LooksFirst);

impl Flag for TrustsTheWakeUp {
    fn set(&self) {
        self.0.set();
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn is_set(&self) -> bool {
        self.0.is_set()
    }

    async fn wait(&self) {
        let woken = self.0.waiters.notified();
        if !self.is_set() {
            woken.await;
        }
    }
}

#[test]
fn loom_finds_the_wake_up_that_comes_too_late() {
    let went = explore(100, wait_after_a_clear::<TrustsTheWakeUp>);
    assert!(went.contains(&(Went::Woken, false)));
}

/// What the recipe finds under `std::future`.
pub(crate) mod future {
    pub(crate) use core::future::Future;
}

/// What the recipe finds under `std::sync` and `tokio::sync`.
pub(crate) mod sync {
    pub(crate) use real::sync::Arc;

    use core::pin::Pin;
    use core::sync::atomic::AtomicUsize as Counter;
    use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
    use core::task::{Context, Poll, Waker};
    use real::sync::OnceLock;
    use real::vec::Vec;

    /// Made when it is first used: nothing of loom's can be made in a `const fn`.
    #[derive(Debug)]
    struct Lazy<T>(OnceLock<T>);

    impl<T> Lazy<T> {
        const fn new() -> Self {
            Self(OnceLock::new())
        }
    }

    pub(crate) mod atomic {
        pub(crate) use core::sync::atomic::Ordering;

        use super::Lazy;

        type Loom = loom::sync::atomic::AtomicUsize;

        /// Loom's, which begins with 0.
        #[derive(Debug)]
        pub(crate) struct AtomicUsize(Lazy<Loom>);

        impl AtomicUsize {
            pub(crate) const fn new(value: usize) -> Self {
                assert!(value == 0);
                Self(Lazy::new())
            }

            pub(crate) fn loom(&self) -> &Loom {
                self.0.0.get_or_init(|| Loom::new(0))
            }

            pub(crate) fn load(&self, order: Ordering) -> usize {
                self.loom().load(order)
            }

            pub(crate) fn fetch_or(&self, value: usize, order: Ordering) -> usize {
                self.loom().fetch_or(value, order)
            }

            pub(crate) fn fetch_and(&self, value: usize, order: Ordering) -> usize {
                self.loom().fetch_and(value, order)
            }

            pub(crate) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
                self.loom().fetch_add(value, order)
            }

            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut(usize) -> Option<usize>,
            ) -> Result<usize, usize> {
                // Looks by an exchange that never succeeds. Loom remembers of an atomic the last
                // access only: a load here would hide from it that others have loaded before.
                let look = self.loom().compare_exchange(usize::MAX, 0, fetch, fetch);
                let mut seen = look.expect_err("no test counts that far");
                while let Some(new) = update(seen) {
                    match self.loom().compare_exchange(seen, new, set, fetch) {
                        Ok(seen) => return Ok(seen),
                        Err(other) => seen = other,
                    }
                }
                Err(seen)
            }
        }

        impl Default for AtomicUsize {
            fn default() -> Self {
                Self::new(0)
            }
        }
    }

    use atomic::AtomicUsize;

    /// Tokio's `Notify`, without `notify_one`: it counts the calls of `notify_waiters`, and a
    /// `Notified` that was made under another count is ready.
    #[derive(Debug)]
    pub(crate) struct Notify {
        calls: AtomicUsize,
        /// The wakers of those who wait, each with the address of its count.
        waiters: Lazy<loom::sync::Mutex<Vec<(usize, Waker)>>>,
        names: Counter,
    }

    impl Notify {
        pub(crate) const fn const_new() -> Self {
            Self {
                calls: AtomicUsize::new(0),
                waiters: Lazy::new(),
                names: Counter::new(0),
            }
        }

        fn waiters(&self) -> loom::sync::MutexGuard<'_, Vec<(usize, Waker)>> {
            let waiters = self.waiters.0.get_or_init(Default::default);
            waiters.lock().expect("no holder panics")
        }

        pub(crate) fn notified(&self) -> Notified<'_> {
            let calls = self.calls.load(Acquire);
            Notified {
                notify: self,
                calls,
                name: None,
            }
        }

        pub(crate) fn notify_waiters(&self) {
            let mut waiters = self.waiters();
            self.calls.fetch_add(1, AcqRel);
            let woken = core::mem::take(&mut *waiters);
            // As in Tokio, no lock is held while the tasks are woken.
            drop(waiters);
            for (_, waker) in woken {
                waker.wake();
            }
        }
    }

    impl Default for Notify {
        fn default() -> Self {
            Self::const_new()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Notified<'a> {
        notify: &'a Notify,
        calls: usize,
        name: Option<usize>,
    }

    impl Notified<'_> {
        fn is_ready(&self) -> bool {
            self.notify.calls.load(Acquire) != self.calls
        }
    }

    impl Future for Notified<'_> {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            if self.is_ready() {
                return Poll::Ready(());
            }
            let notify = self.notify;
            let mut waiters = notify.waiters();
            if self.is_ready() {
                return Poll::Ready(());
            }
            let name = *self
                .name
                .get_or_insert_with(|| notify.names.fetch_add(1, Relaxed));
            waiters.retain(|(other, _)| *other != name);
            waiters.push((name, context.waker().clone()));
            Poll::Pending
        }
    }

    impl Drop for Notified<'_> {
        fn drop(&mut self) {
            if let Some(name) = self.name {
                self.notify.waiters().retain(|(other, _)| *other != name);
            }
        }
    }
}
