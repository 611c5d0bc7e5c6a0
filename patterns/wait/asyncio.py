"""The demo of `wait` in Python: the same tasks, the same transcript.

    python3 patterns/wait/asyncio.py [--until first|error|success|all] [--timeout MS]

The network is replaced by sleeps of the same length.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("wait")]

import argparse
import asyncio

MIRRORS = [
    ("near", 100, "200 OK"),
    ("busy", 200, "503 Service Unavailable"),
    ("far", 400, "200 OK"),
    ("narrow", 600, "200 OK"),
]
FAILS_FIRST = ("moved", 50, "404 Not Found")
SIZE = 4000

GOALS = {
    "first": "the first has ended",
    "error": "the first has failed",
    "success": "the first has the file",
    "all": "all have ended",
}


class Failed(Exception):
    """A fetch that failed."""


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


async def fetch(name, delay, status):
    say(name, "asked")
    try:
        await asyncio.sleep(delay / 1000)
    except asyncio.CancelledError:
        say(name, "cancelled")
        raise
    if not status.startswith("200"):
        say(name, f"failed: status {status}")
        raise Failed(f"status {status}")
    page = f"{status}, {SIZE} bytes"
    say(name, page)
    return page


def has_file(task):
    # exception() of a cancelled task does not return the CancelledError, it raises it.
    return not task.cancelled() and task.exception() is None


async def wait(tasks, until, timeout):
    """Returns those that are done, those that are pending, and whether it was in time."""
    match until:
        case "first":
            done, pending = await asyncio.wait(
                tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
            return done, pending, bool(done)
        case "error":
            done, pending = await asyncio.wait(
                tasks, timeout=timeout, return_when=asyncio.FIRST_EXCEPTION
            )
            return done, pending, not pending or any(not has_file(task) for task in done)
        case "all":
            done, pending = await asyncio.wait(tasks, timeout=timeout)
            return done, pending, not pending
    # asyncio has no FIRST_SUCCESS. Each round has what is left of the time.
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    done, pending = set(), set(tasks)
    while pending and not any(has_file(task) for task in done):
        left = None if deadline is None else deadline - loop.time()
        ended, pending = await asyncio.wait(
            pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
        if not ended:
            return done, pending, False
        done |= ended
    return done, pending, True


async def main(until, timeout):
    global start
    start = asyncio.get_running_loop().time()
    mirrors = MIRRORS + ([FAILS_FIRST] if until == "success" else [])
    goal = GOALS[until]

    print(f"{len(mirrors)} mirrors of one file, a task each")
    within = "" if timeout is None else f", for at most {timeout} ms"
    print(f"wait until {goal}{within}")
    print()
    tasks = [asyncio.create_task(fetch(*mirror), name=mirror[0]) for mirror in mirrors]
    # asyncio.wait returns sets, which do not know what ended first.
    ended = []
    for task in tasks:
        task.add_done_callback(ended.append)
    seconds = None if timeout is None else timeout / 1000
    done, pending, in_time = await wait(tasks, until, seconds)
    met = {
        "first": bool(done),
        "error": not all(has_file(task) for task in done),
        "success": any(has_file(task) for task in done),
        "all": False,
    }
    why = goal if met[until] else "all have ended" if in_time else "the time is up"
    say("caller", f"{why}: {len(done)} done, {len(pending)} pending")
    after = milliseconds()

    # To cancel is one step, to see that they have stopped is another.
    for task in tasks:
        task.cancel()
    if pending:  # asyncio.wait refuses an empty set.
        await asyncio.wait(pending)
    say("caller", "every task has ended")

    print()
    for task in [task for task in ended if task in done]:
        failure = task.exception()
        result = f"failed: {failure}" if failure else task.result()
        print(f"{task.get_name():<8}  {result}")
    for task in [task for task in ended if task in pending]:
        print(f"{task.get_name():<8}  {'stopped' if task.cancelled() else 'too late'}")
    print()
    got = sum(has_file(task) for task in done)
    counts = f"got {got} · failed {len(done) - got} · pending {len(pending)}"
    print(f"waited {after} ms · {counts}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--until", choices=[*GOALS], default="first")
    arguments.add_argument("--timeout", metavar="MS", type=int)
    given = arguments.parse_args()
    asyncio.run(main(given.until, given.timeout))
