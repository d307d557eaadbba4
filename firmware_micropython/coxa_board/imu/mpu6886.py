"""InvenSense MPU6886 (datasheet DS-000193): ±500 deg/s, ±4 g, 100 Hz, FIFO of 1 kB without headers."""

import time

from micropython import const

from coxa_wire import SAMPLE_LENGTH

from .chip import Chip, put_axes
from .registers import Registers

_FIFO_EN = const(0x23)
_USER_CTRL = const(0x6A)
_PWR_MGMT_1 = const(0x6B)
_FIFO_COUNT = const(0x72)
_FIFO_R_W = const(0x74)

_DEVICE_RESET = const(0x80)
_RESET_MS = const(100)
_AWAKE = const(0x01)  # out of the sleep after reset, clock from the gyroscope's PLL
_WAKE_MS = const(50)
_FIFO_ON_AND_EMPTY = const(0x44)
_GYRO_AND_ACC = const(0x18)

_PACKET = const(14)  # acc, temperature, gyro; big-endian
_TEMPERATURE_AT = const(6)
_GYRO_AT = const(8)
_FULL = const(1008)  # bytes, 72 packets: the next but one may be cut


class MPU6886(Chip):
    """Its FIFO stops when full: the old samples stay whole, and the gap is where they end.

    A full FIFO is frozen, emptied over as many drains as it takes, then started anew: after the last of these drains
    the loss is told. Bytes have no mark of what they are, so after a broken transfer the FIFO is started anew as well.
    """

    NAME = "MPU6886"
    WHO_AM_I = 0x19
    WHO_AM_I_REGISTER = 0x75
    ADDRESSES = (0x68,)
    RATE_HZ = 100.0
    DEPTH = 73
    GYRO_DPS_PER_LSB = 500 / 32768
    ACC_G_PER_LSB = 4 / 32768
    LOSS_AT_END = True

    PACKET = 14
    SETTLE_MS = 120
    SETUP = bytes((
        0x6B, _AWAKE,
        0x6C, 0x00,  # PWR_MGMT_2: all axes on
        0x1A, 0x43,  # CONFIG: stop when full, gyroscope low-pass 41 Hz; bit 7 must be 0 and resets to 1
        0x19, 0x09,  # SMPLRT_DIV: 1 kHz / 10
        0x1B, 0x08,  # GYRO_CONFIG: 500 deg/s
        0x1C, 0x08,  # ACCEL_CONFIG: 4 g
        0x1D, 0x03,  # ACCEL_CONFIG2: low-pass 45 Hz
        0x69, 0x02,  # ACCEL_INTEL_CTRL: the datasheet asks for OUTPUT_LIMIT
    ))  # fmt: skip

    def __init__(self, registers: Registers) -> None:
        """Makes the buffers; speaks to nobody yet."""
        super().__init__(registers)
        self._frozen = False
        self._astray = False  # the next byte in the FIFO may not be the first of a packet

    def reset(self) -> None:
        """Raises OSError."""
        self._registers.write(_PWR_MGMT_1, _DEVICE_RESET)
        time.sleep_ms(_RESET_MS)
        self._registers.write(_PWR_MGMT_1, _AWAKE)
        time.sleep_ms(_WAKE_MS)

    def rest(self) -> None:
        """Raises OSError."""
        self._registers.write(_PWR_MGMT_1, _DEVICE_RESET)  # which leaves it asleep

    def start(self) -> None:
        """Starts the FIFO, empty. Raises OSError."""
        self._astray = True
        self._registers.write(_FIFO_EN, 0)
        self._registers.write(_USER_CTRL, _FIFO_ON_AND_EMPTY)
        self._registers.write(_FIFO_EN, _GYRO_AND_ACC)
        self._astray = False
        self._frozen = False

    def drain(self, out: bytearray, room: int) -> int:
        """See the package."""
        self.clear()
        self.level = 0
        if self._astray:
            self._restart()
            return 0
        count = self._count()
        if count >= _FULL and not self._frozen:
            self._registers.write(_FIFO_EN, 0)
            self._frozen = True
            count = self._count()
        self.level = count // _PACKET
        take = min(self.level, room, len(self._views) - 1)
        self.emptied = take == self.level and not self._frozen
        if take > 0:
            try:
                self._registers.read_into(_FIFO_R_W, self._views[take])
            except OSError:
                self._astray = True
                raise
            self._unpack(out, take)
        if self._frozen and take == self.level:
            try:
                self._restart()
            except OSError:
                self._astray = True  # these samples are good; the next drain tries again and tells of the loss
        return take

    def _restart(self) -> None:
        self.start()
        self.lose(-1)

    def _count(self) -> int:
        self._registers.read_into(_FIFO_COUNT, self._pair)
        self.ticks = time.ticks_us()
        return self._pair[0] << 8 | self._pair[1]

    def _unpack(self, out: bytearray, packets: int) -> None:
        buffer = self._buffer
        at = 0
        for i in range(0, _PACKET * packets, _PACKET):
            if put_axes(out, at, buffer, i + _GYRO_AT, 1) | put_axes(out, at + 6, buffer, i, 1):
                self.clipped = True
            at += SAMPLE_LENGTH
        i = _PACKET * (packets - 1) + _TEMPERATURE_AT
        raw = buffer[i] << 8 | buffer[i + 1]
        if raw > 32767:
            raw -= 65536
        self.temperature_c = (raw * 10 + 1634) // 3268 + 25  # 326.8 LSB/°C, 0 at 25 °C
