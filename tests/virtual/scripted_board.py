"""A board whose radio does what a test says, on the virtual air: good and bad behaviour that no firmware shows."""

import asyncio
from contextlib import asynccontextmanager

from coxa.link.discovery import Bluetooth, scan
from coxa.link.radio import open_ble
from coxa.virtual.air import Air
from coxa.virtual.central import Central
from coxa.virtual.peripheral import Peripheral
from coxa_wire import advert, command, fragment_count, fragment_into, gatt

INFO, CONTROL, LIVE, BULK, SYNC = range(10, 15)
UUIDS = {INFO: gatt.INFO, CONTROL: gatt.CONTROL, LIVE: gatt.LIVE, BULK: gatt.BULK, SYNC: gatt.SYNC}
FLAGS = {INFO: 0x02, CONTROL: 0x08 | 0x20, LIVE: 0x10, BULK: 0x10, SYNC: 0x04 | 0x10}
ADVERTISE_US = 100_000


_on_the_air = []
"""Boards to switch off at the end of a test, also of one that fails: an advertiser would keep its loop from ending."""


class Board:
    """On the air at once.

    Attributes:
        conditions: of its links.
        frames: requests that came, joined; `pieces`: the writes to CONTROL; `pings`: those to SYNC.
        on_frame, on_ping: told each.
        lost: how often a connection ended.
    """

    def __init__(
        self, air, name="thigh", number=1, *, lacking=(), service=gatt.SERVICE, mtu=247, advertised=None, response=None
    ):
        self.conditions = air.conditions(name)
        self.frames, self.pieces, self.pings, self.events = [], [], [], []
        self.on_frame = self.on_ping = self.on_connected = lambda *_: None
        self.connection = None
        self.mtu = 23
        self.lost = 0
        self._joined = command.Frames()
        _on_the_air.append(self)
        self.radio = Peripheral(air, name, f"C0:00:00:00:00:{number:02X}", self._take)
        table = [[UUIDS[one], FLAGS[one], one] for one in UUIDS if one not in lacking]
        self.radio.register([[service, table]], mtu, name)
        status = advert.Status(1, 77, 3, bytes([0xE5, number]))
        self.say(
            advert.advertising_data(name) if advertised is None else advertised,
            advert.scan_response(status) if response is None else response,
        )

    def say(self, data, response):
        self.advertised = data, response
        self.radio.advertise(ADVERTISE_US, data, response)

    def _take(self, event):
        self.events.append(event)
        if event[0] == "connected":
            self.connection, self.mtu = event[1], 23
            self.on_connected()
        elif event[0] == "mtu":
            self.mtu = event[2]
        elif event[0] == "disconnected":
            self.lost += 1
            self.radio.advertise(ADVERTISE_US, *self.advertised)
        elif event[0] == "written" and event[2] == SYNC:
            self.pings.append(event[3])
            self.on_ping(event[3])
        elif event[0] == "written":
            self.pieces.append(event[3])
            for frame in self._joined.feed(event[3]):
                self.frames.append(frame)
                self.on_frame(frame)

    def send(self, handle, data):
        self.radio.transmit(self.connection, handle, data, handle == CONTROL)

    def answer(self, frame, size=None):
        """A frame on CONTROL, in pieces as they fit."""
        size = size or self.mtu - gatt.ATT_HEADER
        for start in range(0, len(frame), size):
            self.send(CONTROL, frame[start : start + size])

    def block(self, handle, data):
        """As the firmware sends a block."""
        size = self.mtu - gatt.ATT_HEADER
        if size >= len(data):
            self.send(handle, data)
            return
        piece = bytearray(size)
        for k in range(fragment_count(len(data), size)):
            self.send(handle, bytes(piece[: fragment_into(piece, data, k, size)]))


@asynccontextmanager
async def computer(mtu=517):
    """The air and a computer's Bluetooth on it."""
    air = Air()
    air.start()
    central = Central(air, "computer", "C0:00:00:00:01:00")
    central.mtu = mtu
    await central.start()
    try:
        yield air, Bluetooth(central.scanner, central.client), central
    finally:
        while _on_the_air:
            _on_the_air.pop().radio.power_off()
        await central.stop()
        air.stop()


@asynccontextmanager
async def connected(asked=517, on_lost=None, **board):
    """A board, connected: (board, channel)."""
    async with computer(asked) as (air, bluetooth, _):
        one = Board(air, **board)
        (sighting,) = await scan(bluetooth, 1.0)
        channel = await open_ble(bluetooth, sighting, on_lost)
        try:
            yield one, channel
        finally:
            await channel.close()


async def until(true, limit_s=10.0):
    """Waits until something is so."""
    async with asyncio.timeout(limit_s):
        while not true():
            await asyncio.sleep(0.005)
