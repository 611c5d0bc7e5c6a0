//! The reqwest clients that the demos use, one line for a fetch that failed, and addresses as
//! arguments.

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind};
use std::iter::successors;
use std::time::Duration;

use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Url};

/// How long [`system`] waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for real addresses, `http` and `https`.
///
/// It trusts the certificates that the system trusts and goes through the proxy that the system
/// names, in `HTTPS_PROXY` and its siblings, too. It waits at most 10 s for a connection. It sets no
/// limit on the whole request.
///
/// This reads the system's certificates and blocks for as long, which can be tens of milliseconds.
/// Make one client and clone it. Use it on the real clock only: the paused clock would jump past
/// the connect timeout while the network is at work.
///
/// # Errors
///
/// When the system has no certificates to trust.
pub fn system() -> reqwest::Result<Client> {
    builder().connect_timeout(CONNECT_TIMEOUT).build()
}

/// A client for servers on loopback, such as the embedded one.
///
/// It reads nothing from the system: it uses no proxy, trusts no certificate and resolves no names,
/// so a URL must have an address such as `127.0.0.1` in it. It works on the paused clock.
///
/// # Errors
///
/// When reqwest cannot be set up.
pub fn loopback() -> reqwest::Result<Client> {
    builder()
        .no_proxy()
        .tls_certs_only([])
        .dns_resolver(NoNames)
        .build()
}

fn builder() -> ClientBuilder {
    // reqwest takes its cryptography from the process. An error only says that it is set already.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    Client::builder()
}

struct NoNames;

impl Resolve for NoNames {
    fn resolve(&self, _name: Name) -> Resolving {
        Box::pin(async { Err("the loopback client resolves no names".into()) })
    }
}

/// Why a fetch failed, in one line.
///
/// The line has no URL and no port in it, so it is the same in every run.
pub fn explain(error: &reqwest::Error) -> String {
    if let Some(status) = error.status() {
        return format!("status {status}");
    }
    if error.is_timeout() {
        return "timed out".to_string();
    }
    let mut text = error.to_string();
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return format!("TLS: {tls}");
        }
        if is_refused(cause) {
            return "connection refused".to_string();
        }
        if is_closed(cause) {
            let in_body = error.is_body() || error.is_decode();
            let missing = if in_body {
                "body was complete"
            } else {
                "answer"
            };
            return format!("the connection was closed before the {missing}");
        }
        text = cause.to_string();
    }
    text
}

/// Reads an argument that is an http or https address. For clap's `value_parser`.
///
/// # Errors
///
/// What is wrong with it, in a few words.
pub fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("{other} is not http or https")),
    }
}

/// The addresses in a file. A type of its own, since clap takes a `Vec` for several arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub Vec<Url>);

/// Reads an argument that names a file with an address on each line. `-` is standard input. For
/// clap's `value_parser`.
///
/// # Errors
///
/// What is wrong with it, in a few words: the file cannot be read, a line is no [`address`], or
/// there is none.
pub fn addresses(file: &str) -> Result<Addresses, String> {
    let text = match file {
        "-" => io::read_to_string(io::stdin()),
        _ => fs::read_to_string(file),
    };
    lines(&text.map_err(|error| error.to_string())?)
}

fn lines(text: &str) -> Result<Addresses, String> {
    let mut urls = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if !line.is_empty() {
            urls.push(address(line).map_err(|error| format!("line {number}: {error}"))?);
        }
    }
    match urls.is_empty() {
        true => Err("there is no address in it".into()),
        false => Ok(Addresses(urls)),
    }
}

/// What lies under an error, the root of it last.
fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(error.source(), |&cause| {
        // As a source, an I/O error does not give the error that it wraps, but that one's source.
        match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

fn is_refused(cause: &(dyn Error + 'static)) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

fn is_closed(cause: &(dyn Error + 'static)) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let closed = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ];
    let io = cause.downcast_ref::<io::Error>();
    let http = cause.downcast_ref::<hyper::Error>();
    io.is_some_and(|error| closed.contains(&error.kind()))
        || http.is_some_and(hyper::Error::is_incomplete_message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_addresses_may_have_blank_lines_and_a_bad_one_is_named() {
        let urls = ["http://127.0.0.1/a", "https://example.com/b"].map(|url| url.parse().unwrap());
        let text = "\n http://127.0.0.1/a\r\n\nhttps://example.com/b";
        assert_eq!(lines(text), Ok(Addresses(urls.to_vec())));

        let error = lines("http://127.0.0.1/a\n\nexample.com\n").unwrap_err();
        assert_eq!(error, "line 3: relative URL without a base");
        let error = lines("ftp://example.com\n").unwrap_err();
        assert_eq!(error, "line 1: ftp is not http or https");
        assert_eq!(lines(" \n").unwrap_err(), "there is no address in it");
    }

    #[test]
    fn a_file_that_is_not_there_is_no_file_of_addresses() {
        assert!(addresses("no such folder/urls.txt").is_err());
    }
}
