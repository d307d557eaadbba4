"""asyncio on the virtual clock; import it before `asyncio`.

The interpreter's built-in task queue reads the PC's clock, so one in Python, on `time` of this folder, takes its
place; and where asyncio would wait, the virtual clock moves on. The rest of asyncio is the interpreter's own.
"""

import sys
import time


class TaskQueue:
    """Tasks in the order in which they are due, first in first out where equal."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        task.data = None
        task.ph_key = time.ticks_ms() if key is None else key
        at = len(self._tasks)
        while at and time.ticks_diff(task.ph_key, self._tasks[at - 1].ph_key) < 0:
            at -= 1
        self._tasks.insert(at, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    """A coroutine and what it waits for. `state`: True running, a TaskQueue of waiters, None or False when done."""

    def __init__(self, coro, _globals=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if self.state is True:
            self.state = TaskQueue()
        elif not self.state:
            self.state = False
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiter = core.cur_task
        self.state.push(waiter)
        waiter.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        task = self
        while isinstance(task.data, Task):
            task = task.data
        queue = task.data if hasattr(task.data, "remove") else core._task_queue
        queue.remove(task)
        core._task_queue.push(task)
        task.data = core.CancelledError
        return True


class _BuiltIn:
    TaskQueue = TaskQueue
    Task = Task


class VirtualIO:
    """Stands where asyncio polls file descriptors: waiting lets the virtual clock run.

    `pollers`: functions called at each wait, for what comes from outside (a radio on a socket).
    """

    def __init__(self):
        self.map = {}
        self.pollers = []
        self.until_us = None

    def wait_io_event(self, duration_ms):
        for poll in self.pollers:
            poll()
        if self.until_us is not None and time.now_us >= self.until_us:
            raise Finished
        if duration_ms < 0:
            raise Deadlock("every task waits for something that cannot come")
        if duration_ms:
            time.advance_us(duration_ms * 1000 - time.now_us % 1000)

    def remove(self, task):
        pass


class Finished(BaseException):
    """The time given to `run` is over."""


class Deadlock(BaseException):
    """Nothing will ever happen again."""


sys.modules["_asyncio"] = _BuiltIn
from asyncio import core

core._io_queue = VirtualIO()


def forget():
    """Forgets all tasks, as a restart does."""
    core._task_queue = TaskQueue()
    core.cur_task = None


def run(coroutine, seconds):
    """Runs it, with all tasks it starts, for so many virtual seconds or until it returns."""
    core._io_queue.until_us = time.now_us + int(seconds * 1_000_000)
    try:
        return core.run(coroutine)
    except Finished:
        return None
    finally:
        forget()
