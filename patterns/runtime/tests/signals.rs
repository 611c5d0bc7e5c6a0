//! Real signals, sent to this program in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::FutureExt as _;
use runtime::{run, signals};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// More than any test waits.
const HOUR: Duration = Duration::from_secs(3600);

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built")
}

/// Starts one of the tests of this file in a process of its own, sends it the next signal at each line that
/// ends with three dots, and returns all of its lines that begin with a dash.
fn converse(test: &str, signals: &[&str]) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--exact", &format!("signals::{test}")])
        .args(["--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut signals = signals.iter();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("it is text");
        // The harness writes the test's name before its first line.
        let Some((_, said)) = line.split_once("- ") else {
            continue;
        };
        if said.ends_with("...") {
            let signal = signals.next().expect("it waits for no more signals");
            let kill = format!("kill -{signal} {}", child.id());
            let sent = Command::new("sh").args(["-c", &kill]).status();
            assert!(sent.expect("there is a shell").success());
        }
        lines.push(said.to_owned());
    }
    assert!(child.wait().expect("it ends").success());
    lines
}

#[test]
fn ctrl_c_and_sigterm_ask_a_program_to_stop() {
    for signal in ["INT", "TERM"] {
        let lines = converse("child_that_listens", &[signal]);
        assert_eq!(
            lines,
            ["works ...", "saved", "interrupted: true, unfinished: []"]
        );
    }
}

#[test]
fn a_second_signal_does_not_wait_for_the_grace() {
    for second in ["INT", "TERM"] {
        let lines = converse("child_that_does_not_listen", &["INT", second]);
        let end = r#"interrupted: true, unfinished: ["deaf", "stuck"]"#;
        assert_eq!(lines, ["works ...", "stopping ...", end]);
    }
}

#[test]
fn a_signal_between_two_calls_is_not_lost() {
    assert_eq!(
        converse("child_that_was_away", &["INT"]),
        ["away ...", "asked"]
    );
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_listens() {
    let main = async |program: runtime::Program| {
        let token = program.token();
        program.spawn("saver", async move {
            token.cancelled().await;
            println!("- saved");
        });
        println!("- works ...");
        program.token().cancelled().await;
    };
    let ended = run(runtime(), HOUR, main).unwrap();
    println!(
        "- interrupted: {}, unfinished: {:?}",
        ended.interrupted, ended.unfinished
    );
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_does_not_listen() {
    let main = async |program: runtime::Program| {
        program.spawn("deaf", std::future::pending::<()>());
        program.spawn_blocking("stuck", || {
            loop {
                std::thread::park();
            }
        });
        println!("- works ...");
        program.token().cancelled().await;
        println!("- stopping ...");
    };
    let ended = run(runtime(), HOUR, main).unwrap();
    println!(
        "- interrupted: {}, unfinished: {:?}",
        ended.interrupted, ended.unfinished
    );
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_was_away() {
    runtime().block_on(async {
        let mut asked = signals().unwrap();
        let mut other = signal(SignalKind::interrupt()).unwrap();
        assert!(asked().now_or_never().is_none());
        println!("- away ...");
        other.recv().await.unwrap();
        asked().now_or_never().expect("it came between two calls");
        println!("- asked");
    });
}
