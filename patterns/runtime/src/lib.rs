//! Run a program until it ends or is asked to stop, and wait for its clean-up.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::future::pending;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{ExitCode, Termination};
use std::{sync::mpsc, thread, time::Duration};

use futures::FutureExt as _;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio::{runtime::Runtime, select, sync::oneshot};

mod program;
mod signals;

pub use self::program::Program;
pub use self::signals::signals;

/// What tasks that are stopped at the deadline get to run their destructors.
const MOMENT: Duration = Duration::from_millis(100);

/// How a program ended. Returned by `main`, it names on stderr what did not end well.
#[derive(Debug)]
#[must_use = "it says what did not stop in time"]
pub struct Ended<T> {
    /// What main returned, or `None` when it had not at the deadline.
    pub value: Option<T>,
    /// Whether the program was asked to stop before main returned.
    pub interrupted: bool,
    /// What had not stopped at the deadline: main first, then in the order of their start.
    pub unfinished: Vec<String>,
    /// Which tasks have panicked, each name once, in alphabetical order.
    pub panicked: Vec<String>,
    /// The exit code that says so: 128 and its number when a second signal has ended the grace, 1 when
    /// a name is in one of the lists, 130 after Ctrl-C, and otherwise 0.
    pub code: u8,
}

impl<T: Termination> Termination for Ended<T> {
    /// Where [`code`](Self::code) is 0, main's value has the word.
    fn report(self) -> ExitCode {
        let unfinished = self
            .unfinished
            .iter()
            .map(|name| (name, "did not stop in time"));
        let panicked = self.panicked.iter().map(|name| (name, "panicked"));
        for (name, what) in unfinished.chain(panicked) {
            // Where stderr is closed, the code is left.
            let _ = writeln!(io::stderr(), "{name} {what}");
        }
        match (self.value.map(T::report), self.code) {
            (Some(code), 0) => code,
            (_, code) => code.into(),
        }
    }
}

/// Runs `main` until it returns, or until Ctrl-C or SIGTERM, stops the rest as [`run_until`] does,
/// and shuts the runtime down. A thread that is still busy then has what is left of `grace`.
///
/// The signals are those of [`signals`]: a second one always ends the process.
///
/// # Errors
/// When signals cannot be listened for.
///
/// # Panics
/// When `main` panics, after the clean-up. Inside a runtime. Without the time driver.
pub fn run<T>(
    runtime: Runtime,
    grace: Duration,
    main: impl AsyncFnOnce(Program) -> T,
) -> io::Result<Ended<T>> {
    let (ended, left) = runtime.block_on(supervise(grace, signals()?, main));
    // Without this, the runtime's drop would wait for a blocking call without limit.
    runtime.shutdown_timeout(left.max(MOMENT));
    Ok(ended.unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Runs `main` until it returns or `asked` does. Then asks what is left to stop, and waits for it.
///
/// What is left is what `main` has started through its [`Program`], and `main` itself when it has
/// not returned. They have `grace` to end, and when `asked` returns again, no time any more.
///
/// `asked` is called again when it has returned, and when `main` has; a call that waits is dropped
/// then. Each return is a request. Once `main` has returned, the first one changes nothing.
///
/// # Cancel safety
/// Dropping the call asks every task to stop and aborts it. It cannot wait: a task in the middle of
/// a poll on another thread ends at its next await, a blocking closure when it looks at its token.
///
/// # Panics
/// When `main` panics, after the clean-up. Outside a Tokio runtime, or without its time driver.
pub async fn run_until<T>(
    grace: Duration,
    asked: impl AsyncFnMut(),
    main: impl AsyncFnOnce(Program) -> T,
) -> Ended<T> {
    let (ended, _left) = supervise(grace, asked, main).await;
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Returns how it ended, or main's panic, and what is left of the grace.
async fn supervise<T>(
    grace: Duration,
    mut asked: impl AsyncFnMut(),
    main: impl AsyncFnOnce(Program) -> T,
) -> (thread::Result<Ended<T>>, Duration) {
    let program = Program::default();
    let _stop = program.stop.clone().drop_guard();
    let abort = program.abort.clone().drop_guard();
    let main = async { main(program.clone()).await };
    let mut main = Box::pin(AssertUnwindSafe(main).catch_unwind());
    let mut returned = select! {
        // First, or a main that is always ready would leave no budget to see a request.
        biased;
        () = asked() => None,
        returned = &mut main => Some(returned),
    };
    let interrupted = returned.is_none();
    let stopping = Instant::now();
    program.close();

    let clean_up = async {
        if returned.is_none() {
            returned = Some((&mut main).await);
        }
        program.ended().await;
    };
    let forced = async {
        // When main has returned, the first request asks for what happens already.
        if !interrupted {
            asked().await;
        }
        asked().await;
    };
    let left = select! {
        biased;
        () = forced => Duration::ZERO,
        () = clean_up => grace.saturating_sub(stopping.elapsed()),
        () = deadline(grace) => Duration::ZERO,
    };

    let mut unfinished = Vec::from_iter(returned.is_none().then(|| "main".into()));
    unfinished.extend(program.running());
    drop(abort);
    // A panic of main's destructors is as one of main.
    let cut = catch_unwind(AssertUnwindSafe(|| drop(main)));
    select! { biased; () = program.ended() => {}, () = deadline(MOMENT) => {} }
    let panicked = program.panicked();
    let all = unfinished.is_empty() && panicked.is_empty();
    let code = signals::code(interrupted, all);
    let value = returned.transpose();
    let ended = value
        .and_then(|value| cut.map(|()| value))
        .map(|value| Ended {
            value,
            interrupted,
            unfinished,
            panicked,
            code,
        });
    (ended, left)
}

/// Waits so long, also while every worker blocks. Tokio's timer alone does not: who blocks after a timer
/// woke it can have the driver of all timers with it. So a thread wakes the caller, and ends with it.
async fn deadline(time: Duration) {
    let begun = Instant::now();
    if begun.checked_add(time).is_none() {
        return pending().await;
    }
    let (_waiting, is_dropped) = mpsc::channel::<()>();
    let (wake, woken) = oneshot::channel();
    let wait = move || {
        let _ = is_dropped.recv_timeout(time);
        let _ = wake.send(());
    };
    // Where there are no more threads, Tokio's timer is left.
    let _ = thread::Builder::new().spawn(wait);
    let thread = async {
        // On a paused clock it comes too early, and Tokio's timer counts.
        if woken.await.is_err() || begun.elapsed() < time {
            pending().await
        }
    };
    select! { () = sleep(time) => {}, () = thread => {} }
}

/// Calls `f` in a task of its own, never inside this call. The handle's `abort` cancels it; dropping
/// the handle changes nothing. Panics outside a Tokio runtime.
///
/// On one thread, a cancelled callback is never called. On several, its thread may have just begun.
pub fn call_soon(f: impl FnOnce() + Send + 'static) -> AbortHandle {
    tokio::spawn(async { f() }).abort_handle()
}

/// As [`call_soon`], after `delay`.
pub fn call_later(delay: Duration, f: impl FnOnce() + Send + 'static) -> AbortHandle {
    tokio::spawn(sleep(delay).map(|()| f())).abort_handle()
}

/// As [`call_soon`], at `when`.
pub fn call_at(when: Instant, f: impl FnOnce() + Send + 'static) -> AbortHandle {
    tokio::spawn(sleep_until(when).map(|()| f())).abort_handle()
}
