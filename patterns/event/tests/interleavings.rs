//! Every order of a few steps: calls of `wait`, polls and drops of the futures, sets and clears.
//!
//! This is the recipe on Tokio's own `Notify`, on one thread, where a step is a call. After each
//! step everything that can be seen is compared with a model so small that it can be read.
//! tests/exploration.rs has the steps inside of the calls, on several threads.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use event::Event;
use futures::future::{BoxFuture, FutureExt as _, poll_fn};
use tokio::sync::{Notify, watch};

const WAITERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Set,
    Clear,
    Wait(usize),
    Poll(usize),
    Drop(usize),
}

/// What is promised, as data.
#[derive(Clone, Copy)]
struct Model {
    up: bool,
    waiters: [Waiter; WAITERS],
}

#[derive(Clone, Copy)]
enum Waiter {
    NotCalled,
    /// `may_pass` once the flag was up at any moment since the call.
    Waiting {
        may_pass: bool,
        polled: bool,
    },
    Over,
}

impl Model {
    const START: Self = Self {
        up: false,
        waiters: [Waiter::NotCalled; WAITERS],
    };

    /// The steps that can be taken now.
    fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Set, Step::Clear];
        for (number, waiter) in self.waiters.iter().enumerate() {
            match waiter {
                Waiter::NotCalled => steps.push(Step::Wait(number)),
                Waiter::Waiting { .. } => steps.extend([Step::Poll(number), Step::Drop(number)]),
                Waiter::Over => {}
            }
        }
        steps
    }

    fn after(mut self, step: Step) -> Self {
        match step {
            Step::Set => {
                self.up = true;
                for waiter in &mut self.waiters {
                    if let Waiter::Waiting { may_pass, .. } = waiter {
                        *may_pass = true;
                    }
                }
            }
            Step::Clear => self.up = false,
            Step::Wait(number) => {
                self.waiters[number] = Waiter::Waiting {
                    may_pass: self.up,
                    polled: false,
                };
            }
            Step::Poll(number) => {
                if let Waiter::Waiting { may_pass, polled } = &mut self.waiters[number] {
                    *polled = true;
                    if *may_pass {
                        self.waiters[number] = Waiter::Over;
                    }
                }
            }
            Step::Drop(number) => self.waiters[number] = Waiter::Over,
        }
        self
    }
}

/// The recipe, and what people make an event of.
#[derive(Default)]
struct Parts {
    event: Event,
    notify: Notify,
    watch: watch::Sender<bool>,
    wakers: Mutex<Vec<Waker>>,
}

/// An event: what it does in `set`, and how it waits. Its flag is always the recipe's.
#[derive(Clone, Copy)]
struct Kind {
    set: fn(&Parts),
    wait: fn(&Parts) -> BoxFuture<'_, ()>,
}

const RECIPE: Kind = Kind {
    set: |_| {},
    wait: |parts| parts.event.wait().boxed(),
};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Takes every order of so many steps. Returns how many orders there are, or the first that goes
/// wrong, and what was wrong.
fn explore(kind: Kind, length: usize) -> Result<usize, String> {
    extend(kind, &mut Vec::new(), Model::START, length)
}

fn extend(kind: Kind, path: &mut Vec<Step>, model: Model, left: usize) -> Result<usize, String> {
    if left == 0 {
        run(kind, path).map_err(|wrong| format!("{path:?}: {wrong}"))?;
        return Ok(1);
    }
    let mut orders = 0;
    for step in model.steps() {
        path.push(step);
        orders += extend(kind, path, model.after(step), left - 1)?;
        path.pop();
    }
    Ok(orders)
}

fn run(kind: Kind, path: &[Step]) -> Result<(), &'static str> {
    let parts = Parts::default();
    let wakes: [Arc<Wakes>; WAITERS] = Default::default();
    let mut futures: [Option<BoxFuture<'_, ()>>; WAITERS] = [const { None }; WAITERS];
    let mut model = Model::START;
    for &step in path {
        let before = model;
        model = model.after(step);
        match step {
            Step::Set => {
                parts.event.set();
                (kind.set)(&parts);
            }
            Step::Clear => {
                parts.event.clear();
                parts.watch.send_replace(false);
            }
            Step::Wait(number) => futures[number] = Some((kind.wait)(&parts)),
            Step::Drop(number) => futures[number] = None,
            Step::Poll(number) => {
                let future = futures[number].as_mut().expect("the model has it waiting");
                let waker = Waker::from(Arc::clone(&wakes[number]));
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                let over = matches!(model.waiters[number], Waiter::Over);
                match (polled, over) {
                    (Poll::Ready(()), true) => futures[number] = None,
                    (Poll::Pending, false) => {}
                    (Poll::Ready(()), false) => return Err("it passes a flag that was down"),
                    (Poll::Pending, true) => return Err("it does not see that the flag was up"),
                }
            }
        }
        if parts.event.is_set() != model.up {
            return Err("is_set is wrong");
        }
        for (number, wakes) in wakes.iter().enumerate() {
            let woken = wakes.0.load(SeqCst);
            match (before.waiters[number], model.waiters[number]) {
                (
                    _,
                    Waiter::Waiting {
                        may_pass: true,
                        polled: true,
                    },
                ) if woken != 1 => {
                    return Err("the flag is raised, and a task that waits is not woken once");
                }
                (
                    _,
                    Waiter::Waiting {
                        may_pass: false, ..
                    },
                ) if woken != 0 => {
                    return Err("a task is woken, and the flag was not raised");
                }
                (_, Waiter::Over) if Arc::strong_count(wakes) != 1 => {
                    return Err("a wait is over, and something of it is left");
                }
                (Waiter::Over, Waiter::Over) if woken > 1 => {
                    return Err("a wait is over, and its task is woken");
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[test]
fn every_order_of_seven_steps_goes_as_promised() {
    // The number is the guard that they were really taken.
    assert_eq!(explore(RECIPE, 7), Ok(177_872));
}

/// The first order that goes wrong, and what is wrong then.
fn mistake(kind: Kind) -> String {
    explore(kind, 4).expect_err("the mistake is not found")
}

#[test]
fn a_notify_without_a_flag_is_found() {
    let kind = Kind {
        set: |parts| parts.notify.notify_waiters(),
        wait: |parts| parts.notify.notified().boxed(),
    };
    let found = "[Set, Set, Wait(0), Poll(0)]: it does not see that the flag was up";
    assert_eq!(mistake(kind), found);
}

#[test]
fn a_watch_is_found() {
    let kind = Kind {
        set: |parts| {
            parts.watch.send_replace(true);
        },
        wait: |parts| {
            let mut receiver = parts.watch.subscribe();
            async move { receiver.wait_for(|up| *up).await.map(drop).unwrap() }.boxed()
        },
    };
    let found = "[Set, Wait(0), Clear, Poll(0)]: it does not see that the flag was up";
    assert_eq!(mistake(kind), found);
}

#[test]
fn a_wait_that_begins_at_its_first_poll_is_found() {
    let kind = Kind {
        wait: |parts| async { parts.event.wait().await }.boxed(),
        ..RECIPE
    };
    let found = "[Set, Wait(0), Clear, Poll(0)]: it does not see that the flag was up";
    assert_eq!(mistake(kind), found);
}

#[test]
fn a_look_at_the_flag_after_the_wake_up_is_found() {
    let kind = Kind {
        wait: |parts| {
            let mut passes = parts.event.is_set();
            let mut wait = parts.event.wait().boxed();
            async move {
                while !passes {
                    wait.as_mut().await;
                    passes = parts.event.is_set();
                    wait = parts.event.wait().boxed();
                }
            }
            .boxed()
        },
        ..RECIPE
    };
    let found = "[Wait(0), Set, Clear, Poll(0)]: it does not see that the flag was up";
    assert_eq!(mistake(kind), found);
}

#[test]
fn a_notify_one_is_found() {
    let kind = Kind {
        set: |parts| parts.notify.notify_one(),
        wait: |parts| {
            let notified = parts.notify.notified();
            let up = parts.event.is_set();
            async move {
                if !up {
                    notified.await;
                }
            }
            .boxed()
        },
    };
    let found = "[Set, Clear, Wait(0), Poll(0)]: it passes a flag that was down";
    assert_eq!(mistake(kind), found);
}

#[test]
fn a_waker_that_is_kept_after_the_wait_is_found() {
    let kind = Kind {
        wait: |parts| {
            let mut wait = parts.event.wait().boxed();
            poll_fn(move |context| {
                parts.wakers.lock().unwrap().push(context.waker().clone());
                wait.poll_unpin(context)
            })
            .boxed()
        },
        ..RECIPE
    };
    let found = "[Set, Set, Wait(0), Poll(0)]: a wait is over, and something of it is left";
    assert_eq!(mistake(kind), found);
}
