"""The GATT table: what a board offers over Bluetooth Low Energy. Specified in docs/wire.md."""

SERVICE = "7a8e0001-5c3f-4b6e-9d21-4f1a6c0e8b57"
INFO = "7a8e0002-5c3f-4b6e-9d21-4f1a6c0e8b57"  # read
CONTROL = "7a8e0003-5c3f-4b6e-9d21-4f1a6c0e8b57"  # write, indicate: commands and answers
LIVE = "7a8e0004-5c3f-4b6e-9d21-4f1a6c0e8b57"  # notify: blocks as they are recorded
BULK = "7a8e0005-5c3f-4b6e-9d21-4f1a6c0e8b57"  # notify: blocks that were asked for
SYNC = "7a8e0006-5c3f-4b6e-9d21-4f1a6c0e8b57"  # write without response, notify: the board's clock

# Assigned by the Bluetooth SIG (Assigned Numbers, sections 3.4 and 3.8).
BATTERY_SERVICE = 0x180F
BATTERY_LEVEL = 0x2A19  # read, notify: %
DEVICE_SERVICE = 0x180A
MODEL = 0x2A24
SERIAL = 0x2A25
FIRMWARE = 0x2A26

ATT_HEADER = 3  # bytes of each notification and write that are not payload: payload = MTU - 3
MTU_LEAST = 23  # of every connection, until a larger one is agreed
MTU_WANTED = 247  # one packet of the link layer with data length extension: 244 bytes of payload

_NAMES = {SERVICE: "coxa", INFO: "info", CONTROL: "control", LIVE: "live", BULK: "bulk", SYNC: "sync"}
_SHORT = {
    BATTERY_SERVICE: "battery",
    BATTERY_LEVEL: "battery level",
    DEVICE_SERVICE: "device information",
    MODEL: "model",
    SERIAL: "serial number",
    FIRMWARE: "firmware",
}


def full(uuid: int) -> str:
    """A 16-bit UUID written out, as most host software wants it."""
    return f"{uuid:08x}-0000-1000-8000-00805f9b34fb"


def name(uuid: str | int) -> str:
    """Short name of a service or characteristic, for messages; the UUID itself where it is not one of these."""
    if isinstance(uuid, int):
        return _SHORT.get(uuid) or full(uuid)
    for number, short in _SHORT.items():
        if full(number) == uuid.lower():
            return short
    return _NAMES.get(uuid.lower(), uuid)


def uuid_bytes(uuid: str) -> bytes:
    """The 16 bytes of a UUID in the order of the air: the last one first."""
    digits = uuid.replace("-", "")
    return bytes([int(digits[i : i + 2], 16) for i in range(30, -1, -2)])
