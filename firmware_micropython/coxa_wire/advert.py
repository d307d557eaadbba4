"""What a board says to everybody in range: advertising data and scan response. Specified in docs/wire.md."""

import struct

from . import gatt
from .errors import FIELD, LENGTH, WireError
from .version import VERSION_MAJOR, check_major

LONGEST = 31  # bytes of legacy advertising data, and of a scan response (Bluetooth Core 6.0, vol. 6, part B, 2.3)
NAME_LONGEST = 8  # bytes: what flags (3) and the 128-bit service UUID (18) leave, less 2 of its own
COMPANY = 0xFFFF  # for products without an identifier of their own

FLAGS = 0x01
SERVICES_128 = 0x07
NAME = 0x09
MANUFACTURER = 0xFF
_GENERAL_NO_CLASSIC = 0x06  # found by everybody; no classic Bluetooth

_STATUS = "<BBBB2s"
_STATUS_LENGTH = 6


class Status:
    """What a board says of itself to everybody in range.

    Attributes:
        state: 0 idle, 1 recording, 2 closed and not yet fetched.
        battery_percent: 0-100; 0 where not measured.
        pending: sessions not yet fetched, 255 for that many or more.
        uid16: the last 2 bytes of the board's uid.
    """

    def __init__(self, state: int, battery_percent: int, pending: int, uid16: bytes) -> None:
        """Takes the attributes."""
        self.state = state
        self.battery_percent = battery_percent
        self.pending = pending
        self.uid16 = uid16


def advertising_data(name: str) -> bytes:
    """Flags, service UUID and as much of the name as fits; at most 31 bytes."""
    return (
        _field(FLAGS, bytes([_GENERAL_NO_CLASSIC]))
        + _field(SERVICES_128, gatt.uuid_bytes(gatt.SERVICE))
        + _field(NAME, _shortened(name))
    )


def scan_response(status: Status) -> bytes:
    """The status as manufacturer data; what does not fit its field is given as the highest value."""
    values = [min(max(value, 0), 255) for value in (status.state, status.battery_percent, status.pending)]
    payload = struct.pack("<H", COMPANY) + struct.pack(_STATUS, VERSION_MAJOR, *values, status.uid16)
    return _field(MANUFACTURER, payload)


def decode_status(payload: bytes) -> Status:
    """The status from manufacturer data without the company number; what a newer minor version adds is ignored.

    Raises:
        WireError: reason `version` or `length`. Other makers use the same company number: check the service UUID.
    """
    if payload:
        check_major(payload[0], "board")
    if len(payload) < _STATUS_LENGTH:
        raise WireError(LENGTH, f"the status in an advertisement has {_STATUS_LENGTH} bytes, this one {len(payload)}")
    values = struct.unpack(_STATUS, payload[:_STATUS_LENGTH])
    return Status(values[1], values[2], values[3], values[4])


def fields(data: bytes) -> list[tuple[int, bytes]]:
    """Type and content of each field of advertising data or a scan response, in order.

    Raises:
        WireError: reason `field`: a field is longer than what is left.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data) and data[at]:  # a length of zero ends the data early
        end = at + 1 + data[at]
        if end > len(data):
            raise WireError(FIELD, "a field of an advertisement is longer than the advertisement")
        found.append((data[at + 1], data[at + 2 : end]))
        at = end
    return found


def _field(kind: int, content: bytes) -> bytes:
    return bytes([1 + len(content), kind]) + content


def _shortened(name: str) -> bytes:
    """As many whole characters as fit."""
    while len(name.encode()) > NAME_LONGEST:
        name = name[:-1]
    return name.encode()
