//! What the queue promises, one test for each promise.
//!
//! A number such as Q2 is a behaviour that CPython's own tests of `asyncio.Queue` check.

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::cancellation::alive_tasks;
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use futures::{FutureExt, poll};
use queue::{Closed, Job, Queue, TryGetError, TryPutError};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, block_in_place, yield_now};
use tokio::time::{Instant, sleep, timeout};

/// Of virtual time: what takes longer hangs.
const HOUR: Duration = Duration::from_secs(3600);
/// Of real time, which a test on several threads takes a fraction of.
const MINUTE: Duration = Duration::from_secs(60);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn queue<T>(capacity: usize) -> Arc<Queue<T>> {
    let capacity = NonZeroUsize::new(capacity).expect("no test has a queue without room");
    Arc::new(Queue::new(capacity))
}

/// Puts the item, and waits for a place.
async fn put<T>(queue: &Queue<T>, item: T) -> Result<(), Closed<T>> {
    let slot = timeout(HOUR, queue.reserve()).await;
    match slot.expect("reserve hangs") {
        Ok(slot) => slot.put(item),
        Err(Closed(())) => Err(Closed(item)),
    }
}

/// Waits for a job.
async fn job<T>(queue: &Queue<T>) -> Option<Job<T>> {
    timeout(HOUR, queue.get()).await.expect("get hangs")
}

/// Waits for an item, which is then done.
async fn got<T: Copy>(queue: &Queue<T>) -> Option<T> {
    job(queue).await.map(|job| *job)
}

/// Whether it is done now. It is not polled again.
fn is_ready(future: impl Future) -> bool {
    future.now_or_never().is_some()
}

/// Runs it on two threads, and fails when it takes a minute: then it hangs.
fn on_two_threads(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime can be built");
    let ended = runtime.block_on(async { timeout(MINUTE, test).await });
    // It does not wait for a thread that is stuck.
    runtime.shutdown_background();
    ended.expect("it hangs");
}

// Q1: zero is no capacity, and the largest is no bound.
#[tokio::test(start_paused = true)]
async fn the_largest_capacity_is_no_bound() {
    let queue = Queue::new(NonZeroUsize::MAX);
    for item in 0..10_000 {
        queue.try_put(item).unwrap();
    }
    assert_eq!(queue.len(), 10_000);
}

// Q2
#[tokio::test(start_paused = true)]
async fn items_come_out_in_the_order_they_went_in() {
    let queue = queue(3);
    for item in [1, 2] {
        put(&queue, item).await.unwrap();
    }
    queue.try_put(3).unwrap();
    assert_eq!(got(&queue).await, Some(1));
    assert_eq!(*queue.try_get().unwrap(), 2);
    put(&queue, 4).await.unwrap();
    assert_eq!(got(&queue).await, Some(3));
    assert_eq!(got(&queue).await, Some(4));
    // Who took one without waiting has left nothing that another could take for a job.
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Empty);
}

// Q3, Q4
#[tokio::test(start_paused = true)]
async fn a_producer_waits_for_a_place_and_a_consumer_for_a_job() {
    let start = Instant::now();
    let queue = queue(2);
    let produce = async {
        let mut put_at = Vec::new();
        for item in 1..=4 {
            put(&queue, item).await.unwrap();
            put_at.push(start.elapsed());
        }
        sleep(ms(100)).await;
        put(&queue, 5).await.unwrap();
        put_at
    };
    let consume = async {
        let mut got_at = Vec::new();
        for item in 1..=5 {
            sleep(ms(10)).await;
            assert_eq!(got(&queue).await, Some(item));
            got_at.push(start.elapsed());
        }
        got_at
    };
    let (put_at, got_at) = tokio::join!(produce, consume);
    assert_eq!(put_at, [0, 0, 10, 20].map(ms));
    assert_eq!(got_at, [10, 20, 30, 40, 120].map(ms));
}

// Q5
#[tokio::test(start_paused = true)]
async fn empty_full_and_closed_are_different_answers_and_the_item_comes_back() {
    let queue = queue(1);
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Empty);
    queue.try_put("first").unwrap();
    assert_eq!(queue.try_put("second"), Err(TryPutError::Full("second")));
    assert_eq!(queue.len(), 1);

    queue.close();
    assert_eq!(queue.try_put("third"), Err(TryPutError::Closed("third")));
    assert_eq!(*queue.try_get().unwrap(), "first");
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Disconnected);
}

// Q7
#[tokio::test(start_paused = true)]
async fn a_cancelled_getter_takes_no_job_and_no_wake_up() {
    let queue = queue(1);
    timeout(ms(10), queue.get()).await.unwrap_err();
    put(&queue, 1).await.unwrap();
    assert_eq!(got(&queue).await, Some(1));

    let mut first = Box::pin(queue.get());
    let mut second = Box::pin(queue.get());
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(first);
    put(&queue, 2).await.unwrap();
    let job = timeout(HOUR, second).await.unwrap();
    assert_eq!(*job.unwrap(), 2);
}

// Q8
#[tokio::test(start_paused = true)]
async fn a_job_promised_to_a_getter_who_is_cancelled_goes_to_the_next() {
    let queue = queue(2);
    let mut waiting = [(); 3].map(|()| Box::pin(queue.get())).into_iter();
    let (mut first, mut second, mut third) = (
        waiting.next().unwrap(),
        waiting.next().unwrap(),
        waiting.next().unwrap(),
    );
    for getter in [&mut first, &mut second, &mut third] {
        assert!(poll!(getter).is_pending());
    }
    put(&queue, 1).await.unwrap();
    put(&queue, 2).await.unwrap();
    // Both have been woken, and neither has run.
    drop((first, second));
    let job = timeout(HOUR, third).await.unwrap();
    assert_eq!(*job.unwrap(), 1);
    assert_eq!(*queue.try_get().unwrap(), 2);
}

// Q9: asyncio's cancelled put can be tried again too, by who still has the item.
#[tokio::test(start_paused = true)]
async fn a_producer_who_is_cancelled_still_has_the_item() {
    let queue = queue(1);
    queue.try_put("first".to_owned()).unwrap();
    let item = "second".to_owned();
    timeout(ms(10), queue.reserve()).await.unwrap_err();
    assert_eq!(queue.len(), 1);

    drop(job(&queue).await);
    put(&queue, item).await.unwrap();
    assert_eq!(*job(&queue).await.unwrap(), "second");
}

// Q10
#[tokio::test(start_paused = true)]
async fn a_place_promised_to_a_producer_who_is_cancelled_goes_to_the_next() {
    let queue = queue(1);
    queue.try_put(1).unwrap();
    let (mut first, mut second) = (Box::pin(queue.reserve()), Box::pin(queue.reserve()));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    assert_eq!(got(&queue).await, Some(1));
    drop(first);
    let slot = timeout(HOUR, second).await.unwrap().unwrap();
    slot.put(2).unwrap();
    assert_eq!(got(&queue).await, Some(2));
    // No place was lost, and none was made.
    queue.try_put(3).unwrap();
    assert_eq!(queue.try_put(4), Err(TryPutError::Full(4)));
}

// Q7, Q10
#[tokio::test(start_paused = true)]
async fn who_was_cancelled_is_forgotten() {
    let (empty, full) = (queue::<()>(1), queue(1));
    full.try_put(()).unwrap();
    let alarm = Arc::new(Alarm);
    let waker = Waker::from(Arc::clone(&alarm));
    let context = &mut Context::from_waker(&waker);
    for _ in 0..10 {
        assert!(pin!(empty.get()).poll(context).is_pending());
        assert!(pin!(full.reserve()).poll(context).is_pending());
        assert!(pin!(full.join()).poll(context).is_pending());
    }
    // This one, and the waker's.
    assert_eq!(Arc::strong_count(&alarm), 2);
}

struct Alarm;

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {}
}

// Q11
#[tokio::test(start_paused = true)]
async fn many_producers_and_consumers_get_through_a_small_queue() {
    for capacity in [1, 2] {
        let queue = queue(capacity);
        let mut tasks = JoinSet::new();
        for producer in 0..5 {
            let queue = Arc::clone(&queue);
            tasks.spawn(async move {
                for item in 0..20 {
                    put(&queue, producer * 20 + item).await.unwrap();
                }
                0
            });
        }
        for _ in 0..4 {
            let queue = Arc::clone(&queue);
            tasks.spawn(async move {
                let mut sum = 0;
                for _ in 0..25 {
                    sum += got(&queue).await.unwrap();
                }
                sum
            });
        }
        let sums = timeout(HOUR, tasks.join_all()).await.unwrap();
        assert_eq!(sums.into_iter().sum::<usize>(), 4950);
    }
}

// Q13: there is nothing to call twice. Q14
#[tokio::test(start_paused = true)]
async fn join_waits_until_the_last_job_is_done() {
    let start = Instant::now();
    let queue = queue(5);
    for millis in [30, 10, 20] {
        queue.try_put(millis).unwrap();
    }
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        let queue = Arc::clone(&queue);
        workers.spawn(async move {
            let job = job(&queue).await.unwrap();
            sleep(ms(*job)).await;
        });
    }
    timeout(HOUR, queue.join()).await.unwrap();
    assert_eq!(start.elapsed(), ms(30));
    workers.join_all().await;
}

// Q14
#[tokio::test(start_paused = true)]
async fn all_who_join_return_at_the_moment_when_nothing_is_unfinished() {
    let queue = queue(2);
    queue.try_put(1).unwrap();
    let (mut one, mut other) = (Box::pin(queue.join()), Box::pin(queue.join()));
    assert!(poll!(&mut one).is_pending());
    assert!(poll!(&mut other).is_pending());
    drop(job(&queue).await);
    queue.try_put(2).unwrap();
    // The moment has been, and they have not missed it.
    timeout(HOUR, one).await.unwrap();
    timeout(HOUR, other).await.unwrap();
    assert!(!is_ready(queue.join()));
}

// Q15
#[tokio::test(start_paused = true)]
async fn join_on_an_empty_queue_returns_at_once_and_again() {
    let queue = queue::<()>(1);
    assert!(is_ready(queue.join()));
    assert!(is_ready(queue.join()));
    queue.close();
    assert!(is_ready(queue.join()));
}

#[tokio::test(start_paused = true)]
async fn a_job_is_done_after_an_error_a_panic_and_a_cancellation() {
    async fn fail(job: Job<&str>) -> Result<(), &'static str> {
        match *job {
            "error" => Err("refused"),
            "panic" => panic!("broken"),
            _ => std::future::pending().await,
        }
    }

    let queue = queue(3);
    for item in ["error", "panic", "cancellation"] {
        queue.try_put(item).unwrap();
        let job = job(&queue).await.unwrap();
        let work = AssertUnwindSafe(fail(job)).catch_unwind();
        assert!(!is_ready(queue.join()));
        match timeout(ms(10), work).await {
            Ok(Ok(result)) => assert_eq!(result, Err("refused")),
            Ok(Err(_)) => assert_eq!(item, "panic"),
            Err(_) => assert_eq!(item, "cancellation"),
        }
        assert!(is_ready(queue.join()), "after the {item}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_taken_out_is_unfinished_until_its_token_is_dropped() {
    let queue = queue(1);
    queue.try_put("whole".to_owned()).unwrap();
    let (item, token) = job(&queue).await.unwrap().into_parts();
    let other_part = token.clone();
    drop(item);
    drop(token);
    assert!(!is_ready(queue.join()));
    drop(other_part);
    assert!(is_ready(queue.join()));
}

#[tokio::test(start_paused = true)]
async fn an_item_is_dropped_before_it_counts_as_done() {
    struct Looks(Arc<Queue<Looks>>, Arc<AtomicBool>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.store(!is_ready(self.0.join()), Ordering::Relaxed);
        }
    }

    let queue = queue(1);
    let was_unfinished = Arc::new(AtomicBool::new(false));
    let item = Looks(Arc::clone(&queue), Arc::clone(&was_unfinished));
    assert!(queue.try_put(item).is_ok());
    drop(job(&queue).await);
    assert!(was_unfinished.load(Ordering::Relaxed));
    assert!(is_ready(queue.join()));
}

// Q16
#[tokio::test(start_paused = true)]
async fn closing_an_empty_queue_ends_who_waits_for_jobs() {
    let queue = queue::<u8>(1);
    let mut getters = [(); 2].map(|()| Box::pin(queue.get()));
    for getter in &mut getters {
        assert!(poll!(getter).is_pending());
    }
    queue.close();
    for getter in getters {
        assert!(timeout(HOUR, getter).await.unwrap().is_none());
    }
    assert_eq!(got(&queue).await, None);
    assert_eq!(put(&queue, 1).await, Err(Closed(1)));
    assert!(is_ready(queue.join()));
    queue.close();
    assert!(queue.close_now().is_empty());
}

// Q17
#[tokio::test(start_paused = true)]
async fn closing_a_queue_refuses_who_waits_for_a_place_and_serves_what_is_there() {
    let queue = queue(2);
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut blocked = Box::pin(queue.reserve());
    assert!(poll!(&mut blocked).is_pending());
    queue.close();
    let refused = timeout(HOUR, blocked).await.unwrap();
    assert_eq!(refused.unwrap_err(), Closed(()));

    let first = job(&queue).await.unwrap();
    let second = job(&queue).await.unwrap();
    assert_eq!((*first, *second), (1, 2));
    assert_eq!(got(&queue).await, None);
    drop(first);
    assert!(!is_ready(queue.join()));
    drop(second);
    assert!(is_ready(queue.join()));
}

#[tokio::test(start_paused = true)]
async fn a_job_put_before_the_queue_is_closed_is_got_by_who_waited_for_it() {
    let queue = queue(2);
    let (mut first, mut second) = (Box::pin(queue.get()), Box::pin(queue.get()));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    queue.try_put(1).unwrap();
    queue.close();
    // Both have been woken. The job goes to who runs first.
    let job = timeout(HOUR, second).await.unwrap();
    assert_eq!(*job.unwrap(), 1);
    assert!(timeout(HOUR, first).await.unwrap().is_none());
}

// Not as with Tokio's mpsc, whose permits outlive the closing: nothing comes after `close`.
#[tokio::test(start_paused = true)]
async fn a_slot_reserved_before_the_queue_is_closed_gives_the_item_back() {
    let queue = queue(1);
    let slot = queue.reserve().await.unwrap();
    queue.close();
    assert_eq!(slot.put("late"), Err(Closed("late")));
    assert_eq!(got(&queue).await, None);
    assert!(is_ready(queue.join()));
}

// Q18
#[tokio::test(start_paused = true)]
async fn closing_now_returns_what_was_not_started_and_that_counts_as_done() {
    let queue = queue(3);
    for item in [1, 2, 3] {
        queue.try_put(item).unwrap();
    }
    let mut joining = Box::pin(queue.join());
    assert!(poll!(&mut joining).is_pending());
    assert_eq!(queue.close_now(), [1, 2, 3]);
    timeout(HOUR, joining).await.unwrap();
    assert_eq!(got(&queue).await, None);
    assert_eq!(put(&queue, 4).await, Err(Closed(4)));
    assert!(queue.close_now().is_empty());
}

// Q19
#[tokio::test(start_paused = true)]
async fn closing_now_leaves_the_jobs_that_were_taken() {
    let queue = queue(3);
    for item in [1, 2, 3] {
        queue.try_put(item).unwrap();
    }
    let taken = job(&queue).await.unwrap();
    assert_eq!(queue.close_now(), [2, 3]);
    assert!(!is_ready(queue.join()));
    assert_eq!(*taken, 1);
    drop(taken);
    assert!(is_ready(queue.join()));
}

// Q20: asyncio's getters may be overtaken. These are not.
#[tokio::test(start_paused = true)]
async fn getters_are_served_in_the_order_in_which_they_came() {
    let queue = queue(2);
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut getters = JoinSet::new();
    for getter in 0..3 {
        let (queue, served) = (Arc::clone(&queue), Arc::clone(&served));
        getters.spawn(async move {
            let item = got(&queue).await;
            served.lock().unwrap().push((getter, item));
        });
    }
    yield_now().await;
    queue.try_put(1).unwrap();
    // It is promised to the first of them, who has not run since.
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Empty);
    assert!(!is_ready(queue.get()));
    assert_eq!(queue.len(), 1);
    queue.try_put(2).unwrap();
    put(&queue, 3).await.unwrap();
    getters.join_all().await;
    let served = served.lock().unwrap();
    assert_eq!(*served, [(0, Some(1)), (1, Some(2)), (2, Some(3))]);
}

// Said on the card: a turn is for a job, not for this one.
#[tokio::test(start_paused = true)]
async fn f7_a_turn_decides_who_is_served_and_not_which_job_he_gets() {
    let queue = queue(2);
    let mut first = Box::pin(queue.get());
    assert!(poll!(&mut first).is_pending());
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    // One job is promised to the first, who has not run since. The other is anybody's.
    assert_eq!(*queue.try_get().unwrap(), 1);
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Empty);
    let job = timeout(HOUR, first).await.unwrap();
    assert_eq!(*job.unwrap(), 2);
}

// A task that has used up its budget waits for the next round, but not for its place in the line.
#[tokio::test(start_paused = true)]
async fn f1_who_has_used_up_the_budget_of_his_task_keeps_his_turn() {
    const MANY: usize = 300;
    let queue = queue(MANY + 1);
    let many = {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move {
            let mut getters: Vec<_> = (0..MANY).map(|_| Box::pin(queue.get())).collect();
            for getter in &mut getters {
                assert!(poll!(getter).is_pending());
            }
            let mut got = Vec::new();
            for getter in getters {
                got.push(*getter.await.unwrap());
            }
            got
        })
    };
    yield_now().await;
    let mut late = Box::pin(queue.get());
    assert!(poll!(&mut late).is_pending());
    for item in 0..MANY {
        queue.try_put(item).unwrap();
    }
    // Each job is promised to one of them.
    assert!(poll!(&mut late).is_pending());
    assert!(many.await.unwrap().into_iter().eq(0..MANY));
    queue.try_put(MANY).unwrap();
    assert_eq!(*late.await.unwrap(), MANY);
}

// Between two rounds he holds what he was promised, and gives it back when he is cancelled there.
#[tokio::test(start_paused = true)]
async fn f1_who_is_cancelled_between_two_rounds_takes_nothing_along() {
    let queue = queue(1);
    let task = {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move {
            while tokio::task::coop::has_budget_remaining() {
                tokio::task::coop::consume_budget().await;
            }
            let mut reserving = Box::pin(queue.reserve());
            assert!(poll!(&mut reserving).is_pending());
            drop(reserving);
            queue.try_put(1).unwrap();
            let mut getting = Box::pin(queue.get());
            assert!(poll!(&mut getting).is_pending());
            drop(getting);
            assert_eq!(*queue.try_get().unwrap(), 1);
        })
    };
    task.await.unwrap();
    queue.try_put(2).unwrap();
}

// Futurelock: a call that is kept, and not polled, keeps what it was promised from those behind it.
#[tokio::test(start_paused = true)]
async fn f13_a_call_that_is_kept_and_not_polled_keeps_its_turn() {
    let queue = queue(1);
    queue.try_put(1).unwrap();
    let mut kept = Box::pin(queue.reserve());
    assert!(poll!(&mut kept).is_pending());
    assert_eq!(got(&queue).await, Some(1));
    timeout(HOUR, queue.reserve()).await.unwrap_err();
    drop(kept);
    let slot = timeout(HOUR, queue.reserve()).await.unwrap().unwrap();

    let mut kept = Box::pin(queue.get());
    assert!(poll!(&mut kept).is_pending());
    slot.put(2).unwrap();
    timeout(HOUR, queue.get()).await.unwrap_err();
    drop(kept);
    assert_eq!(got(&queue).await, Some(2));
}

// No lock is held while a destructor or a waker runs.
#[tokio::test(start_paused = true)]
async fn f5_destructors_and_wakers_may_use_the_queue() {
    struct Nosy(Arc<Queue<Nosy>>);
    impl Nosy {
        fn look(queue: &Queue<Nosy>) {
            assert_eq!(queue.len(), 0);
            drop(queue.try_get());
            queue.close();
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            Self::look(&self.0);
        }
    }
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            Self::look(&self.0);
        }
    }

    // The last consumer drops what is there.
    let full = queue(1);
    let (_producer, consumer) = full.split();
    assert!(full.try_put(Nosy(Arc::clone(&full))).is_ok());
    drop(consumer);
    assert!(is_ready(full.join()));

    for act in [Queue::close, |queue: &Queue<Nosy>| drop(queue.close_now())] {
        let empty = queue(1);
        let waker = Waker::from(Arc::new(Nosy(Arc::clone(&empty))));
        let mut getting = pin!(empty.get());
        let context = &mut Context::from_waker(&waker);
        assert!(getting.as_mut().poll(context).is_pending());
        act(&empty);
        assert!(getting.await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn producers_are_served_in_the_order_in_which_they_came() {
    let queue = queue(1);
    queue.try_put(0).unwrap();
    let mut producers = JoinSet::new();
    for item in 1..=3 {
        let queue = Arc::clone(&queue);
        producers.spawn(async move { put(&queue, item).await });
    }
    yield_now().await;
    drop(job(&queue).await);
    // The place is promised to the first of them, who has not run since.
    assert_eq!(queue.try_put(4), Err(TryPutError::Full(4)));
    assert!(!is_ready(queue.reserve()));
    for item in 1..=3 {
        assert_eq!(got(&queue).await, Some(item));
    }
    for result in producers.join_all().await {
        assert_eq!(result, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reserved_place_is_taken_until_its_slot_is_dropped() {
    let queue = queue(1);
    let slot = queue.reserve().await.unwrap();
    assert_eq!(queue.try_put(1), Err(TryPutError::Full(1)));
    assert!(queue.is_empty());
    // It is no job yet.
    assert!(is_ready(queue.join()));
    drop(slot);
    queue.try_put(1).unwrap();
    assert!(!queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_never_has_to_wait_lets_others_run() {
    let queue = queue(10_000);
    let others = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&others);
    let other = tokio::spawn(async move {
        for _ in 0..1_000_000 {
            counter.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    let busy = tokio::spawn(async move {
        for item in 0..10_000 {
            put(&queue, item).await.unwrap();
        }
        let between = others.swap(0, Ordering::Relaxed);
        for item in 0..10_000 {
            assert_eq!(*job(&queue).await.unwrap(), item);
        }
        (between, others.load(Ordering::Relaxed))
    });
    let (while_putting, while_getting) = busy.await.unwrap();
    assert!(while_putting > 10 && while_getting > 10);
    other.abort();
    assert!(other.await.unwrap_err().is_cancelled());
}

#[test]
fn nothing_is_started_and_no_runtime_is_needed() {
    let (queue, sum) = (queue(1), Arc::new(AtomicUsize::new(0)));
    let mut pool = LocalPool::new();
    let consumer = {
        let (queue, sum) = (Arc::clone(&queue), Arc::clone(&sum));
        async move {
            while let Some(job) = queue.get().await {
                sum.fetch_add(*job, Ordering::Relaxed);
            }
        }
    };
    let producer = async move {
        for item in 1..=100 {
            let slot = queue.reserve().await.unwrap();
            slot.put(item).unwrap();
        }
        queue.join().await;
        queue.close();
    };
    let tasks = pool.spawner();
    tasks.spawn_local(consumer).unwrap();
    tasks.spawn_local(producer).unwrap();
    pool.run_until_stalled();
    // Its other owner has ended, which it does when the queue is closed.
    let sum = Arc::into_inner(sum).expect("the consumer hangs");
    assert_eq!(sum.into_inner(), 5050);

    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let queue = self::queue(1);
        queue.try_put(1).unwrap();
        assert!(is_ready(queue.get()));
        assert!(is_ready(queue.join()));
        assert_eq!(alive_tasks(), 0);
    });
}

#[test]
fn jobs_run_on_several_threads() {
    // Each of the two jobs blocks its thread until the other one runs.
    let queue = queue(2);
    let both = Arc::new(Barrier::new(2));
    on_two_threads(async {
        let mut consumers = JoinSet::new();
        for _ in 0..2 {
            let (queue, both) = (Arc::clone(&queue), Arc::clone(&both));
            consumers.spawn(async move {
                let _job = queue.get().await.unwrap();
                block_in_place(|| both.wait());
            });
        }
        queue.try_put(()).unwrap();
        queue.try_put(()).unwrap();
        consumers.join_all().await;
        queue.join().await;
    });
}

#[test]
fn every_item_is_got_once_on_several_threads() {
    const EACH: usize = 2_000;
    for capacity in [1, 3, 100] {
        let queue = queue(capacity);
        on_two_threads(async {
            let mut producers = JoinSet::new();
            for producer in 0..4 {
                let queue = Arc::clone(&queue);
                producers.spawn(async move {
                    for item in 0..EACH {
                        let slot = queue.reserve().await.unwrap();
                        slot.put(producer * EACH + item).unwrap();
                    }
                });
            }
            let mut consumers = JoinSet::new();
            for _ in 0..4 {
                let queue = Arc::clone(&queue);
                consumers.spawn(async move {
                    let mut got = Vec::new();
                    while let Some(job) = queue.get().await {
                        got.push(*job);
                    }
                    got
                });
            }
            producers.join_all().await;
            queue.close();
            queue.join().await;
            let mut all = consumers.join_all().await.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..4 * EACH), "capacity {capacity}");
        });
    }
}

#[test]
fn what_was_put_while_another_thread_closes_is_got_and_the_rest_comes_back() {
    on_two_threads(async {
        for round in 0..200 {
            let queue = queue(3);
            let ready = Arc::new(Barrier::new(2));
            let mut tasks = JoinSet::new();
            for now in [false, true] {
                let (queue, ready) = (Arc::clone(&queue), Arc::clone(&ready));
                tasks.spawn(async move {
                    block_in_place(|| ready.wait());
                    if now && round % 2 == 0 {
                        return queue.close_now();
                    }
                    if now {
                        queue.close();
                        return Vec::new();
                    }
                    let mut refused = Vec::new();
                    for item in 0..5 {
                        if let Err(TryPutError::Closed(item) | TryPutError::Full(item)) =
                            queue.try_put(item)
                        {
                            refused.push(item);
                        }
                    }
                    refused
                });
            }
            let mut all = tasks.join_all().await.concat();
            // What came later than `close_now` is not in it.
            assert!(round % 2 == 1 || queue.is_empty());
            while let Some(job) = queue.get().await {
                all.push(*job);
            }
            queue.join().await;
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4]);
        }
    });
}
