"""The demo of `task` in Python: the same tasks, the same transcript.

    python3 patterns/task/asyncio.py [--workers N] [--fail N] [--grace MS]
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("task")]

import argparse
import asyncio

ASKED = 0.3
AFTER_ABORT = 0.1


class Refused(Exception):
    """A task was not started."""


class Tasks:
    """Tasks that run in the background until they end or are stopped."""

    def __init__(self, report):
        # The loop has only weak references to its tasks: somebody must hold them.
        self.tasks = {}
        self.report = report
        self.stopping = asyncio.Event()

    def spawn(self, name, work):
        if self.stopping.is_set():
            raise Refused("the tasks are being stopped")
        task = asyncio.create_task(work(self.stopping), name=name)
        self.tasks[task] = None
        task.add_done_callback(self.ended)

    def ended(self, task):
        del self.tasks[task]
        # `exception` raises when the task was cancelled.
        if not task.cancelled() and task.exception():
            self.report(task.get_name(), task.exception())

    def running(self):
        return [task.get_name() for task in self.tasks]

    async def stop(self, grace, after_abort):
        everyone = list(self.tasks)
        self.stopping.set()
        _, late = await wait(everyone, grace)
        # In the order of their starts, which a set does not know.
        for task in [task for task in everyone if task in late]:
            task.cancel()
        _, left = await wait(late, after_abort)
        asked = [task.get_name() for task in everyone if task not in late]
        aborted = [task.get_name() for task in everyone if task in late and task not in left]
        return asked, aborted, [task.get_name() for task in everyone if task in left]


async def wait(tasks, timeout):
    # asyncio.wait refuses an empty set.
    return await asyncio.wait(tasks, timeout=timeout) if tasks else (set(), set())


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(text):
    task = asyncio.current_task()
    print(f"{milliseconds():>5} ms  {task.get_name():<8}  {text}")


def listed(names):
    return ", ".join(names) or "nobody"


def worker(number, fails):
    async def work(stop):
        rounds = 0
        try:
            while True:
                try:
                    await asyncio.wait_for(stop.wait(), 0.08 + number * 0.02)
                    break
                except asyncio.TimeoutError:
                    rounds += 1
                    if rounds == 2 and fails:
                        raise OSError("no space left on device")
            say("cleans up")
            await asyncio.sleep(number * 0.04)
            say(f"done after round {rounds}")
        except asyncio.CancelledError:
            say("cancelled")
            raise

    return work


async def parser(_stop):
    await asyncio.sleep(0.13)
    say("panicked")
    raise AssertionError("a bug in the parser, on purpose")


async def stubborn(_stop):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        say("cancelled")
        raise


async def watch(tasks, reports, grace):
    stop_at = asyncio.get_running_loop().time() + ASKED
    failures = 0
    while True:
        say(f"running: {listed(tasks.running())}")
        try:
            async with asyncio.timeout_at(stop_at):
                say(f"told: {await reports.get()}")
        except TimeoutError:
            break
        failures += 1
    say("asks them to stop")
    asked = milliseconds()
    stopped = await tasks.stop(grace, AFTER_ABORT)
    return failures, milliseconds() - asked, stopped


async def main(workers, fail, grace):
    global start
    start = asyncio.get_running_loop().time()
    asyncio.current_task().set_name("main")
    print(f"workers: {workers}, a task that panics, and one that will not stop")
    print()
    reports = asyncio.Queue()

    def report(name, failure):
        how = "panicked" if isinstance(failure, AssertionError) else "failed"
        reports.put_nowait(f"{name} {how}: {failure}")

    tasks = Tasks(report)
    for number in range(1, workers + 1):
        tasks.spawn(f"worker {number}", worker(number, number <= fail))
    tasks.spawn("parser", parser)
    tasks.spawn("stubborn", stubborn)

    failures, took, (asked, aborted, running) = await watch(tasks, reports, grace / 1000)

    print()
    print(f"stopped when asked  {listed(asked)}")
    print(f"aborted             {listed(aborted)}")
    print(f"still running       {listed(running)}")
    try:
        tasks.spawn("late", stubborn)
    except Refused as refused:
        print(f"a new task          refused: {refused}")
    print()
    ended = len(asked) + len(aborted)
    print(f"failures told at once: {failures} · tasks stopped: {ended}, in {took} ms")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--workers", type=int, default=3)
    arguments.add_argument("--fail", type=int, default=1)
    arguments.add_argument("--grace", type=int, default=200)
    given = arguments.parse_args()
    asyncio.run(main(given.workers, given.fail, given.grace))
