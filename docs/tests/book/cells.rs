//! The code of the tables in the chapter "asyncio to Tokio", as it stands there, so that the compiler
//! reads it. What a cell says of a recipe is looked up in the recipe: see `asyncio.rs`.
//!
//! Nothing here is called. Each function is given what the cells of one table speak of.

#![expect(dead_code, reason = "it is compiled, and not run")]

use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::ops::Drop;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, select_ok};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio::fs::File;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufWriter,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::runtime::{Handle, Runtime, RuntimeMetrics};
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify, Semaphore, SetOnce, broadcast, mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinError, JoinHandle, JoinSet, spawn_blocking, yield_now};
use tokio::time::{Instant, MissedTickBehavior, Sleep, sleep, timeout, timeout_at};
use tokio::{join, select, try_join};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

#[tokio::main]
async fn the_loop() {}

async fn handles<F>(runtime_handle: Handle, runtime: Runtime, f: F) -> RuntimeMetrics
where
    F: Future<Output = ()> + Copy + Send + 'static,
{
    Handle::current();
    let _ = Handle::try_current();
    runtime_handle.spawn(f);
    runtime_handle.block_on(f);
    Handle::block_on(&runtime_handle, f);
    Runtime::block_on(&runtime, f);
    let _ = tokio::signal::ctrl_c().await;
    runtime_handle.metrics()
}

fn clocks() -> [Duration; 2] {
    [
        tokio::time::Instant::now().elapsed(),
        std::time::Instant::now().elapsed(),
    ]
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {}
}

#[expect(unused_must_use, reason = "the lint that a cell speaks of")]
async fn forgotten() {
    yield_now();
}

tokio::task_local! {
    static NAME: &'static str;
}

async fn tasks<F, T>(f: F, token: CancellationToken, tracker: TaskTracker, d: Duration)
where
    F: Future<Output = T> + Copy + Send + 'static,
    T: Send + 'static,
{
    async fn result<T>(handle: JoinHandle<T>) -> Result<T, JoinError> {
        handle.await
    }
    let _ = result(tokio::spawn(f)).await;
    let _ = tokio::spawn(f).await;
    let handle = tokio::spawn(f);
    AbortHandle::abort(&handle.abort_handle());
    handle.abort();
    match handle.await {
        Ok(_) => {}
        Err(error) => drop(error.is_cancelled().to_string()),
    }
    token.cancel();
    tokio::task::try_id();
    NAME.scope("a", f).await;
    tokio::time::sleep(d).await;
    sleep(Duration::ZERO).await;
    tokio::task::yield_now().await;
    let mut interval = tokio::time::interval(d);
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        interval.set_missed_tick_behavior(behavior);
        interval.tick().await;
    }
    TaskTracker::spawn(&tracker, f);
    tracker.close();
    tracker.wait().await;
}

async fn many<F>(f: F, mut set: JoinSet<()>, t: Instant, d: Duration) -> Option<Instant>
where
    F: Future<Output = Result<(), Infallible>> + Copy + Send + Unpin + 'static,
{
    tokio::join!(f, f);
    join!(f, f);
    let _ = tokio::try_join!(f, f);
    let _ = try_join!(f, f);
    let _: Vec<Result<(), Infallible>> = join_all([f]).await;
    let _ = futures::future::select_ok([f]).await;
    let _ = select_ok([f]).await;
    let _ = FuturesUnordered::from_iter([f]).next().await;
    select! {
        _ = f => {}
        _ = pending::<()>() => {}
    }
    let _ = tokio::time::timeout(d, f).await;
    let _ = timeout(d, f).await;
    let _ = timeout_at(t, f).await;
    let handle = tokio::spawn(f);
    let _ = timeout(d, handle).await;
    let mut handle = tokio::spawn(f);
    if timeout(d, &mut handle).await.is_err() {
        handle.abort();
        let _ = handle.await;
    }
    let mut pinned: Pin<Box<Sleep>> = Box::pin(sleep(d));
    pinned.as_mut().reset(t);
    set.abort_all();
    set.join_next().await;
    set.shutdown().await;
    JoinSet::join_all(set).await;
    drop(AbortOnDropHandle::new(tokio::spawn(f)));
    let future = Box::pin(f);
    drop(future);
    None.or(Some(Instant::now() + d))
}

async fn threads<T>(f: fn() -> T, permits: Arc<Semaphore>) -> Option<T>
where
    T: Send + 'static,
{
    let _permit = permits.acquire_owned().await;
    let _ = spawn_blocking(f).await;
    let (sender, receiver) = oneshot::channel();
    tokio::task::spawn_blocking(f)
        .map(|t| sender.send(t.ok()))
        .await
        .ok();
    receiver.await.ok().flatten()
}

async fn locks(n: usize, value: SetOnce<u32>, flag: watch::Receiver<bool>) -> Option<bool> {
    let _mutex = tokio::sync::Mutex::new(n);
    let (lock, notify) = (Mutex::new(n), Notify::new());
    let guard = lock.lock().await;
    let mut notified: Pin<Box<Notified<'_>>> = Box::pin(notify.notified());
    notified.as_mut().enable();
    drop(guard);
    notify.notify_one();
    Notify::notify_waiters(&notify);
    let permits = tokio::sync::Semaphore::new(n);
    permits.add_permits(Semaphore::MAX_PERMITS);
    drop(permits.try_acquire());
    tokio::sync::Barrier::new(n).wait().await;
    drop(tokio::sync::oneshot::channel::<u32>());
    drop(broadcast::channel::<u32>(n));
    value.wait().await;
    let mut heap = BinaryHeap::from([n]);
    heap.pop();
    Some(*flag.borrow())
}

async fn queues(n: usize, x: u32, text: mpsc::Sender<u32>) -> Option<u32> {
    let (sender, mut receiver): (mpsc::Sender<u32>, _) = mpsc::channel(n);
    sender.send(x).await.ok()?;
    sender.reserve().await.ok()?.send(x);
    sender.try_send(x).ok()?;
    text.blocking_send(x).ok()?;
    sender.blocking_send(x).ok()?;
    receiver.try_recv().ok()?;
    receiver.close();
    receiver.recv().await
}

/// A channel of no size, which panics.
pub fn no_room() {
    let _: (mpsc::Sender<()>, mpsc::Receiver<()>) = mpsc::channel(0);
}

async fn input<R, W>(mut reader: R, writer: W, b: &[u8], listener: TcpListener) -> io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mut line, mut bytes) = (String::new(), Vec::new());
    TcpStream::connect("localhost:80").await?;
    AsyncBufReadExt::read_line(&mut reader, &mut line).await?;
    reader.read_until(b'\n', &mut bytes).await?;
    reader.read_exact(&mut bytes).await?;
    reader.take(64).read_to_end(&mut bytes).await?;
    let mut writer = BufWriter::new(writer);
    writer.write_all(b).await?;
    writer.flush().await?;
    TcpListener::accept(&listener).await?;
    listener.accept().await?;
    let file: File = tokio::fs::File::create("new").await?;
    drop(file);
    let mut command: Command = tokio::process::Command::new("cat");
    let mut child: Child = command.kill_on_drop(true).spawn()?;
    child.start_kill()?;
    child.wait().await?;
    child.kill().await
}

async fn streams<S: Stream<Item = u32> + Unpin>(mut s: S) -> u32 {
    let mut sum = 0;
    while let Some(x) = s.next().await {
        sum += x;
    }
    sum
}

#[tokio::test(start_paused = true)]
async fn a_test() {}

fn ends(runtime: Runtime, d: Duration) {
    runtime.shutdown_timeout(d);
}
