//! What the recipe costs, beside other ways to run many futures at once.
//!
//! A name has in parentheses what that way lacks. A way without parentheses gives what the recipe
//! gives, and the recipe's time is held against it.

use std::convert::Infallible;
use std::future::ready;

use common::bench::{Ways, two_threads};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use futures_concurrency::future::Join as _;
use gather::{gather, gather_settled};
use tokio::task::{JoinHandle, JoinSet, yield_now};

/// What a future returns: its place in the input. `gather_settled` asks for a `Result`.
type Place = Result<usize, Infallible>;

/// How many futures, and how the table writes it.
const COUNTS: [(usize, &str); 3] = [(10, "10"), (1_000, "1,000"), (200_000, "200,000")];

criterion_group!(benches, compare);
criterion_main!(benches);

fn compare(criterion: &mut Criterion) {
    let runtime = two_threads();
    for (count, written) in COUNTS {
        let samples = if count > 1_000 { 10 } else { 50 };
        let mut group = |name, ways: &dyn Fn(Ways<'_>)| {
            let name = format!("{written}, {name}");
            ways(Ways::new(criterion, name, &runtime, samples));
        };
        group("ready", &|ways| {
            measure_all(ways, count, |place| ready(Ok(place)))
        });
        group("yield once", &|ways| measure_all(ways, count, yield_once));
    }
}

async fn yield_once(place: usize) -> Place {
    yield_now().await;
    Ok(place)
}

/// Measures every way with `count` futures, each of which returns its own place.
fn measure_all<F>(mut ways: Ways<'_>, count: usize, future: fn(usize) -> F)
where
    F: Future<Output = Place> + Send + 'static,
{
    let futures = move || (0..count).map(future);
    ways.way("gather", move || gather(futures()));
    // A panic leaves this loop at once: the set is dropped, and nobody waits for the other tasks.
    ways.way("JoinSet (wait after a panic)", move || async move {
        let mut tasks: JoinSet<Place> = futures().collect();
        // The value is the place, which gives the recipe's order without its index.
        let mut values: Vec<Place> = vec![Ok(0); count];
        while let Some(joined) = tasks.join_next().await {
            let Ok(place) = joined.expect("no future panics");
            values[place] = Ok(place);
        }
        values
    });
    ways.way("gather_settled", move || gather_settled(futures()));
    ways.way("Vec<JoinHandle> (cancellation)", move || async move {
        let tasks: Vec<JoinHandle<Place>> = futures().map(tokio::spawn).collect();
        let mut values = Vec::with_capacity(count);
        for task in tasks {
            values.push(task.await.expect("no future panics"));
        }
        values
    });
    ways.way("join_all (tasks)", move || join_all(futures()));
    ways.way("futures-concurrency (tasks)", move || {
        futures().collect::<Vec<F>>().join()
    });
    ways.way("FuturesUnordered (tasks, order)", move || {
        futures()
            .collect::<FuturesUnordered<F>>()
            .collect::<Vec<Place>>()
    });
}
