//! Every demo treats its arguments, its output and Ctrl-C in the same way.

use std::process::{Command, Output, Stdio};

use docs::pattern::Pattern;
use docs::run::programs;

use crate::support::{check as check_demos, programs as built};

fn demo(pattern: &Pattern) -> Command {
    let mut command = programs::demo(built(), pattern.name()).expect("a pattern has a demo");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(pattern: &Pattern, arguments: &[&str]) -> Output {
    demo(pattern)
        .args(arguments)
        .output()
        .expect("the demo starts")
}

#[test]
fn help_is_short_enough_and_names_the_shared_flags() {
    check_demos(|pattern| {
        let mut problems = Vec::new();
        let output = run(pattern, &["--help"]);
        let help = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !output.stderr.is_empty() {
            problems.push(format!(
                "--help ends with {} and says on stderr: {}",
                output.status,
                stderr(&output)
            ));
        }
        for flag in ["--paused", "--timeline"] {
            if !help.contains(flag) {
                problems.push(format!("--help does not mention {flag}"));
            }
        }
        let long = help.lines().filter(|line| line.chars().count() > 80);
        problems
            .extend(long.map(|line| format!("--help has a line of more than 80 columns: {line}")));
        problems
    });
}

#[test]
fn bad_arguments_are_refused_in_one_line_that_names_them() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let missing = dir.path().join("missing").join("timeline.svg");
    let missing = missing.to_str().expect("its name is UTF-8");
    let bitmap = dir.path().join("timeline.bmp");
    let bitmap = bitmap.to_str().expect("its name is UTF-8");
    check_demos(|pattern| {
        let mut problems = Vec::new();
        let mut refused = |what: &str, name: &str, output: Output| {
            let first = stderr(&output)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            if output.status.code() != Some(2) || !first.contains(name) || !output.stdout.is_empty()
            {
                problems.push(format!(
                    "{what}: it ends with {}, says first on stderr: {first}, and on stdout: {}",
                    output.status,
                    String::from_utf8_lossy(&output.stdout)
                ));
            }
        };
        let unknown = run(pattern, &["--paused", "--no-such-flag"]);
        refused("an unknown flag", "--no-such-flag", unknown);
        let timeline = run(pattern, &["--paused", "--timeline", missing]);
        refused("a picture in no folder", "--timeline", timeline);
        let timeline = run(pattern, &["--paused", "--timeline", bitmap]);
        refused("a picture of an unknown kind", "--timeline", timeline);
        let level = demo(pattern)
            .arg("--paused")
            .env("RUST_LOG", "tokio=loud")
            .output();
        refused(
            "RUST_LOG=tokio=loud",
            "RUST_LOG",
            level.expect("the demo starts"),
        );
        problems
    });
    assert!(
        !std::path::Path::new(bitmap).exists(),
        "a refused picture was written"
    );
}

#[test]
fn a_pipe_gets_no_colour() {
    check_demos(|pattern| {
        let coloured = |arguments: &[&str]| run(pattern, arguments).stdout.contains(&b'\x1b');
        let found = [["--paused"], ["--help"]]
            .into_iter()
            .filter(|arguments| coloured(arguments));
        found
            .map(|arguments| format!("{} into a pipe has escape codes", arguments[0]))
            .collect()
    });
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    check_demos(|pattern| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = demo(pattern)
            .arg("--paused")
            .stdout(writer)
            .output()
            .expect("the demo starts");
        let stderr = stderr(&output);
        let panicked = stderr.contains("panicked") || output.status.code() == Some(101);
        panicked
            .then(|| format!("it panics when nobody reads its stdout: {stderr}"))
            .into_iter()
            .collect()
    });
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_demo_with_130() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};

    check_demos(|pattern| {
        let mut demo = demo(pattern).spawn().expect("the demo starts");
        // The shell is ready before the demo's first line, so that the signal comes at once.
        let mut shell = Command::new("sh")
            .args(["-c", "read go; kill -INT \"$0\"", &demo.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let mut stdout = BufReader::new(demo.stdout.take().expect("it is piped"));
        let mut first = String::new();
        stdout
            .read_line(&mut first)
            .expect("the first line is read");
        shell
            .stdin
            .take()
            .expect("it is piped")
            .write_all(b"go\n")
            .expect("the shell reads");
        let sent = shell.wait().expect("the shell ends");
        stdout
            .read_to_string(&mut String::new())
            .expect("the rest is read");
        let output = demo.wait_with_output().expect("the demo ends");
        let stderr = stderr(&output);
        if sent.success() && output.status.code() == Some(130) && !stderr.contains("panicked") {
            Vec::new()
        } else {
            vec![format!(
                "after `{}`, Ctrl-C ends it with {}: {stderr}",
                first.trim_end(),
                output.status
            )]
        }
    });
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
