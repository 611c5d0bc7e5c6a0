//! Mistake: five permits, to keep to five calls a second. A semaphore limits how many calls there
//! are at the same time. Calls that are short come as fast as they end.

use std::num::NonZeroUsize;
use std::time::Duration;

use semaphore::map_limited;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

const FIVE: NonZeroUsize = NonZeroUsize::new(5).unwrap();

/// A call that takes 10 ms.
async fn call() {
    sleep(Duration::from_millis(10)).await;
}

/// How 20 calls went.
#[derive(Debug, PartialEq)]
pub struct Calls {
    /// Calls that began within a second.
    pub in_the_first_second: usize,
    /// When the last had ended.
    pub took: Duration,
}

/// From the moments at which the calls began, after the last has ended.
fn count(start: Instant, began: &[Instant]) -> Calls {
    let second = start + Duration::from_secs(1);
    Calls {
        in_the_first_second: began.iter().filter(|at| **at < second).count(),
        took: start.elapsed(),
    }
}

/// Makes 20 calls, five at a time.
pub async fn mistake() -> Calls {
    let start = Instant::now();
    let mut began = Vec::new();
    let begin = |_| {
        began.push(Instant::now());
        call()
    };
    map_limited(0..20, FIVE, begin).await;
    count(start, &began)
}

/// Makes 20 calls, one every 200 ms.
pub async fn with_an_interval() -> Calls {
    let start = Instant::now();
    let mut began = Vec::new();
    let mut tasks = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(200));
    for _ in 0..20 {
        ticks.tick().await;
        began.push(Instant::now());
        tasks.spawn(call());
    }
    tasks.join_all().await;
    count(start, &began)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for (name, calls) in [
        ("mistake", mistake().await),
        ("interval", with_an_interval().await),
    ] {
        let (first, took) = (calls.in_the_first_second, calls.took.as_millis());
        println!("{name}: {first} calls in the first second, all 20 in {took} ms");
    }
}
