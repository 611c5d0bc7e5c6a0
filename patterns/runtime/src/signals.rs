//! Ctrl-C and SIGTERM. One thread of the process listens: it hears them, and ends the process at the
//! second, also while every other thread blocks.

use std::convert::Infallible;
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::{select, signal};

/// A repeat within this time is the same wish: a terminal sends Ctrl-C to all programs of a group, and
/// one that has started another, such as npm, passes it on.
const SAME_WISH: Duration = Duration::from_millis(300);
/// What there is between the second signal and the end of the process.
const LAST: Duration = Duration::from_millis(300);

/// The numbers of the signals that have come since the first of those who listen now has begun.
static HEARD: OnceLock<io::Result<watch::Sender<Vec<u8>>>> = OnceLock::new();

/// Listens for Ctrl-C and SIGTERM (on Windows, Ctrl-Break). Each call of what it returns waits for one,
/// also for one that came since the last call; two that came since are one.
///
/// A repeat within 300 ms of the first is the same wish. The next one is the second: calls return, and
/// 300 ms later the process ends, whatever its threads do. Its exit code is 128 and the signal's number.
/// When nobody listens any more, a signal ends the process at once.
///
/// # Errors
/// When the operating system refuses.
pub fn signals() -> io::Result<impl AsyncFnMut()> {
    let heard = HEARD.get_or_init(listen).as_ref();
    let heard = heard.map_err(|error| io::Error::new(error.kind(), error))?;
    if heard.receiver_count() == 0 {
        heard.send_replace(Vec::new());
    }
    let mut heard = heard.subscribe();
    // It cannot fail: the sender is never dropped.
    Ok(async move || drop(heard.changed().await))
}

/// The exit code of a program of which `all` has ended well.
pub(super) fn code(interrupted: bool, all: bool) -> u8 {
    let heard = HEARD.get().and_then(|heard| heard.as_ref().ok());
    let heard = heard.map(|heard| heard.borrow().clone());
    match (heard.unwrap_or_default().as_slice(), all) {
        (&[_, second, ..], _) => 128 + second,
        (_, false) => 1,
        (&[2], true) if interrupted => 130,
        _ => 0,
    }
}

/// Starts the thread.
fn listen() -> io::Result<watch::Sender<Vec<u8>>> {
    let heard = watch::Sender::new(Vec::new());
    let tell = heard.clone();
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        let Err(refused) = hear(&tell, || drop(ready.send(Ok(()))));
        let _ = ready.send(Err(refused));
    })?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(heard)
}

fn hear(heard: &watch::Sender<Vec<u8>>, ready: impl FnOnce()) -> io::Result<Infallible> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        #[cfg(unix)]
        let (mut interrupt, mut terminate) = {
            use signal::unix::{SignalKind, signal};
            let interrupt = signal(SignalKind::interrupt())?;
            (interrupt, signal(SignalKind::terminate())?)
        };
        #[cfg(windows)]
        let (mut interrupt, mut terminate) =
            (signal::windows::ctrl_c()?, signal::windows::ctrl_break()?);
        ready();
        let mut first: Option<Instant> = None;
        loop {
            let number = select! { _ = interrupt.recv() => 2, _ = terminate.recv() => 15 };
            if first.is_some_and(|first| first.elapsed() < SAME_WISH) {
                continue;
            }
            first = Some(Instant::now());
            let listeners = heard.receiver_count();
            let is_first = heard.borrow().is_empty();
            heard.send_modify(|heard| heard.push(number));
            if listeners > 0 && is_first {
                continue;
            }
            if listeners > 0 {
                thread::sleep(LAST);
            }
            process::exit(128 + i32::from(number));
        }
    })
}
