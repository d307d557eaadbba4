"""InvenSense ICM-42688-P (datasheet DS-000347): ±500 deg/s, ±4 g, 100 Hz, FIFO of 2 kB whose packets have headers."""

import time

from micropython import const

from coxa_wire import SAMPLE_LENGTH

from .chip import Chip, put_axes
from .fault import ImuFault
from .registers import Registers

_DEVICE_CONFIG = const(0x11)
_FIFO_CONFIG = const(0x16)
_INT_STATUS = const(0x2D)
_FIFO_COUNT = const(0x2E)
_FIFO_DATA = const(0x30)
_SIGNAL_PATH_RESET = const(0x4B)
_REG_BANK_SEL = const(0x76)

_SOFT_RESET = const(0x01)
_RESET_MS = const(2)
_RESET_DONE = const(0x10)
_GYRO_START_MS = const(50)  # at least 45 by the datasheet
_STREAM = const(0x40)  # overwrites the oldest
_FIFO_FLUSH = const(0x02)

_PACKET = const(16)  # header, acc, gyro, temperature, timestamp
_ACC_AT = const(1)
_GYRO_AT = const(7)
_TEMPERATURE_AT = const(13)
_EMPTY = const(0x80)  # headers
_ACC_GYRO_TIMED = const(0x68)
_KIND = const(0xFC)  # without the two bits that tell of a new rate
# In a row: what is read are not headers. The first one after a flush is strange on some parts.
_STRANGE_HEADERS = const(3)


class ICM42688P(Chip):
    """A packet with a strange header or without a measurement (-32768) counts as one lost before the drain's samples.

    The chip has a register for the number of overwritten packets, but the datasheet does not say when it is cleared:
    not used. Its timestamps are constant steps: not used either.
    """

    NAME = "ICM-42688-P"
    WHO_AM_I = 0x47
    WHO_AM_I_REGISTER = 0x75
    ADDRESSES = (0x68, 0x69)
    RATE_HZ = 100.0
    DEPTH = 128
    GYRO_DPS_PER_LSB = 500 / 32768
    ACC_G_PER_LSB = 4 / 32768
    LOSS_AT_END = False

    PACKET = 16
    SETTLE_MS = 200
    SETUP = bytes((
        0x4D, 0x51,  # INTF_CONFIG1: adaptive full scale off; it freezes the gyroscope above 100 deg/s
        0x4C, 0x40,  # INTF_CONFIG0: little-endian, count in packets
        0x54, 0x23,  # TMST_CONFIG: timestamps, which give the header its known form
        0x4F, 0x48,  # GYRO_CONFIG0: 500 deg/s, 100 Hz
        0x50, 0x48,  # ACCEL_CONFIG0: 4 g, 100 Hz
        0x5F, 0x47,  # FIFO_CONFIG1: acc, gyro, temperature; a read may leave packets behind
        0x4E, 0x0F,  # PWR_MGMT0: both on, low noise; last, for 200 µs without writes must follow
    ))  # fmt: skip

    def __init__(self, registers: Registers) -> None:
        """Makes the buffers; speaks to nobody yet."""
        super().__init__(registers)
        self._astray = False  # the next byte in the FIFO may not be a header
        self._strange = 0  # headers in a row

    def reset(self) -> None:
        """Raises ImuFault, OSError."""
        self._registers.write(_REG_BANK_SEL, 0)  # a board reset may have left another bank selected
        self._registers.write(_DEVICE_CONFIG, _SOFT_RESET)
        time.sleep_ms(_RESET_MS)
        if not self._registers.read(_INT_STATUS) & _RESET_DONE:
            raise ImuFault("ICM-42688-P does not come out of its reset: switch it off and on")

    def start(self) -> None:
        """Starts the FIFO, empty. Raises OSError."""
        time.sleep_ms(_GYRO_START_MS)
        self._registers.write(_FIFO_CONFIG, _STREAM)
        self._registers.write(_SIGNAL_PATH_RESET, _FIFO_FLUSH)
        self._astray = False

    def drain(self, out: bytearray, room: int) -> int:
        """See the package."""
        self.clear()
        if self._astray:
            self._registers.write(_SIGNAL_PATH_RESET, _FIFO_FLUSH)
        self._registers.read_into(_FIFO_COUNT, self._pair)
        self.ticks = time.ticks_us()
        self.level = self._pair[0] | self._pair[1] << 8
        if self._astray or self.level >= self.DEPTH:
            self._astray = False
            self.lose(-1)
        take = min(self.level, room, len(self._views) - 1)
        self.emptied = take == self.level
        if take <= 0:
            return 0
        try:
            self._registers.read_into(_FIFO_DATA, self._views[take])
        except OSError:
            self._astray = True
            raise
        return self._unpack(out, take)

    def _unpack(self, out: bytearray, packets: int) -> int:
        buffer = self._buffer
        at = 0
        for i in range(0, _PACKET * packets, _PACKET):
            if buffer[i] == _EMPTY:
                self._strange += 1
                break
            if buffer[i] & _KIND != _ACC_GYRO_TIMED:
                self._strange += 1
                self.lose(1)
                continue
            self._strange = 0
            if _unmeasured(buffer, i + _ACC_AT):
                self.lose(1)
                continue
            if put_axes(out, at, buffer, i + _GYRO_AT, 0) | put_axes(out, at + 6, buffer, i + _ACC_AT, 0):
                self.clipped = True
            at += SAMPLE_LENGTH
            raw = buffer[i + _TEMPERATURE_AT]
            self.temperature_c = (raw - (256 if raw > 127 else 0)) * 100 // 207 + 25  # 2.07 LSB/°C, 0 at 25 °C
        if self._strange >= _STRANGE_HEADERS:
            self._strange = 0
            self._astray = True
        return at // SAMPLE_LENGTH


def _unmeasured(buffer: bytearray, i: int) -> bool:
    """Whether one of six little-endian s16 is -32768."""
    for j in range(i, i + 12, 2):  # noqa: SIM110 - a generator allocates
        if buffer[j] == 0 and buffer[j + 1] == 0x80:
            return True
    return False
