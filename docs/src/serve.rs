//! Serves the built book to this machine, and to no other. Its pages can run demos: see
//! [`run`](crate::run).

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::services::{ServeDir, ServeFile};

use crate::book::finish::policy;
use crate::run::Runs;

/// What every page and every part of one says to browsers.
const HEADERS: [(HeaderName, &str); 4] = [
    // The next build may differ, and asking again costs nothing here.
    (header::CACHE_CONTROL, "no-cache"),
    (header::CONTENT_SECURITY_POLICY, policy::SERVED),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Listens on this port of the loopback address; 0 means any free one.
///
/// # Errors
/// When the port is taken or not allowed.
pub async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Listens on this port if it can, and otherwise on any free one.
///
/// # Errors
/// When there is no free port at all.
pub async fn listen_near(port: u16) -> io::Result<TcpListener> {
    match listen(port).await {
        Ok(listener) => Ok(listener),
        Err(_) => listen(0).await,
    }
}

/// Serves the built book until the future is dropped.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(listener: TcpListener, book: &Path) -> io::Result<()> {
    answer(listener, book, Router::new()).await
}

/// Serves the built book, and runs demos for its pages, until the future is dropped. Then every run
/// is stopped, too.
///
/// # Errors
/// When the listener has no address.
pub async fn serve_and_run(listener: TcpListener, book: &Path, runs: &Runs) -> io::Result<()> {
    let _stop = runs.stop_on_drop();
    answer(listener, book, runs.router()).await
}

async fn answer(listener: TcpListener, book: &Path, router: Router) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    let files = Files {
        folder: ServeDir::new(book),
        not_found: ServeFile::new(book.join("404.html")),
    };
    // Only the files: the lines of a run would wait in the compressor for others.
    let compressed = CompressionLayer::new()
        .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("font/")));
    let router = router
        .fallback_service(file.layer(compressed).with_state(files))
        .layer(from_fn_with_state(port, guard));
    axum::serve(listener, router).await
}

/// The built book.
#[derive(Clone)]
struct Files {
    folder: ServeDir,
    not_found: ServeFile,
}

/// A file of the book, or its 404 page.
async fn file(State(files): State<Files>, mut request: Request) -> Response {
    *request.uri_mut() = in_the_book(request.uri());
    let mut folder = files.folder.not_found_service(files.not_found.clone());
    match folder.try_call(request).await {
        Ok(answer) => answer.into_response(),
        // No file can have this name: a part of it is too long.
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            let mut not_found = files.not_found;
            let page = not_found.try_call(Request::new(Body::empty())).await;
            (StatusCode::NOT_FOUND, page.map_err(failed)).into_response()
        }
        Err(error) => failed(error).into_response(),
    }
}

fn failed(error: io::Error) -> (StatusCode, String) {
    let text = format!("The file cannot be read: {error}\n");
    (StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// The address of a file without another host in it. A path that begins with two slashes is one, too,
/// where the answer sends the browser on to it.
fn in_the_book(uri: &Uri) -> Uri {
    let mut short = String::from("/");
    for part in uri.path().split('/').filter(|part| !part.is_empty()) {
        short += part;
        short.push('/');
    }
    if !uri.path().ends_with('/') {
        short.pop();
    }
    if let Some(query) = uri.query() {
        short = format!("{short}?{query}");
    }
    // It is made of parts of one that was parsed.
    short.parse().unwrap_or_default()
}

/// Refuses a request that was meant for another name: a page from elsewhere whose name was made to
/// resolve to this machine (DNS rebinding) must not read the book's server.
async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let is_ours = |host: &str| match host.split_once(':') {
        Some((name, given)) => is_loopback(name) && given == port.to_string(),
        // Browsers leave out the port that http has by default.
        None => is_loopback(host) && port == 80,
    };
    if !host.is_some_and(is_ours) {
        let text = format!("This server answers to 127.0.0.1:{port} and localhost:{port} only.\n");
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn is_loopback(name: &str) -> bool {
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}
