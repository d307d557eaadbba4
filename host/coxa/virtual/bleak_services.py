"""The services of a board as bleak shows them, found with Bumble's GATT client."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bumble import gatt
from bumble.core import UUID
from bumble.gatt_client import CharacteristicProxy, DescriptorProxy, ServiceProxy

from coxa.virtual.bleak_scanner import full

_PROPERTIES: dict[int, CharacteristicPropertyName] = {
    0x01: "broadcast",
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
    0x40: "authenticated-signed-writes",
    0x80: "extended-properties",
}
_INDICATE = b"\x02\x00"

Notified = Callable[[bytes], None]


class GattClient(Protocol):
    """What is used of Bumble's GATT client, whose own types are not complete. All of it raises as Bumble does."""

    notification_subscribers: dict[int, set[Notified]]
    indication_subscribers: dict[int, set[Notified]]

    async def request_mtu(self, mtu: int) -> int:
        """Agrees on an MTU, bytes."""
        ...

    async def discover_services(self) -> list[ServiceProxy]:
        """All services."""
        ...

    async def discover_characteristics(
        self, uuids: tuple[UUID, ...], service: ServiceProxy
    ) -> list[CharacteristicProxy[bytes]]:
        """Of a service; no UUIDs: all."""
        ...

    async def discover_descriptors(self, characteristic: CharacteristicProxy[bytes]) -> list[DescriptorProxy]:
        """Of a characteristic."""
        ...

    async def read_value(self, attribute: int) -> bytes:
        """Of a handle, however long."""
        ...

    async def write_value(self, attribute: int, value: bytes, with_response: bool) -> None:
        """Of a handle."""
        ...


async def discover(
    client: GattClient, room: Callable[[], int], only: Collection[str] | None
) -> BleakGATTServiceCollection:
    """Looks up services, characteristics and descriptors; raises as Bumble does.

    Args:
        client: of the connection.
        room: how many bytes a write without response may have.
        only: UUIDs of the services to show, None: all.
    """
    found = BleakGATTServiceCollection()
    for service in await client.discover_services():
        uuid = full(service.uuid)
        characteristics = await client.discover_characteristics((), service)
        for characteristic in characteristics:
            await client.discover_descriptors(characteristic)
            if characteristic.uuid == gatt.GATT_SERVICE_CHANGED_CHARACTERISTIC:
                await _follow_changes(client, characteristic)
        if only is None or uuid in only:
            shown = BleakGATTService(service, service.handle, uuid)
            found.add_service(shown)
            for characteristic in characteristics:
                _add(found, shown, characteristic, room)
    return found


async def _follow_changes(client: GattClient, changed: CharacteristicProxy[bytes]) -> None:
    """Asks to be told when the services change, as the operating systems do."""
    wish = changed.get_descriptor(gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR)
    if wish is not None:
        client.indication_subscribers.setdefault(changed.handle, set()).add(_changed)
        await client.write_value(wish.handle, _INDICATE, True)


def _changed(_range: bytes) -> None:
    """The services of a virtual board stay as they are while it is connected."""


def _add(
    found: BleakGATTServiceCollection,
    service: BleakGATTService,
    characteristic: CharacteristicProxy[bytes],
    room: Callable[[], int],
) -> None:
    names: list[CharacteristicPropertyName] = [
        name for bit, name in _PROPERTIES.items() if int(characteristic.properties) & bit
    ]
    shown = BleakGATTCharacteristic(
        characteristic, characteristic.handle, full(characteristic.uuid), names, room, service
    )
    found.add_characteristic(shown)
    for descriptor in characteristic.descriptors:
        found.add_descriptor(BleakGATTDescriptor(descriptor, descriptor.handle, full(descriptor.type), shown))
