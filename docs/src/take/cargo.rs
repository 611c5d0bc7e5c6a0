//! Cargo, run in the crate that gets a recipe.

use std::path::Path;
use std::process::{Command, Output};

use super::PasteError;

pub(super) fn cargo(dir: &Path, arguments: &[String]) -> Result<Output, PasteError> {
    // Cargo sets this for what it runs, so that the same cargo is used again.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&program)
        .args(arguments)
        .current_dir(dir)
        .output()
        .map_err(|source| PasteError::Io {
            path: program.into(),
            source,
        })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(PasteError::Cargo {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(&output.stderr)
            .trim_end()
            .to_owned(),
    })
}
