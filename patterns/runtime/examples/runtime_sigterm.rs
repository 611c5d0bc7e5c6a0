//! Mistake: a program that awaits Ctrl-C only. `kill`, a container and a service manager send SIGTERM,
//! which ends it with no clean-up. Nothing of this exists outside of Unix.
#![cfg_attr(not(unix), allow(dead_code))]

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use runtime::run;
use tokio::runtime::Runtime;

/// What a child process runs: stops at Ctrl-C, and cleans up.
pub fn mistake() -> io::Result<()> {
    Runtime::new()?.block_on(async {
        let stop = tokio::signal::ctrl_c();
        println!("ready");
        stop.await?;
        println!("clean");
        Ok(())
    })
}

/// What a child process runs: stops at Ctrl-C and SIGTERM, and cleans up.
pub fn with_run() -> io::Result<()> {
    let main = async |program: runtime::Program| {
        println!("ready");
        program.token().cancelled().await;
        println!("clean");
    };
    let ended = run(Runtime::new()?, Duration::from_secs(10), main)?;
    assert!(ended.interrupted && ended.unfinished.is_empty());
    Ok(())
}

/// Starts a child and sends it SIGTERM when it is ready. Returns how it ended, and whether it cleaned up.
pub fn terminate(child: &mut Command) -> io::Result<(ExitStatus, bool)> {
    let mut child = child.stdout(Stdio::piped()).spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.ends_with("ready\n") {
        line.clear();
        assert_ne!(
            stdout.read_line(&mut line)?,
            0,
            "it ended before it was ready"
        );
    }
    let pid = child.id().to_string();
    let sent = Command::new("sh")
        .args(["-c", "kill -TERM \"$0\"", &pid])
        .status()?;
    assert!(sent.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest)?;
    Ok((child.wait()?, rest.contains("clean\n")))
}

#[cfg(unix)]
fn main() -> io::Result<()> {
    let this = std::env::current_exe()?;
    match std::env::args().nth(1).as_deref() {
        Some("mistake") => mistake()?,
        Some(_) => with_run()?,
        None => {
            for way in ["mistake", "recipe"] {
                let (status, clean) = terminate(Command::new(&this).arg(way))?;
                println!("{way:<8} {status}, cleaned up: {clean}");
            }
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("there is no SIGTERM here");
}
