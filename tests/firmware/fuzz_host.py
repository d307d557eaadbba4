"""Fuzzes what the host takes in: a client whose board answers anything, lines of text, advertisements."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc

import fuzz_parsers
import fuzz_rig
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from fuzz_rig import Parser, with_length

from coxa.errors import CoxaError
from coxa.link import Client, LineChannel, discovery
from coxa.virtual.clock import VirtualLoop
from coxa_wire import advert, gatt, line, sync

SECRET = bytes(16)
PATIENCE_S = 60  # virtual: far more than the client takes with all its tries


class Hostile:
    """A channel whose board says the same to everything.

    `as_asked`: 0 as it is, 1 under the request id of what was asked, 2 and more under its op too.
    """

    def __init__(self):
        self.received_at = 0.0
        self.says = b""
        self.channel = line.CONTROL
        self.as_asked = 0
        self._queue = asyncio.Queue()

    async def send(self, channel, message):
        data = bytearray(self.says)
        if self.as_asked and len(data) > 2 and channel == line.CONTROL:
            data[2] = message[2]
            if self.as_asked > 1:
                data[1] = message[1] | 0x80
        elif self.as_asked and len(data) > 1 and channel == line.SYNC:
            data[1] = message[1]
        self._queue.put_nowait((self.channel, bytes(data)))

    async def receive(self):
        return await self._queue.get()

    async def close(self):
        pass


class Clients:
    """One client that is asked to do each of its things, in turn."""

    def __init__(self, loop):
        self.loop = loop
        self.n = 0
        loop.run_until_complete(self._begin())

    async def _begin(self):
        self.channel = Hostile()
        self.client = await Client(self.channel, lambda _session, blocks: len(blocks)).__aenter__()

    def understand(self, data):
        self.n += 1
        client = self.client
        whats = (
            client.info, lambda: client.hello(SECRET), client.sessions, client.log, client.hello,
            lambda: client.download(1, 0, 9), lambda: client.ping(lambda: 5),
        )  # fmt: skip
        what = whats[self.n % len(whats)]
        self.channel.says = data
        self.channel.channel = (line.CONTROL, line.CONTROL, line.SYNC, line.BULK)[self.n // 7 % 4]
        self.channel.as_asked = self.n % 4
        return self.loop.run_until_complete(self._tried(what))

    async def _tried(self, what):
        try:
            async with asyncio.timeout(PATIENCE_S):
                await what()
        except CoxaError:
            return False
        finally:
            await asyncio.sleep(0.01)  # virtual time has to go on
            assert all(not task.done() for task in self.client._tasks), "the client has stopped listening"
            assert self.client._failure is None
            assert not self.client._answers and not self.client._done and not self.client._pongs
            assert sum(map(len, self.client._arrived.values())) < 64
        return True


class Lines:
    """The stream of a serial port."""

    def __init__(self, loop):
        self.loop = loop

    def understand(self, data):
        return self.loop.run_until_complete(self._read(data))

    async def _read(self, data):
        reader = asyncio.StreamReader(limit=512)
        reader.feed_data(data + b"\n" + line.encode_line(line.SYNC, sync.encode_ping(1, 2)))
        channel = LineChannel(reader, None)
        found = 0
        while await channel.receive() != (line.SYNC, sync.encode_ping(1, 2)):
            found += 1
        await asyncio.sleep(0.01)
        assert len(channel.strays) <= 50
        return found > 0


def understand_sighting(data):
    try:
        name = data[:20].decode()
    except ValueError:
        name = None
    found = AdvertisementData(name, {advert.COMPANY: data[1:]}, {}, [gatt.SERVICE], None, -60, ())
    seen = discovery._seen(None, BLEDevice("00:00", None, None), found)
    assert seen.rssi == -60
    return seen.uid16 is not None


def parsers(loop, clients):
    everything = fuzz_parsers.answers() + fuzz_parsers.blocks() + [sync.encode_pong(1, 5, 6)]
    return [
        Parser("host: client", everything, clients.understand, with_length, longest=256, cost=20),
        Parser(
            "host: cable", fuzz_parsers.lines(), Lines(loop).understand, fuzz_parsers.repaired_line, longest=700, cost=4
        ),
        Parser("host: sighting", [b"\xff" + seed for seed in fuzz_parsers.statuses()], understand_sighting, longest=32),
    ]


def memory():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def clock_us():
    return time.perf_counter_ns() // 1000


def rows(inputs, seed):
    """The figures of every parser of CPython, those of the wire format first."""
    tracemalloc.start()
    loop = VirtualLoop()
    clients = Clients(loop)
    try:
        all_parsers = fuzz_parsers.parsers() + parsers(loop, clients)
        return [fuzz_rig.fuzz(parser, inputs, seed, clock_us, memory) for parser in all_parsers]
    finally:
        loop.run_until_complete(clients.client.__aexit__(None, None, None))
        loop.close()
        tracemalloc.stop()
