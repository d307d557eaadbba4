"""A computer's Bluetooth on the virtual air, or on any controller that Bumble can reach, for use with bleak.

`BleakScanner(…, backend=central.scanner)` and `BleakClient(device, backend=central.client)` then behave as with the
Bluetooth of an operating system: its errors, its order of events, its patience.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from bumble import core, hci
from bumble.device import Advertisement, Connection, Device
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink, Transport

from coxa.virtual.air import Air
from coxa.virtual.bleak_client import Client
from coxa.virtual.bleak_scanner import Scanner
from coxa.virtual.controller import AirController

T = TypeVar("T")

MTU = 517
"""What BlueZ and macOS ask for: the longest attribute (512) and the header of its longest message (5)."""
INITIATE_S = 2.0
"""The controller waits so long for the next advertisement of somebody just heard, then others get their turn."""
_OFF = "Bluetooth device is turned off"

Mangle = Callable[[str, bytes], list[bytes]]


class Central:
    """Call `start` first.

    Attributes:
        scanner, client: backend classes for bleak, bound to this central.
        mtu: that the client asks for, bytes; 23: it does not ask.
        mangle: if set, what becomes of a notification (UUID of the characteristic, data): any number in its place.
    """

    def __init__(self, air_or_transport: Air | Transport, name: str, address: str) -> None:
        """Takes the air, or Bumble's way to a controller elsewhere."""
        self.mtu = MTU
        self.mangle: Mangle | None = None

        class BoundScanner(Scanner):
            central = self

        class BoundClient(Client):
            central = self

        self.scanner: type[BaseBleakScanner] = BoundScanner
        self.client: type[BaseBleakClient] = BoundClient
        self._where = air_or_transport
        self._name = name
        self._address = address
        self._device: Device | None = None
        self._transport: Transport | None = None
        self._controller: AirController | None = None
        self._listeners: dict[Callable[[Advertisement], None], bool] = {}
        self._scanning = asyncio.Lock()
        self._initiating = asyncio.Lock()
        self._background: set[asyncio.Task[Any]] = set()

    @property
    def device(self) -> Device:
        """Bumble's host.

        Raises:
            BleakBluetoothNotAvailableError: it is switched off.
        """
        if self._device is None:
            raise BleakBluetoothNotAvailableError(_OFF, BleakBluetoothNotAvailableReason.POWERED_OFF)
        return self._device

    async def start(self) -> None:
        """Switches it on."""
        address = hci.Address(self._address)
        if isinstance(self._where, Air):
            self._controller = AirController(self._where, self._name, self._address)
            host = Host(self._controller, AsyncPipeSink(self._controller))
            self._device = Device(name=self._name, address=address, host=host)
        else:
            self._transport = self._where
            self._device = Device.with_hci(self._name, address, self._transport.source, self._transport.sink)
        self._device.on(Device.EVENT_ADVERTISEMENT, self._heard)
        await self._device.power_on()

    async def stop(self) -> None:
        """Switches it off: connections end here at once, there after the supervision timeout."""
        device, self._device = self._device, None
        if device is None:
            return
        self._listeners.clear()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await device.power_off()
        if isinstance(self._where, Air) and self._controller is not None:
            self._where.remove_controller(self._controller)
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def listen(self, heard: Callable[[Advertisement], None], active: bool) -> None:
        """Gives advertisements to `heard` until `ignore`; `active`: with their scan responses. Raises as `device`."""
        if self.device:
            self._listeners[heard] = active
        await self.finish(self._scan())

    async def ignore(self, heard: Callable[[Advertisement], None]) -> None:
        """No longer."""
        self._listeners.pop(heard, None)
        await self.finish(self._scan())

    async def connect(self, address: hci.Address) -> Connection:
        """Connects as soon as an advertisement is heard; waits for ever, so give it a limit from outside.

        A cancelled attempt leaves nothing behind, even if it succeeded at the same moment.

        Raises:
            BleakBluetoothNotAvailableError: it is switched off, or was meanwhile.
        """
        while True:
            await self._wait_for(address)
            enough = asyncio.Event()
            attempt = self.spawn(self._initiate(address, enough))
            try:
                connection = await _result(attempt)
            except asyncio.CancelledError:
                enough.set()
                self.spawn(self._discard(attempt))
                raise
            if connection is not None:
                return connection

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for something that goes on to its end when the caller is cancelled: half a command confuses Bumble.

        Raises:
            BleakBluetoothNotAvailableError: it was switched off meanwhile.
        """
        return await _result(self.spawn(work))

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts something that lasts no longer than the central."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _heard(self, advertisement: Advertisement) -> None:
        for heard in list(self._listeners):
            heard(advertisement)

    async def _scan(self) -> None:
        """Sets the controller to what the listeners want."""
        async with self._scanning:
            device = self._device
            if device is None:
                return
            active = any(self._listeners.values())
            if device.scanning and (not self._listeners or device.scanning_is_passive == active):
                await device.stop_scanning()
            if self._listeners and not device.scanning:
                await device.start_scanning(active=active, filter_duplicates=False)

    async def _wait_for(self, address: hci.Address) -> None:
        there = asyncio.Event()

        def heard(advertisement: Advertisement) -> None:
            if advertisement.address == address and advertisement.is_connectable:
                there.set()

        try:
            await self.listen(heard, active=False)
            await there.wait()
        finally:
            self._listeners.pop(heard, None)
            self.spawn(self._scan())

    async def _initiate(self, address: hci.Address, enough: asyncio.Event) -> Connection | None:
        """One attempt, for a short time, since the controller can only do one at a time; None: it failed."""
        async with self._initiating:
            connecting = asyncio.create_task(self.device.connect(address, timeout=None))
            giving_up = asyncio.create_task(enough.wait())
            await asyncio.wait([connecting, giving_up], timeout=INITIATE_S, return_when=asyncio.FIRST_COMPLETED)
            giving_up.cancel()
            if not connecting.done():
                with contextlib.suppress(hci.HCI_Error):  # it has connected in the meantime
                    await self.device.send_sync_command(_give_up())
            try:
                return await connecting
            except core.ConnectionError:
                return None

    async def _discard(self, attempt: asyncio.Task[Connection | None]) -> None:
        """Ends the connection that nobody wants any more."""
        connection = await attempt
        if connection is not None:
            with contextlib.suppress(hci.HCI_Error):  # it has ended by itself
                await connection.disconnect()


async def _result(task: asyncio.Task[T]) -> T:
    """Waits for a task of the central; it goes on when the caller is cancelled."""
    await asyncio.wait([task])
    if task.cancelled():
        raise BleakBluetoothNotAvailableError(_OFF, BleakBluetoothNotAvailableReason.POWERED_OFF)
    return task.result()


def _give_up() -> hci.HCI_SyncCommand[hci.HCI_StatusReturnParameters]:
    """Not by Bumble's own method, which does nothing while the command to connect is on its way."""
    return cast(Any, hci.HCI_LE_Create_Connection_Cancel_Command)()  # type: ignore[no-any-return]
