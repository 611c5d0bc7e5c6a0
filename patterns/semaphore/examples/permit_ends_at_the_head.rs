//! Mistake: a permit inside of a function that returns a response. `send` ends when the head has
//! come, and with it the permit goes back, while the body is still on its way.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use semaphore::{Refused, SharedLimit, map_limited};
use tokio::time::sleep;

const CALLS: usize = 40;
const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// The body of a response, such as `reqwest`'s `bytes_stream()`.
type Body = BoxStream<'static, &'static str>;

/// A server that counts the answers it has at once, and the most there were.
#[derive(Clone, Default)]
struct Server(Arc<(AtomicUsize, AtomicUsize)>);

/// An answer that has begun. It ends when its body has been read, or is dropped.
struct Answer(Server);

impl Server {
    /// Ends when the head of the answer has come, as `send` of `reqwest` does.
    async fn send(self) -> Body {
        let (now, most) = &*self.0;
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let answer = Answer(self.clone());
        sleep(Duration::from_millis(10)).await;
        let chunks = stream::iter(["one", "two"]).then(move |chunk| {
            let _answer = &answer;
            async move {
                sleep(Duration::from_millis(50)).await;
                chunk
            }
        });
        chunks.boxed()
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let Self(Server(counts)) = self;
        counts.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn head_only(limit: SharedLimit, server: Server) -> Result<Body, Refused> {
    let _permit = limit.acquire(1).await?;
    Ok(server.send().await)
}

async fn with_body(limit: SharedLimit, server: Server) -> Result<Body, Refused> {
    let permit = limit.acquire(1).await?;
    let body = server.send().await;
    // The body owns the permit now: it comes back when the body has been read, or is dropped.
    let body = body.inspect(move |_chunk| {
        let _held = &permit;
    });
    Ok(body.boxed())
}

/// Lets many callers call and read, and returns the most answers that the server had at once.
async fn call_and_read<F>(call: impl Fn(SharedLimit, Server) -> F) -> usize
where
    F: Future<Output = Result<Body, Refused>>,
{
    let (limit, server) = (SharedLimit::new(FOUR), Server::default());
    let callers = (0..CALLS).map(async |_| {
        let body = call(limit.clone(), server.clone()).await;
        body.expect("nobody closes it").count().await
    });
    join_all(callers).await;
    server.most()
}

/// The permit goes back with the head.
pub async fn mistake() -> usize {
    call_and_read(head_only).await
}

/// The same with `map_limited`: what ends is `send`, and the bodies are read when all have begun.
pub async fn mistake_with_map_limited() -> usize {
    let server = Server::default();
    let bodies = map_limited(0..CALLS, AT_ONCE, |_| server.clone().send()).await;
    join_all(bodies.into_iter().map(|body| body.count())).await;
    server.most()
}

/// The permit goes with the body, to its end.
pub async fn with_the_body() -> usize {
    call_and_read(with_body).await
}

/// What is limited is all of it: the call, and the reading.
pub async fn with_map_limited() -> usize {
    let server = Server::default();
    map_limited(0..CALLS, AT_ONCE, |_| {
        let send = server.clone().send();
        async { send.await.count().await }
    })
    .await;
    server.most()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!(
        "mistake: {} answers at once, through 4 permits",
        mistake().await
    );
    println!("recipe:  {} at once", with_the_body().await);
}
