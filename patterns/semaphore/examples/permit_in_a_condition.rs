//! Mistake: a permit that is asked for in a condition. `is_ok` looks at it, and the condition drops
//! it before the block begins: nothing is limited. No lint sees it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use semaphore::SharedLimit;
use tokio::task::JoinSet;
use tokio::time::sleep;

const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();

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

/// Runs 40 tasks and returns the most that were at work at once.
async fn most<F>(task: impl Fn(SharedLimit, Gauge) -> F) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    let (limit, gauge) = (SharedLimit::new(FOUR), Gauge::default());
    let start = |_| task(limit.clone(), gauge.clone());
    let tasks: JoinSet<()> = (0..40).map(start).collect();
    tasks.join_all().await;
    gauge.0.1.load(Ordering::Relaxed)
}

/// Returns the most that were at work at once, with four permits.
pub async fn mistake() -> usize {
    most(|limit, gauge| async move {
        if limit.acquire(1).await.is_ok() {
            gauge.work().await;
        }
    })
    .await
}

/// The same, for those who do not wait.
pub async fn mistake_without_a_wait() -> usize {
    most(|limit, gauge| async move {
        if limit.try_acquire(1).is_ok() {
            gauge.work().await;
        }
    })
    .await
}

/// Binds the permit: it lives as long as the block.
pub async fn with_a_name() -> usize {
    most(|limit, gauge| async move {
        if let Ok(_permit) = limit.acquire(1).await {
            gauge.work().await;
        }
    })
    .await
}

/// Has no permit that could be lost.
pub async fn with_run() -> usize {
    most(|limit, gauge| async move {
        let worked = limit.run(1, gauge.work()).await;
        worked.expect("nobody closes it");
    })
    .await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} at once, through 4 permits", mistake().await);
    println!("recipe:  {} at once", with_run().await);
}
