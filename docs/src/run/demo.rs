//! One run of a demo, from the build to its end.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

use common::demo::Snapshot;
use serde::Serialize;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::build::{self, Building};
use super::process::{self, Lines, Process};
use super::{Plan, Programs, Shared};

/// How many lines of what a demo has said on stderr are told.
const MESSAGE_LINES: usize = 12;

/// What there is to tell of a run. A reader that is slow sees only the newest of it.
#[derive(Clone, Default)]
pub struct Progress {
    pub building: Option<Building>,
    pub started: Option<String>,
    pub newest: Option<Arc<Snapshot>>,
    pub ended: Option<End>,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    state: State,
    code: Option<i32>,
    message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
enum State {
    #[serde(rename = "done")]
    Done,
    #[serde(rename = "failed")]
    Failed,
    #[serde(rename = "refused")]
    Refused,
    #[serde(rename = "panicked")]
    Panicked,
    #[serde(rename = "killed")]
    Killed,
    #[serde(rename = "too long")]
    TooLong,
    #[serde(rename = "too much output")]
    TooMuchOutput,
    #[serde(rename = "not built")]
    NotBuilt,
}

impl End {
    /// The end of a run that failed without the demo having said why.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::stopped(State::Failed, message)
    }

    fn stopped(state: State, message: impl Into<String>) -> Self {
        Self {
            state,
            code: None,
            message: Some(message.into()),
        }
    }
}

/// Builds and runs a demo and tells how it goes. Dropping the call kills what it has started.
pub(super) async fn run(shared: &Shared, plan: &Plan, progress: &watch::Sender<Progress>) -> End {
    let mut command = match program(shared, plan, progress).await {
        Ok(command) => command,
        Err(end) => return end,
    };
    command
        .arg("--live")
        .args(&plan.arguments)
        .current_dir(&shared.workspace)
        .env("RUST_BACKTRACE", "0");
    for name in [
        "RUST_LIB_BACKTRACE",
        "RUST_LOG",
        "CLICOLOR_FORCE",
        "COLUMNS",
    ] {
        command.env_remove(name);
    }
    progress.send_modify(|progress| progress.started = Some(plan.command()));
    let most = shared.limits.time;
    match timeout(most, follow(shared, command, progress)).await {
        Ok(Ok(end) | Err(end)) => end,
        Err(_) => End::stopped(State::TooLong, format!("stopped after {most:?}")),
    }
}

/// What to start, built when it has to be. One build at a time: cargo would let the others wait, too,
/// but not say for what.
async fn program(
    shared: &Shared,
    plan: &Plan,
    progress: &watch::Sender<Progress>,
) -> Result<Command, End> {
    let tell = |building| progress.send_modify(|progress| progress.building = Some(building));
    let failed = |message| Err(End::stopped(State::NotBuilt, message));
    match &shared.programs {
        Programs::Ready(commands) => match commands.get(&plan.pattern).map(Vec::as_slice) {
            Some([executable, arguments @ ..]) => {
                let mut command = Command::new(executable);
                command.args(arguments);
                Ok(command)
            }
            _ => failed("there is no program for it".to_owned()),
        },
        Programs::Cargo => {
            let _turn = match shared.building.try_lock() {
                Ok(turn) => turn,
                Err(_) => {
                    tell(Building::waiting("waiting for another build"));
                    shared.building.lock().await
                }
            };
            let most = shared.limits.build_time;
            let built = build::build(&shared.workspace, &plan.pattern, tell);
            match timeout(most, built).await {
                Ok(Ok(executable)) => Ok(Command::new(executable)),
                Ok(Err(message)) => failed(message),
                Err(_) => failed(format!("the build was stopped after {most:?}")),
            }
        }
    }
}

/// Starts the command and reads what it prints until it ends. An error ends it.
async fn follow(
    shared: &Shared,
    command: Command,
    progress: &watch::Sender<Progress>,
) -> Result<End, End> {
    let cannot = |error: io::Error| End::failed(format!("cannot run the demo: {error}"));
    let mut process = Process::start(command).map_err(cannot)?;
    let (stdout, stderr) = process
        .output()
        .ok_or_else(|| End::failed("the demo has no output"))?;
    let limits = &shared.limits;
    let read = async {
        let mut lines = Lines::new(stdout, limits.line, limits.output);
        loop {
            match lines.next().await {
                Ok(Some(line)) => {
                    let snapshot = Arc::new(snapshot(line).await?);
                    progress.send_modify(|progress| progress.newest = Some(snapshot));
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    let message = format!("stopped: the demo printed {error}");
                    return Err(End::stopped(State::TooMuchOutput, message));
                }
            }
        }
    };
    let said = async { Ok(process::tail(stderr, limits.stderr).await) };
    let end = async { process.end().await.map_err(cannot) };
    let ((), said, status) = tokio::try_join!(read, said, end)?;
    let has_timeline = progress.borrow().newest.is_some();
    Ok(judge(status, &said, has_timeline))
}

/// A line of a demo, read on a thread that may take its time.
async fn snapshot(line: Vec<u8>) -> Result<Snapshot, End> {
    let read = spawn_blocking(move || {
        serde_json::from_slice(&line).map_err(|_| {
            let start: String = String::from_utf8_lossy(&line).chars().take(80).collect();
            End::failed(format!("the demo printed what is no timeline: {start}"))
        })
    });
    read.await
        .unwrap_or_else(|_| Err(End::failed("the timeline cannot be read")))
}

/// What the exit status means. `said` is the end of what was on stderr.
fn judge(status: ExitStatus, said: &str, has_timeline: bool) -> End {
    let code = status.code();
    let state = match code {
        Some(0) if has_timeline => State::Done,
        Some(0) => return End::failed("the demo ended without a timeline"),
        Some(2) => State::Refused,
        None => State::Killed,
        Some(code) if code == 101 || said.contains("panicked at") => State::Panicked,
        Some(_) => State::Failed,
    };
    let message = match state {
        State::Done => None,
        State::Killed => Some(match signal(status) {
            Some(signal) => format!("killed by signal {signal}"),
            None => "killed".to_owned(),
        }),
        _ => message(said),
    };
    End {
        state,
        code,
        message,
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The last lines of stderr, without the advice that is for a terminal.
fn message(said: &str) -> Option<String> {
    let lines = said.lines().map(str::trim_end);
    let lines: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE"))
        .collect();
    let last = lines.len().saturating_sub(MESSAGE_LINES);
    (!lines.is_empty()).then(|| lines[last..].join("\n"))
}
