//! Other programs that are asked: cargo, git and rustfmt.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::TakeError;

/// Runs cargo in this folder.
pub(super) fn cargo(dir: &Path, arguments: &[&str]) -> Result<Output, TakeError> {
    // Cargo sets this for what it runs, so that the same cargo is used again.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(program);
    cargo
        .args(arguments)
        .current_dir(dir)
        .env_remove("CARGO_TARGET_DIR");
    answer(cargo, &format!("cargo {}", arguments[0]), "")
}

/// Runs git in this folder, with `input`.
pub(super) fn git(dir: &Path, arguments: &[&str], input: &str) -> Result<String, TakeError> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(dir);
    let output = answer(git, &format!("git {}", arguments[0]), input)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Rust as rustfmt writes it for a crate in this folder. As it is when there is no rustfmt, or when it
/// cannot be read.
pub(super) fn formatted(dir: &Path, edition: &str, text: &str) -> String {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", edition]).current_dir(dir);
    match answer(rustfmt, "rustfmt", text) {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn answer(mut command: Command, name: &str, input: &str) -> Result<Output, TakeError> {
    let started = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let output = started.and_then(|mut child| {
        let stdin = child.stdin.take();
        let written = stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output()?;
        // One that has ended early reads no more, and says why.
        written.or_else(|error| {
            if output.status.success() {
                Err(error)
            } else {
                Ok(())
            }
        })?;
        Ok(output)
    });
    let output = output.map_err(TakeError::io(Path::new(name)))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(TakeError::Program {
        command: name.to_owned(),
        said: in_one_line(&String::from_utf8_lossy(&output.stderr)),
    })
}

/// What a program said, from its first error on, in one line.
fn in_one_line(stderr: &str) -> String {
    let lines = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let mut telling = lines
        .clone()
        .skip_while(|line| !line.starts_with("error"))
        .peekable();
    let all: Vec<&str> = match telling.peek() {
        Some(_) => telling.collect(),
        None => lines.collect(),
    };
    let line = all.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_is_one_line_from_its_error_on() {
        let stderr =
            "    Updating index\nerror: failed to select\n  version 1\n\nCaused by:\n  x\n";
        assert_eq!(
            in_one_line(stderr),
            "failed to select version 1 Caused by: x"
        );
        assert_eq!(in_one_line("fatal: no\n"), "fatal: no");
    }
}
