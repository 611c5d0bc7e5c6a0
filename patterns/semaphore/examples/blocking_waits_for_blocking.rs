//! Mistake: blocking closures that each wait for another blocking closure. When they have taken all
//! threads of the pool, the ones that they wait for find none, and everything stands still.

use std::num::NonZeroUsize;
use std::sync::{Arc, Barrier};

use semaphore::map_limited;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::select;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// Tokio's default is 512.
const THREADS: usize = 4;

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(THREADS)
        .build();
    runtime.expect("the runtime can be built")
}

/// Stands for a file that one closure opens and another one reads.
fn inner() {}

/// Starts as many as there are threads. Returns how many have ended by themselves.
///
/// So that this example ends, all give up once each has a thread.
pub fn mistake() -> usize {
    let runtime = runtime();
    let all_have_a_thread = Arc::new(Barrier::new(THREADS + 1));
    let (give_up, given_up) = watch::channel(false);
    let outer = |_| {
        let (all_have_a_thread, given_up) = (Arc::clone(&all_have_a_thread), given_up.clone());
        runtime.spawn_blocking(move || {
            all_have_a_thread.wait();
            let mut told = given_up.clone();
            Handle::current().block_on(async {
                select! {
                    _ = spawn_blocking(inner) => usize::from(!*given_up.borrow()),
                    _ = told.changed() => 0,
                }
            })
        })
    };
    let outers: Vec<_> = (0..THREADS).map(outer).collect();
    all_have_a_thread.wait();
    // No thread is free, and none will be: what they wait for is behind them.
    give_up.send_replace(true);
    let outers = outers.into_iter();
    let ended = outers.map(|outer| runtime.block_on(outer).expect("it does not panic"));
    ended.sum()
}

/// Leaves a thread for the inner ones. Returns how many have ended.
pub fn with_map_limited(calls: usize) -> usize {
    let fewer = NonZeroUsize::new(THREADS - 1).expect("there are two threads or more");
    let outer = |_| spawn_blocking(|| Handle::current().block_on(spawn_blocking(inner)));
    let ended = runtime().block_on(map_limited(0..calls, fewer, outer));
    ended
        .iter()
        .filter(|ended| matches!(ended, Ok(Ok(()))))
        .count()
}

fn main() {
    println!(
        "mistake: {} of {THREADS} have ended, and none will",
        mistake()
    );
    println!("recipe:  {} of 512 have ended", with_map_limited(512));
}
