//! The error's cause: for an error type, and for the two that are none.

use std::error::Error as _;
use std::future::ready;
use std::io;

use futures::TryFutureExt as _;
use gather::try_gather;

#[tokio::test]
async fn f3_the_first_error_is_the_source() {
    let futures = ["disk full", "gone"].map(|text| ready(Err::<(), _>(io::Error::other(text))));
    let failure = try_gather(futures).await.unwrap_err();
    assert_eq!(failure.to_string(), "future 0 failed, and 1 more failed");
    let source = failure.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().to_string(), "disk full");

    let text = "future 0 failed, and 1 more failed: disk full";
    assert_eq!(format!("{failure:#}"), text);
    assert_eq!(format!("{:#}", anyhow::Error::from(failure)), text);
}

#[tokio::test]
async fn f3_a_string_has_its_text_and_the_page_makes_an_error_of_it() {
    let save = || ready(Err::<(), _>(String::from("disk full")));
    let failure = try_gather([save()]).await.unwrap_err();
    assert_eq!(failure.error, "disk full");
    assert_eq!(failure.to_string(), "future 0 failed");
    assert_eq!(format!("{failure:#}"), "future 0 failed: disk full");

    let call = async || -> anyhow::Result<Vec<()>> {
        Ok(try_gather([save().map_err(io::Error::other)]).await?)
    };
    let error = call().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "future 0 failed: disk full");
}

#[tokio::test]
async fn f3_an_anyhow_error_has_its_chain_and_the_page_makes_an_error_of_it() {
    let save = || {
        let cause = anyhow::Error::from(io::Error::other("disk full"));
        ready(Err::<(), _>(cause.context("not saved")))
    };
    let text = "future 0 failed, and 1 more failed: not saved: disk full";
    let failure = try_gather([save(), save()]).await.unwrap_err();
    assert!(failure.error.root_cause().is::<io::Error>());
    assert_eq!(format!("{failure:#}"), text);

    let call = async || -> anyhow::Result<Vec<()>> {
        let saves = [save(), save()].map(|save| save.map_err(io::Error::other));
        Ok(try_gather(saves).await?)
    };
    let error = call().await.unwrap_err();
    assert_eq!(format!("{error:#}"), text);
    assert!(error.root_cause().is::<io::Error>());

    let alone = async || -> anyhow::Result<Vec<()>> {
        let failure = try_gather([save()]).await;
        failure.map_err(|failure| failure.error)
    };
    let error = alone().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "not saved: disk full");
}
