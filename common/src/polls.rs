//! Polls futures by hand, and says each poll and each wake-up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::mpsc::UnboundedSender;
use tracing::Span;

use crate::say;
use crate::timeline::{Mark, count, mark};

static POLLS: AtomicUsize = AtomicUsize::new(0);
static WAKE_UPS: AtomicUsize = AtomicUsize::new(0);

/// Polls once, and says what came of it.
pub fn poll<T>(future: Pin<&mut dyn Future<Output = T>>, waker: &Waker) -> Poll<T> {
    let polled = future.poll(&mut Context::from_waker(waker));
    POLLS.fetch_add(1, Ordering::Relaxed);
    match polled {
        Poll::Pending => say!("poll: Pending"),
        Poll::Ready(_) => say!("poll: Ready"),
    }
    polled
}

/// A waker that puts the task's number into the queue of those to poll, and says so in the lane that
/// is current when this is called.
pub fn waker(task: usize, queue: UnboundedSender<usize>) -> Waker {
    let lane = Span::current();
    Waker::from(Arc::new(Bell { task, queue, lane }))
}

struct Bell {
    task: usize,
    queue: UnboundedSender<usize>,
    lane: Span,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        WAKE_UPS.fetch_add(1, Ordering::Relaxed);
        self.lane.in_scope(|| {
            mark(Mark::Woken, "");
            say!("woken");
        });
        // There may be nobody left who polls.
        let _ = self.queue.send(self.task);
    }
}

/// What this process has said: `2 polls and 1 wake-up`.
pub fn counts() -> String {
    let [polls, wake_ups] = [&POLLS, &WAKE_UPS].map(|it| it.load(Ordering::Relaxed));
    let (polls, wake_ups) = (count(polls, "poll"), count(wake_ups, "wake-up"));
    format!("{polls} and {wake_ups}")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[test]
    fn a_wake_up_puts_the_task_into_the_queue() {
        let (queue, mut woken) = mpsc::unbounded_channel();
        let waker = waker(7, queue);
        let (sender, mut receiver) = oneshot::channel();
        assert!(poll(pin!(&mut receiver), &waker).is_pending());
        assert!(woken.try_recv().is_err());
        sender.send("value").unwrap();
        assert_eq!(woken.try_recv(), Ok(7));
        assert_eq!(poll(pin!(&mut receiver), &waker), Poll::Ready(Ok("value")));
        assert_eq!(counts(), "2 polls and 1 wake-up");
    }
}
