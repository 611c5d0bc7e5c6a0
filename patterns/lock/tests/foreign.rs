//! A key's own code may do anything, also use the same locks: none of it runs while the map is locked,
//! but the comparison. And Tokio's budget changes nobody's turn.

use std::cmp::Ordering;
use std::fmt::{self, Debug, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures::{FutureExt as _, poll};
use lock::{KeyedLock, Shared};
use tokio::sync::oneshot;
use tokio::task::consume_budget;

/// The guard, which must be there at once.
fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("it has to wait")
}

/// Runs it on a thread of its own, and fails instead of hanging.
fn ends(scenario: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        scenario();
        ended.send(()).expect("the test waits");
    });
    // On the real clock: this is for broken code. A scenario that panics ends the channel.
    if end.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    thread.join().expect("the scenario panicked");
}

static LOCKS: LazyLock<KeyedLock<Nosy>> = LazyLock::new(KeyedLock::new);

/// A key whose code uses the locks that it is a key of. The second one's does not.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Nosy {
    Looks(u8),
    IsUsed,
}

impl Nosy {
    fn look(&self) {
        if let Self::Looks(_) = self {
            assert!(LOCKS.in_use() <= 3);
            drop(now(LOCKS.lock(Self::IsUsed)));
        }
    }
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        self.look();
        match self {
            Self::Looks(number) => Self::Looks(*number),
            Self::IsUsed => Self::IsUsed,
        }
    }
}

impl Debug for Nosy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.look();
        f.write_str("Nosy")
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

#[test]
fn f5_a_key_may_use_the_same_locks_when_it_is_cloned_shown_or_dropped() {
    ends(|| {
        let guard = now(LOCKS.lock(Nosy::Looks(1)));
        assert_eq!(format!("{:?}", *LOCKS), "KeyedLock { in_use: 1, .. }");
        assert!(format!("{guard:?}").ends_with("key: Nosy }"));
        // One who waits has a key of its own, which is in nobody's map.
        let mut waiting = LOCKS.lock(Nosy::Looks(1)).boxed();
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        let mut waiting = LOCKS.lock(Nosy::Looks(1)).boxed();
        assert!((&mut waiting).now_or_never().is_none());
        drop(guard);
        drop(now(waiting));
        drop(now(LOCKS.lock_all([
            Nosy::Looks(2),
            Nosy::Looks(1),
            Nosy::Looks(2),
        ])));
        assert_eq!(LOCKS.in_use(), 0);
    });
}

/// State that uses the lock around it when it is shown.
struct Inward;

static STATE: Shared<Inward> = Shared::new(Inward);

impl Debug for Inward {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        STATE.with(|_| f.write_str("Inward"))
    }
}

#[test]
fn f5_to_show_what_is_shared_does_not_look_into_it() {
    ends(|| assert_eq!(format!("{STATE:?}"), "Shared { .. }"));
    ends(|| STATE.with(|_| assert_eq!(format!("{STATE:?}"), "Shared { .. }")));
}

/// A key that panics in one of its functions, once it is armed.
#[derive(Debug)]
struct Brittle(u8, Arc<Mutex<Option<Breaks>>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Breaks {
    Clone,
    Comparison,
    Destructor,
}

impl Brittle {
    fn breaks(&self, at: Breaks) {
        let armed = *self.1.lock().expect("it is not held in a panic");
        assert!(armed != Some(at), "{at:?} on purpose");
    }
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        self.breaks(Breaks::Clone);
        Self(self.0, Arc::clone(&self.1))
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.breaks(Breaks::Destructor);
        }
    }
}

impl PartialEq for Brittle {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Brittle {}

impl PartialOrd for Brittle {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Brittle {
    fn cmp(&self, other: &Self) -> Ordering {
        self.breaks(Breaks::Comparison);
        self.0.cmp(&other.0)
    }
}

/// Locks a key that breaks while another key is held. Afterwards the other keys are as before.
#[test]
fn f5_a_key_that_panics_poisons_and_keeps_nothing() {
    for at in [Breaks::Clone, Breaks::Comparison, Breaks::Destructor] {
        ends(move || {
            let locks = KeyedLock::new();
            let sound = |number| Brittle(number, Arc::default());
            let held = now(locks.lock(sound(1)));
            let broken = Brittle(2, Arc::new(Mutex::new(Some(at))));
            let armed = Arc::clone(&broken.1);
            let call = AssertUnwindSafe(async { drop(locks.lock(broken).await) });
            assert!(now(call.catch_unwind()).is_err(), "{at:?}");
            *armed.lock().expect("it is not held in a panic") = None;

            assert!(locks.lock(sound(1)).now_or_never().is_none(), "it is held");
            drop(held);
            drop(now(locks.lock_all([sound(1), sound(2), sound(3)])));
            assert_eq!(locks.in_use(), 0, "{at:?}");
        });
    }
}

// A guard whose key cannot be compared any more: the drop says so, the key's lock is free, and the next
// one who uses the key clears it away.
#[test]
fn f5_a_comparison_that_panics_in_the_drop_of_a_guard_leaves_the_key_free() {
    ends(|| {
        let locks = KeyedLock::new();
        let armed = Arc::default();
        let guard = now(locks.lock(Brittle(1, Arc::clone(&armed))));
        *armed.lock().expect("it is not held in a panic") = Some(Breaks::Comparison);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(guard))).is_err());
        *armed.lock().expect("it is not held in a panic") = None;
        assert_eq!(locks.in_use(), 1);
        drop(now(locks.lock(Brittle(1, armed))));
        assert_eq!(locks.in_use(), 0);
    });
}

// When a task has done 128 things of Tokio's without a wait, the next one makes it yield. In older
// versions of Tokio a call that was stopped so was not in the queue yet (tokio#8371).
#[tokio::test(start_paused = true)]
async fn f1_the_turn_is_that_of_the_first_poll_also_when_the_budget_is_used_up() {
    let locks = KeyedLock::new();
    let held = locks.lock("a").await;
    let ((begun, begins), (goes_on, may_go_on)) = (oneshot::channel(), oneshot::channel());
    let other = locks.clone();
    let early = tokio::spawn(async move {
        for _ in 0..128 {
            consume_budget().await;
        }
        let mut call = pin!(other.lock("a"));
        assert!(poll!(&mut call).is_pending());
        begun.send(()).expect("the test waits");
        may_go_on.await.expect("the test lets it go on");
        drop(call.await);
    });
    begins.await.expect("it begins");
    let mut late = pin!(locks.lock("a"));
    assert!(poll!(&mut late).is_pending());
    drop(held);
    assert!(poll!(&mut late).is_pending(), "the early one has the key");
    goes_on.send(()).expect("it waits");
    early.await.unwrap();
    drop(now(late));
    assert_eq!(locks.in_use(), 0);
}

// A loop that never has to wait lets the others of its thread run all the same.
#[tokio::test(start_paused = true)]
async fn f1_a_loop_over_a_free_key_yields() {
    let locks = KeyedLock::new();
    let turns = Shared::new(0);
    let mut without_end = pin!(async {
        loop {
            drop(locks.lock("a").await);
            turns.with(|turns| *turns += 1);
        }
    });
    assert!(poll!(&mut without_end).is_pending());
    assert_eq!(turns.with(|turns| *turns), 128);
}
