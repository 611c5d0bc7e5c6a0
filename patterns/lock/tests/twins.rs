//! Each example shows a mistake. Here each mistake does its damage, and the recipe does not.

use std::process::Command;
use std::sync::Mutex;

use lock::Shared;
use tokio::task::yield_now;

#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/guard_that_nobody_sees.rs"]
mod guard_that_nobody_sees;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/half_written_state.rs"]
mod half_written_state;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/locks_in_opposite_order.rs"]
mod locks_in_opposite_order;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/lost_update.rs"]
mod lost_update;
#[expect(dead_code, reason = "its main is for people")]
#[path = "../examples/rwlock_read_twice.rs"]
mod rwlock_read_twice;

#[tokio::test]
async fn read_await_write_loses_updates_on_one_thread() {
    // All ten read the same number, and all ten write that number plus 1.
    assert_eq!(lost_update::mistake().await, 100);
}

#[tokio::test]
async fn with_a_key_held_no_update_is_lost() {
    assert_eq!(lost_update::with_lock().await, 1000);
}

#[tokio::test(start_paused = true)]
async fn two_locks_in_opposite_order_deadlock() {
    locks_in_opposite_order::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn lock_all_in_opposite_order_does_not() {
    locks_in_opposite_order::with_lock_all().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_recursive_read_of_a_rwlock_deadlocks_when_a_writer_came_in_between() {
    rwlock_read_twice::mistake().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_copy_out_of_a_closure_does_not() {
    assert_eq!(rwlock_read_twice::with_shared().await.unwrap(), 7);
}

// Clippy looks at this example as at all the others, with `await_holding_lock` denied.
#[tokio::test(start_paused = true)]
async fn a_guard_of_another_crate_is_held_across_an_await_and_nobody_says_so() {
    assert!(guard_that_nobody_sees::mistake().await);
    assert!(!guard_that_nobody_sees::with_shared().await);
}

#[tokio::test]
async fn after_a_panic_a_tokio_mutex_gives_out_half_written_state() {
    assert_eq!(half_written_state::mistake().await.unwrap(), 70);
}

#[tokio::test]
async fn after_a_panic_shared_gives_out_nothing() {
    let next = half_written_state::with_shared().await;
    assert!(next.unwrap_err().is_panic());
}

#[test]
fn a_guard_that_is_alive_at_an_await_does_not_compile() {
    // It needs nothing but std, so the compiler alone will do: no crate has to be built for it.
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let refused = Command::new(rustc)
        .args(["--edition=2024", "--emit=metadata", "--color=never"])
        .arg("tests/refused/guard_across_await.rs")
        .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
        .output()
        .expect("there is a compiler");
    let says = String::from_utf8(refused.stderr).expect("its messages are UTF-8");
    let errors: Vec<_> = says
        .split_inclusive("\n\n")
        .filter(|paragraph| paragraph.starts_with("error"))
        .collect();
    for (error, function) in errors
        .iter()
        .zip(["held", "dropped_before", "in_the_scrutinee"])
    {
        let words = [
            "error: future cannot be sent between threads safely",
            &format!("future returned by `{function}` is not `Send`"),
            "the trait `Send` is not implemented for `std::sync::MutexGuard<'_, ",
            "note: future is not `Send` as this value is used across an await",
        ];
        assert_eq!(words.map(|text| error.contains(text)), [true; 4], "{error}");
    }
    // The fourth is the last line: aborting due to 3 previous errors.
    assert_eq!(errors.len(), 4, "{says}");
}

#[test]
fn a_guard_that_is_gone_before_the_await_does() {
    async fn in_a_block(count: &Mutex<u64>) {
        {
            let mut guard = count.lock().unwrap();
            *guard += 1;
        }
        yield_now().await;
    }
    async fn in_a_statement(queue: &Mutex<Vec<u64>>) {
        let next = queue.lock().unwrap().pop();
        if next.is_some() {
            yield_now().await;
        }
    }
    async fn in_a_closure(count: &Shared<u64>) {
        count.with(|count| *count += 1);
        yield_now().await;
    }
    fn spawn(_: impl Future + Send) {}

    let (count, queue) = (Mutex::new(0), Mutex::new(vec![]));
    spawn(in_a_block(&count));
    spawn(in_a_statement(&queue));
    spawn(in_a_closure(&Shared::new(0)));
}
