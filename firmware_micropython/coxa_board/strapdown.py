"""Strapdown integration: a quaternion turned by each sample of a gyroscope, in whole numbers, without allocation.

The turn of a sample is applied as the quaternion (1, h), h = tan(|φ| / 2) φ / |φ|, to third order, and the product
brought back to unit length; what rounding h to 2**-17 leaves over is carried to the next sample, so no angle is lost.
A product of up to 56 bits is taken in two parts and rounded to nearest once: where a sum goes on for minutes, half a
unit of bias in the rounding is a drift.

Numbers are kept as `coxa_board.bias` says.
"""
# ruff: noqa: PLR1730 - viper has no min and max

import math
from array import array

import micropython
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what viper's pointers are made of
    ptr8 = bytearray | memoryview
    ptr16 = bytearray
    ptr32 = array[int]

WIDEST_TURN_RAD = 0.5  # in one sample, about one axis, at the end of the gyroscope's range

_ZERO = const(0x20000000)  # what zero is kept as
_QUAT = const(0)  # 4 words, + _ZERO: w x y z, sensor → earth, Q28
_EXTRA = const(4)  # 3, + _ZERO: half a turn to add with the next sample, sensor frame, rad, Q28
_TURN = const(7)  # 3, + _ZERO: half the turn of this sample, rad, Q28, then h, Q17
_CARRY = const(10)  # 3, + _ZERO: what its rounding left for the next, Q28
_PER_COUNT = const(13)  # half the turn of one sample per count, rad, Q46
_WORDS = const(14)

_ONE = const(0x10000000)  # 1.0 of the quaternion, Q28
_HALF_TURN = const(0x4000000)  # 0.25 rad, Q28: the greatest half turn of a sample


class Strapdown:
    """Quaternion of a gyroscope of so many deg/s per count, from a start that is arbitrary.

    `words` holds w, x, y, z in its first four, (word − 2**29) / 2**28, and then half a turn about x, y, z to be added
    with the next sample, in the same way.
    """

    def __init__(self, gyro_dps_per_lsb: float) -> None:
        """Starts as 1; `set_rate` must follow."""
        self._rad_per_count = math.radians(gyro_dps_per_lsb)
        self.words = array("i", bytes(4 * _WORDS))
        self.reset()

    def set_rate(self, rate_hz: float) -> None:
        """Takes the samples per second.

        Raises:
            ValueError: a sample could hold more than WIDEST_TURN_RAD.
        """
        per_count = self._rad_per_count / rate_hz
        if 32768 * per_count > WIDEST_TURN_RAD:
            raise ValueError(f"{rate_hz} samples/s: a sample can turn {32768 * per_count} rad, {WIDEST_TURN_RAD} fit")
        self.words[_PER_COUNT] = round(0.5 * per_count * 70368744177664.0)

    def reset(self) -> None:
        """Back to 1."""
        words = self.words
        for k in range(_PER_COUNT):
            words[k] = _ZERO
        words[_QUAT] = _ZERO + _ONE

    def update(self, samples: bytearray, i: int, bias: array[int]) -> None:
        """Turns by sample i of the buffer, less the bias as kept by `coxa_board.bias.Bias.words`."""
        _integrate(self.words, bias, samples, i)
        _rotate(self.words)

    def write(self, block: bytearray | memoryview, at: int) -> None:
        """Puts w, x, y, z at byte `at` of the block: s16 little-endian, times 2**15, +1.0 as 32767."""
        _write(self.words, block, at)


@micropython.viper
def _integrate(m: ptr32, offset: ptr32, raw: ptr16, i: int):
    """Half the turn of this sample, less the bias, with the extra half turn, as h."""
    upper = m[_PER_COUNT] >> 15
    lower = m[_PER_COUNT] & 32767
    square = 0
    for k in range(3):
        rate = (((raw[6 * i + k] ^ 0x8000) - 0x8000) << 12) - ((offset[k] - _ZERO + 32) >> 6)
        a = rate >> 15
        b = rate & 32767
        half = a * upper + ((a * lower + b * upper + (b * lower >> 15) + 16384) >> 15) + m[_EXTRA + k] - _ZERO
        if half > _HALF_TURN:
            half = _HALF_TURN
        if half < 0 - _HALF_TURN:
            half = 0 - _HALF_TURN
        m[_TURN + k] = half + _ZERO
        a = (half + 2048) >> 12
        square += a * a  # Q32
    third = (square // 3 + 1024) >> 11  # Q21
    for k in range(3):
        half = m[_TURN + k] - _ZERO
        half += (((half + 4096) >> 13) * third + 128) >> 8  # tan x = x (1 + x²/3), third order
        half += m[_CARRY + k] - _ZERO
        a = (half + 1024) >> 11
        m[_TURN + k] = a + _ZERO
        m[_CARRY + k] = half - (a << 11) + _ZERO


@micropython.viper
def _rotate(m: ptr32):
    """q ⊗ (1, x, y, z), with q = 2**13 a + b; then to unit length by Newton's q (3 - |q|²) / 2."""
    x = m[_TURN] - _ZERO
    y = m[_TURN + 1] - _ZERO
    z = m[_TURN + 2] - _ZERO
    qw = m[_QUAT] - _ZERO
    qx = m[_QUAT + 1] - _ZERO
    qy = m[_QUAT + 2] - _ZERO
    qz = m[_QUAT + 3] - _ZERO
    aw = (qw + 4096) >> 13
    ax = (qx + 4096) >> 13
    ay = (qy + 4096) >> 13
    az = (qz + 4096) >> 13
    bw = qw - (aw << 13)
    bx = qx - (ax << 13)
    by = qy - (ay << 13)
    bz = qz - (az << 13)
    m[_QUAT] = qw + ((0 - ax * x - ay * y - az * z + ((0 - bx * x - by * y - bz * z) >> 13) + 8) >> 4) + _ZERO
    m[_QUAT + 1] = qx + ((aw * x + ay * z - az * y + ((bw * x + by * z - bz * y) >> 13) + 8) >> 4) + _ZERO
    m[_QUAT + 2] = qy + ((aw * y - ax * z + az * x + ((bw * y - bx * z + bz * x) >> 13) + 8) >> 4) + _ZERO
    m[_QUAT + 3] = qz + ((aw * z + ax * y - ay * x + ((bw * z + bx * y - by * x) >> 13) + 8) >> 4) + _ZERO
    square = 0
    rest = 0
    for k in range(4):
        q = m[_QUAT + k] - _ZERO
        a = (q + 4096) >> 13
        square += a * a
        rest += a * (q - (a << 13))
    short = (_ZERO - ((square + (rest >> 12)) >> 1) + 2048) >> 12  # (1 - |q|²) / 2, Q18
    for k in range(4):
        q = m[_QUAT + k] - _ZERO
        a = (q + 4096) >> 13
        m[_QUAT + k] = q + ((a * short + ((q - (a << 13)) * short >> 13) + 16) >> 5) + _ZERO


@micropython.viper
def _write(m: ptr32, out: ptr8, at: int):
    """The quaternion as on the wire."""
    for k in range(4):
        q = (m[_QUAT + k] - _ZERO + 4096) >> 13
        if q > 32767:
            q = 32767
        if q < 0 - 32768:
            q = 0 - 32768
        out[at + 2 * k] = q
        out[at + 2 * k + 1] = q >> 8
