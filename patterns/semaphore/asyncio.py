"""The demo of `semaphore` in Python: the same items, the same transcript.

    python3 patterns/semaphore/asyncio.py [--limit N] [--items N]

The server is replaced by a counter, and the network by sleeps of the same length.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("semaphore")]

import argparse
import asyncio


class Server:
    requests = in_flight = peak = 0

    async def answer(self, delay):
        self.requests += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await asyncio.sleep(delay / 1000)
        # The body comes in ten parts.
        for _ in range(9):
            await asyncio.sleep(0.004)
        self.in_flight -= 1


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def in_words(time):
    return f"{time} ms" if time < 10_000 else f"{time / 1000:.1f} s"


def say(lane, text):
    print(f"{in_words(milliseconds()):>8}  {lane:<8}  {text}")


async def fetch(server, index):
    asked = milliseconds()
    await server.answer(30 + index * 7 % 9 * 10)
    return f"200 OK, {1000 + index} bytes", milliseconds() - asked


async def main(limit, items):
    global start
    start = asyncio.get_running_loop().time()
    server = Server()
    semaphore = asyncio.Semaphore(limit)
    answered = 0

    async def limited(index):
        nonlocal answered
        async with semaphore:
            fetched = await fetch(server, index)
        answered += 1
        if answered % -(-items // 10) == 0:
            say("caller", f"{answered} of {items} answered")
        return fetched

    print(f"{items} requests, at most {limit} in flight")
    print()
    # gather makes a task for every item before the first of them runs.
    fetched = await asyncio.gather(*(limited(index) for index in range(items)))
    took = milliseconds()
    say("caller", "map_limited returned")

    print()
    print("results, in input order")
    for index, (page, _) in enumerate(fetched):
        if index < 3 or index + 3 >= items:
            print(f"item-{index:03}  {page}")
        elif index == 3:
            print("…")
    print()
    in_turn = sum(took for _, took in fetched)
    print(
        f"server: {server.requests} requests, peak {server.peak}"
        f" · sequential {in_words(in_turn)} · limited {in_words(took)} · {in_turn / took:.1f}×"
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--limit", type=int, default=5)
    arguments.add_argument("--items", type=int, default=100)
    arguments = arguments.parse_args()
    asyncio.run(main(arguments.limit, arguments.items))
