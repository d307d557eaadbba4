"""Which boards are in range: found by the service they offer, never by an address, which some systems hide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

from coxa.link.advice import AmbiguousBoardError, NotReachedError, explained
from coxa_wire import WireError, advert, gatt


@dataclass(frozen=True, slots=True)
class Bluetooth:
    """The host's Bluetooth: backends of bleak, None for the operating system's."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A board as it was last seen. What it has not said (yet) is None.

    Attributes:
        name: its first 8 bytes, as the board sends no more.
        address: by which this computer knows it; on macOS one of its own making.
        uid16: last 2 bytes of its uid, in hex.
        state: 0 idle, 1 recording, 2 closed and not yet fetched.
        battery_percent: 0-100; 0 where not measured.
        pending: sessions not yet fetched.
        rssi: strength of the latest signal, dBm.
        device: to connect to.
        malformed: advertisements whose status could not be read.
    """

    name: str | None
    address: str
    uid16: str | None
    state: int | None
    battery_percent: int | None
    pending: int | None
    rssi: int
    device: BLEDevice
    malformed: int = 0

    @property
    def label(self) -> str:
        """What to call it before the user."""
        return " ".join(part for part in (self.name, self.uid16 and f"({self.uid16})") if part) or self.address


async def scan(
    bluetooth: Bluetooth,
    seconds: float,
    on_sighting: Callable[[Sighting], None] | None = None,
    *,
    until: Callable[[Sighting], bool] | None = None,
) -> list[Sighting]:
    """Boards in range that nobody is connected to, the nearest first.

    Args:
        bluetooth: of this host.
        seconds: to listen; boards advertise every 0.25-1 s.
        on_sighting: told each board when it is first seen and whenever it says something new.
        until: ends the scan early, as soon as it is true of a board.

    Raises:
        BluetoothError: this computer's Bluetooth cannot be used.
    """
    found: dict[str, Sighting] = {}
    enough = asyncio.Event()

    def take(device: BLEDevice, data: AdvertisementData) -> None:
        before = found.get(device.address)
        now = found[device.address] = _seen(before, device, data)
        if on_sighting is not None and (before is None or now != replace(before, rssi=now.rssi, device=now.device)):
            on_sighting(now)
        if until is not None and until(now):
            enough.set()

    with explained():
        # Some systems pass on what other programs scan for: bleak leaves out whatever does not offer the service.
        async with BleakScanner(take, [gatt.SERVICE], backend=bluetooth.scanner):
            waiting = asyncio.ensure_future(enough.wait())
            try:
                await asyncio.wait([waiting], timeout=seconds)
            finally:
                waiting.cancel()
    return sorted(found.values(), key=lambda one: -one.rssi)


def choose(sightings: Sequence[Sighting], wanted: str | None = None) -> Sighting:
    """The board that is meant.

    Args:
        sightings: boards in range.
        wanted: its name, or last 4 digits of its uid, or address, in any case; None where there is but one.

    Raises:
        NotReachedError: none is.
        AmbiguousBoardError: more than one is.
    """
    meant = [one for one in sightings if wanted is None or _is(one, wanted)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        seen = ", ".join(f"{one.label} at {one.address}" for one in meant)
        what = f"{len(meant)} boards are in range" if wanted is None else f"{len(meant)} boards are called {wanted}"
        raise AmbiguousBoardError(f"{what}: {seen}", "Say which one by the 4 digits in brackets, or by its address.")
    others = ", ".join(one.label for one in sightings)
    raise NotReachedError(
        f"{'no board' if wanted is None else f'no board {wanted}'} is in range{f', only {others}' if others else ''}",
        "Switch it on or press its button, bring it closer, and end what else is connected to it.",
    )


def _is(sighting: Sighting, wanted: str) -> bool:
    named = (wanted.encode()[: advert.NAME_LONGEST].decode(errors="ignore"), wanted)
    told = [one.lower() for one in (sighting.name, sighting.uid16, sighting.address) if one]
    return any(one.lower() in told for one in named)


def _seen(before: Sighting | None, device: BLEDevice, data: AdvertisementData) -> Sighting:
    """What is known of a board now: some systems give advertisement and scan response one after the other."""
    if before is None:
        before = Sighting(None, device.address, None, None, None, None, data.rssi, device)
    now = replace(before, name=_printable(data.local_name) or before.name, rssi=data.rssi, device=device)
    payload = data.manufacturer_data.get(advert.COMPANY)
    if payload is None:
        return now
    try:
        status = advert.decode_status(payload)
    except WireError:
        return replace(now, malformed=now.malformed + 1)
    return replace(
        now,
        uid16=status.uid16.hex(),
        state=status.state,
        battery_percent=status.battery_percent,
        pending=status.pending,
    )


def _printable(name: str | None) -> str | None:
    """Anybody can advertise any name: what would move a terminal's cursor does not reach it."""
    return name and "".join(c if c.isprintable() else "\ufffd" for c in name)
