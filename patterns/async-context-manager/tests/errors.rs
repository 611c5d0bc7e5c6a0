//! An error keeps its chain, whatever its type.

use std::error::Error as _;
use std::fmt::Display;
use std::io;

use async_context_manager::{WithError, with_resource, with_stack};
use tokio_util::task::TaskTracker;

/// What each way to fail returns: the body, closing, and both, with two that are not closed.
async fn failures<E, M>(error: M) -> [WithError<E>; 3]
where
    E: Display + Send + 'static,
    M: Fn(&'static str) -> E + Copy + Send + 'static,
{
    let tracker = TaskTracker::new();
    let open = async || Ok(());
    let not_closed = move |()| async move { Err(error("not flushed")) };

    let body = async |_: &mut ()| Err::<(), _>(error("disk full"));
    let body = with_resource(&tracker, open(), async |()| Ok(()), body).await;
    let close = with_resource(&tracker, open(), not_closed, async |_| Ok(())).await;
    let both = with_stack(&tracker, async |stack| {
        let _first = stack.enter(open(), not_closed).await?;
        let _second = stack.enter(open(), not_closed).await?;
        Err::<(), _>(error("disk full"))
    });
    [body, close, both.await].map(Result::unwrap_err)
}

/// `{}`, which leaves the source to whoever prints the chain.
const SHORT: [&str; 3] = [
    "the body failed",
    "not closed",
    "the body failed (not closed: not flushed) (not closed: not flushed)",
];

/// `{:#}`, and the chain as `anyhow` prints it.
const WHOLE: [&str; 3] = [
    "the body failed: disk full",
    "not closed: not flushed",
    "the body failed (not closed: not flushed) (not closed: not flushed): disk full",
];

/// What the page shows for an error that is no `std::error::Error`: `?` makes an `anyhow::Error` of
/// what this returns.
fn passed_on<E>(failed: WithError<E>) -> anyhow::Result<()>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Err(failed).map_err(|failed| failed.map(io::Error::other))?
}

#[tokio::test]
async fn f3_an_io_error_is_the_source_and_no_text_comes_twice() {
    let failed = failures(io::Error::other).await;
    assert_eq!(failed.each_ref().map(|failed| failed.to_string()), SHORT);
    assert_eq!(failed.each_ref().map(|failed| format!("{failed:#}")), WHOLE);
    let sources = failed.each_ref().map(|failed| {
        let source = failed.source().expect("it has one");
        let source = source.downcast_ref::<io::Error>();
        source.expect("it is the error itself").to_string()
    });
    assert_eq!(sources, ["disk full", "not flushed", "disk full"]);
    let chains = failed.map(|failed| format!("{:#}", anyhow::Error::from(failed)));
    assert_eq!(chains, WHOLE);
}

#[tokio::test]
async fn f3_a_string_is_in_the_text_and_becomes_a_source_with_map() {
    let failed = failures(String::from).await;
    assert_eq!(failed.each_ref().map(|failed| failed.to_string()), SHORT);
    assert_eq!(failed.each_ref().map(|failed| format!("{failed:#}")), WHOLE);
    let chains = failed.map(|failed| format!("{:#}", passed_on(failed).unwrap_err()));
    assert_eq!(chains, WHOLE);
}

#[tokio::test]
async fn f3_an_anyhow_error_is_in_the_text_and_becomes_a_source_with_map() {
    let error = |text| anyhow::Error::msg("flush").context(text);
    let failed = failures(error).await;
    let whole = [
        "the body failed: disk full: flush",
        "not closed: not flushed: flush",
        "the body failed (not closed: not flushed: flush) (not closed: not flushed: flush): \
         disk full: flush",
    ];
    assert_eq!(failed.each_ref().map(|failed| format!("{failed:#}")), whole);
    // The chain is that of the source: of the others it has the uppermost text.
    let chains = failed.map(|failed| format!("{:#}", passed_on(failed).unwrap_err()));
    assert_eq!(chains, WHOLE.map(|text| format!("{text}: flush")));
}
