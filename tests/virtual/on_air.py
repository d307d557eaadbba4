"""A board's radio without the board, and a computer, on one air and on virtual time."""

import asyncio
import contextlib

from bleak import BleakClient, BleakScanner

from coxa.virtual import clock
from coxa.virtual.air import Air
from coxa.virtual.central import Central
from coxa.virtual.peripheral import Peripheral
from coxa_wire import advert, gatt

INFO, CONTROL, LIVE, BULK, SYNC, BATTERY = 19, 22, 25, 28, 31, 34
SERVICES = [
    [
        gatt.SERVICE,
        [
            [gatt.INFO, 0x02, INFO],
            [gatt.CONTROL, 0x28, CONTROL],
            [gatt.LIVE, 0x10, LIVE],
            [gatt.BULK, 0x10, BULK],
            [gatt.SYNC, 0x14, SYNC],
        ],
    ],
    ["180f", [["2a19", 0x12, BATTERY]]],
]
ADVERTISE_US = 152_500
LEFT, RIGHT = "AA:00:00:00:00:01", "AA:00:00:00:00:02"


class Board:
    """`events` is all that its radio told it, `noted` without the free buffers."""

    def __init__(self, air, name="left", address=LEFT, mtu=247):
        self.name, self.address, self.mtu = name, address, mtu
        self.events = []
        self.radio = Peripheral(air, name, address, self.events.append)
        self.begin()

    def begin(self):
        self.radio.register(SERVICES, self.mtu, self.name)
        self.advertise()

    def advertise(self):
        status = advert.Status(1, 80, 3, bytes.fromhex(self.address.replace(":", ""))[4:])
        self.radio.advertise(ADVERTISE_US, advert.advertising_data(self.name), advert.scan_response(status))

    def send(self, number, count, size=180):
        for i in range(number, number + count):
            self.radio.transmit(1, LIVE, i.to_bytes(2, "little") + bytes(size - 2), False)

    @property
    def noted(self):
        return [event for event in self.events if event[0] != "transmitted"]

    def count(self, kind):
        return sum(event[0] == kind for event in self.events)

    def written(self):
        return [event[3] for event in self.events if event[0] == "written"]


@contextlib.asynccontextmanager
async def on_air(seed=1):
    """The air, a board and a computer."""
    air = Air(seed)
    air.start()
    board = Board(air)
    central = Central(air, "host", "C0:C1:C2:C3:C4:C5")
    await central.start()
    try:
        yield air, board, central
    finally:
        await central.stop()
        board.radio.power_off()
        air.stop()


async def find(central, address=LEFT, seconds=5.0):
    return await BleakScanner.find_device_by_address(address, seconds, backend=central.scanner)


async def connect(central, address=LEFT, timeout=30.0, gone=None):
    """A connected client; `gone`: a list that notes its disconnections."""
    device = await find(central, address)
    assert device is not None
    client = BleakClient(device, gone.append if gone is not None else None, timeout=timeout, backend=central.client)
    await client.connect()
    return client


async def listen(client, uuid=gatt.LIVE):
    """What is notified, growing."""
    got = []
    await client.start_notify(uuid, lambda _, data: got.append(bytes(data)))
    return got


def numbers(got):
    return [int.from_bytes(data[:2], "little") for data in got]


def now():
    return asyncio.get_running_loop().time()


def run(work, limit_s=10_000.0):
    return clock.run(work, limit_s)
