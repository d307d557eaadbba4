"""Stands in for BlueZ on the bus named by DBUS_SYSTEM_BUS_ADDRESS: `python bluez_service.py none|off|on`.

Offers what BlueZ's documentation says of org.bluez.Adapter1 and Device1, as far as a scan uses it: no adapter, one that
is switched off, or one that soon finds two boards, the second with a status of a version that does not exist yet.
"""

import asyncio
import sys

from dbus_fast import BusType, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from coxa_wire import advert, gatt

ADAPTER = "/org/bluez/hci0"
LONGEST_S = 60
"""It ends by itself after so long."""
readable = dbus_property(access=PropertyAccess.READ)


class Adapter(ServiceInterface):
    def __init__(self, powered, found):
        super().__init__("org.bluez.Adapter1")
        self._powered, self._found = powered, found

    @dbus_method()
    def SetDiscoveryFilter(self, properties: "a{sv}"):  # noqa: F722, N802
        pass

    @dbus_method()
    def StartDiscovery(self):  # noqa: N802
        asyncio.get_running_loop().call_later(0.05, self._found)

    @dbus_method()
    def StopDiscovery(self):  # noqa: N802
        pass

    @readable
    def Powered(self) -> "b":  # noqa: F821, N802
        return self._powered

    @readable
    def Address(self) -> "s":  # noqa: F821, N802
        return "00:11:22:33:44:55"

    @readable
    def Roles(self) -> "as":  # noqa: F722, N802
        return ["central"]


class Device(ServiceInterface):
    def __init__(self, address, name, payload):
        super().__init__("org.bluez.Device1")
        self._address, self._name, self._payload = address, name, payload

    @readable
    def Address(self) -> "s":  # noqa: F821, N802
        return self._address

    @readable
    def Name(self) -> "s":  # noqa: F821, N802
        return self._name

    @readable
    def Alias(self) -> "s":  # noqa: F821, N802
        return self._name

    @readable
    def RSSI(self) -> "n":  # noqa: F821, N802
        return -61

    @readable
    def Connected(self) -> "b":  # noqa: F821, N802
        return False

    @readable
    def Adapter(self) -> "o":  # noqa: F821, N802
        return ADAPTER

    @readable
    def UUIDs(self) -> "as":  # noqa: F722, N802
        return [gatt.SERVICE]

    @readable
    def ManufacturerData(self) -> "a{qv}":  # noqa: F722, N802
        return {advert.COMPANY: Variant("ay", self._payload)}


async def main(how):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    ((_, data),) = advert.fields(advert.scan_response(advert.Status(0, 80, 2, bytes.fromhex("cdef"))))
    status = data[2:]

    def found():
        boards = {"AA": ("thigh-L", status), "BB": ("thigh-R", bytes([99]) + status[1:])}
        for end, (name, payload) in boards.items():
            device = Device(f"AA:BB:CC:DD:EE:{end}", name, payload)
            bus.export(f"{ADAPTER}/dev_AA_BB_CC_DD_EE_{end}", device)

    if how != "none":
        bus.export(ADAPTER, Adapter(how == "on", found))
    await bus.request_name("org.bluez")
    print("ready", flush=True)
    await asyncio.sleep(LONGEST_S)


asyncio.run(main(sys.argv[1]))
