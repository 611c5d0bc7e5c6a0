"""The demo of `future` in Python: the same polls and wake-ups, the same transcript.

    python3 patterns/future/asyncio.py [--steps N]

A generator stands for a hand-written future: next() polls it. To be pending it yields a function,
which takes the waker and keeps it. A task of asyncio does the same with a `Future`'s callbacks.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("future")]

import argparse
import asyncio
from contextlib import suppress

STEP = 0.1
polls = wake_ups = 0


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


async def lazy():
    async def future():
        say("lazy", "runs")

    coroutine = future()
    say("lazy", "made")
    await asyncio.sleep(STEP)
    say("lazy", "awaits it")
    await coroutine


def steps(lane, total):
    for _ in range(total):
        say(lane, "sets a timer")
        yield lambda wake: asyncio.get_running_loop().call_later(STEP, wake)
    return total


def poll(lane, future, wake):
    """Polls once. Returns whether it is ready, and the value."""
    global polls
    polls += 1
    try:
        keep_waker = next(future)
    except StopIteration as end:
        say(lane, "poll: Ready")
        return True, end.value
    keep_waker(wake)
    say(lane, "poll: Pending")
    return False, None


def bell(lane, task, queue):
    def wake():
        global wake_ups
        wake_ups += 1
        say(lane, "woken")
        queue.put_nowait(task)

    return wake


async def by_hand(total):
    woken = asyncio.Queue()
    wake = bell("by hand", 0, woken)
    future = steps("by hand", total)
    say("by hand", "made")
    while True:
        ready, done = poll("by hand", future, wake)
        if ready:
            break
        await woken.get()
    say("by hand", f"has {done}")


class Promise:
    """A value that is set once. asyncio's Future would call its callbacks in the next turn only."""

    def __init__(self):
        self.is_set = False
        self.wakers = []

    def set(self, value):
        if self.is_set:
            raise asyncio.InvalidStateError("the value is set already")
        self.is_set, self.value = True, value
        for wake in self.wakers:
            wake()

    def wait(self):
        while not self.is_set:
            yield self.wakers.append
        return self.value


async def execute(futures):
    """The executor: it polls each task once, and then whoever was woken, until all are done."""
    woken = asyncio.Queue()
    tasks = {}
    for task, (lane, future) in enumerate(futures):
        tasks[task] = lane, future, bell(lane, task, woken)
        woken.put_nowait(task)
    while tasks:
        task = await woken.get()
        if task in tasks and poll(*tasks[task])[0]:
            del tasks[task]


def await_value(lane, promise):
    value = yield from promise.wait()
    say(lane, f"has {value}")


def set_value(promise, total):
    done = yield from steps("steps", total)
    say("steps", f"sets {done}")
    promise.set(done)


async def start_eagerly():
    for name, wait in [("cached", 0), ("fetched", STEP)]:

        async def load():
            say(name, "starts")
            if wait:
                await asyncio.sleep(wait)
            say(name, "ends")

        # Python 3.12 has asyncio.eager_task_factory for this, 3.14 create_task(eager_start=True).
        coroutine = load()
        try:
            pending = coroutine.send(None)
        except StopIteration:
            say("caller", f"{name}: was ready, needs no task")
            continue

        # The mark that `await` left. A task takes it off the futures that it gets.
        pending._asyncio_future_blocking = False

        async def go_on():
            await pending
            with suppress(StopIteration):
                coroutine.send(None)

        say("caller", f"{name}: is pending, now a task")
        await asyncio.create_task(go_on())


async def main(total):
    global start
    start = asyncio.get_running_loop().time()
    print("a future does nothing until it is polled")
    print()
    await lazy()
    print()
    print("a hand-written future, polled by hand")
    print()
    await by_hand(total)
    print()
    print("the same in a toy executor, and two tasks that await its value")
    print()
    promise = Promise()
    await execute(
        [
            ("first", await_value("first", promise)),
            ("second", await_value("second", promise)),
            ("steps", set_value(promise, total)),
        ]
    )
    print()
    print("an eager start: the first poll comes before the task")
    print()
    await start_eagerly()
    print()
    took = milliseconds()
    print(f"{polls} polls and {wake_ups} wake-ups shown in {took} ms · in between, nothing ran")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--steps", type=int, default=2)
    asyncio.run(main(arguments.parse_args().steps))
