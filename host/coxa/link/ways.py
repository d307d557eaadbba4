"""The ways to a known board: through the air, or by its cable."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from coxa.link.channel import Channel, LinkLostError
from coxa.link.discovery import Bluetooth, Sighting, scan
from coxa.link.known import KnownBoard
from coxa.link.radio import open_ble
from coxa.link.status import BoardStatus
from coxa_wire import advert

SEARCH_S = 5.0
"""One search; boards advertise every 0.15 s, so it ends long before where the board is in range."""


@dataclass(slots=True)
class ByAir:
    """Through the air. Boards are searched for and connected one after the other: an adapter does one at a time.

    Attributes:
        board: which one.
        bluetooth: of this computer.
        turn: shared by all boards of this computer.
        status: is told the strength of the signal and the battery.
    """

    board: KnownBoard
    bluetooth: Bluetooth
    turn: asyncio.Lock
    status: BoardStatus
    _seen: Sighting | None = None
    _others: set[str] = field(default_factory=set[str])

    async def find(self) -> bool:
        """See `Way`."""
        async with self.turn:
            found = [one for one in await scan(self.bluetooth, SEARCH_S, until=self._meant) if self._meant(one)]
        if not found:
            self._others.clear()  # an address that was another board's may be this one's by now
            return False
        self._seen = found[0]
        self.status.rssi, self.status.battery_percent = self._seen.rssi, self._seen.battery_percent or None
        return True

    async def open(self) -> Channel:
        """See `Way`."""
        if self._seen is None:
            raise LinkLostError(f"{self.board.name} has not been found yet")
        async with self.turn:
            return await open_ble(self.bluetooth, self._seen)

    def not_meant(self) -> None:
        """What was opened last is another board; it is passed over from now on."""
        if self._seen is not None:
            self._others.add(self._seen.address)

    def _meant(self, sighting: Sighting) -> bool:
        """By the end of the uid; by the name where this computer does not hear the uid."""
        if sighting.address in self._others:
            return False
        if sighting.uid16 is not None:
            return sighting.uid16 == self.board.uid[-4:]
        return sighting.name == self.board.name.encode()[: advert.NAME_LONGEST].decode(errors="ignore")


@dataclass(slots=True)
class ByCable:
    """By a serial port."""

    board: KnownBoard
    port: str

    async def find(self) -> bool:
        """See `Way`."""
        from coxa.link.serial import present

        if present(self.port):
            return True
        await asyncio.sleep(SEARCH_S / 5)
        return False

    async def open(self) -> Channel:
        """See `Way`."""
        from coxa.link.serial import open_serial

        return await open_serial(self.port)

    def not_meant(self) -> None:
        """There is but one board at a port: it is looked at again when another is plugged in."""
