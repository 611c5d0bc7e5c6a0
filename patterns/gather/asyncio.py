"""The demo of `gather` in Python: the same tasks, the same transcript.

    python3 patterns/gather/asyncio.py [--mode all|fail-fast|settled]

The network is replaced by sleeps of the same length.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("gather")]

import argparse
import asyncio

ITEMS = [
    ("news", 250, 2000, 200),
    ("weather", 100, 500, 200),
    ("prices", 150, 100, 500),
    ("maps", 400, 9000, 200),
    ("mail", 200, 1200, 200),
]
BUG = "photos"


class Failed(Exception):
    """A fetch that failed."""


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


async def fetch(name, delay, size, status):
    global in_turn
    say(name, "asked")
    asked = milliseconds()
    try:
        await asyncio.sleep(delay / 1000)
    except asyncio.CancelledError:
        say(name, "cancelled")
        raise
    in_turn += milliseconds() - asked
    if name == BUG:
        say(name, "panicked")
        raise AssertionError(f"a bug in the task that fetches {BUG}, on purpose")
    if status != 200:
        say(name, f"failed: status {status} Internal Server Error")
        raise Failed(f"status {status} Internal Server Error")
    page = f"{status} OK, {size} bytes"
    say(name, page)
    return page


async def fail_fast(fetches):
    tasks = [asyncio.create_task(fetch) for fetch in fetches]
    try:
        return await asyncio.gather(*tasks), None
    except Failed as first:
        # asyncio.gather lets the others run on: to cancel them, and to wait, is up to us.
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        ended = [None if task.cancelled() else task.exception() for task in tasks]
        return None, f"future {ended.index(first)} failed: {first}"
    finally:
        say("caller", "try_gather returned")


def in_words(result):
    # CancelledError is a BaseException: a test for Exception takes it for a value.
    match result:
        case asyncio.CancelledError():
            return "failed: cancelled"
        case AssertionError():
            return "failed: panicked"
        case BaseException():
            return f"failed: {result}"
        case page:
            return page


async def main(mode):
    global start, in_turn
    start = asyncio.get_running_loop().time()
    in_turn = 0
    items = ITEMS + ([(BUG, 300, 700, 200)] if mode == "settled" else [])
    fetches = [fetch(*item) for item in items]

    print(f"{len(items)} requests at once, a task each")
    print()
    if mode == "fail-fast":
        results, failure = await fail_fast(fetches)
        if failure:
            print()
            print(failure)
            print()
            print(f"returned after {milliseconds()} ms · by then the others had stopped")
            return
    else:
        # Without return_exceptions the first exception would be raised, and the others lost.
        results = await asyncio.gather(*fetches, return_exceptions=True)
        say("caller", "gather returned" if mode == "all" else "gather_settled returned")
    gathered = milliseconds()

    print()
    print("results, in input order")
    for (name, *_), result in zip(items, results):
        print(f"{name:<8}  {in_words(result)}")
    print()
    failures = sum(isinstance(result, BaseException) for result in results)
    ratio = f"sequential {in_turn} ms · gathered {gathered} ms · {in_turn / gathered:.1f}×"
    print(f"{ratio} · failed: {failures} of {len(items)}" if failures else ratio)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--mode", choices=["all", "fail-fast", "settled"], default="all")
    asyncio.run(main(arguments.parse_args().mode))
