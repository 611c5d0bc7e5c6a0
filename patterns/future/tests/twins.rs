//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::process::Command;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_awaited_in_turn.rs"]
mod future_awaited_in_turn;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_cell_never_filled.rs"]
mod future_cell_never_filled;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_eager_chain.rs"]
mod future_eager_chain;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_kept_not_awaited.rs"]
mod future_kept_not_awaited;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_large.rs"]
mod future_large;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_never_woken.rs"]
mod future_never_woken;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/future_sleep_zero.rs"]
mod future_sleep_zero;

#[tokio::test]
async fn a_future_that_is_kept_and_not_awaited_does_nothing() {
    assert_eq!(future_kept_not_awaited::mistake().await, 0);
}

#[tokio::test]
async fn a_future_that_is_spawned_eagerly_does_its_work() {
    assert_eq!(future_kept_not_awaited::with_spawn_eager().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_producer_and_its_consumer_awaited_in_turn_wait_for_ever() {
    future_awaited_in_turn::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_producer_and_its_consumer_started_first_do_not() {
    let sum = future_awaited_in_turn::with_spawn_eager().await;
    assert_eq!(sum.unwrap(), 55);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_keeps_no_waker_is_not_polled_again() {
    future_never_woken::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_promise_wakes_who_waits_for_it() {
    future_never_woken::with_promise().await.unwrap();
}

#[tokio::test]
async fn each_wrapper_doubles_a_large_future() {
    let size = Box::pin(future_large::mistake()).await;
    assert!(size >= 8 * future_large::BUFFER, "{size}");
}

#[tokio::test]
async fn in_a_box_a_large_future_is_small() {
    let size = future_large::with_box_pin().await;
    assert!(size <= 256, "{size}");
}

#[tokio::test(start_paused = true)]
async fn a_sleep_of_zero_lets_nobody_run() {
    assert!(!future_sleep_zero::mistake().await);
}

#[tokio::test(start_paused = true)]
async fn yield_now_lets_others_run() {
    assert!(future_sleep_zero::with_yield_now().await);
}

#[tokio::test(start_paused = true)]
async fn p7_a_cell_whose_callers_give_up_is_begun_by_each_and_never_filled() {
    assert_eq!(future_cell_never_filled::mistake().await, (100, 0));
}

// Who came in the last 100 ms before the value was there, or later, has it.
#[tokio::test(start_paused = true)]
async fn p7_a_promise_and_a_task_begin_once() {
    assert_eq!(future_cell_never_filled::with_promise().await, (1, 60));
}

#[tokio::test]
async fn n11_each_link_of_an_eager_chain_is_deeper_on_the_stack() {
    assert_eq!(future_eager_chain::mistake(100).await, 100);
}

#[tokio::test]
async fn n11_a_chain_of_spawned_tasks_may_be_long() {
    assert_eq!(future_eager_chain::with_spawn(100_000).await, 1);
}

/// What the compiler says about a file that it refuses, one paragraph for each error.
fn refused(file: &str) -> Vec<String> {
    // The files need nothing but std, so the compiler alone will do: no crate has to be built.
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let refused = Command::new(rustc)
        .args(["--edition=2024", "--emit=metadata", "--color=never"])
        .arg(format!("tests/refused/{file}.rs"))
        .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
        .output()
        .expect("there is a compiler");
    assert!(!refused.status.success(), "{file} compiles");
    let says = String::from_utf8(refused.stderr).expect("its messages are UTF-8");
    says.split("\n\n")
        .filter(|paragraph| paragraph.starts_with("error"))
        .map(String::from)
        .collect()
}

#[test]
fn a_forgotten_await_is_an_error_when_the_lint_is_one() {
    let errors = refused("forgotten_await");
    // The third is the last line: aborting due to 2 previous errors.
    let [call, block, _aborting] = &errors[..] else {
        panic!("{errors:?}");
    };
    for (error, statement) in [(call, "save();"), (block, "async {")] {
        let words = [
            "error: unused implementer of `Future` that must be used",
            statement,
            "note: futures do nothing unless you `.await` or poll them",
        ];
        assert_eq!(words.map(|text| error.contains(text)), [true; 3], "{error}");
    }
}

#[test]
fn recursion_without_a_box_is_an_error() {
    let errors = refused("unboxed_recursion");
    let error = "error[E0733]: recursion in an async fn requires boxing";
    assert!(errors[0].starts_with(error), "{errors:?}");
}

#[tokio::test]
async fn recursion_with_a_box_is_not() {
    async fn depth(levels: u64) -> u64 {
        if levels == 0 {
            0
        } else {
            1 + Box::pin(depth(levels - 1)).await
        }
    }
    assert_eq!(depth(100).await, 100);
}
