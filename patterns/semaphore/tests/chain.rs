//! The error's cause: for an error type, and for the two that are none.

use std::error::Error as _;
use std::future::ready;
use std::io;
use std::num::NonZeroUsize;

use futures::TryFutureExt as _;
use semaphore::try_map_limited;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

#[tokio::test]
async fn f3_the_first_error_is_the_source() {
    let fail = |text| ready(Err::<(), _>(io::Error::other(text)));
    let call = try_map_limited(["disk full", "gone"], TWO, fail);
    let failure = call.await.unwrap_err();
    assert_eq!(failure.to_string(), "item 0 failed, and 1 more failed");
    let source = failure.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().to_string(), "disk full");

    let text = "item 0 failed, and 1 more failed: disk full";
    assert_eq!(format!("{failure:#}"), text);
    assert_eq!(format!("{:#}", anyhow::Error::from(failure)), text);
}

#[tokio::test]
async fn f3_a_string_has_its_text_and_the_page_makes_an_error_of_it() {
    let save = |text: &str| ready(Err::<(), _>(String::from(text)));
    let call = try_map_limited(["disk full"], TWO, save);
    let failure = call.await.unwrap_err();
    assert_eq!(failure.error, "disk full");
    assert_eq!(failure.to_string(), "item 0 failed");
    assert_eq!(format!("{failure:#}"), "item 0 failed: disk full");

    let call = async || -> anyhow::Result<Vec<()>> {
        let save = |text| save(text).map_err(io::Error::other);
        Ok(try_map_limited(["disk full"], TWO, save).await?)
    };
    let error = call().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "item 0 failed: disk full");
}

#[tokio::test]
async fn f3_an_anyhow_error_has_its_chain_and_the_page_makes_an_error_of_it() {
    let save = |text| {
        let cause = anyhow::Error::from(io::Error::other(text));
        ready(Err::<(), _>(cause.context("not saved")))
    };
    let text = "item 0 failed, and 1 more failed: not saved: disk full";
    let call = try_map_limited(["disk full", "gone"], TWO, save);
    let failure = call.await.unwrap_err();
    assert!(failure.error.root_cause().is::<io::Error>());
    assert_eq!(format!("{failure:#}"), text);

    let call = async || -> anyhow::Result<Vec<()>> {
        let save = |text| save(text).map_err(io::Error::other);
        Ok(try_map_limited(["disk full", "gone"], TWO, save).await?)
    };
    let error = call().await.unwrap_err();
    assert_eq!(format!("{error:#}"), text);
    assert!(error.root_cause().is::<io::Error>());
}
