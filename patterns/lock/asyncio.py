"""The demo of `lock` in Python: the same tasks, the same transcript.

    python3 patterns/lock/asyncio.py [--workers N] [--increments N] [--accounts N]
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("lock")]

import argparse
import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

START = 100
TRANSFER = 0.1
LOOK_UP = 0.02


class KeyedLock:
    """A lock for each key, kept only while somebody holds it or waits for it."""

    def __init__(self):
        self.locks = {}

    @asynccontextmanager
    async def lock(self, key):
        # No await, so no lock: only one thread runs the tasks. On several, as in Rust, it needs one.
        lock, users = self.locks.get(key) or (asyncio.Lock(), 0)
        self.locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self.locks.pop(key)
            if users > 1:
                self.locks[key] = lock, users - 1

    @asynccontextmanager
    async def lock_all(self, keys):
        async with AsyncExitStack() as held:
            for key in sorted(set(keys)):
                await held.enter_async_context(self.lock(key))
            yield


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


class Counter:
    def __init__(self):
        self.count = 0
        self.locks = KeyedLock()


async def add_up(workers, increments, add_one):
    counter = Counter()

    async def work():
        for _ in range(increments):
            await add_one(counter)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
    return counter.count


async def read_await_write(counter):
    read = counter.count
    await asyncio.sleep(0)
    counter.count = read + 1


async def read_await_write_locked(counter):
    async with counter.locks.lock("counter"):
        await read_await_write(counter)


async def await_read_write(counter):
    await asyncio.sleep(0)
    # Here Python needs no lock: no other task runs before the next await.
    counter.count += 1


class Bank:
    def __init__(self, names):
        self.balances = dict.fromkeys(names, START)
        self.locks = KeyedLock()

    @asynccontextmanager
    async def hold(self, lane, names):
        async with self.locks.lock_all(names):
            say(lane, f"holds {''.join(names)}")
            yield


async def transfer(bank, source, target, amount):
    lane = f"{source} to {target}"
    async with bank.hold(lane, [source, target]):
        source_has, target_has = bank.balances[source] - amount, bank.balances[target] + amount
        await asyncio.sleep(TRANSFER)
        bank.balances[source], bank.balances[target] = source_has, target_has
        say(lane, f"moved {amount}: {source} has {source_has}, {target} has {target_has}")


async def audit(bank, names):
    async with bank.hold("audit", names):
        total = 0
        for name in names:
            await asyncio.sleep(LOOK_UP)
            total += bank.balances[name]
        say("audit", f"{total} in all")


async def do_business(accounts):
    global start
    names = [chr(ord("A") + place) for place in range(accounts)]
    bank = Bank(names)
    print(f"{accounts} accounts with {START} each")
    print()
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for one, other in zip(names[::2], names[1::2]):
            tasks.create_task(transfer(bank, one, other, 20))
            tasks.create_task(transfer(bank, other, one, 5))
        tasks.create_task(audit(bank, names))
    took = milliseconds()

    print()
    before, after, locks = accounts * START, sum(bank.balances.values()), len(bank.locks.locks)
    print(f"{before} in all before, {after} after; {locks} locks are left")
    print()
    in_turn = round((accounts // 2 * 2 * TRANSFER + accounts * LOOK_UP) * 1000)
    print(f"one lock for all {in_turn} ms · a lock for each {took} ms · {in_turn / took:.1f}×")


async def main(workers, increments, accounts):
    print(f"{workers} workers add 1 to a counter, {increments} times each")
    print()
    for add_one, how in [
        (read_await_write, "no lock: read, await, write"),
        (read_await_write_locked, "KeyedLock: the same, with a key held"),
        (await_read_write, "Shared: await, then read and write in one closure"),
    ]:
        count = await add_up(workers, increments, add_one)
        print(f"{count:>8} of {workers * increments:<8}  {how}")
    print()
    await do_business(accounts)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--workers", type=int, default=10)
    arguments.add_argument("--increments", type=int, default=100)
    arguments.add_argument("--accounts", type=int, default=4)
    asyncio.run(main(**vars(arguments.parse_args())))
