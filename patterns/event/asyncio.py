"""The demo of `event` in Python: the same tasks, the same transcript.

    python3 patterns/event/asyncio.py [--workers N] [--jobs N]

The network is replaced by sleeps of the same length.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("event")]

import argparse
import asyncio

HEALTH = ["status 503 Service Unavailable", "status 503 Service Unavailable", "200 OK"]


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


async def worker(name, delay, jobs):
    global begun
    say(name, "waits for ready")
    await ready.wait()
    started = milliseconds()
    say(name, "starts")
    for number in range(1, jobs + 1):
        await running.wait()
        begun += 1
        await asyncio.sleep(delay / 1000)
        say(name, f"job {number}: 200 OK")
    return started


async def until_healthy():
    for status in HEALTH:
        await asyncio.sleep(0.020)
        if status == "200 OK":
            say("control", f"{status}: ready is set")
            return
        say("control", status)
        await asyncio.sleep(0.080)


async def pause():
    say("control", "running is cleared")
    running.clear()
    before = begun
    await asyncio.sleep(0.200)
    in_pause = begun - before
    say("control", "running is set")
    running.set()
    return in_pause


async def main(workers, jobs):
    global start, ready, running, begun
    start = asyncio.get_running_loop().time()
    ready, running, begun = asyncio.Event(), asyncio.Event(), 0
    running.set()

    print(f"{workers} workers wait for a service, and one comes late")
    print()
    async with asyncio.TaskGroup() as group:

        def spawn(name, number):
            return group.create_task(worker(name, 30 + 20 * number, jobs))

        tasks = [spawn(f"worker-{number}", number) for number in range(1, workers + 1)]
        await until_healthy()
        ready.set()

        await asyncio.sleep(0.040)
        spawn("late", workers + 1)
        await asyncio.sleep(0.040)
        in_pause = await pause()
    starts = [task.result() for task in tasks]

    print()
    print(
        f"{workers} workers started within {max(starts) - min(starts)} ms of each other · "
        f"{in_pause} jobs began in the pause"
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--workers", type=int, default=3)
    arguments.add_argument("--jobs", type=int, default=3)
    given = arguments.parse_args()
    asyncio.run(main(given.workers, given.jobs))
