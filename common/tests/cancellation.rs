//! What `drop_at_every_await` finds, and what it says when it finds it.

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::rc::Rc;
use std::sync::Arc;

use common::cancellation::{alive_tasks, drop_at_every_await};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Duration, Instant, sleep};

const STEP: Duration = Duration::from_millis(10);

#[test]
fn every_return_of_pending_is_a_point() {
    let runs = Cell::new(0);
    let points = drop_at_every_await(|| {
        runs.set(runs.get() + 1);
        let work = async {
            yield_now().await;
            sleep(STEP).await;
            ready(()).await;
            sleep(STEP).await;
        };
        (work, async {})
    });
    assert_eq!(points.get(), 3);
    // The run to its end, and twice at each point.
    assert_eq!(runs.get(), 7);
}

#[test]
fn it_drops_when_suspended_and_again_when_woken() {
    let seen = RefCell::new(Vec::new());
    drop_at_every_await(|| {
        let start = Instant::now();
        let dropped = Rc::new(Cell::new(Duration::ZERO));
        let clock = NoteDrop(start, Rc::clone(&dropped));
        let work = async move {
            let _clock = clock;
            sleep(STEP).await;
            sleep(STEP).await;
        };
        let seen = &seen;
        (work, async move {
            seen.borrow_mut().push(dropped.get());
        })
    });
    assert_eq!(
        seen.into_inner(),
        [2 * STEP, Duration::ZERO, STEP, STEP, 2 * STEP]
    );
}

struct NoteDrop(Instant, Rc<Cell<Duration>>);

impl Drop for NoteDrop {
    fn drop(&mut self) {
        self.1.set(self.0.elapsed());
    }
}

#[test]
#[should_panic(expected = "the future completed without an await: it was never dropped")]
fn a_future_without_an_await_is_refused() {
    drop_at_every_await(|| (ready(()), async {}));
}

#[test]
#[should_panic(expected = "at await 2, dropped Suspended: half done")]
fn a_broken_invariant_names_its_point() {
    drop_at_every_await(|| {
        let half_done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&half_done);
        let work = async move {
            sleep(STEP).await;
            flag.set(true);
            sleep(STEP).await;
            flag.set(false);
        };
        (work, async move { assert!(!half_done.get(), "half done") })
    });
}

#[test]
#[should_panic(expected = "run to its end: wrong at the end")]
fn the_invariant_is_checked_after_completion_too() {
    drop_at_every_await(|| {
        let ended = Rc::new(Cell::new(false));
        let flag = Rc::clone(&ended);
        let work = async move {
            yield_now().await;
            yield_now().await;
            flag.set(true);
        };
        (
            work,
            async move { assert!(!ended.get(), "wrong at the end") },
        )
    });
}

#[test]
#[should_panic(expected = "at await 1, dropped Woken: the permit is lost")]
fn a_permit_lost_between_wake_up_and_poll_is_found() {
    drop_at_every_await(|| {
        let permits = Arc::new(Semaphore::new(0));
        let (hand_over, handed_over) = oneshot::channel();
        let pool = Arc::clone(&permits);
        tokio::spawn(async move {
            sleep(STEP).await;
            // Right when the taker is gone: the permit goes back.
            if hand_over.send(()).is_err() {
                pool.add_permits(1);
            }
        });
        let pool = Arc::clone(&permits);
        let taker = async move {
            handed_over.await.unwrap();
            // The mistake: between the send and this line the permit belongs to nobody.
            pool.add_permits(1);
        };
        (taker, async move {
            sleep(STEP).await;
            assert!(permits.available_permits() == 1, "the permit is lost");
        })
    });
}

#[test]
fn tasks_that_the_drop_cancels_are_gone_before_the_invariant() {
    let points = drop_at_every_await(|| {
        let work = async {
            let mut tasks = JoinSet::new();
            tasks.spawn(sleep(STEP));
            tasks.spawn(sleep(2 * STEP));
            tasks.join_all().await;
        };
        (work, async { assert_eq!(alive_tasks(), 0) })
    });
    assert_eq!(points.get(), 2);
}

#[test]
#[should_panic(expected = "at await 1, dropped Suspended: a task is left")]
fn a_detached_task_is_found() {
    drop_at_every_await(|| {
        let work = async { tokio::spawn(sleep(2 * STEP)).await.unwrap() };
        (work, async {
            assert!(alive_tasks() == 0, "a task is left")
        })
    });
}

#[test]
#[should_panic(expected = "run to its end: the future hangs")]
fn a_future_that_hangs_is_reported() {
    drop_at_every_await(|| {
        let work = async {
            yield_now().await;
            pending::<()>().await;
        };
        (work, async {})
    });
}

#[test]
#[should_panic(expected = "run to its end: the invariant hangs")]
fn an_invariant_that_hangs_is_reported() {
    drop_at_every_await(|| (yield_now(), pending()));
}

#[test]
#[should_panic(expected = "the future has not completed after 10000 awaits")]
fn a_future_without_an_end_is_reported() {
    drop_at_every_await(|| {
        let work = async {
            loop {
                yield_now().await;
            }
        };
        (work, async {})
    });
}

#[test]
#[should_panic(expected = "run to its end: it broke")]
fn a_panic_of_the_future_is_passed_on() {
    drop_at_every_await(|| {
        let work = async {
            yield_now().await;
            panic!("it broke");
        };
        (work, async {})
    });
}

#[test]
#[should_panic(expected = "the first run had more awaits than this one")]
fn runs_that_differ_are_refused() {
    let first = Cell::new(true);
    drop_at_every_await(|| {
        let awaits = first.replace(false);
        let work = async move {
            if awaits {
                yield_now().await;
            }
        };
        (work, async {})
    });
}
