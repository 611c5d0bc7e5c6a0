"""The demo of `runtime` in Python: the same tasks, the same transcript.

    python3 patterns/runtime/asyncio.py [--grace MS]
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("runtime")]

import argparse
import asyncio
import time

WORK, ANSWER, DUE = 0.04, 0.06, 0.05
ASKED, SAVING = 0.1, 0.08


def milliseconds(since=0):
    return round((asyncio.get_running_loop().time() - start) * 1000) - since


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


async def work(name):
    for turn in range(2):
        if turn > 0:
            await asyncio.sleep(ANSWER)
        say(name, "works on thread 1")
        time.sleep(WORK)


async def share():
    """Three tasks that work and wait, and a timer. Returns how late the timer was."""
    late = 0

    def ring(due):
        nonlocal late
        late = milliseconds(due)
        say("timer", f"{late} ms late")

    due = milliseconds() + round(DUE * 1000)
    asyncio.get_running_loop().call_later(DUE, ring, due)
    async with asyncio.TaskGroup() as tasks:
        for name in ["A", "B", "C"]:
            tasks.create_task(work(name))
    return late


async def saver():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("saver", "stops, and saves its work")
        await asyncio.sleep(SAVING)
        say("saver", "has saved")
        raise


async def fetcher():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("fetcher", "cancelled")
        raise


async def deaf():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)


async def work_until_stopped():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("main", "returns")
        return "what it had"


async def stop(grace):
    """What `run_until` does. asyncio.run waits for the clean-up, too, but without a deadline."""
    main = asyncio.create_task(work_until_stopped())
    names = {asyncio.create_task(task()): task.__name__ for task in [saver, fetcher, deaf]}
    await asyncio.sleep(ASKED)
    say("signal", "asked to stop")
    for task in [main, *names]:
        task.cancel()
    await asyncio.wait([main, *names], timeout=grace / 1000)
    unfinished = [task for task in names if not task.done()]
    for task in unfinished:
        # A second time, and it could refuse again: there is nothing that asyncio can force.
        task.cancel()
        say(names[task], "cancelled")
    await asyncio.wait(names)
    print()
    left = ", ".join(names[task] for task in unfinished)
    print(f"main returned {main.result()}; not stopped in time: {left}")


async def tell(grace):
    global start
    start = asyncio.get_running_loop().time()
    print("three tasks and a timer on one thread")
    print()
    late = await share()
    took = milliseconds()
    print()
    print("several threads: not here, as Tokio pauses the clock of one thread only")
    print()
    print(f"a program that is asked to stop, and has {grace} ms to clean up")
    print()
    await stop(grace)
    print()
    print(f"one thread {took} ms, the timer {late} ms late")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--grace", type=int, default=200)
    asyncio.run(tell(arguments.parse_args().grace))
