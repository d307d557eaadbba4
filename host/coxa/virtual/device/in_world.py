"""A virtual board among others in a world that another process keeps: time and radio come over a socket, in lockstep.

In the environment, as COXA_BOARD: JSON with `port`, `chip`, `rate_hz`, `motion` (file, or null), `flash` (file), `keep`
(the flash as it is), `settings`, `cause` (of the reset), `uid` (hex), `erase_us`.

A message is `u32 length of the rest, u64 time, items`, an item `u8 kind, u64 time, u16 length, data`; all times are µs
of this board's clock. When the program has nothing to do, the board sends its time and what it did (REGISTER …), and
waits for a message from the world: until when it may go on, and what happens to it on the way (CONNECTED …). It goes
on to that moment, or until it has done something again. So nothing happens in the world's past or in the board's.
"""

import gc
import io
import json
import os
import socket
import struct
import sys

import virtual_loop
import time

from asyncio import core

import bluetooth
import machine
import virtual_board
from flash import PowerCut
from micropython import const

REGISTER, STORE, ADVERTISE, TRANSMIT, DISCONNECT, SERIAL, ENDED, LOOKED = 1, 2, 3, 4, 5, 6, 7, 8
CONNECTED, DISCONNECTED, WRITTEN, MTU, CONFIRMED, TRANSMITTED, TO_SERIAL, PRESS, CUT, LOOK = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
)

_ITEM = "<BQH"
_ITEM_LENGTH = const(11)
_HEAD = "<IQ"
_HEAD_LENGTH = const(12)
_READABLE, _WRITABLE = const(1), const(4)
_IOCTL_POLL = const(3)


class World(bluetooth.Silence):
    """The other end of the socket; to the board's `bluetooth` it is the radio."""

    def __init__(self, port):
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self._done = bytearray()
        self._horizon_us = 0
        self.board = None
        self.serial = None

    # What the board does.

    def did(self, kind, data=b""):
        self._done += struct.pack(_ITEM, kind, time.now_us, len(data))
        self._done += data

    def register(self, services):
        config = bluetooth.BLE().config
        spec = {"mtu": config("mtu"), "name": bytes(config("gap_name")).decode(), "services": services}
        self.did(REGISTER, json.dumps(spec).encode())

    def store(self, handle, data):
        self.did(STORE, struct.pack("<H", handle) + data)

    def advertise(self, interval_us, data, response):
        self.did(ADVERTISE, struct.pack("<IB", interval_us or 0, len(data)) + data + response)

    def transmit(self, connection, handle, data, indicate):
        self.did(TRANSMIT, struct.pack("<HHB", connection, handle, indicate) + data)

    def disconnect(self, connection):
        self.did(DISCONNECT, struct.pack("<H", connection))

    def ended(self, how):
        """The last word of this process, which is then killed: no file is closed that a board would leave open."""
        self.did(ENDED, how.encode())
        self._tell()
        self._read(1)

    # The lockstep.

    def rest(self, until_us):
        """Lets time pass until then, with whatever the world does in the meantime."""
        while True:
            if not self._done and time.now_us < self._horizon_us:
                time.advance_us(max(0, min(until_us, self._horizon_us) - time.now_us))
            if not self._done and time.now_us >= until_us:
                return
            self._tell()
            for at_us, kind, data in self._heard():
                time.advance_us(max(0, at_us - time.now_us))
                self._happen(kind, data)

    def _tell(self):
        self._socket.write(struct.pack(_HEAD, 8 + len(self._done), time.now_us) + self._done)
        self._done = bytearray()

    def _heard(self):
        length, self._horizon_us = struct.unpack(_HEAD, self._read(_HEAD_LENGTH))
        data = self._read(length - 8)
        items = []
        at = 0
        while at < len(data):
            kind, at_us, size = struct.unpack_from(_ITEM, data, at)
            at += _ITEM_LENGTH + size
            items.append((at_us, kind, data[at - size : at]))
        return items

    def _read(self, length):
        data = self._socket.read(length)
        if data is None or len(data) < length:
            raise SystemExit(0)  # the world is over
        return data

    def _happen(self, kind, data):
        ble = bluetooth.BLE()
        if kind == CONNECTED:
            ble.connected(struct.unpack("<H", data[:2])[0], data[2:])
        elif kind == DISCONNECTED:
            ble.disconnected(struct.unpack("<H", data[:2])[0], data[2:])
        elif kind == WRITTEN:
            ble.written(*struct.unpack("<HH", data[:4]), data[4:])
        elif kind == MTU:
            ble.mtu_agreed(*struct.unpack("<HH", data))
        elif kind == CONFIRMED:
            ble.confirmed(*struct.unpack("<HHB", data))
        elif kind == TRANSMITTED:
            ble.transmitted(*struct.unpack("<H", data))
        elif kind == TO_SERIAL:
            self.serial.received += data
        elif kind == PRESS:
            self.board.press(time.now_us / 1e6, struct.unpack("<I", data)[0] / 1000)
        elif kind == CUT:
            self.board.flash.cut_at = self.board.device.count + struct.unpack("<H", data)[0]
        elif kind == LOOK:
            gc.collect()
            self.did(LOOKED, struct.pack("<IQ", gc.mem_alloc(), self.board.app.device.now_us()))


class Serial(io.IOBase):
    """The USB port of the board, both directions."""

    def __init__(self, world):
        self.received = b""
        self._world = world

    def readinto(self, out):
        n = min(len(out), len(self.received))
        out[:n] = self.received[:n]
        self.received = self.received[n:]
        return n

    def write(self, data):
        self._world.did(SERIAL, bytes(data))
        return len(data)

    def ioctl(self, request, argument):
        if request != _IOCTL_POLL:
            return 0
        return argument & ((_READABLE if self.received else 0) | _WRITABLE)


class InWorld(virtual_loop.VirtualIO):
    """Where asyncio would wait, the world goes on."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    def wait_io_event(self, duration_ms):
        if duration_ms < 0:
            raise virtual_loop.Deadlock("every task waits for something that cannot come")
        self._world.rest(time.now_us + (duration_ms * 1000 - time.now_us % 1000 if duration_ms else 0))


def start(settings, world):
    machine.uid = bytes.fromhex(settings["uid"])
    machine.power_on(settings["cause"])
    machine.drive(virtual_board.BUTTON, 1)
    own = None if settings["keep"] else settings["settings"]
    board = virtual_board.VirtualBoard(
        settings["chip"], settings["rate_hz"], settings["motion"], settings["flash"], own,
        erase_us=settings["erase_us"], keep=settings["keep"],
    )  # fmt: skip
    from coxa_board import config  # not before the board's flash is in the place of the PC's files
    from coxa_board.link import Dispatcher
    from coxa_board.link.usb import Usb

    if own is not None:
        config.save(board.settings)
    world.board = board
    world.serial = Serial(world)
    radio = board.app.links[0]
    board.app.links = (radio, Usb(board.app.device, Dispatcher(board.app.device), world.serial, world.serial))
    bluetooth.BLE().radio = world
    return board


def main():
    settings = json.loads(os.getenv("COXA_BOARD"))
    world = World(settings["port"])
    core._io_queue = InWorld(world)
    try:
        board = start(settings, world)
        core.run(board.app.run())
    except machine.Reset as reset:
        world.ended(f"{type(reset).__name__} {reset.cause}")
    except PowerCut:
        world.ended("PowerCut 1")
    except Exception as error:
        sys.print_exception(error)
        world.ended("Crash 1")


main()
