//! Runs demos for the pages of the book: `POST /runs` starts one and answers with its events, and
//! `POST /draw` draws a timeline again.
//!
//! Only the book's own pages may ask: they have the server's origin, and its token. They can start
//! the workspace's demos and nothing else, with arguments that [`arguments::check`] has accepted,
//! within [`Limits`]. A run ends when its reader leaves or the server stops: dropping the response or
//! the server kills what was started.

pub mod arguments;
mod build;
mod demo;
mod process;
pub mod programs;
mod stream;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::post;
use common::timeline::Timeline;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::book::player;
use crate::pattern;

/// The header that carries the token of the pages.
const TOKEN: &str = "x-run-token";

/// What runs may use. Each limit has a test.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Runs at the same time; one more is refused. 4, and each may be a build.
    pub runs: usize,
    /// How long a demo may run. A minute: demos take seconds.
    pub time: Duration,
    /// How long a build may take. A quarter of an hour: the first one builds a hundred crates.
    pub build_time: Duration,
    /// Bytes in one line that a demo prints, which is a whole timeline. 8 MiB.
    pub line: u64,
    /// Bytes that a demo may print on stdout. 64 MiB.
    pub output: u64,
    /// Bytes of stderr that are kept, the last ones. 16 KiB.
    pub stderr: usize,
    /// Bytes in the body of a request for a run. 1 MiB.
    pub body: usize,
    /// Bytes in the body of a request for a drawing, which has a timeline in it. 9 MiB: what a line
    /// may have, and some room.
    pub drawing: usize,
    /// Pictures that are drawn at the same time; others wait. 2.
    pub drawings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            runs: 4,
            time: Duration::from_secs(60),
            build_time: Duration::from_secs(15 * 60),
            line: 8 * MIB as u64,
            output: 64 * MIB as u64,
            stderr: 16 * KIB,
            body: MIB,
            drawing: 9 * MIB,
            drawings: 2,
        }
    }
}

/// Where the demos' programs come from.
#[derive(Debug)]
pub enum Programs {
    /// Cargo builds them in the workspace, when they are asked for.
    Cargo,
    /// They are there: for each pattern what to start, and its first arguments.
    Ready(BTreeMap<String, Vec<OsString>>),
}

/// What it takes to run demos for the pages of one book.
#[derive(Clone, Debug)]
pub struct Runs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    workspace: PathBuf,
    programs: Programs,
    limits: Limits,
    token: String,
    free: Arc<Semaphore>,
    drawing: Arc<Semaphore>,
    building: Mutex<()>,
    stop: CancellationToken,
}

impl Runs {
    /// Runs of the demos in this workspace, with a new token.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(workspace: PathBuf, programs: Programs, limits: Limits) -> anyhow::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).context("no random numbers")?;
        Ok(Self(Arc::new(Shared {
            workspace,
            programs,
            token: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            free: Arc::new(Semaphore::new(limits.runs)),
            drawing: Arc::new(Semaphore::new(limits.drawings)),
            limits,
            building: Mutex::new(()),
            stop: CancellationToken::new(),
        })))
    }

    /// Writes the token into the head of each page of a built book. Not into a script: any page can
    /// load a script from here, but none from elsewhere can read a page.
    ///
    /// # Errors
    /// When a page cannot be read or written.
    pub fn allow(&self, book: &Path) -> anyhow::Result<()> {
        for entry in book.read_dir()? {
            let path = entry?.path();
            if path.is_dir() {
                self.allow(&path)?;
            } else if path
                .extension()
                .is_some_and(|extension| extension == "html")
            {
                let meta = format!(
                    "<head>\n<meta name=\"run-token\" content=\"{}\">",
                    self.0.token
                );
                let page = fs::read_to_string(&path)?.replacen("<head>", &meta, 1);
                fs::write(&path, page).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }

    /// The two addresses, behind their guard.
    pub(crate) fn router(&self) -> Router {
        let limits = &self.0.limits;
        let guard = from_fn_with_state(self.clone(), guard);
        let run = post(run).layer(DefaultBodyLimit::max(limits.body));
        let drawing = post(drawing).layer(DefaultBodyLimit::max(limits.drawing));
        Router::new()
            .route("/runs", run.route_layer(guard.clone()))
            .route("/draw", drawing.route_layer(guard))
            .with_state(self.clone())
    }

    /// Stops every run when the value is dropped.
    pub(crate) fn stop_on_drop(&self) -> impl Drop + use<> {
        self.0.stop.clone().drop_guard()
    }
}

/// Why a request is refused: the status, and a line that says it.
type Refusal = (StatusCode, String);

fn refuse(status: StatusCode, why: impl std::fmt::Display) -> Refusal {
    (status, format!("{why}\n"))
}

/// Lets only the book's own pages through. A page from elsewhere can make a browser send a request to
/// this server, but then the browser names that page's origin, and the page does not know the token.
///
/// The server itself has refused other names for this machine before.
async fn guard(State(runs): State<Runs>, request: Request, next: Next) -> Response {
    match allowed(request.headers(), &runs.0.token) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn allowed(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = value("host").unwrap_or_default();
    let same_site = value("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if value("origin") != Some(&format!("http://{host}")) || !same_site {
        let why = "only a page of this book can start a run";
        return Err(refuse(StatusCode::FORBIDDEN, why));
    }
    if value(TOKEN) != Some(token) {
        let why = "this page is from an earlier start of the book: load it again";
        return Err(refuse(StatusCode::FORBIDDEN, why));
    }
    let kind = value(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.split(';').next() != Some("application/json") {
        let why = "the request has to be application/json";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    Ok(())
}

/// The body of `POST /runs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    pattern: String,
    #[serde(default)]
    arguments: serde_json::Map<String, serde_json::Value>,
    /// The least length of the pictures' axis, in milliseconds.
    axis: Option<f64>,
}

/// A run that may start.
struct Plan {
    pattern: String,
    arguments: Vec<String>,
}

impl Plan {
    fn new(workspace: &Path, wanted: Wanted) -> Result<Self, Refusal> {
        let broken = |error| {
            let why = format!("{:#}", anyhow::Error::from(error));
            refuse(StatusCode::INTERNAL_SERVER_ERROR, why)
        };
        let folders = pattern::folders(workspace).map_err(broken)?;
        let Some(folder) = folders.iter().find(|folder| folder.name == wanted.pattern) else {
            let why = format!("there is no pattern {:?}", wanted.pattern);
            return Err(refuse(StatusCode::BAD_REQUEST, why));
        };
        let known = folder.arguments().map_err(broken)?;
        let arguments = arguments::check(&known, &wanted.arguments)
            .map_err(|why| refuse(StatusCode::BAD_REQUEST, why))?;
        Ok(Self {
            pattern: wanted.pattern,
            arguments,
        })
    }

    /// What to type for the same run.
    fn command(&self) -> String {
        let mut command = format!("cargo run -p {}", self.pattern);
        if !self.arguments.is_empty() {
            command += " --";
        }
        for argument in &self.arguments {
            command += &format!(" {}", argument.replacen('=', " ", 1));
        }
        command
    }
}

/// Starts a run. Its permit is given back before its end is told.
async fn run(State(Runs(shared)): State<Runs>, body: Bytes) -> Result<Response, Refusal> {
    let wanted: Wanted = read(&body)?;
    let axis = axis(wanted.axis)?;
    let plan = Plan::new(&shared.workspace, wanted)?;
    let Ok(permit) = shared.free.clone().try_acquire_owned() else {
        let why = format!(
            "{} runs are under way: stop one, or wait",
            shared.limits.runs
        );
        return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, why));
    };
    let (sender, progress) = watch::channel(demo::Progress::default());
    let turns = shared.drawing.clone();
    let task = tokio::spawn(async move {
        let run = demo::run(&shared, &plan, &sender);
        if let Some(end) = shared.stop.run_until_cancelled(run).await {
            drop(permit);
            sender.send_modify(|progress| progress.ended = Some(end));
        }
    });
    let body = stream::body(progress, axis, turns, AbortOnDropHandle::new(task));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// The body of `POST /draw`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawing {
    timeline: Timeline,
    axis: Option<f64>,
}

async fn drawing(State(Runs(shared)): State<Runs>, body: Bytes) -> Result<Response, Refusal> {
    let drawn = in_turn(&shared.drawing, move || {
        let Drawing {
            timeline,
            axis: least,
        } = read(&body)?;
        Ok(player::timeline(&timeline, axis(least)?).into_string())
    });
    let why = "the timeline cannot be drawn";
    let drawn = drawn
        .await
        .unwrap_or(Err(refuse(StatusCode::BAD_REQUEST, why)));
    Ok(Html(drawn?).into_response())
}

/// Draws on a thread that may take its time, when it has a turn. `None`: it panicked, because the
/// timeline makes no sense.
async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    draw: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let turn = turns.clone().acquire_owned().await.ok()?;
    let drawing = spawn_blocking(move || {
        // Held here, because the drawing goes on when nobody waits for it any more.
        let _turn = turn;
        draw()
    });
    drawing.await.ok()
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| refuse(StatusCode::BAD_REQUEST, error))
}

fn axis(milliseconds: Option<f64>) -> Result<Duration, Refusal> {
    let seconds = milliseconds.unwrap_or(0.0) / 1000.0;
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| refuse(StatusCode::BAD_REQUEST, format!("axis: {error}")))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;

    use futures::poll;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn a_drawing_waits_for_its_turn() {
        let turns = Arc::new(Semaphore::new(1));
        let (finish, finished) = mpsc::channel();
        let first = tokio::spawn({
            let turns = turns.clone();
            async move { in_turn(&turns, move || finished.recv()).await }
        });
        while turns.available_permits() > 0 {
            yield_now().await;
        }
        let mut second = pin!(in_turn(&turns, || "drawn"));
        assert!(poll!(&mut second).is_pending());
        finish.send(()).unwrap();
        assert!(first.await.unwrap().is_some());
        assert_eq!(second.await, Some("drawn"));
    }
}
