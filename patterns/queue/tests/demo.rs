//! The demo with real input: every line that went in is accounted for, also after Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

fn demo(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_queue"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the demo starts")
}

/// The four numbers of the report.
fn report(output: &str) -> [usize; 4] {
    ["done", "failed", "not started", "not read"].map(|what| {
        let line = output.lines().find(|line| line.starts_with(what));
        let number = line
            .expect("the report is complete")
            .split_whitespace()
            .last();
        let number = number.expect("a line of the report ends in a number");
        number
            .parse()
            .expect("a line of the report ends in a number")
    })
}

#[test]
fn the_lines_of_standard_input_are_all_done() {
    for clock in [&[][..], &["--paused"]] {
        let mut demo = demo(&[&["-", "--capacity", "1"], clock].concat());
        let mut input = demo.stdin.take().expect("it is piped");
        input
            .write_all(b"one\n\ntwo words\n")
            .expect("the demo reads");
        drop(input);
        let output = demo.wait_with_output().expect("the demo ends");
        let said = String::from_utf8(output.stdout).expect("the transcript is text");
        assert_eq!(report(&said), [3, 0, 0, 0], "{said}");
        assert!(output.status.success(), "{said}");
    }
}

#[test]
fn a_line_that_fails_is_a_failure_of_the_demo() {
    let mut demo = demo(&["-"]);
    let mut input = demo.stdin.take().expect("it is piped");
    input.write_all(b"one\n---\n").expect("the demo reads");
    drop(input);
    let output = demo.wait_with_output().expect("the demo ends");
    let said = String::from_utf8(output.stdout).expect("the transcript is text");
    assert_eq!(report(&said), [1, 1, 0, 0]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn nothing_is_pretended_for_a_file() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("lines.txt");
    std::fs::write(&file, "a few words\n".repeat(8_000)).expect("the folder can be written");
    let file = file.to_str().expect("its name is UTF-8");
    // The paused clock counts what is slept, and nothing else.
    let output = demo(&["--paused", file]).wait_with_output();
    let said = String::from_utf8(output.expect("the demo ends").stdout).expect("it is text");
    assert_eq!(report(&said), [8_000, 0, 0, 0]);
    assert!(said.contains("\n7 lanes in 0 ms: 7 done\n"), "{said}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_drains_the_queue_and_accounts_for_every_line() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("lines.txt");
    // Far more than are done before the signal comes.
    let lines = 100_000;
    std::fs::write(&file, "a word\n".repeat(lines)).expect("the folder can be written");
    let file = file.to_str().expect("its name is UTF-8");
    let (said, code) = interrupted(demo(&[file]));
    let [done, failed, not_started, not_read] = report(&said);
    assert_eq!(
        (done + not_started + not_read, failed),
        (lines, 0),
        "{said}"
    );
    // What the two producers had in their hands when the queue was closed came back.
    assert!(not_started <= 2, "{said}");
    assert!(done > 0 && not_read > 0, "{said}");
    // Whatever was put is done, and said so.
    let count = |what| said.lines().filter(|line| line.ends_with(what)).count();
    assert_eq!((count(" put"), count(" has 2 words")), (done, done));
    assert!(said.contains("\ntimeline\n"));
    assert_eq!(code, Some(130));
}

#[cfg(unix)]
#[test]
fn ctrl_c_does_not_wait_for_a_line_that_is_still_to_be_typed() {
    let mut demo = demo(&["-"]);
    let mut input = demo.stdin.take().expect("it is piped");
    input.write_all(b"a word\n").expect("the demo reads");
    let (said, code) = interrupted(demo);
    assert_eq!(report(&said), [1, 0, 0, 0]);
    assert_eq!(code, Some(130));
    // Open until here.
    drop(input);
}

/// Presses Ctrl-C when the first line is in the queue. Returns the output and the exit code.
#[cfg(unix)]
fn interrupted(mut demo: Child) -> (String, Option<i32>) {
    // The shell is ready before it is needed, so that the signal comes at once.
    let mut shell = Command::new("sh")
        .args(["-c", "read go; kill -INT \"$0\"", &demo.id().to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut stdout = BufReader::new(demo.stdout.take().expect("it is piped"));
    let mut said = String::new();
    while !said.contains(" put\n") {
        assert_ne!(
            stdout.read_line(&mut said).expect("it is text"),
            0,
            "{said}"
        );
    }
    let mut go = shell.stdin.take().expect("it is piped");
    go.write_all(b"go\n").expect("the shell reads");
    assert!(shell.wait().expect("the shell ends").success());
    stdout.read_to_string(&mut said).expect("it is text");
    let status = demo.wait().expect("the demo ends");
    (said, status.code())
}
