//! Each async function is dropped at every await, and the keys are free afterwards.

use std::sync::Arc;
use std::time::Duration;

use common::cancellation::{alive_tasks, drop_at_every_await};
use futures::FutureExt as _;
use lock::{KeyGuard, KeyedLock, Shared};
use tokio::time::sleep;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Holds a key for so long, in a task.
fn hold(locks: &KeyedLock<u8>, key: u8, millis: u64) {
    let locks = locks.clone();
    tokio::spawn(async move {
        let _guard = locks.lock(key).await;
        sleep(ms(millis)).await;
    });
}

/// By now everybody else has let go. A call that comes now would clean up after the others, so look
/// first, then see that each key can be had at once.
async fn all_are_free(locks: KeyedLock<u8>, keys: &[u8]) {
    sleep(ms(100)).await;
    assert_eq!(locks.in_use(), 0, "a key is left");
    assert_eq!(alive_tasks(), 0, "a task is left");
    for &key in keys {
        assert!(locks.lock(key).now_or_never().is_some(), "{key} is held");
    }
}

#[test]
fn a_dropped_lock_frees_its_key_and_its_place_in_the_queue() {
    let points = drop_at_every_await(|| {
        let locks = KeyedLock::new();
        hold(&locks, 1, 10);
        let call = {
            let locks = locks.clone();
            async move {
                sleep(ms(1)).await;
                hold(&locks, 2, 5);
                sleep(ms(1)).await;
                let first: KeyGuard<u8> = locks.lock(1).await;
                let second = locks.lock(2).await;
                sleep(ms(10)).await;
                drop((first, second));
            }
        };
        (call, all_are_free(locks, &[1, 2]))
    });
    // Two sleeps, the wait for 1, and a sleep with both: by then 2 is free.
    assert_eq!(points.get(), 4);
}

#[test]
fn a_dropped_lock_that_others_wait_behind_lets_them_pass() {
    let points = drop_at_every_await(|| {
        let locks = KeyedLock::new();
        let passed = Arc::new(Shared::new(0));
        hold(&locks, 1, 10);
        let call = {
            let (locks, passed) = (locks.clone(), Arc::clone(&passed));
            async move {
                sleep(ms(1)).await;
                // They queue up behind this call, which is polled first.
                for _ in 0..3 {
                    let (locks, passed) = (locks.clone(), Arc::clone(&passed));
                    tokio::spawn(async move {
                        let _guard = locks.lock(1).await;
                        passed.with(|passed| *passed += 1);
                    });
                }
                let _guard = locks.lock(1).await;
                sleep(ms(10)).await;
            }
        };
        let check = async move {
            all_are_free(locks, &[1]).await;
            // None, when the call was dropped before it had started them.
            assert!([0, 3].contains(&passed.with(|passed| *passed)));
        };
        (call, check)
    });
    assert_eq!(points.get(), 3);
}

#[test]
fn a_dropped_lock_all_frees_what_it_had() {
    let points = drop_at_every_await(|| {
        let locks = KeyedLock::new();
        hold(&locks, 1, 10);
        hold(&locks, 2, 20);
        hold(&locks, 3, 30);
        let call = {
            let locks = locks.clone();
            async move {
                sleep(ms(1)).await;
                let guards = locks.lock_all([3, 2, 1]).await;
                assert_eq!(guards.len(), 3);
            }
        };
        (call, all_are_free(locks, &[1, 2, 3]))
    });
    // A sleep, and a wait for each key.
    assert_eq!(points.get(), 4);
}
