//! The workspace's demos and tests, built, and how they are started.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use cargo_metadata::{Message, TargetKind};

/// A demo or a test of the workspace, built.
#[derive(Debug)]
pub struct Program {
    /// Its name, which is the pattern's when it is a demo.
    pub name: String,
    /// Whether it is a file in a `tests` folder, and not a demo.
    pub is_test: bool,
    /// The file that holds its `main` or its tests.
    pub source: PathBuf,
    /// What to run.
    pub executable: PathBuf,
}

/// Builds the workspace's demos and tests, with these further arguments for `cargo build`.
///
/// # Errors
/// When cargo cannot be started or does not succeed. What it has to say goes to stderr.
pub fn build(workspace: &Path, arguments: &[&str]) -> anyhow::Result<Vec<Program>> {
    // The same targets as `cargo test`, and so the same features: after it there is nothing to build.
    let output = cargo(workspace)
        .args(["build", "--workspace", "--bins", "--tests"])
        .args(["--quiet", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo build failed");
    }
    let mut programs = Vec::new();
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message? {
            let is_test = artifact.target.is_kind(TargetKind::Test);
            let is_demo = artifact.target.is_kind(TargetKind::Bin) && !artifact.profile.test;
            if let Some(executable) = artifact.executable
                && (is_test || is_demo)
            {
                programs.push(Program {
                    name: artifact.target.name,
                    is_test,
                    source: artifact.target.src_path.into(),
                    executable: executable.into(),
                });
            }
        }
    }
    Ok(programs)
}

/// Cargo, to be run in the workspace as a shell would run it.
pub fn cargo(workspace: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo tells a program which package it belongs to. A build script that watches these names,
    // as ring's does, would run again, and all that depends on it would be built again.
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if known == "OUT_DIR"
            || known.starts_with("CARGO_MANIFEST_")
            || known.starts_with("CARGO_PKG_")
        {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(workspace);
    cargo
}

/// What a pattern's demo prints on stdout with these arguments.
///
/// # Errors
/// When it cannot be started or does not end with success; holds what it said on stderr.
pub fn run(programs: &[Program], name: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = demo(programs, name)?.args(arguments).output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{name} {}: {}\n{}",
            arguments.join(" "),
            output.status,
            stderr.trim_end()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The command that runs a pattern's demo, free of what the environment could change in its output.
///
/// # Errors
/// When the pattern has no demo.
pub fn demo(programs: &[Program], name: &str) -> anyhow::Result<Command> {
    let program = programs
        .iter()
        .find(|program| !program.is_test && program.name == name);
    let program = program.with_context(|| format!("{name} has no demo, src/main.rs"))?;
    let mut command = Command::new(&program.executable);
    command
        .env_remove("RUST_LOG")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS");
    Ok(command)
}
