//! How a demo ends: its exit code, and one line on stderr that says why.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

/// An argument, or what stands in the environment, was refused.
pub(super) fn refuse(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(2)
}

/// Ctrl-C was pressed.
pub(super) fn stopped() -> ExitCode {
    let _ = writeln!(io::stderr(), "stopped by Ctrl-C");
    ExitCode::from(130)
}

/// The work was done, or it has failed.
pub(super) fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What became of something that was written to stdout. A reader that has seen enough, such as
/// `head`, is no failure.
pub(super) fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}
