//! What tasks cost on one thread and on two, with the program's clean-up and without it.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::future::pending;
use std::time::Duration;

use common::bench::Ways;
use criterion::{Criterion, criterion_group, criterion_main};
use runtime::{Program, run_until};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, yield_now};

/// How many tasks, or turns of all tasks together, one call has.
const MANY: usize = 1_000;

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let one = Builder::new_current_thread().enable_all().build();
    let two = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let one = one.expect("the runtime can start");
    let two = two.expect("the runtime can start two threads");
    let mut group = |name: &str, ways: &dyn Fn(Ways<'_>)| {
        ways(Ways::new(criterion, name, &one, 20));
    };
    group("1,000 tasks", &|ways| all(ways, &two, MANY, || async {}));
    group("10 tasks that yield", &|ways| {
        all(ways, &two, 10, || async {
            for _ in 0..MANY / 10 {
                yield_now().await;
            }
        });
    });
    group("a task that sends to another and back", &|ways| {
        all(ways, &two, 1, ping_pong);
    });
}

/// Sends a message to a second task, and waits for the answer, again and again.
async fn ping_pong() {
    let (ping, mut pinged) = mpsc::channel(1);
    let (pong, mut ponged) = mpsc::channel(1);
    let other = tokio::spawn(async move {
        while pinged.recv().await.is_some() {
            pong.send(()).await.expect("it is waited for");
        }
    });
    for _ in 0..MANY {
        ping.send(()).await.expect("the other task listens");
        ponged.recv().await.expect("the other task answers");
    }
    drop(ping);
    other.await.expect("it does not panic");
}

/// Measures every way to run `count` tasks, on one thread and then on two.
fn all<'a, F>(mut ways: Ways<'a>, two: &'a Runtime, count: usize, task: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let with_program = move || async move {
        let main = async move |program: Program| {
            let tasks: Vec<_> = (0..count).map(|_| program.spawn("task", task())).collect();
            for task in tasks {
                task.await.expect("no task panics");
            }
        };
        let ended = run_until(Duration::from_secs(1), pending, main).await;
        assert!(ended.unfinished.is_empty());
    };
    let with_join_set = move || async move {
        let tasks: JoinSet<()> = (0..count).map(|_| task()).collect();
        tasks.join_all().await;
    };
    ways.way("runtime", with_program);
    ways.way("JoinSet (clean-up)", with_join_set);
    ways.runtime = two;
    ways.way("runtime, 2 workers (order)", with_program);
    ways.way("JoinSet, 2 workers (clean-up, order)", with_join_set);
}
