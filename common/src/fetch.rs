//! Fetching, as several demos do it: a page or why there is none, and the lines about it.
//!
//! Nothing here waits for anything but the answer.

use reqwest::{Client, StatusCode, Url};
use tracing::{Instrument as _, Span};

use crate::client::explain;
use crate::say;
use crate::timeline::{waiting, working};

/// What came of a fetch: the status and the size, or why it failed, each in one line.
pub type Fetched = Result<String, String>;

/// Names each address after its host.
pub fn named_by_host(urls: Vec<Url>) -> Vec<(String, Url)> {
    let host = |url: &Url| url.host_str().unwrap_or("?").to_owned();
    urls.into_iter().map(|url| (host(&url), url)).collect()
}

/// Fetches one page, and shows in the lane when it waits and when it reads.
///
/// # Errors
/// When there is no answer, its status is an error, or its body is cut short.
pub async fn get(client: Client, url: Url) -> Fetched {
    fetch(
        client,
        url,
        || waiting("for the answer"),
        || working("reading"),
    )
    .await
}

/// As [`get`], for a lane in which one fetch follows the other: it also shows the name.
///
/// # Errors
/// Those of [`get`].
pub async fn get_named(client: Client, name: String, url: Url) -> Fetched {
    let answer = || waiting(&format!("for {name}"));
    let body = || working(&format!("reading {name}"));
    fetch(client, url, answer, body).await
}

/// As [`get`], but shows nothing in the lane, and returns the status only.
///
/// # Errors
/// Those of [`get`].
pub async fn status(client: &Client, url: Url) -> anyhow::Result<StatusCode> {
    match whole(client, url, Span::none, Span::none).await {
        Ok((status, _)) => Ok(status),
        Err(error) => Err(anyhow::anyhow!(explain(&error))),
    }
}

async fn fetch(
    client: Client,
    url: Url,
    answer: impl FnOnce() -> Span,
    body: impl FnOnce() -> Span,
) -> Fetched {
    match whole(&client, url, answer, body).await {
        Ok((status, bytes)) => Ok(format!("{status}, {bytes} bytes")),
        Err(error) => Err(explain(&error)),
    }
}

/// Makes each span when its turn has come, since a bar begins where its span is made or entered.
async fn whole(
    client: &Client,
    url: Url,
    answer: impl FnOnce() -> Span,
    body: impl FnOnce() -> Span,
) -> reqwest::Result<(StatusCode, usize)> {
    let request = client.get(url).send();
    let response = request.instrument(answer()).await?.error_for_status()?;
    let status = response.status();
    let bytes = response.bytes().instrument(body()).await?;
    Ok((status, bytes.len()))
}

/// Says that it was asked for, and what came of it.
pub async fn told(fetching: impl Future<Output = Fetched>) -> Fetched {
    say!("asked");
    let fetched = fetching.await;
    match &fetched {
        Ok(page) => say!("{page}"),
        Err(failure) => say!("failed: {failure}"),
    }
    fetched
}

/// Says what came of a fetch, as a line of a list.
pub fn list(name: &str, fetched: &Fetched) {
    match fetched {
        Ok(page) => say!("{name:<8}  {page}"),
        Err(failure) => say!("{name:<8}  failed: {failure}"),
    }
}

/// Returns what to notice.
///
/// # Errors
/// The same line, when a fetch has failed, and how many have.
pub fn verdict(notice: String, fetched: &[Fetched]) -> anyhow::Result<String> {
    let failures = fetched.iter().filter(|it| it.is_err()).count();
    anyhow::ensure!(
        failures == 0,
        "{notice} · failed: {failures} of {}",
        fetched.len()
    );
    Ok(notice)
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::client;
    use crate::server::{Item, Server};

    #[tokio::test(start_paused = true)]
    async fn a_fetch_takes_as_long_as_the_answer_and_no_longer() {
        let server = Server::start().await.unwrap();
        let client = client::loopback().unwrap();
        let delay = Duration::from_millis(30);
        for (item, takes) in [
            (Item::new("a"), Duration::ZERO),
            (Item::new("b").delay(delay), delay),
        ] {
            let url = server.url(&item);
            let start = Instant::now();
            let page = told(get(client.clone(), url.clone())).await;
            assert_eq!(page.unwrap(), "200 OK, 64 bytes");
            assert_eq!(start.elapsed(), takes);
            get_named(client.clone(), "c".into(), url.clone())
                .await
                .unwrap();
            assert_eq!(start.elapsed(), 2 * takes);
            assert_eq!(status(&client, url).await.unwrap(), 200);
            assert_eq!(start.elapsed(), 3 * takes);
        }
        server.shutdown().await;
    }

    #[test]
    fn a_failure_is_counted_in_what_to_notice() {
        let fetched = [Ok("a page".into()), Err("status 500".into())];
        let verdict = |fetched| verdict("notice".into(), fetched);
        assert_eq!(verdict(&fetched[..1]).unwrap(), "notice");
        assert_eq!(
            verdict(&fetched).unwrap_err().to_string(),
            "notice · failed: 1 of 2"
        );
    }

    #[test]
    fn an_address_is_named_after_its_host() {
        let url: Url = "http://127.0.0.1:80/a".parse().unwrap();
        let named = named_by_host(vec![url.clone()]);
        assert_eq!(named, [("127.0.0.1".to_owned(), url)]);
    }
}
