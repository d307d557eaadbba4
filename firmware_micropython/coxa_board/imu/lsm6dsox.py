"""ST LSM6DSOX (datasheet DS12814, application note AN5272): ±500 deg/s, ±4 g, 104 Hz, tagged FIFO of 3 kB."""

import time

from micropython import const

from coxa_wire import SAMPLE_LENGTH

from .chip import Chip, put_axes
from .fault import ImuFault
from .registers import Registers

_FUNC_CFG_ACCESS = const(0x01)
_FIFO_CTRL4 = const(0x0A)
_CTRL3_C = const(0x12)
_FIFO_STATUS1 = const(0x3A)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)

_SW_RESET = const(0x01)
_RESET_MS = const(20)  # takes 50 µs by the datasheet
_OVR_LATCHED = const(0x08)
_CONTINUOUS = const(0x96)  # overwrites the oldest; temperature at 1.6 Hz, timestamp with every 8th sample

_WORD = const(7)  # tag byte, 6 data bytes
_GYRO = const(1)  # tags; these two also serve as bits
_ACC = const(2)
_TEMPERATURE = const(3)
_TIMESTAMP = const(4)
_BOTH = const(3)

_TICKS_PER_SAMPLE = const(384)  # 40 kHz / (6667 Hz / 64): both from one oscillator, so exact at any temperature
_TICKS_MASK = const(0xFFFFFF)  # 24 bits of 25 µs, 7 min, are enough for any gap and stay small ints


class LSM6DSOX(Chip):
    """In its FIFO a sample is two words with the same 2-bit slot number; timestamps tell exactly how many are lost."""

    NAME = "LSM6DSOX"
    WHO_AM_I = 0x6C
    WHO_AM_I_REGISTER = 0x0F
    ADDRESSES = (0x6A, 0x6B)
    RATE_HZ = 6667 / 64
    DEPTH = 239  # 512 words at 2 + 1/8 + 1/65 words a sample
    GYRO_DPS_PER_LSB = 0.0175  # not 500 / 32768: the range is called 500 deg/s but reaches 573
    ACC_G_PER_LSB = 0.000122
    LOSS_AT_END = False

    PACKET = 7
    SETTLE_MS = 120
    SETUP = bytes((
        0x12, 0x44,  # CTRL3_C: block data update, addresses count up
        0x18, 0xE2,  # CTRL9_XL: I3C off
        0x19, 0x20,  # CTRL10_C: timestamps on
        0x10, 0x48,  # CTRL1_XL: 104 Hz, 4 g (code 2; code 1 is 16 g)
        0x11, 0x44,  # CTRL2_G: 104 Hz, 500 deg/s
        0x07, 0x00,  # FIFO_CTRL1, 2: no watermark, no compression
        0x08, 0x00,
        0x09, 0x44,  # FIFO_CTRL3: both at 104 Hz
    ))  # fmt: skip

    def __init__(self, registers: Registers) -> None:
        """Makes the buffers; speaks to nobody yet."""
        super().__init__(registers)
        self._rate_hz: float | None = None
        self._half = bytearray(SAMPLE_LENGTH)  # the word whose other half is still in the FIFO
        self._forget()

    def _forget(self) -> None:
        self._have = 0  # which half is held: _GYRO or _ACC
        self._slot = 0
        self._ticks = -1  # the last timestamp, -1 none
        self._since = 0  # samples after it
        self._gap = False  # samples may be missing before the next ones

    def reset(self) -> None:
        """Raises ImuFault, OSError."""
        registers = self._registers
        registers.write(_FUNC_CFG_ACCESS, 0)  # a board reset may have left another bank selected
        registers.write(_FIFO_CTRL4, 0)
        registers.write(_CTRL3_C, _SW_RESET)
        if not registers.wait_clear(_CTRL3_C, _SW_RESET, _RESET_MS):
            raise ImuFault("LSM6DSOX does not come out of its reset: switch it off and on")

    def start(self) -> None:
        """FIFO mode last: set earlier, the FIFO may hold words from before the settings."""
        fine = self._registers.read(_INTERNAL_FREQ_FINE)
        self._rate_hz = self.RATE_HZ * (1 + 0.0015 * (fine - 256 if fine > 127 else fine))
        self._forget()
        self._registers.write(_FIFO_CTRL4, 0)
        self._registers.write(_FIFO_CTRL4, _CONTINUOUS)

    def rate_hint_hz(self) -> float | None:
        """From INTERNAL_FREQ_FINE, in steps of 0.15 %."""
        return self._rate_hz

    def drain(self, out: bytearray, room: int) -> int:
        """See the package."""
        self.clear()
        try:
            words = self._waiting()
            take = min(words, 2 * room - (1 if self._have else 0), len(self._views) - 1)
            self.emptied = take == words
            if take <= 0:
                return 0
            self._registers.read_into(_FIFO_DATA_OUT_TAG, self._views[take])
        except OSError:
            self._break()
            raise
        found = self._unpack(out, take)
        if self._gap and found:  # no timestamp so far to count by
            self._gap = False
            self._ticks = -1
            self.lose(-1)
        return found

    def _waiting(self) -> int:
        status = self._pair
        self._registers.read_into(_FIFO_STATUS1, status)  # both at once: between two reads the count may change
        self.ticks = time.ticks_us()
        if status[1] & _OVR_LATCHED:
            self._break()
        words = (status[1] & 3) << 8 | status[0]
        self.level = words * 8 // 17
        return words

    def _break(self) -> None:
        self._gap = True
        self._have = 0

    def _unpack(self, out: bytearray, words: int) -> int:
        buffer = self._buffer
        have = self._have
        if have:
            side = 0 if have == _GYRO else 6
            if put_axes(out, side, self._half, side, 0):
                self.clipped = True
        at = 0
        for i in range(0, _WORD * words, _WORD):
            tag = buffer[i] >> 3
            if _GYRO <= tag <= _ACC:
                slot = buffer[i] >> 1 & 3
                if slot != self._slot:
                    self._slot = slot
                    have = 0  # the other half got lost
                if put_axes(out, at if tag == _GYRO else at + 6, buffer, i + 1, 0):
                    self.clipped = True
                have |= tag
                if have == _BOTH:
                    have = 0
                    at += SAMPLE_LENGTH
                    self._since += 1
            elif tag == _TIMESTAMP:
                self._count(buffer[i + 1] | buffer[i + 2] << 8 | buffer[i + 3] << 16)
            elif tag == _TEMPERATURE:
                celsius = buffer[i + 2] - (256 if buffer[i + 2] > 127 else 0) + 25
                self.temperature_c = min(celsius + (buffer[i + 1] >> 7), 127)
        if have:
            for j in range(SAMPLE_LENGTH):
                self._half[j] = out[at + j]
        self._have = have
        return at // SAMPLE_LENGTH

    def _count(self, ticks: int) -> None:
        if self._ticks >= 0:
            passed = ((ticks - self._ticks & _TICKS_MASK) + _TICKS_PER_SAMPLE // 2) // _TICKS_PER_SAMPLE
            if passed > self._since:
                self.lose(passed - self._since)
        elif self._gap:
            self.lose(-1)
        self._gap = False
        self._ticks = ticks
        self._since = 0
