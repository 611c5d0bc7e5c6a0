"""The demo in Python, line for line: python3 patterns/{{name}}/asyncio.py"""

import sys
from pathlib import Path

# This file is called asyncio.py, too: its folder must not come before the library's.
HERE = Path(__file__).resolve().parent
sys.path[:] = [path for path in sys.path if Path(path).resolve() != HERE]

import asyncio


def say(lane, text):
    print(f"{f'{round(1000 * (now() - start))} ms':>8}  {lane:<8}  {text}")


def now():
    return asyncio.get_running_loop().time()


async def main():
    global start
    start = now()
    answer = await asyncio.create_task(work())
    print(f"the caller has {answer}")
    waited = round(1000 * (now() - start))
    print(f"\nthe caller waited {waited} ms for its task")


async def work():
    say("task", "begins")
    await asyncio.sleep(0.3)
    say("task", "has the answer")
    return 42


asyncio.run(main())
