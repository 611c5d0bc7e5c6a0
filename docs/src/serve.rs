//! Serves the built book to this machine, and to no other. Its pages can run demos: see
//! [`run`](crate::run).

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::services::{ServeDir, ServeFile};

use crate::run::Runs;

/// What every page and every part of one says to browsers.
const HEADERS: [(HeaderName, &str); 4] = [
    // The next build may differ, and asking again costs nothing here.
    (header::CACHE_CONTROL, "no-cache"),
    // No page from elsewhere can show the book in a frame and have its buttons clicked. The book's
    // own can: without JavaScript, its contents are in a frame.
    (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'self'"),
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
    let not_found = ServeFile::new(book.join("404.html"));
    let router = router
        .fallback_service(ServeDir::new(book).not_found_service(not_found))
        .layer(from_fn_with_state(port, guard));
    axum::serve(listener, router).await
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
