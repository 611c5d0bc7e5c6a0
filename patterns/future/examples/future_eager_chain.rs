//! Mistake: a chain in which each link starts the next one eagerly, as in a recursion. The first polls
//! stand on one stack, and a chain of some thousand links overflows it, which ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use future::spawn_eager;
use futures::future::{BoxFuture, FutureExt as _};

/// How many calls that start a link have not returned, now and at most.
#[derive(Default)]
struct Depth {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Depth {
    fn in_call<T>(&self, start: impl FnOnce() -> T) -> T {
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(now, Relaxed);
        let started = start();
        self.now.fetch_sub(1, Relaxed);
        started
    }
}

fn eager(links: usize, depth: Arc<Depth>) -> BoxFuture<'static, ()> {
    let link = async move {
        if links > 0 {
            let next = eager(links - 1, Arc::clone(&depth));
            let next = depth.in_call(|| spawn_eager(next));
            next.join().await.expect("it does not panic");
        }
    };
    link.boxed()
}

fn spawned(links: usize, depth: Arc<Depth>) -> BoxFuture<'static, ()> {
    let link = async move {
        if links > 0 {
            let next = spawned(links - 1, Arc::clone(&depth));
            let next = depth.in_call(|| tokio::spawn(next));
            next.await.expect("it does not panic");
        }
    };
    link.boxed()
}

/// Returns how many first polls of a chain stand on the stack at once.
pub async fn mistake(links: usize) -> usize {
    let depth = Arc::new(Depth::default());
    eager(links, Arc::clone(&depth)).await;
    depth.most.load(Relaxed)
}

/// Returns how many calls of `spawn` stand on the stack at once.
pub async fn with_spawn(links: usize) -> usize {
    let depth = Arc::new(Depth::default());
    spawned(links, Arc::clone(&depth)).await;
    depth.most.load(Relaxed)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("mistake: {} calls deep, of 100 links", mistake(100).await);
    println!(
        "spawn:   {} call deep, of 100,000 links",
        with_spawn(100_000).await
    );
}
