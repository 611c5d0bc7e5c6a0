"""The demo of `async-context-manager` in Python: the same tasks, the same transcript.

    python3 patterns/async-context-manager/asyncio.py [--outcome ok|error|panic|cancel]

The server is replaced by a set of open sessions, and the network by sleeps of the same length.
"""

import sys

# This file has the name of the library that it imports, and its folder is searched first.
sys.path = [folder for folder in sys.path if not folder.endswith("async-context-manager")]

import argparse
import asyncio

REQUESTS = [("news", 100, 500), ("mail", 150, 900)]
sessions = set()


class Refused(Exception):
    """A request that the server has refused."""


def milliseconds():
    return round((asyncio.get_running_loop().time() - start) * 1000)


def say(lane, text):
    print(f"{milliseconds():>5} ms  {lane:<8}  {text}")


class Session:
    async def __aenter__(self):
        say("log in", "asks")
        self.number = len(sessions) + 1
        sessions.add(self.number)
        # A cancellation here would skip __aexit__, and leave the session open.
        await asyncio.sleep(0.1)
        say("log in", f"has session {self.number}")
        return self

    async def get(self, name, delay, size, status):
        await asyncio.sleep(delay / 1000)
        if status != "200 OK":
            raise Refused(f"{name}: status {status}")
        return f"{name}: {status}, {size} bytes"

    async def __aexit__(self, *error):
        # This runs in the caller's task: a cancelled caller ends when it has logged out. A second
        # cancellation would stop the log-out here.
        say("log out", "asks")
        sessions.remove(self.number)
        await asyncio.sleep(0.1)
        say("log out", "has logged out")


async def work(session, outcome):
    status = {"news": "200 OK", "mail": "200 OK"}
    if outcome == "error":
        status["mail"] = "500 Internal Server Error"
    try:
        for name, delay, size in REQUESTS:
            say("caller", await session.get(name, delay, size, status[name]))
    except asyncio.CancelledError:
        say("caller", "cancelled")
        raise
    assert outcome != "panic", "a bug in the work, on purpose"


async def call(outcome):
    try:
        async with Session() as session:
            await work(session, outcome)
    except Refused as error:
        say("caller", f"returns: the body failed: {error}")
        raise
    except AssertionError:
        say("caller", "panicked")
        raise
    say("caller", "returns")


async def main(outcome):
    global start
    start = asyncio.get_running_loop().time()
    print("log in, two requests, log out; the server counts its open sessions")
    print()
    caller = asyncio.create_task(call(outcome))
    await asyncio.wait([caller], timeout=0.25 if outcome == "cancel" else None)
    after = milliseconds()
    if not caller.done():
        caller.cancel()
        await asyncio.wait([caller])
    if caller.cancelled():
        ended = "was cancelled"
    else:
        match caller.exception():
            case None:
                ended = "returned"
            case Refused():
                ended = "failed"
            case _:
                ended = "panicked"
    closed = milliseconds()
    say("program", f"ends, open sessions: {len(sessions)}")
    print()
    print(
        f"caller {ended} after {after} ms · all closed after {closed} ms"
        f" · open sessions: {len(sessions)}"
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    outcomes = ["ok", "error", "panic", "cancel"]
    arguments.add_argument("--outcome", choices=outcomes, default="ok")
    asyncio.run(main(arguments.parse_args().outcome))
