"""The registers of one chip on an I2C bus, read and written through buffers made once; and a stuck bus set free."""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import I2C, Pin

_RECOVERY_PULSES = const(9)  # a byte and its acknowledge: after these a chip has let go of SDA
_HALF_PERIOD_US = const(5)  # 100 kHz, which every I2C chip follows


class Registers:
    """One chip. All methods raise OSError where the bus does: 19 no acknowledge, 110 timeout."""

    def __init__(self, bus: I2C, address: int) -> None:
        """Takes the bus; only its `readfrom_mem_into` and `writeto_mem` are used."""
        self._bus = bus
        self._address = address
        self._byte = bytearray(1)

    def read(self, register: int) -> int:
        """One register, 0-255."""
        self._bus.readfrom_mem_into(self._address, register, self._byte)  # pyright: ignore[reportUnknownMemberType]
        return self._byte[0]

    def read_into(self, register: int, buffer: bytearray | memoryview) -> None:
        """Fills the buffer in one transfer, from this register on."""
        self._bus.readfrom_mem_into(self._address, register, buffer)  # pyright: ignore[reportUnknownMemberType]

    def write(self, register: int, value: int) -> None:
        """One register, 0-255."""
        self._byte[0] = value
        self._bus.writeto_mem(self._address, register, self._byte)  # pyright: ignore[reportUnknownMemberType]

    def write_all(self, pairs: bytes) -> None:
        """Writes `register, value, register, value …` in this order."""
        for i in range(0, len(pairs), 2):
            self.write(pairs[i], pairs[i + 1])

    def hold(self, pairs: bytes) -> bool:
        """Whether the registers read back as `register, value, register, value …`."""
        for i in range(0, len(pairs), 2):  # noqa: SIM110 - a generator allocates
            if self.read(pairs[i]) != pairs[i + 1]:
                return False
        return True

    def wait_clear(self, register: int, mask: int, timeout_ms: int) -> bool:
        """Waits until these bits are 0; False when they still are not at the timeout."""
        for _ in range(timeout_ms):
            if not self.read(register) & mask:
                return True
            time.sleep_ms(1)
        return False


def recover(scl: Pin, sda: Pin) -> bool:
    """Frees a bus whose data line a chip holds low, as after a reset of the board in mid-transfer.

    Takes the two lines, which have pull-ups; afterwards the I2C must be made anew with the same id, for it has lost its
    pins.
    Clocks until the chip lets go, then ends with a stop condition (NXP UM10204, section 3.1.16).

    Returns whether the data line is free.
    """
    sda.init(sda.OPEN_DRAIN, value=1)
    scl.init(scl.OPEN_DRAIN, value=1)
    for _ in range(_RECOVERY_PULSES):
        if sda.value():
            break
        scl.value(0)
        time.sleep_us(_HALF_PERIOD_US)
        scl.value(1)
        time.sleep_us(_HALF_PERIOD_US)
    sda.value(0)
    time.sleep_us(_HALF_PERIOD_US)
    sda.value(1)
    time.sleep_us(_HALF_PERIOD_US)
    return bool(sda.value())
