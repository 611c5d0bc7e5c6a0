//! Mistake: `let _ =` in front of a permit. It looks like "keep it and do not mention it again",
//! but `_` is not a variable: the permit is dropped in the same statement, and nothing is limited.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use semaphore::SharedLimit;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Counts how many are at work, and the most there were.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

impl Gauge {
    async fn work(self) {
        let (now, most) = &*self.0;
        let at_work = now.fetch_add(1, Ordering::Relaxed) + 1;
        most.fetch_max(at_work, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
        now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the most that were at work at once, with two permits.
pub async fn mistake() -> usize {
    let gauge = Gauge::default();
    let semaphore = Arc::new(Semaphore::new(2));
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (gauge, semaphore) = (gauge.clone(), Arc::clone(&semaphore));
        tasks.spawn(async move {
            let _ = semaphore.acquire().await.expect("nobody closes it");
            gauge.work().await;
        });
    }
    tasks.join_all().await;
    gauge.0.1.load(Ordering::Relaxed)
}

/// Returns the most that were at work at once, with a limit of two.
pub async fn with_a_name() -> usize {
    let gauge = Gauge::default();
    let limit = SharedLimit::new(const { NonZeroU32::new(2).unwrap() });
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (gauge, limit) = (gauge.clone(), limit.clone());
        tasks.spawn(async move {
            let _permit = limit.acquire(1).await.expect("nobody closes it");
            gauge.work().await;
        });
    }
    tasks.join_all().await;
    gauge.0.1.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} at once, through 2 permits", mistake().await);
    println!("recipe:  {} at once", with_a_name().await);
}
