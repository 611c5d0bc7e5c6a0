//! Mistake: the end of main is taken for the end of the program. The runtime's drop waits for blocking
//! closures that have begun, however long they take. `abort` does not stop them either.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use runtime::run;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

/// Opens when it is dropped. The blocking closures below run until then.
pub type Gate = mpsc::Sender<()>;

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime needs only a few file descriptors")
}

/// Starts a blocking closure that ends when the gate is open, and sets the flag then. Returns when
/// it has begun.
async fn start(gate: mpsc::Receiver<()>, ended: Arc<AtomicBool>) {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    spawn_blocking(move || {
        begun.send(()).expect("it is waited for");
        let _open = gate.recv();
        ended.store(true, Ordering::Relaxed);
    });
    has_begun.await.expect("it begins");
}

/// Returns whether the closure had ended when the runtime had been dropped. `hold` keeps the gate as a
/// task would, which goes with the runtime.
pub fn mistake(hold: impl AsyncFnOnce(Gate) + 'static) -> bool {
    let (gate, wait) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let runtime = runtime();
    runtime.block_on(async {
        start(wait, ended.clone()).await;
        hold(gate).await;
    });
    drop(runtime);
    ended.load(Ordering::Relaxed)
}

/// Returns whether the closure had ended when the program had. The gate is closed until then.
pub fn with_run() -> bool {
    let (gate, wait) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let main = async |_| start(wait, ended.clone()).await;
    let stopped = run(runtime(), Duration::ZERO, main).expect("signals can be listened for");
    assert!(stopped.value.is_some());
    let ended = ended.load(Ordering::Relaxed);
    drop(gate);
    ended
}

fn main() {
    let open_later = async |gate| {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            drop(gate);
        });
    };
    println!(
        "mistake: waited until the blocking call ended: {}",
        mistake(open_later)
    );
    println!(
        "recipe:  waited until the blocking call ended: {}",
        with_run()
    );
}
