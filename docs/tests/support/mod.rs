//! What the checks over all patterns share.
#![allow(dead_code, reason = "no check uses all of it")]

pub mod html;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use docs::expected::{self, Program};
use docs::pattern::{self, Pattern};
use libtest_mimic::Trial;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// The manifest of a blank crate.
pub const BLANK: &str = "[package]\nname = \"my-app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Every pattern of the workspace.
///
/// # Panics
/// If there is none: a check of nothing proves nothing.
pub fn patterns() -> Vec<Pattern> {
    let patterns = pattern::all(&pattern::workspace()).expect("the patterns can be listed");
    assert!(!patterns.is_empty(), "no pattern was found");
    let names: Vec<_> = patterns
        .iter()
        .map(|pattern| pattern.name.as_str())
        .collect();
    eprintln!("checked: {}", names.join(", "));
    patterns
}

/// The demos and tests of all patterns.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| expected::build(&pattern::workspace(), &[]).expect("they build"))
}

/// A path as a reader of the repository knows it.
pub fn short(path: &Path) -> String {
    path.strip_prefix(pattern::workspace())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Starts this command of `docs`, which serves the book on a free port, and returns the port. Dropping
/// the process kills it.
pub async fn serving(command: Command) -> (Child, u16) {
    let mut docs = tokio::process::Command::from(command)
        .args(["--port", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut stdout = BufReader::new(docs.stdout.take().expect("it is piped"));
    stdout.read_line(&mut line).await.expect("it says where");
    let address = line.strip_prefix("The book is at http://127.0.0.1:");
    let port = address.and_then(|address| address.strip_suffix(" (Ctrl-C stops)\n"));
    let port = port.and_then(|port| port.parse().ok());
    (docs, port.unwrap_or_else(|| panic!("{line}")))
}

/// Tests that cannot run here, which are seen to be skipped, and why.
pub fn skipped(trials: Vec<Trial>, reason: &str) -> Vec<Trial> {
    let kind = format!("skipped: {reason}");
    let skip = |trial: Trial| trial.with_ignored_flag(true).with_kind(kind.clone());
    trials.into_iter().map(skip).collect()
}

/// Fails with all problems, when there are any.
pub fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// A folder with these files, outside of the workspace, in which cargo stays offline.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let offline = (".cargo/config.toml", "[net]\noffline = true\n");
    for (path, text) in files.iter().chain([&offline]) {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("it is inside")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    dir
}

/// A blank crate. The workspace's lock file makes cargo take the versions that are downloaded.
pub fn blank() -> TempDir {
    let dir = folder(&[("Cargo.toml", BLANK), ("src/main.rs", "fn main() {}\n")]);
    copy_lock(dir.path());
    dir
}

/// Gives a crate the workspace's lock file.
pub fn copy_lock(dir: &Path) {
    fs::copy(
        pattern::workspace().join("Cargo.lock"),
        dir.join("Cargo.lock"),
    )
    .expect("a lock file");
}
