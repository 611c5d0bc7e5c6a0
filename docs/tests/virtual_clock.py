"""Runs an asyncio program on a clock that never waits: python3 virtual_clock.py FILE [ARGUMENT ...]

loop.time() starts at 0. When no task can go on, it jumps to the moment of the next timer. So the
program ends at once, and its times are exact and the same in every run. time.sleep, which blocks the
loop, moves its time on and lets no task run. Only the loop's time is virtual: a program must not
wait for sockets, other processes or threads.
"""

import asyncio
import runpy
import selectors
import sys
import time


class Moment(float):
    """The time of a timer. Timers of the same time keep the order in which they were set."""

    count = 0

    def __new__(cls, time):
        # Without this, 0.1 + 0.2 and 0.3 would be two moments.
        moment = super().__new__(cls, round(time, 9))
        cls.count = moment.turn = cls.count + 1
        return moment

    def __lt__(self, other):
        if isinstance(other, Moment):
            return (float(self), self.turn) < (float(other), other.turn)
        return float(self) < other


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.now = 0.0
        selector = selectors.DefaultSelector()
        self.poll = selector.select
        selector.select = self.jump
        super().__init__(selector)

    def time(self):
        return self.now

    def jump(self, timeout=None):
        ready = self.poll(0)
        if not ready and timeout is None:
            sys.exit("virtual_clock: deadlock: every task waits, and no timer is set")
        if not ready:
            self.now = round(self.now + timeout, 9)
        return ready

    def call_at(self, when, callback, *args, **kwargs):
        return super().call_at(Moment(when), callback, *args, **kwargs)

    def run_in_executor(self, executor, func, *args):
        raise RuntimeError("virtual_clock: a thread does not know of the virtual clock")


def block(seconds):
    loop = asyncio.get_running_loop()
    loop.now = round(loop.now + seconds, 9)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: virtual_clock.py FILE [ARGUMENT ...]")
    asyncio.new_event_loop = asyncio.events.new_event_loop = VirtualLoop
    time.sleep = block
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
