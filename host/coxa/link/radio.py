"""The way through the air: frames and blocks over GATT characteristics, by bleak (docs/wire.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice

from coxa.errors import CoxaError
from coxa.link.advice import NotReachedError, explained, explanation, foreign
from coxa.link.arrivals import Arrivals
from coxa.link.channel import LinkLostError
from coxa.link.discovery import Bluetooth, Sighting
from coxa.link.pieces import Pieces
from coxa_wire import gatt
from coxa_wire.line import BULK, CONTROL, LIVE, SYNC

CONNECT_S = 20.0
"""To connect, find the services and subscribe: some seconds where the radio is bad, and never forever."""
CLOSE_S = 5.0
"""To let go: the board notices by itself when the host does not manage to say so."""
WRITE_S = 30.0
"""After so long without an answer to a write, nothing more may be sent on a connection (Core 6.0, 3, F, 3.3.3)."""
WRITE_LEAST = gatt.MTU_LEAST - gatt.ATT_HEADER
WRITE_MOST = gatt.MTU_WANTED - gatt.ATT_HEADER
"""Bytes of one write: what every connection takes, and what a board may be given at once."""

_CHARACTERISTICS = {CONTROL: gatt.CONTROL, SYNC: gatt.SYNC, BULK: gatt.BULK, LIVE: gatt.LIVE}
_ADVICE = "Bring the board closer; what was stored stays, the rest can be fetched."


class BleChannel:
    """A `Channel` over a connection by bleak; made by `open_ble`.

    Attributes:
        received_at: see `Channel`.
    """

    def __init__(self, device: BLEDevice, board: str, backend: type[BaseBleakClient] | None = None) -> None:
        """Takes what to connect to, and what the user calls it."""
        self._client = BleakClient(device, self._disconnected, timeout=CONNECT_S, backend=backend)
        self._board = board
        self._on_lost: Callable[[], None] | None = None
        self._found: dict[str, BleakGATTCharacteristic] = {}
        self._arrivals = Arrivals()
        self._pieces = Pieces()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writing = asyncio.Lock()
        self.received_at = 0.0

    @property
    def mtu(self) -> int:
        """Of the connection, as far as it is known: some systems tell late or never, so notifications show it too."""
        sizes = [one.max_write_without_response_size for one in self._found.values()]
        return max(gatt.MTU_LEAST, gatt.ATT_HEADER + max([self._pieces.longest, *sizes]))

    @property
    def damaged(self) -> int:
        """Bytes of frames and fragments of blocks that could not be joined. Blocks are checked by who takes them."""
        return self._pieces.dropped

    @property
    def dropped(self) -> int:
        """Messages dropped since nobody took them in time; LIVE goes first, CONTROL last."""
        return self._arrivals.dropped

    async def send(self, channel: str, message: bytes) -> None:
        """See `Channel`."""
        if channel == SYNC:
            await self._write(SYNC, message, response=False)
            return
        async with self._writing:  # a frame in pieces must not be mixed with another
            size = min(max(self._found[channel].max_write_without_response_size, WRITE_LEAST), WRITE_MOST)
            for start in range(0, len(message), size):
                await self._write(channel, message[start : start + size], response=True)

    async def receive(self) -> tuple[str, bytes]:
        """See `Channel`. What came before the connection went is given out first."""
        channel, message, self.received_at = await self._arrivals.take()
        return channel, message

    async def close(self) -> None:
        """See `Channel`."""
        self._on_lost = None
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._client.disconnect()
        except Exception as error:  # it is gone either way; what is no complaint of Bluetooth is a mistake
            if explanation(error) is None:
                raise
        finally:
            self._disconnected()

    async def open(self, on_lost: Callable[[], None] | None = None) -> None:
        """Connects, finds the characteristics and asks for what the board sends. See `open_ble`."""
        with explained(self._board):
            async with asyncio.timeout(CONNECT_S):
                await self._client.connect()
                await self._subscribe()
        if self._lost.done():
            raise NotReachedError(f"{self._board} let go of the connection at once", _ADVICE)
        self._on_lost = on_lost

    async def _subscribe(self) -> None:
        offered = [one for one in self._client.services if one.uuid.lower() == gatt.SERVICE]
        by_uuid = {one.uuid.lower(): one for service in offered[:1] for one in service.characteristics}
        lacking = [gatt.name(uuid) for uuid in _CHARACTERISTICS.values() if uuid not in by_uuid]
        if lacking:
            raise foreign(self._board, "no " + ", ".join(lacking))
        self._found = {channel: by_uuid[uuid] for channel, uuid in _CHARACTERISTICS.items()}
        for channel, characteristic in self._found.items():
            await self._client.start_notify(characteristic, self._taker(channel))

    def _disconnected(self, _: BleakClient | None = None) -> None:
        if self._lost.done():
            return
        self._lost.set_result(None)
        self._arrivals.end()
        if self._on_lost is not None:
            self._on_lost()

    def _taker(self, channel: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        def take(_: BleakGATTCharacteristic, data: bytearray) -> None:
            now = asyncio.get_running_loop().time()
            for message in self._pieces.joined(channel, bytes(data), now):
                self._arrivals.put(channel, message, now)

        return take

    async def _write(self, channel: str, data: bytes, *, response: bool) -> None:
        """Writes, unless the connection goes or stands still meanwhile."""
        if self._lost.done():
            raise _gone(self._board)
        write = asyncio.ensure_future(self._client.write_gatt_char(self._found[channel], data, response=response))
        try:
            await asyncio.wait([write, self._lost], timeout=WRITE_S, return_when=asyncio.FIRST_COMPLETED)
            if not write.done():
                raise _gone(self._board)
            write.result()
        except CoxaError:
            raise
        except Exception as error:  # bleak fails in many ways where the connection goes meanwhile
            found = explanation(error, self._board)
            if found is None:
                raise
            raise (found if self._client.is_connected else _gone(self._board)) from error
        finally:
            write.cancel()
            write.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody else looks at it


async def open_ble(
    bluetooth: Bluetooth, board: Sighting | BLEDevice, on_lost: Callable[[], None] | None = None
) -> BleChannel:
    """Connects to a board and subscribes to all it sends; the first thing to say is HELLO.

    Args:
        bluetooth: of this host.
        board: as `scan` found it.
        on_lost: called once when the connection goes without `close`.

    Raises:
        NotReachedError: it is not there now, or the connection failed.
        ForeignBoardError: it does not offer what it should.
        BluetoothError: this computer's Bluetooth cannot be used.
    """
    device = board.device if isinstance(board, Sighting) else board
    name = (board.name if isinstance(board, Sighting) else device.name) or device.address
    channel = BleChannel(device, name, bluetooth.client)
    try:
        await channel.open(on_lost)
    except BaseException:
        await channel.close()
        raise
    return channel


def _gone(board: str) -> LinkLostError:
    return LinkLostError(f"the connection to {board} is gone", _ADVICE)
