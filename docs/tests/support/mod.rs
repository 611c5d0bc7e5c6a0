//! What the checks over all patterns share.
#![allow(dead_code, reason = "no check uses all of it")]

pub mod html;
pub mod site;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, fs};

use docs::pattern::{self, Pattern};
use docs::run::programs::{self, Program};
use libtest_mimic::Trial;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// The manifest of a blank crate.
pub const BLANK: &str = "[package]\nname = \"my-app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Every pattern of the workspace, or the one that the environment's `PATTERN` names: a pattern that was
/// just begun has only itself to show.
///
/// # Panics
/// If there is none: a check of nothing proves nothing.
pub fn patterns() -> &'static [Pattern] {
    static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
        let mut patterns = pattern::all(&pattern::workspace()).unwrap_or_else(|error| {
            panic!("{:#}", anyhow::Error::from(error));
        });
        if let Ok(only) = env::var("PATTERN") {
            patterns.retain(|pattern| pattern.name() == only);
        }
        assert!(!patterns.is_empty(), "no pattern was found");
        patterns
    });
    let names: Vec<_> = PATTERNS.iter().map(Pattern::name).collect();
    eprintln!("checked: {}", names.join(", "));
    &PATTERNS
}

/// Runs a check on each pattern. Says which pattern each problem is of.
pub fn check(check: impl Fn(&Pattern) -> Vec<String>) {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let named = |problem| format!("{}: {problem}", pattern.name());
        problems.extend(check(pattern).into_iter().map(named));
    }
    report(&problems);
}

/// The demos and tests of all patterns.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: LazyLock<Vec<Program>> =
        LazyLock::new(|| programs::build(&pattern::workspace(), &[]).expect("they build"));
    &PROGRAMS
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
        put(dir.path(), path, text);
    }
    dir
}

/// Writes a file, and the folders in which it lies.
pub fn put(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
    fs::write(path, text).expect("a writable file");
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
