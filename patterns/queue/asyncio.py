"""The demo of `queue` in Python: the same tasks, the same transcript.

    python3 patterns/queue/asyncio.py [--stop drain|now]

asyncio.Queue cannot hold a place for a producer, so a semaphore counts the places. It cannot be
closed before Python 3.13, so producers and consumers are cancelled.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("queue")]

import argparse
import asyncio

TEXT = """\
A producer comes with a line
and waits when there is no room.
A consumer takes the first one,
works on it as long as it takes,
and comes back for more.
* * *
Whoever asks first is served first.
Whoever goes away takes nothing along.
When the doors are closed
nobody else is let in,
but all who are inside are served.
Then the lights go out.
"""
PRODUCERS, CONSUMERS, CAPACITY = 2, 3, 4
READING, HALF_WAY, WORK = 0.015, 0.140, 0.020


def say(lane, text):
    milliseconds = round((asyncio.get_running_loop().time() - start) * 1000)
    print(f"{milliseconds:>5} ms  {lane:<8}  {text}")


async def produce(lane, lines, places, queue):
    global most
    try:
        while True:
            await places.acquire()
            await asyncio.sleep(READING)
            if not lines:
                places.release()
                return
            number, text = lines.pop(0)
            queue.put_nowait((number, text))
            most = max(most, queue.qsize())
            say(lane, f"line {number} put")
    except asyncio.CancelledError:
        say(lane, "cancelled")
        raise


async def consume(lane, places, queue, counts):
    while True:
        number, text = await queue.get()
        places.release()
        # Without the finally an exception would leave the line unfinished, and join would hang.
        try:
            words = text.split()
            await asyncio.sleep(WORK * len(words))
            if words and not any(char.isalnum() for char in text):
                counts["failed"] += 1
                say(lane, f"line {number} failed: there is no word in it")
            else:
                counts["done"] += 1
                say(lane, f"line {number} has {len(words)} words")
        finally:
            queue.task_done()


async def main(stop):
    global start, most
    start = asyncio.get_running_loop().time()
    most = 0
    print(f"producers {PRODUCERS} · consumers {CONSUMERS} · capacity {CAPACITY}")
    print()
    lines = list(enumerate(TEXT.splitlines(), 1))
    total = len(lines)
    places, queue = asyncio.Semaphore(CAPACITY), asyncio.Queue()
    counts = {"done": 0, "failed": 0}
    producers = [
        asyncio.create_task(produce(f"put {number}", lines, places, queue))
        for number in range(1, PRODUCERS + 1)
    ]
    consumers = [
        asyncio.create_task(consume(f"get {number}", places, queue, counts))
        for number in range(1, CONSUMERS + 1)
    ]

    await asyncio.wait(producers, timeout=HALF_WAY if stop else None)
    not_started = 0
    while stop == "now" and not queue.empty():
        queue.get_nowait()
        queue.task_done()
        not_started += 1
    say("main", "closed the queue")
    for producer in producers:
        producer.cancel()
    await asyncio.wait(producers)
    await queue.join()
    say("main", "all that was put is done")
    for consumer in consumers:
        consumer.cancel()
    await asyncio.wait(consumers)

    print()
    print(f"done         {counts['done']}")
    print(f"failed       {counts['failed']}")
    print(f"not started  {not_started}")
    print(f"not read     {len(lines)}")
    print()
    accounted = sum(counts.values()) + not_started + len(lines)
    assert accounted == total
    print(f"{accounted} lines, each accounted for · at most {most} in the queue")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--stop", choices=["drain", "now"])
    asyncio.run(main(arguments.parse_args().stop))
