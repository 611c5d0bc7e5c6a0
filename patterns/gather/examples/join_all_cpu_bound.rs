//! Mistake: `join_all` over futures that compute. It polls all of them inside of one task, so
//! they share one core, one after the other, whatever the number of worker threads.

use std::collections::HashSet;
use std::thread::{self, ThreadId};

use futures::future::join_all;
use gather::gather;

/// Computes without an await, and returns the thread it ran on.
async fn on_which_thread(compute: impl Fn()) -> ThreadId {
    compute();
    thread::current().id()
}

/// Returns how many threads two computations ran on.
pub async fn mistake(compute: fn()) -> usize {
    let threads = join_all([on_which_thread(compute), on_which_thread(compute)]).await;
    HashSet::<ThreadId>::from_iter(threads).len()
}

/// Returns how many threads two computations ran on.
pub async fn with_gather(compute: fn()) -> usize {
    let threads = gather([on_which_thread(compute), on_which_thread(compute)]).await;
    HashSet::<ThreadId>::from_iter(threads).len()
}

/// Takes some tens of milliseconds.
fn count_primes() {
    let is_prime = |n: &u32| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    assert_eq!((2..200_000).filter(is_prime).count(), 17_984);
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    println!("mistake: on {} thread(s)", mistake(count_primes).await);
    println!("recipe:  on {} thread(s)", with_gather(count_primes).await);
}
