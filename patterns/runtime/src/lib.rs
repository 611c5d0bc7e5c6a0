//! Run a program until it ends or is asked to stop, and wait for its clean-up.
#![cfg_attr(any(doc, doctest), doc = include_str!("../README.md"))]

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::{io, pin::pin, thread, time::Duration};

use futures::FutureExt as _;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio::{runtime::Runtime, select, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What tasks that are stopped at the deadline get to run their destructors.
const MOMENT: Duration = Duration::from_millis(100);

/// How a program ended.
#[derive(Debug)]
#[must_use = "it says what did not stop in time"]
pub struct Ended<T> {
    /// What main returned, or `None` when it had not at the deadline.
    pub value: Option<T>,
    /// Whether the program was asked to stop before main returned.
    pub interrupted: bool,
    /// What had not stopped at the deadline: main first, then in the order of their start.
    pub unfinished: Vec<String>,
}

/// Runs `main` until it returns, or until Ctrl-C or SIGTERM, stops the rest as [`run_until`] does,
/// and shuts the runtime down. A thread that is still busy then has what is left of `grace`.
///
/// # Errors
/// When signals cannot be listened for.
///
/// # Panics
/// When `main` panics, after the clean-up. Inside a runtime. Without the I/O and time drivers.
pub fn run<T>(
    runtime: Runtime,
    grace: Duration,
    main: impl AsyncFnOnce(Program) -> T,
) -> io::Result<Ended<T>> {
    let (ended, left) =
        runtime.block_on(async { io::Result::Ok(supervise(grace, signals()?, main).await) })?;
    // Without this, the runtime's drop would wait for a blocking call without limit.
    runtime.shutdown_timeout(left.max(MOMENT));
    Ok(ended.unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Runs `main` until it returns or `asked` does. Then asks what is left to stop, and waits for it.
///
/// What is left is what `main` has started through its [`Program`], and `main` itself when it has
/// not returned. They have `grace` to end, and when `asked` returns again, no time any more.
///
/// # Cancel safety
/// Dropping the call asks every task to stop and aborts it. It cannot wait: a task in the middle of
/// a poll on another thread ends at its next await, a blocking closure when it looks at its token.
///
/// # Panics
/// When `main` panics, after the clean-up. Outside a Tokio runtime.
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
    let mut main = pin!(AssertUnwindSafe(main).catch_unwind());
    let mut returned = select! {
        // First, or a main that is always ready would leave no budget to see a request.
        biased;
        () = asked() => None,
        returned = &mut main => Some(returned),
    };
    let interrupted = returned.is_none();
    let stopping = Instant::now();
    program.stop.cancel();
    program.tasks.close();

    let clean_up = async {
        if returned.is_none() {
            returned = Some(main.await);
        }
        program.tasks.wait().await;
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
        _ = timeout(grace, clean_up) => grace.saturating_sub(stopping.elapsed()),
    };

    let mut unfinished: Vec<String> = Vec::from_iter(returned.is_none().then(|| "main".into()));
    unfinished.extend(
        program
            .names()
            .iter()
            .filter_map(Weak::upgrade)
            .map(|name| name.to_string()),
    );
    drop(abort);
    let _ = timeout(MOMENT, program.tasks.wait()).await;
    let ended = returned.transpose().map(|value| Ended {
        value,
        interrupted,
        unfinished,
    });
    (ended, left)
}

/// What main starts its tasks with. Clones are handles to the same program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    names: Arc<Mutex<Vec<Weak<str>>>>,
}

impl Program {
    /// A token that is cancelled when the program stops. Cancelling it stops only who has it.
    pub fn token(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Starts a task that should end when the [`token`](Self::token) is cancelled. The handle's value
    /// is `None` when the task had to be aborted. Panics outside a Tokio runtime.
    pub fn spawn<F>(&self, name: &str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let name = self.keep(name);
        let abortable = self.abort.clone().run_until_cancelled_owned(future);
        self.tasks.spawn(abortable.inspect(move |_| drop(name)))
    }

    /// Starts a closure that should return when the [`token`](Self::token) is cancelled: nothing else
    /// stops it. Panics outside a Tokio runtime.
    pub fn spawn_blocking<R: Send + 'static>(
        &self,
        name: &str,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let name = self.keep(name);
        self.tasks.spawn_blocking(move || {
            let _name = name;
            f()
        })
    }

    /// Who owns the name is running. Makes room before it takes more, so that names do not pile up.
    fn keep(&self, name: &str) -> Arc<str> {
        let name = Arc::from(name);
        let mut names = self.names();
        if names.len() == names.capacity() {
            names.retain(|name| name.strong_count() > 0);
            let room = names.len() + 1;
            names.reserve(room);
        }
        names.push(Arc::downgrade(&name));
        name
    }

    fn names(&self) -> MutexGuard<'_, Vec<Weak<str>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens for Ctrl-C and SIGTERM (on Windows, Ctrl-Break), which no longer end the process then.
/// Each call of what it returns waits for one, also for one that came since the last call.
///
/// # Errors
/// When the operating system refuses.
///
/// # Panics
/// Outside a Tokio runtime, and in one without its I/O driver.
pub fn signals() -> io::Result<impl AsyncFnMut()> {
    #[cfg(unix)]
    let (mut interrupt, mut terminate) = {
        use signal::unix::{SignalKind, signal};
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    #[cfg(windows)]
    let (mut interrupt, mut terminate) =
        (signal::windows::ctrl_c()?, signal::windows::ctrl_break()?);
    Ok(async move || {
        select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    })
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
