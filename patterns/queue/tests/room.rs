//! The room that a peak took is given back. A program of its own: nobody else may allocate.

use std::alloc::System;
use std::num::NonZeroUsize;

use cap::Cap;
use queue::Queue;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const PEAK: usize = 100_000;

// The only test here: it runs alone, on one thread, without a runtime.
#[test]
fn f7_the_room_of_a_peak_is_given_back() {
    let queue = Queue::new(NonZeroUsize::MAX);
    let before = HEAP.allocated();
    for _ in 0..3 {
        for item in 0..PEAK {
            queue.try_put(item).expect("it has no bound");
        }
        assert!(HEAP.allocated() - before >= PEAK * size_of::<usize>());
        while queue.try_get().is_ok() {}
        // A block of the list, with room for some jobs, stays.
        assert!(HEAP.allocated() - before <= 1024);
    }
}
