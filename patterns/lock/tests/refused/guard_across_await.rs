//! Mistake: a guard of a `std` mutex is alive at an await. The task may go on on another thread
//! there, and the mutex must be unlocked on the thread that locked it. Does not compile.

use std::sync::Mutex;

fn spawn(_: impl Future + Send) {}

async fn query() {}

async fn held(count: &Mutex<u64>) {
    let mut guard = count.lock().unwrap();
    query().await;
    *guard += 1;
}

async fn dropped_before(count: &Mutex<u64>) {
    let mut guard = count.lock().unwrap();
    *guard += 1;
    drop(guard);
    query().await;
}

async fn in_the_scrutinee(queue: &Mutex<Vec<u64>>) {
    if let Some(_) = queue.lock().unwrap().pop() {
        query().await;
    }
}

fn main() {
    let (count, queue) = (Mutex::new(0), Mutex::new(vec![]));
    spawn(held(&count));
    spawn(dropped_before(&count));
    spawn(in_the_scrutinee(&queue));
}
