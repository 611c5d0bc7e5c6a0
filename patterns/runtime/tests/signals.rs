//! Real signals, sent to this program in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::panic::catch_unwind;
use std::process::{Command, Stdio, Termination as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::FutureExt as _;
use runtime::{Ended, Program, run, run_until, signals};
use tokio::runtime::{Builder, Runtime};
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// More than any test waits.
const HOUR: Duration = Duration::from_secs(3600);
/// Within this time, a repeat is the same wish.
const SAME_WISH: Duration = Duration::from_millis(300);

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built")
}

/// Starts one of the tests of this file in a process of its own, sends it the next signal at each line that
/// ends with three dots, and returns all of its lines that begin with a dash, and its exit code.
fn converse(test: &str, signals: &[&str]) -> (Vec<String>, Option<i32>) {
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
    (lines, child.wait().expect("it ends").code())
}

/// Says how it ended, and ends the child's process with the code.
fn end<T>(ended: Ended<T>) -> ! {
    println!(
        "- interrupted: {}, unfinished: {:?}",
        ended.interrupted, ended.unfinished
    );
    std::process::exit(ended.code.into())
}

/// Says a line that ends with three dots when the first signal has been heard, and a repeat is another wish.
/// It has a thread of its own, which nobody waits for: the process ends before it does.
fn say_when_the_next_is_the_second() {
    let mut heard = signals().expect("signals can be listened for");
    thread::spawn(move || {
        runtime().block_on(heard());
        thread::sleep(SAME_WISH);
        println!("- heard ...");
        thread::sleep(HOUR);
    });
}

/// What keeps a thread for so long that the process ends first, where what is tested works.
fn block() {
    thread::sleep(Duration::from_secs(30));
    println!("- was not ended");
    std::process::exit(99);
}

#[test]
fn f4_ctrl_c_and_sigterm_ask_a_program_to_stop_and_the_exit_code_says_which() {
    for (signal, code) in [("INT", 130), ("TERM", 0)] {
        let lines = ["works ...", "saved", "interrupted: true, unfinished: []"];
        let expected = (lines.map(String::from).to_vec(), Some(code));
        assert_eq!(converse("child_that_listens", &[signal]), expected);
    }
}

#[test]
fn f4_a_second_signal_ends_the_grace_and_the_exit_code_says_so() {
    for (second, code) in [("INT", 130), ("TERM", 143)] {
        let (lines, ended) = converse("child_that_does_not_listen", &["INT", second]);
        let end = r#"interrupted: true, unfinished: ["deaf", "stuck"]"#;
        assert_eq!(lines, ["works ...", "heard ...", end]);
        assert_eq!(ended, Some(code));
    }
}

#[test]
fn f4_a_second_signal_ends_a_main_that_blocks_its_thread() {
    for (second, code) in [("INT", 130), ("TERM", 143)] {
        let (lines, ended) = converse("child_that_blocks", &["INT", second]);
        assert_eq!(lines, ["works ...", "heard ..."]);
        assert_eq!(ended, Some(code));
    }
}

#[test]
fn f4_a_second_signal_ends_a_program_that_is_past_its_run() {
    let (lines, code) = converse("child_that_lingers", &["INT", "INT"]);
    let ended = "interrupted: true, unfinished: []";
    assert_eq!(lines, ["works ...", ended, "lingers ..."]);
    assert_eq!(code, Some(130));
}

#[test]
fn a_signal_after_run_has_returned_ends_the_process() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (lines, ended) = converse("child_that_is_over", &[signal]);
        assert_eq!(lines, ["over ..."]);
        assert_eq!(ended, Some(code));
    }
}

#[test]
fn p10_a_repeat_within_300_ms_is_the_same_wish() {
    for second in ["INT", "TERM"] {
        let (lines, code) = converse("child_that_saves", &["INT", second]);
        let end = "interrupted: true, unfinished: []";
        assert_eq!(lines, ["works ...", "saves ...", "saved", end]);
        assert_eq!(code, Some(130));
    }
}

#[test]
fn n1_a_signal_is_heard_while_every_worker_blocks() {
    let (lines, code) = converse("child_whose_workers_block", &["INT"]);
    let end = r#"interrupted: true, unfinished: ["one", "two"]"#;
    assert_eq!(lines, ["works ...", "asked", end]);
    assert_eq!(code, Some(1));
}

#[test]
fn a_main_whose_destructors_panic_when_it_is_cut_does_not_keep_the_process() {
    let (lines, code) = converse("child_whose_main_panics_when_it_is_cut", &["INT"]);
    assert_eq!(lines, ["works ...", "panicked"]);
    assert_eq!(code, Some(0));
}

#[test]
fn n10_sighup_cleans_up_where_it_is_asked_for() {
    let (lines, code) = converse("child_that_hears_sighup", &["HUP"]);
    let end = "interrupted: true, unfinished: []";
    assert_eq!(lines, ["works ...", "saved", end]);
    assert_eq!(code, Some(0));
}

#[test]
fn n10_a_main_that_returns_it_names_what_was_cut_and_who_panicked() {
    let child = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--exact", "signals::child_that_is_cut", "--ignored"])
        .args(["--nocapture"])
        .output();
    let said = child.expect("it starts").stderr;
    let said = String::from_utf8(said).expect("it is text");
    for line in ["deaf did not stop in time", "bad panicked"] {
        assert!(said.lines().any(|said| said == line), "{said}");
    }
}

#[test]
fn a_signal_between_two_calls_is_not_lost() {
    let (lines, code) = converse("child_that_was_away", &["INT"]);
    assert_eq!(lines, ["away ...", "asked"]);
    assert_eq!(code, Some(0));
}

#[test]
fn a_run_after_one_that_was_interrupted_hears_a_first_signal() {
    let (lines, code) = converse("child_that_runs_twice", &["INT", "TERM"]);
    let once = ["works ...", "interrupted"];
    assert_eq!(lines, [once, once].concat());
    assert_eq!(code, Some(0));
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_listens() {
    let main = async |program: Program| {
        let token = program.token();
        program.spawn("saver", async move {
            token.cancelled().await;
            println!("- saved");
        });
        println!("- works ...");
        program.token().cancelled().await;
    };
    end(run(runtime(), HOUR, main).unwrap());
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_does_not_listen() {
    say_when_the_next_is_the_second();
    let main = async |program: Program| {
        program.spawn("deaf", std::future::pending::<()>());
        program.spawn_blocking("stuck", || {
            loop {
                thread::park();
            }
        });
        println!("- works ...");
        program.token().cancelled().await;
    };
    end(run(runtime(), HOUR, main).unwrap());
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_blocks() {
    let main = async |_| {
        say_when_the_next_is_the_second();
        println!("- works ...");
        block();
    };
    end(run(runtime(), HOUR, main).unwrap());
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_lingers() {
    let main = async |program: Program| {
        println!("- works ...");
        program.token().cancelled().await;
    };
    let ended = run(runtime(), HOUR, main).unwrap();
    println!(
        "- interrupted: {}, unfinished: {:?}",
        ended.interrupted, ended.unfinished
    );
    thread::sleep(SAME_WISH);
    println!("- lingers ...");
    block();
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_is_over() {
    let ended = run(runtime(), HOUR, async |_| ()).unwrap();
    assert_eq!(ended.code, 0);
    println!("- over ...");
    block();
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_saves() {
    let main = async |program: Program| {
        let mut interrupts = signal(SignalKind::interrupt()).unwrap();
        let mut terms = signal(SignalKind::terminate()).unwrap();
        println!("- works ...");
        interrupts.recv().await.unwrap();
        program.token().cancelled().await;
        println!("- saves ...");
        select! { _ = interrupts.recv() => {}, _ = terms.recv() => {} }
        // Were it another wish, it would be cut here.
        sleep(Duration::from_millis(200)).await;
        println!("- saved");
    };
    end(run(runtime(), HOUR, main).unwrap());
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_whose_workers_block() {
    let workers = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let main = async |program: Program| {
        let (begun, has_begun) = mpsc::channel();
        // One after the other: the second has the driver of timers and signals with it.
        for (name, time) in [("one", None), ("two", Some(Duration::from_millis(1)))] {
            let begun = begun.clone();
            program.spawn(name, async move {
                if let Some(time) = time {
                    sleep(time).await;
                }
                begun.send(()).unwrap();
                block();
            });
            has_begun.recv().unwrap();
        }
        println!("- works ...");
        program.token().cancelled().await;
        println!("- asked");
    };
    end(run(workers, Duration::ZERO, main).unwrap());
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_whose_main_panics_when_it_is_cut() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let main = async |_| {
        let (begun, has_begun) = mpsc::channel();
        // A drop of the runtime would wait for it.
        tokio::task::spawn_blocking(move || {
            begun.send(()).unwrap();
            block();
        });
        has_begun.recv().unwrap();
        let _bomb = Bomb;
        println!("- works ...");
        std::future::pending::<()>().await;
    };
    let panicked = catch_unwind(|| run(runtime(), Duration::ZERO, main).map(|ended| ended.code));
    assert!(panicked.is_err());
    println!("- panicked");
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_hears_sighup() {
    let main = async |program: Program| {
        println!("- works ...");
        program.token().cancelled().await;
        println!("- saved");
    };
    let ended = runtime().block_on(async {
        let (mut stop, mut hangup) = (signals().unwrap(), signal(SignalKind::hangup()).unwrap());
        let asked = async || select! { () = stop() => {}, _ = hangup.recv() => {} };
        run_until(HOUR, asked, main).await
    });
    end(ended);
}

#[test]
#[ignore = "its lines are for the test above that starts it"]
fn child_that_is_cut() {
    let main = async |program: Program| {
        program.spawn("deaf", std::future::pending::<()>());
        let bad = program.spawn("bad", async { panic!("on purpose") });
        assert!(bad.await.is_err());
    };
    let _code = run(runtime(), Duration::ZERO, main).unwrap().report();
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
        asked().await;
        println!("- asked");
    });
}

#[test]
#[ignore = "it waits for a signal: the tests above start it"]
fn child_that_runs_twice() {
    for _ in 0..2 {
        let main = async |program: Program| {
            println!("- works ...");
            program.token().cancelled().await;
        };
        let ended = run(runtime(), HOUR, main).unwrap();
        assert!(ended.interrupted && ended.unfinished.is_empty());
        println!("- interrupted");
        // A repeat would be the same wish.
        thread::sleep(SAME_WISH);
    }
}
