//! Mistake: a time limit stands around the whole call. It runs out while the session is closed, and
//! the value of work that was done in time is gone.

use std::time::Duration;

use async_context_manager::{WithError, with_resource};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

const LIMIT: Duration = Duration::from_millis(50);

struct Session;

impl Session {
    async fn log_in() -> Result<Self, &'static str> {
        sleep(Duration::from_millis(10)).await;
        Ok(Self)
    }

    async fn work(&mut self) -> Result<&'static str, &'static str> {
        sleep(Duration::from_millis(30)).await;
        Ok("value")
    }

    async fn log_out(self) -> Result<(), &'static str> {
        sleep(Duration::from_millis(20)).await;
        Ok(())
    }
}

/// Returns the value, if there is one, and how long it took.
pub async fn mistake() -> (Option<&'static str>, Duration) {
    let (tracker, start) = (TaskTracker::new(), Instant::now());
    let work = with_resource(&tracker, Session::log_in(), Session::log_out, Session::work);
    let value = match timeout(LIMIT, work).await {
        Ok(result) => result.ok(),
        Err(_elapsed) => None,
    };
    let took = start.elapsed();
    tracker.close();
    tracker.wait().await;
    (value, took)
}

/// Returns the value, if there is one, and how long it took.
pub async fn with_the_limit_around_the_body() -> (Option<&'static str>, Duration) {
    let (tracker, start) = (TaskTracker::new(), Instant::now());
    let body = async |session: &mut Session| {
        let limited = timeout(LIMIT, session.work());
        limited.await.unwrap_or(Err("the work takes too long"))
    };
    let work = with_resource(&tracker, Session::log_in(), Session::log_out, body);
    let value: Result<_, WithError<_>> = work.await;
    (value.ok(), start.elapsed())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("around the call: {:?}", mistake().await);
    println!(
        "around the body: {:?}",
        with_the_limit_around_the_body().await
    );
}
