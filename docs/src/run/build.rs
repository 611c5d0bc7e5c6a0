//! Builds a demo, and tells how far it is.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::process::{Lines, Process};
use super::programs;

/// How many lines of an error are told: the first one, and where it is.
const ERROR_LINES: usize = 12;

/// The longest line of cargo's progress that is looked at.
const LONGEST: usize = 64 * 1024;

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Building {
    /// How many steps are done.
    pub done: u64,
    /// How many there are, when that is known.
    pub of: Option<u64>,
    /// What goes on: the crates that are built, or what is waited for.
    pub now: String,
}

impl Building {
    /// A build that has not begun.
    pub fn waiting(now: &str) -> Self {
        Self {
            done: 0,
            of: None,
            now: now.to_owned(),
        }
    }
}

/// Builds the program of this name in a workspace and returns its path. Dropping the call stops the
/// build.
///
/// # Errors
/// The lines in which cargo or the compiler says what is wrong.
pub async fn build(
    workspace: &Path,
    name: &str,
    mut tell: impl FnMut(Building),
) -> Result<PathBuf, String> {
    let mut cargo = programs::cargo(workspace);
    cargo
        .args(["build", "--package", name, "--bin", name])
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120")
        .env_remove("CARGO_TERM_QUIET");
    let mut process = Process::start(Command::from(cargo))
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let (messages, said) = process.output().ok_or("cargo has no output")?;
    let mut errors = Vec::new();
    let read = pieces(said, |piece| {
        if let Some(progress) = progress(piece) {
            tell(progress);
        } else if (!errors.is_empty() || piece.starts_with("error")) && errors.len() < ERROR_LINES {
            errors.push(piece.trim_end().to_owned());
        }
    });
    let (executable, (), status) = tokio::join!(executable(messages, name), read, process.end());
    match executable {
        Some(path) if status.is_ok_and(|status| status.success()) => Ok(path),
        _ if errors.is_empty() => Err("cargo build did not succeed".to_owned()),
        _ => Err(errors.join("\n").trim_end().to_owned()),
    }
}

/// The path of the program in cargo's messages, all of which are read.
async fn executable(messages: impl AsyncRead + Unpin, name: &str) -> Option<PathBuf> {
    let mut found = None;
    // Cargo is trusted not to write without end.
    let mut lines = Lines::new(messages, u64::MAX - 1, u64::MAX);
    while let Ok(Some(line)) = lines.next().await {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(&line) else {
            continue;
        };
        if message["target"]["name"] == name
            && let Some(path) = message["executable"].as_str()
        {
            found = Some(path.into());
        }
    }
    found
}

/// Reads to the end and hands over each piece that ends with a line break or with the return with
/// which cargo writes its progress over itself.
async fn pieces(mut output: impl AsyncRead + Unpin, mut piece: impl FnMut(&str)) {
    let mut rest = Vec::new();
    while let Ok(1..) = output.read_buf(&mut rest).await {
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            piece(&String::from_utf8_lossy(&rest[..end]));
            rest.drain(..=end);
        }
        rest.truncate(LONGEST);
    }
}

/// What a piece of cargo's output on stderr says about how far the build is.
fn progress(piece: &str) -> Option<Building> {
    let piece = piece.trim();
    if let Some(what) = piece.strip_prefix("Blocking ") {
        return Some(Building::waiting(what));
    }
    if ["Updating ", "Downloading ", "Downloaded "]
        .iter()
        .any(|word| piece.starts_with(word))
    {
        return Some(Building::waiting(piece));
    }
    let (_bar, rest) = piece.strip_prefix("Building [")?.split_once("] ")?;
    let (count, now) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, of) = count.split_once('/')?;
    Some(Building {
        done: done.parse().ok()?,
        of: Some(of.parse().ok()?),
        now: now.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn cargos_output_is_read_by_line_and_by_return() {
        let mut found = Vec::new();
        pieces(
            &b"   Compiling a\n    Building [>] 0/1: a\r\nend"[..],
            |piece| {
                found.push(piece.to_owned());
            },
        )
        .await;
        let wanted = ["   Compiling a", "    Building [>] 0/1: a", ""];
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_bar_tells_how_many_and_what() {
        let line = "    Building [=======>         ] 12/170: tokio, hyper(build), wait(bin)   ";
        let wanted = Building {
            done: 12,
            of: Some(170),
            now: "tokio, hyper(build), wait(bin)".into(),
        };
        assert_eq!(progress(line), Some(wanted));
        let bare = progress("Building [ ] 0/1").unwrap();
        assert_eq!((bare.done, bare.of, bare.now.as_str()), (0, Some(1), ""));
    }

    #[test]
    fn waiting_and_downloading_have_no_number() {
        let line = "    Blocking waiting for file lock on build directory";
        let wanted = Building::waiting("waiting for file lock on build directory");
        assert_eq!(progress(line), Some(wanted));
        let line = " Downloaded serde v1.0.0";
        assert_eq!(
            progress(line),
            Some(Building::waiting("Downloaded serde v1.0.0"))
        );
    }

    #[test]
    fn other_lines_tell_no_progress() {
        for line in [
            "",
            "   Compiling wait v0.1.0",
            "error: could not compile `wait`",
            "Building [",
            "Building [>] many/170: tokio",
            "Building [>] 1: tokio",
        ] {
            assert_eq!(progress(line), None, "{line}");
        }
    }
}
