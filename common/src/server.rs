//! An HTTP server on loopback that is slow, or wrong, on demand.
//!
//! It serves one kind of item, `GET /items/{name}`. The query chooses how the item behaves, so the
//! same server can be asked by a demo, by a test and by hand:
//!
//! | Parameter | Meaning | Default | Bounds |
//! |---|---|---|---|
//! | `delay` | milliseconds before the head of the answer | 0 | 0 to 60000 |
//! | `size` | bytes of body | 64 | 0 to 16777216 |
//! | `status` | status of the answer | 200 | 200 to 599 |
//! | `fail_first` | the first so many requests for this name answer 503 | 0 | 0 to 1000 |
//! | `cut` | `true`: send half of the body, then close the connection | `false` | needs a size of 2 |
//! | `trickle` | milliseconds between the ten parts of the body | 0 | 0 to 60000 |
//!
//! `fail_first` changes the status and nothing else, and it counts every item that was asked for
//! under that name. The statuses 204 and 304 have no body. A query that cannot be read is answered
//! with 400 and one line that names the parameter. `GET /stats` gives [`Stats`] as JSON and `GET /`
//! says what can be asked.
//!
//! It also keeps sessions. `POST /sessions` opens one and answers 201 with its number,
//! `DELETE /sessions/{number}` closes it and answers 204, or 404 when it is not open, and
//! `GET /sessions` counts the open ones, as [`Server::open_sessions`] does. Here `delay` is the only
//! parameter: the session is opened, or closed, at once, and the answer comes that much later. So a
//! client that does not wait for the answer leaves a session open.
//!
//! In code, an [`Item`] writes the query:
//!
//! ```
//! use std::time::Duration;
//!
//! use common::client;
//! use common::server::{Item, Server};
//! use tokio::time::Instant;
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server::start().await?;
//!     let slow = Item::new("slow").delay(Duration::from_millis(300)).size(2_000);
//!
//!     let start = Instant::now();
//!     let response = client::loopback()?.get(server.url(&slow)).send().await?;
//!     assert_eq!(response.bytes().await?.len(), 2_000);
//!     assert_eq!(start.elapsed(), Duration::from_millis(300));
//!     assert_eq!(server.stats().requests, 1);
//!
//!     server.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! The server runs on the real clock and on the paused one. On the paused clock in a current-thread
//! runtime, with the client in that same runtime, every time is exact to the millisecond. Only a
//! body of many megabytes can wait for the operating system, which the paused clock does not see.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Range, RangeInclusive};
use std::panic::resume_unwind;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::serve::Listener;
use axum::{Json, Router};
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

const MILLISECONDS: RangeInclusive<u64> = 0..=60_000;
const SIZES: RangeInclusive<usize> = 0..=16 * 1024 * 1024;
const STATUSES: RangeInclusive<u16> = 200..=599;
const FAILURES: RangeInclusive<u32> = 0..=1_000;

/// A body is sent in this many parts; `trickle` waits between them.
const PARTS: usize = 10;

/// A body is this line again and again.
const LINE: &[u8; 64] = b"0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxy\n";

const HELP: &str = "\
GET /items/{name}   an item; its query says how it behaves:
    delay=300       milliseconds before the head of the answer
    size=2000       bytes of body
    status=503      status of the answer
    fail_first=2    the first 2 requests for this name answer 503
    cut=true        half of the body, then the connection is closed
    trickle=50      milliseconds between the ten parts of the body
POST /sessions      opens a session and answers with its number; delay=300 as above
DELETE /sessions/1  closes it; delay=300 as above
GET /sessions       how many sessions are open
GET /stats          requests so far, in flight now, and the peak
";

/// One item of the server, and how it behaves.
///
/// [`Server::url`] turns it into the URL to ask for. The module's table has the defaults and the
/// bounds; the server answers 400 beyond them. A duration is sent in whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    name: String,
    delay: Duration,
    size: usize,
    status: u16,
    fail_first: u32,
    cut: bool,
    trickle: Duration,
}

impl Item {
    /// An item that answers 200 at once, with a small body.
    ///
    /// # Panics
    ///
    /// When the name is empty, or has anything but ASCII letters, digits, `-` and `_` in it.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(
            !name.is_empty() && name.bytes().all(plain),
            "an item's name is made of letters, digits, `-` and `_`, not {name:?}"
        );
        Self::named(name)
    }

    fn named(name: String) -> Self {
        Self {
            name,
            delay: Duration::ZERO,
            size: LINE.len(),
            status: StatusCode::OK.as_u16(),
            fail_first: 0,
            cut: false,
            trickle: Duration::ZERO,
        }
    }

    /// Waits this long before the head of the answer.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Has a body of so many bytes.
    pub fn size(self, bytes: usize) -> Self {
        Self {
            size: bytes,
            ..self
        }
    }

    /// Answers with this status.
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Answers 503 to the first so many requests for this name.
    pub fn fail_first(self, requests: u32) -> Self {
        Self {
            fail_first: requests,
            ..self
        }
    }

    /// Announces the whole body, sends half of it, then closes the connection.
    pub fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    /// Sends the body in ten parts, with a pause of this length between them.
    pub fn trickle(self, pause: Duration) -> Self {
        Self {
            trickle: pause,
            ..self
        }
    }

    /// Path and query, with every parameter that is not the default.
    fn target(&self) -> String {
        let default = Self::named(String::new());
        let mut query = Vec::new();
        if self.delay != default.delay {
            query.push(format!("delay={}", self.delay.as_millis()));
        }
        if self.size != default.size {
            query.push(format!("size={}", self.size));
        }
        if self.status != default.status {
            query.push(format!("status={}", self.status));
        }
        if self.fail_first != default.fail_first {
            query.push(format!("fail_first={}", self.fail_first));
        }
        if self.cut {
            query.push("cut=true".to_string());
        }
        if self.trickle != default.trickle {
            query.push(format!("trickle={}", self.trickle.as_millis()));
        }
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/items/{}{mark}{}", self.name, query.join("&"))
    }

    /// The other direction. The error is one line that names the parameter.
    fn parse(name: String, query: Vec<(String, String)>) -> Result<Self, String> {
        let mut item = Self::named(name);
        for (key, value) in query {
            match key.as_str() {
                "delay" => item.delay = Duration::from_millis(number(&key, &value, MILLISECONDS)?),
                "size" => item.size = number(&key, &value, SIZES)?,
                "status" => item.status = number(&key, &value, STATUSES)?,
                "fail_first" => item.fail_first = number(&key, &value, FAILURES)?,
                "cut" => {
                    item.cut = value
                        .parse()
                        .map_err(|_| format!("cut: expected true or false, got {value:?}"))?;
                }
                "trickle" => {
                    item.trickle = Duration::from_millis(number(&key, &value, MILLISECONDS)?)
                }
                _ => {
                    return Err(format!(
                        "{key:?}: unknown, expected delay, size, status, fail_first, cut or trickle"
                    ));
                }
            }
        }
        if item.cut && item.size < 2 {
            return Err(format!("cut: a body of {} bytes has no half", item.size));
        }
        Ok(item)
    }

    fn body(&self) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        let Self { size, trickle, .. } = *self;
        let sent = if self.cut { size / 2 } else { size };
        let parts = (0..PARTS)
            .map(move |part| size * part / PARTS..(size * (part + 1) / PARTS).min(sent))
            .filter(|range| !range.is_empty());

        // hyper throws away what it has not written yet when a body fails. It drops a part once
        // the part is written, so the last one to be dropped says that the body may fail now.
        let (unwritten, written) = oneshot::channel::<()>();
        let unwritten = Arc::new(unwritten);
        let parts = stream::iter(parts).enumerate().then(move |(part, range)| {
            let bytes = Bytes::from_owner(Part {
                content: content(range),
                _unwritten: Arc::clone(&unwritten),
            });
            async move {
                if part > 0 && !trickle.is_zero() {
                    sleep(trickle).await;
                }
                Ok(bytes)
            }
        });
        let cut = self.cut.then(|| {
            stream::once(async {
                // An error here only says that the sender was dropped, which is the signal.
                written.await.ok();
                Err(io::Error::other("cut on demand"))
            })
        });
        parts.chain(stream::iter(cut).flatten())
    }
}

/// A part of a body, which hyper drops when it has written it.
struct Part {
    content: Bytes,
    _unwritten: Arc<oneshot::Sender<()>>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

fn content(range: Range<usize>) -> Bytes {
    let start = range.start % LINE.len();
    let end = start + range.len();
    Bytes::from(LINE.repeat(end.div_ceil(LINE.len()))).slice(start..end)
}

fn number<T: FromStr + PartialOrd + Display>(
    key: &str,
    value: &str,
    bounds: RangeInclusive<T>,
) -> Result<T, String> {
    let number = value.parse().ok().filter(|n| bounds.contains(n));
    number.ok_or_else(|| {
        let (low, high) = (bounds.start(), bounds.end());
        format!("{key}: expected a number from {low} to {high}, got {value:?}")
    })
}

/// What a server has counted. Requests for `/stats` are not in it.
///
/// A request is in flight from its arrival until the last byte of its body was handed to the
/// connection, or until the client went away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests that have arrived so far.
    pub requests: usize,
    /// Requests in flight now.
    pub in_flight: usize,
    /// The most requests that were in flight at the same time.
    pub peak: usize,
}

#[derive(Debug, Default)]
struct Shared {
    stats: Mutex<Stats>,
    /// How often each name was asked for.
    asked: Mutex<HashMap<String, u32>>,
    sessions: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    /// How many were opened so far, which is the number of the last.
    opened: u64,
    open: HashSet<u64>,
}

impl Shared {
    // Every change to the counts is a single step, so they are whole even after a panic.
    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request for `name` and says how many there were before it.
    fn ask(&self, name: &str) -> u32 {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(name.to_string()).or_default();
        *count += 1;
        *count - 1
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight. Dropping it ends the request.
struct InFlight(Arc<Shared>);

impl InFlight {
    fn start(shared: Arc<Shared>) -> Self {
        let mut stats = shared.stats();
        stats.requests += 1;
        stats.in_flight += 1;
        stats.peak = stats.peak.max(stats.in_flight);
        drop(stats);
        Self(shared)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.stats().in_flight -= 1;
    }
}

/// A running server. Dropping it stops the server without waiting for it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    serving: AbortOnDropHandle<()>,
}

impl Server {
    /// Starts a server on `127.0.0.1`, on a port that is free.
    ///
    /// # Errors
    ///
    /// When the operating system gives no port.
    ///
    /// # Panics
    ///
    /// When called outside of a Tokio runtime that has I/O and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, no server was started.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(0).await
    }

    /// Starts a server on `127.0.0.1`, on this port. Port 0 stands for one that is free.
    ///
    /// Errors, panics and cancel safety are those of [`Server::start`].
    pub async fn start_at(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router(shared.clone()), stop.clone()));
        Ok(Self {
            address,
            shared,
            stop,
            serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that asks this server for the item.
    pub fn url(&self, item: &Item) -> Url {
        let url = format!("http://{}{}", self.address, item.target());
        Url::parse(&url).expect("an address and an item's target make a URL")
    }

    /// The items, each with its name and its URL.
    pub fn named_urls(&self, items: impl IntoIterator<Item = Item>) -> Vec<(String, Url)> {
        let named = |item: Item| (item.name.clone(), self.url(&item));
        items.into_iter().map(named).collect()
    }

    /// What the server has counted so far.
    pub fn stats(&self) -> Stats {
        *self.shared.stats()
    }

    /// How many sessions are open now.
    pub fn open_sessions(&self) -> usize {
        self.shared.sessions().open.len()
    }

    /// Stops accepting, closes every connection, and returns when nothing of the server is running.
    ///
    /// A request in flight does not run out its delay, and a body half sent stays half sent.
    ///
    /// # Panics
    ///
    /// When a handler of the server has panicked, with its panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the server stops all the same, and nobody waits for it.
    pub async fn shutdown(self) {
        self.stop.cancel();
        panics_again(self.serving.await);
    }
}

/// Continues the panic of a task. One that was cancelled is no bug: its runtime shuts down.
fn panics_again(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(payload) = error.try_into_panic()
    {
        resume_unwind(payload);
    }
}

/// Accepts until `stop`. Every connection is a task of the set, and its handlers and bodies are
/// polled by that task, so the end of the set is the end of everything.
///
/// `axum::serve` would detach the connections. Its graceful shutdown waits for each of them, and so
/// for ever for a client that does not read.
async fn serve(mut listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            // Without a random order, the paused clock gives the same schedule every time.
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => {
                panics_again(ended);
                continue;
            }
            accepted = Listener::accept(&mut listener) => accepted,
        };
        let router = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            // Small parts must leave at once. When this fails, the connection is gone already.
            stream.set_nodelay(true).ok();
            // An error is a client that went away, or a body that was cut on demand.
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), router);
            connection.await.ok();
        });
    }
    connections.shutdown().await;
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(HELP))
        .route("/items/{name}", get(item))
        .route("/sessions", get(count_sessions).post(open_session))
        .route("/sessions/{number}", delete(close_session))
        .fallback(async || {
            (
                StatusCode::NOT_FOUND,
                "not found, / says what can be asked\n",
            )
        })
        .layer(from_fn_with_state(shared.clone(), count))
        // Below the layer: looking at the counts does not change them.
        .route("/stats", get(stats))
        .with_state(shared)
}

async fn count(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let in_flight = InFlight::start(shared);
    let mut response = next.run(request).await;
    if response.body().is_end_stream() {
        return response;
    }
    // A stream has no length to tell, so the length is told before the body becomes one.
    if let Some(bytes) = response.body().size_hint().exact() {
        let length = response.headers_mut().entry(CONTENT_LENGTH);
        length.or_insert(bytes.into());
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |part| {
            // The closure owns the guard, so that it lives as long as the body.
            let _ = &in_flight;
            part
        }))
    })
}

async fn item(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, (StatusCode, String)> {
    let item = Item::parse(name, query).map_err(bad_request)?;
    let asked_before = shared.ask(&item.name);
    if !item.delay.is_zero() {
        sleep(item.delay).await;
    }
    let status = if asked_before < item.fail_first {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::from_u16(item.status).map_err(|error| bad_request(error.to_string()))?
    };
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok(status.into_response());
    }
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        (CONTENT_LENGTH, HeaderValue::from(item.size)),
    ];
    Ok((status, headers, Body::from_stream(item.body())).into_response())
}

async fn count_sessions(State(shared): State<Arc<Shared>>) -> String {
    format!("{}\n", shared.sessions().open.len())
}

async fn open_session(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<(StatusCode, String), (StatusCode, String)> {
    let delay = only_delay(&query)?;
    let number = {
        let mut sessions = shared.sessions();
        sessions.opened += 1;
        let number = sessions.opened;
        sessions.open.insert(number);
        number
    };
    sleep(delay).await;
    Ok((StatusCode::CREATED, format!("{number}\n")))
}

async fn close_session(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<u64>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<StatusCode, (StatusCode, String)> {
    let delay = only_delay(&query)?;
    let was_open = shared.sessions().open.remove(&number);
    sleep(delay).await;
    if was_open {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err((StatusCode::NOT_FOUND, "no such session\n".into()))
    }
}

fn only_delay(query: &[(String, String)]) -> Result<Duration, (StatusCode, String)> {
    let mut delay = Duration::ZERO;
    for (key, value) in query {
        if key != "delay" {
            return Err(bad_request(format!("{key:?}: unknown, expected delay")));
        }
        let milliseconds = number(key, value, MILLISECONDS).map_err(bad_request)?;
        delay = Duration::from_millis(milliseconds);
    }
    Ok(delay)
}

fn bad_request(line: String) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, line + "\n")
}

async fn stats(State(shared): State<Arc<Shared>>) -> Json<Stats> {
    Json(*shared.stats())
}
