"""A host in a process of its own that takes part in a world in lockstep: it can be killed, stopped and started again.

Its clock is virtual and follows the world's, as a board's does; its Bluetooth controller is in the world, and HCI
packets go over the socket. Run as a program with JSON in COXA_HOST it records (or fetches) until it is told to stop.
"""

import asyncio
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from bumble.transport.common import BaseSource, Transport

from coxa.virtual import clock
from coxa.virtual.controller import AirController
from coxa.virtual.lockstep import Program

HCI, STOP, WAKE = 20, 21, 22
RESULT = 23
_ITEM = struct.Struct("<BQH")
_HEAD = struct.Struct("<IQ")
ADDRESS = "C0:C1:C2:C3:C4:C5"


# In the world.


class _ToProcess(BaseSource):
    """What the controller's host sends (to the controller: its source), and what it gets (as its sink)."""

    def __init__(self, host):
        super().__init__()
        self._host = host

    def on_packet(self, packet):
        self._host.happen(HCI, packet)


class HostProcess:
    """A computer in the world. `result`: what its program said in the end, or None."""

    def __init__(self, world, settings, log):
        self.world = world
        self.settings = settings
        self.result = None
        self._log = log
        self._program = None
        self._controller = None
        self._source = None
        self.asleep = False

    def start(self):
        """Starts the program, anew after a `kill`."""
        self._source = _ToProcess(self)
        self._controller = AirController(self.world.air, "host", ADDRESS, self._source, self._source)
        self._program = Program(self._launch, self._did, start_s=asyncio.get_running_loop().time())
        clock.participate(self._program)

    def kill(self):
        """SIGKILL; its adapter loses power with it."""
        program, self._program = self._program, None
        if program is not None:
            clock.leave(program)
            program.kill()
            self.world.air.remove_controller(self._controller)

    def sleep(self):
        """The lid is closed: no program runs; what comes meanwhile waits."""
        clock.leave(self._program)
        self.asleep = True

    def wake(self):
        """Time has jumped for it: all that was due is due at once."""
        self.happen(WAKE, b"")
        clock.participate(self._program)
        self.asleep = False

    def happen(self, kind, data):
        if self._program is not None:
            self._program.happen(kind, asyncio.get_running_loop().time(), data)

    async def done(self, limit_s=1000.0):
        """Waits for its result."""
        until_s = asyncio.get_running_loop().time() + limit_s
        while self.result is None:
            assert asyncio.get_running_loop().time() < until_s, "the host does not come to an end"
            await asyncio.sleep(0.5)
        self.kill()
        return self.result

    def _launch(self, port):
        told = json.dumps({**self.settings, "port": port, "now_s": asyncio.get_running_loop().time()})
        return subprocess.Popen(
            [sys.executable, __file__], env={**os.environ, "COXA_HOST": told},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _did(self, kind, data):
        if kind == HCI and self._source.sink is not None:
            self._source.sink.on_packet(data)
        elif kind == RESULT:
            self.result = json.loads(data)


# In the process.


class JoinedLoop(clock.VirtualLoop):
    """Its time is the world's."""

    def __init__(self, port, now_s):
        super().__init__()
        self.now_s = self._start_s = now_s
        self.heard = None
        self._news = deque()
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._done = b""
        self._horizon_s = now_s

    def did(self, kind, data):
        self._done += _ITEM.pack(kind, self._us(self.now_s), len(data)) + data

    def advance(self, timeout_s):
        until_s = self.now_s + (clock.IDLE_STEP_S if timeout_s is None else timeout_s)
        if not self._done and self.now_s < self._horizon_s:
            self.now_s = min(until_s, self._horizon_s)
        if not self._done and self.now_s >= until_s - clock.TICK_S:
            self.now_s = max(self.now_s, until_s)
            return
        self._socket.sendall(_HEAD.pack(8 + len(self._done), self._us(self.now_s)) + self._done)
        self._done = b""
        length, horizon_us = _HEAD.unpack(self._read(_HEAD.size))
        self._horizon_s = self._start_s + horizon_us / 1e6
        data = self._read(length - 8)
        at = 0
        while at < len(data):
            kind, at_us, size = _ITEM.unpack_from(data, at)
            at += _ITEM.size + size
            if kind == WAKE:
                self.now_s = self._start_s + at_us / 1e6
            self._news.append((kind, data[at - size : at]))
            self.call_at(max(self.now_s, self._start_s + at_us / 1e6), self._hear)

    def _hear(self):
        self.heard(*self._news.popleft())  # timers for the same moment come in any order

    def _us(self, at_s):
        return round((at_s - self._start_s) * 1e6)

    def _read(self, length):
        data = self._file.read(length)
        if len(data) < length:
            os._exit(0)  # the world is over
        return data


async def work(loop, settings):
    import stage

    from coxa.link.boards import together
    from coxa.virtual.central import Central

    source = BaseSource()

    class Sink:
        def on_packet(self, packet):
            loop.did(HCI, packet)

    def heard(kind, data):
        if kind == HCI:
            source.sink.on_packet(data)
        elif kind == STOP:
            stop.set()

    stop = asyncio.Event()
    loop.heard = heard
    time.time = lambda: stage.EPOCH_S + loop.time()  # whoever asks for the time of day gets this one
    central = Central(Transport(source, Sink()), "host", ADDRESS)
    await central.start()
    tasks = stage.tasks_of(settings, central, time.time)
    recorded = await together(tasks, stop, settings["give_up_s"])
    told = []
    for one in recorded:
        found = [
            [f.listed.session, f.listed.n_blocks, f.listed.crc32, f.state, f.missing, f.deleted] for f in one.fetched
        ]
        told.append({"fetched": found, "problem": str(one.problem) if one.problem else None})
    loop.did(RESULT, json.dumps(told).encode())
    await asyncio.sleep(3600)


def main():
    settings = json.loads(os.environ["COXA_HOST"])
    sys.path.insert(0, str(Path(__file__).parent))
    random.seed(settings["now_s"])
    loop = JoinedLoop(settings["port"], settings["now_s"])
    asyncio.set_event_loop(loop)
    loop.run_until_complete(work(loop, settings))


if __name__ == "__main__":
    main()
