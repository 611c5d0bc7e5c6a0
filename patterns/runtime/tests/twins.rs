//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::channel::oneshot;
use tokio::runtime::{Builder, Runtime};
use tokio::time::advance;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_block_on_inside.rs"]
mod runtime_block_on_inside;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_blocking_call.rs"]
mod runtime_blocking_call;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_blocking_in_drop.rs"]
mod runtime_blocking_in_drop;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_handle_block_on.rs"]
mod runtime_handle_block_on;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_no_clean_up.rs"]
mod runtime_no_clean_up;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_other_block_on.rs"]
mod runtime_other_block_on;
#[cfg(unix)]
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_sigterm.rs"]
mod runtime_sigterm;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/runtime_waits_for_blocking.rs"]
mod runtime_waits_for_blocking;

fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime can be built")
}

fn workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build();
    runtime.expect("a runtime can be built")
}

#[tokio::test(start_paused = true)]
async fn a_blocking_call_delays_every_timer() {
    // Time passes, and nobody else has a turn meanwhile: as in a blocking call.
    let block = || {
        let _jumped = advance(Duration::from_millis(300)).now_or_never();
    };
    let late = runtime_blocking_call::mistake(block).await;
    assert_eq!(late, Duration::from_millis(290));
}

#[tokio::test]
async fn a_blocking_call_on_a_thread_of_its_own_delays_none() {
    // It blocks until the timer has fired.
    let block = |fired: mpsc::Receiver<()>| fired.recv().expect("the timer fires");
    runtime_blocking_call::with_spawn_blocking(block).await;
}

/// The whole message, as the page and the index have it.
const INSIDE: &str = "Cannot start a runtime from within a runtime. This happens because a function \
                      (like `block_on`) attempted to block the current thread while the thread is \
                      being used to drive asynchronous tasks. If you are in an async function, use \
                      `.await` on the future instead of blocking on it.";

#[tokio::test]
async fn block_on_inside_a_runtime_panics() {
    for panicked in [
        runtime_block_on_inside::mistake().await,
        runtime_block_on_inside::mistake_with_another_runtime().await,
    ] {
        let panic = panicked.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&INSIDE));
    }
}

#[tokio::test]
async fn block_on_in_a_blocking_closure_does_not() {
    assert_eq!(
        runtime_block_on_inside::with_spawn_blocking()
            .await
            .unwrap(),
        42
    );
}

#[test]
fn the_drop_of_a_runtime_waits_for_a_blocking_call() {
    // A task holds the gate: it opens while the runtime is being dropped, not before.
    let hold = async |gate| {
        tokio::spawn(async move {
            let _gate: mpsc::Sender<()> = gate;
            std::future::pending::<()>().await;
        });
    };
    assert!(runtime_waits_for_blocking::mistake(hold));
}

#[test]
fn run_does_not() {
    assert!(!runtime_waits_for_blocking::with_run());
}

#[test]
fn tasks_that_are_left_at_the_end_of_main_do_not_clean_up() {
    assert_eq!(runtime_no_clean_up::mistake(paused()), 0);
}

#[test]
fn run_waits_for_the_clean_up() {
    assert_eq!(runtime_no_clean_up::with_run(paused()), 3);
}

#[test]
fn f14_a_blocking_call_in_a_destructor_is_lost_at_the_end_of_the_runtime() {
    for runtime in [paused(), workers()] {
        assert!(!runtime_blocking_in_drop::mistake(runtime));
    }
}

#[test]
fn f14_a_blocking_call_that_a_task_of_the_program_awaits_is_not() {
    for runtime in [paused(), workers()] {
        assert!(runtime_blocking_in_drop::with_run(runtime));
    }
}

/// An hour of the paused clock.
async fn an_hour() {
    advance(Duration::from_secs(3600)).await;
}

#[test]
fn p1_block_on_of_a_handle_turns_no_timer_of_a_current_thread_runtime() {
    assert!(!runtime_handle_block_on::mistake(&paused(), an_hour()));
}

#[test]
fn p1_block_on_of_the_runtime_does_and_so_do_workers() {
    assert!(runtime_handle_block_on::with_runtime(&paused(), an_hour()));
    assert!(runtime_handle_block_on::mistake(&workers(), pending()));
}

#[test]
fn p2_another_block_on_in_a_task_stands_still_after_128_calls() {
    let runtime = workers();
    let (told, calls) = mpsc::channel();
    let (give_up, patience) = oneshot::channel();
    let task = runtime.spawn(runtime_other_block_on::mistake(told, patience));
    for _ in 0..128 {
        calls.recv().expect("the call comes back");
    }
    give_up.send(()).expect("it is waited for");
    assert_eq!(runtime.block_on(task).unwrap(), 128);
}

#[test]
fn p2_in_a_blocking_closure_all_calls_come_back() {
    let runtime = workers();
    let task = runtime.spawn(runtime_other_block_on::with_spawn_blocking());
    assert_eq!(runtime.block_on(task).unwrap(), 1_000);
}

#[cfg(unix)]
mod sigterm {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use super::runtime_sigterm::{mistake, terminate, with_run};

    /// A test of this module, in a process of its own.
    fn child(test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command.args(["--exact", &format!("twins::sigterm::{test}")]);
        command.args(["--ignored", "--nocapture"]);
        command
    }

    #[test]
    fn sigterm_ends_a_program_that_awaits_ctrl_c_without_clean_up() {
        let (status, clean) = terminate(&mut child("child_mistake")).unwrap();
        assert_eq!((status.signal(), clean), (Some(15), false));
    }

    #[test]
    fn run_cleans_up_at_sigterm() {
        let (status, clean) = terminate(&mut child("child_with_run")).unwrap();
        assert!(status.success() && clean, "{status}");
    }

    #[test]
    #[ignore = "it waits for a signal: the tests above start it"]
    fn child_mistake() {
        mistake().unwrap();
    }

    #[test]
    #[ignore = "it waits for a signal: the tests above start it"]
    fn child_with_run() {
        with_run().unwrap();
    }
}
