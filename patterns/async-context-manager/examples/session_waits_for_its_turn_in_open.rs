//! Mistake: the opening waits for a place in a pool. An opening is not cut, so it waits on for
//! callers who have gone, and then opens and closes for nobody.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_context_manager::with_resource;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

const PLACES: usize = 3;
const CALLERS: usize = 300;

/// A pool, and how many handshakes have been made.
#[derive(Clone)]
struct Pool {
    places: Arc<Semaphore>,
    handshakes: Arc<AtomicUsize>,
    tracker: TaskTracker,
}

/// Gives its place back when it has been closed.
struct Connection {
    _place: OwnedSemaphorePermit,
}

impl Pool {
    async fn place(&self) -> OwnedSemaphorePermit {
        let place = self.places.clone().acquire_owned().await;
        place.expect("it is never closed")
    }

    async fn shake_hands(self, place: OwnedSemaphorePermit) -> Result<Connection, Infallible> {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
        Ok(Connection { _place: place })
    }

    async fn wait_and_connect(self) -> Result<Connection, Infallible> {
        let place = self.place().await;
        self.shake_hands(place).await
    }
}

async fn hang_up(_: Connection) -> Result<(), Infallible> {
    sleep(Duration::from_millis(20)).await;
    Ok(())
}

async fn place_taken_in_open(pool: Pool) {
    let open = pool.clone().wait_and_connect();
    let call = with_resource(&pool.tracker, open, hang_up, async |_| Ok(()));
    call.await.expect("nothing fails");
}

async fn place_taken_before(pool: Pool) {
    // A caller who goes here leaves the queue.
    let place = pool.place().await;
    let open = pool.clone().shake_hands(place);
    let call = with_resource(&pool.tracker, open, hang_up, async |_| Ok(()));
    call.await.expect("nothing fails");
}

/// All places are taken, and 300 callers give up after 50 ms. Then the places are free, and one more
/// comes. Returns how long this one takes, and how many handshakes there were.
async fn the_next_caller<C>(call: impl Fn(Pool) -> C) -> (Duration, usize)
where
    C: Future<Output = ()> + Send + 'static,
{
    let pool = Pool {
        places: Arc::new(Semaphore::new(PLACES)),
        handshakes: Arc::default(),
        tracker: TaskTracker::new(),
    };
    let taken: Vec<_> = [(); PLACES]
        .map(|()| pool.places.clone().try_acquire_owned())
        .into();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(timeout(Duration::from_millis(50), call(pool.clone())));
    }
    let ended = callers.join_all().await;
    assert!(ended.iter().all(Result::is_err), "all have given up");
    drop(taken);

    let start = Instant::now();
    call(pool.clone()).await;
    let took = start.elapsed();
    pool.tracker.close();
    pool.tracker.wait().await;
    (took, pool.handshakes.load(Ordering::Relaxed))
}

/// What the next caller sees, when the place is taken in the opening.
pub async fn mistake() -> (Duration, usize) {
    the_next_caller(place_taken_in_open).await
}

/// The same, when the place is taken before the call.
pub async fn with_the_place_taken_before() -> (Duration, usize) {
    the_next_caller(place_taken_before).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (took, handshakes) = mistake().await;
    println!("in open:     {took:?}, {handshakes} handshakes");
    let (took, handshakes) = with_the_place_taken_before().await;
    println!("before open: {took:?}, {handshakes} handshake");
}
