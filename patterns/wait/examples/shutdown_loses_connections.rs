//! Mistake: wait for the first success, work with it, and end the others with `shutdown`. A
//! connection that came up meanwhile is a value in the set. `shutdown` drops it, and nobody closes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use wait::{Done, all_completed, first_success, wait};

/// A connection to a server, which counts those that nobody has closed.
struct Connection {
    open: Arc<AtomicUsize>,
}

type Connected = Result<Connection, &'static str>;

async fn connect(open: Arc<AtomicUsize>, millis: u64) -> Connected {
    sleep(Duration::from_millis(millis)).await;
    open.fetch_add(1, Ordering::Relaxed);
    Ok(Connection { open })
}

impl Connection {
    /// Takes an await, so a destructor cannot do it.
    async fn close(self) {
        sleep(Duration::from_millis(1)).await;
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn connect_to_three(open: &Arc<AtomicUsize>) -> JoinSet<Connected> {
    let connect = |millis| connect(Arc::clone(open), millis);
    [10, 20, 1000].map(connect).into_iter().collect()
}

async fn close_all(done: Vec<Done<Connected>>) {
    for task in done {
        if let Ok(Ok(connection)) = task.result {
            connection.close().await;
        }
    }
}

/// Returns how many connections nobody has closed.
pub async fn mistake() -> usize {
    let open = Arc::new(AtomicUsize::new(0));
    let mut tasks = connect_to_three(&open);
    let mut done = Vec::new();
    wait(&mut tasks, first_success, None, &mut done).await;
    sleep(Duration::from_millis(50)).await; // A request on the first connection.
    tasks.shutdown().await;
    close_all(done).await;
    open.load(Ordering::Relaxed)
}

/// Returns how many connections nobody has closed.
pub async fn with_wait() -> usize {
    let open = Arc::new(AtomicUsize::new(0));
    let mut tasks = connect_to_three(&open);
    let mut done = Vec::new();
    wait(&mut tasks, first_success, None, &mut done).await;
    sleep(Duration::from_millis(50)).await; // A request on the first connection.
    tasks.abort_all();
    wait(&mut tasks, all_completed, None, &mut done).await;
    close_all(done).await;
    open.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {} left open", mistake().await);
    println!("recipe:  {} left open", with_wait().await);
}
