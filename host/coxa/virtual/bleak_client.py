"""bleak's client over a virtual central."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_16
from bumble import att, core, hci
from bumble.device import Connection

from coxa.virtual.bleak_services import GattClient, Notified, discover

if TYPE_CHECKING:
    from coxa.virtual.central import Central

T = TypeVar("T")

DISCONNECT_S = 10.0
"""bleak gives BlueZ so long to end a connection."""
_HEADER = 3  # bytes of a write or notification that are not data
_CONFIGURATION = normalize_uuid_16(0x2902)


class Client(BaseBleakClient):
    """Use the one that a `Central` gives."""

    central: ClassVar[Central]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        services: set[str] | None = None,
        **_options: Any,
    ) -> None:
        """Takes what `BleakClient` passes on; options of operating systems have no effect."""
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._found = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._only = services
        self._connection: Connection | None = None
        self._ready = False
        self._operations: dict[Connection, set[asyncio.Task[Any]]] = {}
        self._cache: dict[int, bytes] = {}
        self._subscribers: dict[int, Notified] = {}

    @property
    def name(self) -> str:
        """As it advertises, else its address."""
        return (self._found and self._found.name) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """Bytes."""
        return self._connection.att_mtu if self._connection is not None else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        """Whether it is."""
        return self._connection is not None and self._ready

    async def connect(self, pair: bool, **_options: Any) -> None:
        """Connects, agrees on an MTU and looks up the services.

        Raises:
            TimeoutError: not within the time.
            BleakDeviceNotFoundError: nobody with the address was heard, where an address was given.
            BleakError: the link broke before all was done.
        """
        if self._connection is not None:
            raise BleakError("Client is already connected")
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self.central.connect(await self._address())
                self._take(connection)
                await self._get_ready(connection, pair)
                if self._connection is None:
                    raise BleakError("disconnected")
        except BaseException:
            unfinished, self._connection, self.services = self._connection, None, None
            if unfinished is not None:
                self.central.spawn(self._hang_up(unfinished))
            raise
        self._ready = True

    async def disconnect(self) -> None:
        """Ends the connection, if there is one; also if cancelled meanwhile."""
        if self._connection is not None:
            await self.central.finish(self._hang_up(self._connection))

    async def pair(self, *_args: Any, **_options: Any) -> None:
        """Pairs as Bumble does, without asking anybody."""
        await self._operate(self._need().pair())

    async def unpair(self) -> None:
        """There is no memory of pairings."""
        raise NotImplementedError("a virtual central keeps no pairings")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_options: Any
    ) -> bytearray:
        """Reads a characteristic. Raises as `_operate`."""
        return await self._read(characteristic.handle, use_cached)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_options: Any
    ) -> bytearray:
        """Reads a descriptor. Raises as `_operate`."""
        return await self._read(descriptor.handle, use_cached)

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """Writes a characteristic.

        Raises:
            BleakError: without response, and longer than one packet; else as `_operate`.
        """
        room = self.mtu_size - _HEADER
        if not response and len(bytes(data)) > room:
            raise BleakError(f"{len(bytes(data))} bytes do not fit into a write without response: {room} do")
        await self._write(characteristic.handle, bytes(data), response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Writes a descriptor. Raises as `_operate`."""
        await self._write(descriptor.handle, bytes(data), True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_options: Any
    ) -> None:
        """Subscribes to notifications, or to indications where there are none. Raises as `_operate`."""
        connection = self._need()
        loop = asyncio.get_running_loop()

        def notified(data: bytes) -> None:
            mangle = self.central.mangle
            for each in [data] if mangle is None else mangle(characteristic.uuid, data):
                loop.call_soon(callback, bytearray(each))  # what the callback raises is not the radio's affair

        await self._unsubscribe(characteristic)
        notify = "notify" in characteristic.properties
        client = _gatt(connection)
        where = client.notification_subscribers if notify else client.indication_subscribers
        where.setdefault(characteristic.handle, set()).add(notified)  # first: it may send before it answers
        self._subscribers[characteristic.handle] = notified
        try:
            await self._configure(characteristic, b"\x01\x00" if notify else b"\x02\x00")
        except BaseException:
            await self._unsubscribe(characteristic)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Ends a subscription. Raises as `_operate`."""
        self._need()
        await self._unsubscribe(characteristic)
        await self._configure(characteristic, b"\x00\x00")

    async def _address(self) -> hci.Address:
        if self._found is None:
            self._found = await BleakScanner.find_device_by_address(
                self.address, self._timeout, backend=self.central.scanner
            )
        if self._found is None:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        address: hci.Address = self._found.details
        return address

    def _take(self, connection: Connection) -> None:
        """Holds a connection from now on."""
        self._cache, self._subscribers = {}, {}
        connection.on(connection.EVENT_DISCONNECTION, partial(self._gone, connection))
        if self.central.device.lookup_connection(connection.handle) is not connection:
            raise BleakError("disconnected")
        self._connection = connection

    async def _get_ready(self, connection: Connection, pair: bool) -> None:
        client = _gatt(connection)
        if pair:
            await self.pair()
        if self.central.mtu > att.ATT_DEFAULT_MTU:
            await self._operate(client.request_mtu(self.central.mtu))
        self.services = await self._operate(discover(client, lambda: self.mtu_size - _HEADER, self._only))

    def _gone(self, connection: Connection, _reason: int) -> None:
        for operation in list(self._operations.pop(connection, set())):
            operation.cancel()
        if self._connection is not connection:
            return  # given up before
        ready, self._ready = self._ready, False
        self._connection = self.services = None
        if ready and self._disconnected_callback is not None:
            asyncio.get_running_loop().call_soon(self._disconnected_callback)

    async def _hang_up(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(DISCONNECT_S):
                await connection.disconnect()
        except (TimeoutError, hci.HCI_Error):  # it does not answer, or has gone meanwhile
            pass
        finally:
            if self._connection is connection:  # Bumble has not said so
                self._gone(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)

    def _need(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    async def _read(self, handle: int, use_cached: bool) -> bytearray:
        connection = self._need()
        if not use_cached or handle not in self._cache:
            self._cache[handle] = bytes(await self._operate(_gatt(connection).read_value(handle)))
        return bytearray(self._cache[handle])

    async def _write(self, handle: int, data: bytes, response: bool) -> None:
        await self._operate(_gatt(self._need()).write_value(handle, data, response))

    async def _configure(self, characteristic: BleakGATTCharacteristic, value: bytes) -> None:
        descriptor = characteristic.get_descriptor(_CONFIGURATION)
        if descriptor is None:
            raise BleakError(f"Characteristic {characteristic.uuid} does not notify")
        await self._write(descriptor.handle, value, True)

    async def _unsubscribe(self, characteristic: BleakGATTCharacteristic) -> None:
        notified = self._subscribers.pop(characteristic.handle, None)
        if self._connection is not None and notified is not None:
            client = _gatt(self._connection)
            for where in (client.notification_subscribers, client.indication_subscribers):
                where.get(characteristic.handle, set()).discard(notified)

    async def _operate(self, work: Coroutine[Any, Any, T]) -> T:
        """One request; it goes on when the caller is cancelled, since its answer must not become another one's.

        Raises:
            BleakGATTProtocolError: the other side refused.
            BleakError: the link broke meanwhile.
        """
        task = self.central.spawn(work)
        running = self._operations.setdefault(self._need(), set())
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.wait([task])
        if task.cancelled():
            raise BleakError("disconnected")
        try:
            return task.result()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (core.TimeoutError, core.ProtocolError) as error:
            raise BleakError(str(error)) from error


def _gatt(connection: Connection) -> GattClient:
    return cast(GattClient, connection.gatt_client)
