"""The GATT table of docs/wire.md in the form MicroPython's `bluetooth` registers."""

import bluetooth
from micropython import const

from coxa_wire import gatt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coxa_wire import Info

_READ = const(0x02)
_WRITE_NO_RESPONSE = const(0x04)
_WRITE = const(0x08)
_NOTIFY = const(0x10)
_INDICATE = const(0x20)

_CONTROL_BUFFER = const(256)  # bytes: one write at the largest MTU; a longer frame comes in several writes
_SYNC_BUFFER = const(20)


class Handles:
    """Of the characteristics."""

    def __init__(self, registered: tuple[tuple[int, ...], ...]) -> None:
        """Takes what `gatts_register_services` returned."""
        self.info, self.control, self.live, self.bulk, self.sync = registered[0]
        (self.battery,) = registered[1]
        self.model, self.serial, self.firmware = registered[2]


def register(radio: Any) -> Handles:
    """Registers the services; the radio must be active.

    Raises:
        OSError: the radio does not take them.
    """
    uuid = bluetooth.UUID
    board = (
        (uuid(gatt.INFO), _READ),
        (uuid(gatt.CONTROL), _WRITE | _INDICATE),
        (uuid(gatt.LIVE), _NOTIFY),
        (uuid(gatt.BULK), _NOTIFY),
        (uuid(gatt.SYNC), _WRITE_NO_RESPONSE | _NOTIFY),
    )
    battery = ((uuid(gatt.BATTERY_LEVEL), _READ | _NOTIFY),)
    device = ((uuid(gatt.MODEL), _READ), (uuid(gatt.SERIAL), _READ), (uuid(gatt.FIRMWARE), _READ))
    handles = Handles(
        radio.gatts_register_services(
            (
                (uuid(gatt.SERVICE), board),
                (uuid(gatt.BATTERY_SERVICE), battery),
                (uuid(gatt.DEVICE_SERVICE), device),
            )
        )
    )
    radio.gatts_set_buffer(handles.control, _CONTROL_BUFFER, True)
    radio.gatts_set_buffer(handles.sync, _SYNC_BUFFER)
    return handles


def describe(radio: Any, handles: Handles, info: Info) -> None:
    """Writes what does not change: model, serial number, firmware version."""
    radio.gatts_write(handles.model, b"Coxa")
    radio.gatts_write(handles.serial, info.uid.hex().encode())
    radio.gatts_write(handles.firmware, ".".join([str(number) for number in info.firmware]).encode())
