"""Orientation on the board: quaternion from gyroscope and accelerometer, in whole numbers, without allocation.

For each sample: turn the quaternion by the rate less its bias (`coxa_board.strapdown`); turn the measured force into
the earth frame; what of it is horizontal, low-passed, turns the quaternion a little towards level. In the earth frame
the accelerations of a moving leg cancel over time, which is the idea of VQF (Laidig & Seel 2023, doi
10.1016/j.inffus.2022.10.014); its second-order Butterworth filter is here the loop of a first-order low-pass and the
turning, so the force is never scaled to 1 g: no division, no root. Rest tells the bias (`coxa_board.bias`); in motion
the turns towards level tell its horizontal part, slowly. Where the sensor is calibrated, its bias is what is thought at
first, and its accelerometer's offset is taken off the force; the samples stay as they are.

Heading starts anywhere and drifts with what is left of the bias; the host computes it again from the raw samples.

Numbers are kept as `coxa_board.bias` says and multiplied as `coxa_board.strapdown` says.
"""
# ruff: noqa: PLR1730 - viper has no min and max

import math
from array import array

import micropython
from micropython import const

from coxa_board.bias import Bias
from coxa_board.strapdown import Strapdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what viper's pointers are made of
    ptr16 = bytearray
    ptr32 = array[int]

TAU_S = 3.0  # time constant of the inclination, as VQF; 2 to 3 s do equally well on recordings with optical reference
BIAS_GAIN_HZ2 = 0.003  # bias learned in motion, rad/s per s and rad of tilt: for minutes without rest
FIRST_BIAS_GAIN_HZ2 = 0.02  # the same while the bias is unsure; in between by its variance
START_SHARE = 0.4  # of the tilt, taken out in each of the first samples
RATES_HZ = (25.0, 400.0)  # for these the gains fit their words
COARSEST_G = 0.0005  # per count: a range of 16 g; likewise

_ZERO = const(0x20000000)  # what zero is kept as
_PULL = const(0)  # 2 words, + _ZERO: horizontal force, earth frame, low-passed, counts, Q12
_FORCE = const(2)  # 2, + _ZERO: horizontal force, earth frame, counts, Q12; then half the turn it asks for, rad, Q28
_ROWS = const(4)  # 9, + _ZERO: rotation matrix sensor → earth, row by row, Q15
_SEEN = const(13)  # samples so far, as far as _STEADY
_PULL_GAIN = const(14)  # share of a new sample in _PULL, Q(19 + _PULL_SHIFT)
_LEVEL_GAIN = const(15)  # half the turn towards level per count of _PULL, rad, Q(32 + _LEVEL_SHIFT)
_START_GAIN = const(16)  # the same at the start, from the force itself, Q28
_BIAS_GAIN = const(17)  # bias per half turn towards level, counts/rad, Q8
_FIRST_BIAS_GAIN = const(18)  # the same while the bias is unsure
_LEVEL_SHIFT = const(19)  # so that these two gains have 15 bits: with ten, rounding them moved the learned bias by 4e-4
_PULL_SHIFT = const(20)
_OFFSET = const(21)  # 3, + 32768: the accelerometer's offset, counts
_WORDS = const(24)

_STARTING = const(32)  # samples until there is an orientation
_REGAIN = const(64)  # where to begin again after missing samples
_STEADY = const(256)  # samples until the slow filter has taken over
_GAIN_LIMIT = const(32767)
_HALF_LEVEL = const(0x2000000)  # 0.125 rad, Q28: the greatest half turn towards level
_LIMIT = const(0x1FFC0000)  # 2047 counts, Q18: greatest bias
_MOST_OFFSET = const(5000)  # counts: √3 (32768 + 5000) times 1.0, Q15, is below 2**31


class Orientation:
    """Orientation of one sensor, sensor → earth, earth z up."""

    def __init__(
        self,
        rate_hz: float,
        gyro_dps_per_lsb: float,
        acc_g_per_lsb: float,
        gyro_bias_mdps: list[int] | None = None,
        acc_offset_ug: list[int] | None = None,
    ) -> None:
        """Takes samples per second, what a count stands for, and what the sensor reads too much, x, y, z, if known.

        Raises:
            ValueError: a rate outside RATES_HZ, or too slow for the range of the gyroscope (`coxa_board.strapdown`),
                or an accelerometer coarser than COARSEST_G.
        """
        if acc_g_per_lsb > COARSEST_G:
            raise ValueError(f"{acc_g_per_lsb} g per count: the filter is made for {COARSEST_G} at most")
        self._one_g = 1.0 / acc_g_per_lsb
        self._bias = Bias(gyro_dps_per_lsb, acc_g_per_lsb, gyro_bias_mdps)
        self._strapdown = Strapdown(gyro_dps_per_lsb)
        self._words = words = array("i", bytes(4 * _WORDS))
        rad_per_count = math.radians(gyro_dps_per_lsb)
        words[_START_GAIN] = round(268435456.0 * START_SHARE / 2 / self._one_g)
        words[_BIAS_GAIN] = round(256 * 2 * BIAS_GAIN_HZ2 / rad_per_count)
        words[_FIRST_BIAS_GAIN] = round(256 * 2 * FIRST_BIAS_GAIN_HZ2 / rad_per_count)
        for k in range(3):
            offset = round(1e-6 * acc_offset_ug[k] / acc_g_per_lsb) if acc_offset_ug else 0
            words[_OFFSET + k] = 32768 + max(-_MOST_OFFSET, min(_MOST_OFFSET, offset))
        self.set_rate(rate_hz)
        self.reset()

    def set_rate(self, rate_hz: float) -> None:
        """Takes the rate as measured. Not for every sample: it computes in floats.

        Raises:
            ValueError: as at the start.
        """
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ValueError(f"{rate_hz} samples/s: the filter is made for {RATES_HZ[0]} to {RATES_HZ[1]}")
        self._strapdown.set_rate(rate_hz)
        self._bias.set_rate(rate_hz)
        share = 2.0 / (TAU_S * rate_hz)  # VQF's Butterworth has, in this loop, a low-pass of time constant TAU_S / 2
        pull = 524288.0 * share * (1 - share / 2 + share * share / 6)  # 1 - exp(-share)
        self._set_gain(_PULL_GAIN, _PULL_SHIFT, pull)
        self._set_gain(_LEVEL_GAIN, _LEVEL_SHIFT, 4294967296.0 / (2 * TAU_S * rate_hz * self._one_g))

    def _set_gain(self, word: int, shift_word: int, gain: float) -> None:
        """With as many bits as a factor may have."""
        shift = 0
        while 2 * gain < _GAIN_LIMIT:
            gain *= 2
            shift += 1
        self._words[word] = round(gain)
        self._words[shift_word] = shift

    def reset(self) -> None:
        """Forgets everything that it learned, the bias too."""
        self._bias.reset()
        self._strapdown.reset()
        for k in range(_SEEN):
            self._words[k] = _ZERO
        self._words[_SEEN] = 0

    def resume(self) -> None:
        """Samples are missing before the next: the tilt is found anew within 2 s; heading and bias stay."""
        words = self._words
        if words[_SEEN] > _REGAIN:
            words[_SEEN] = _REGAIN
        words[_PULL] = words[_PULL + 1] = _ZERO
        self._bias.interrupt()

    @property
    def resting(self) -> bool:
        """The sensor is at rest, and the bias follows."""
        return self._bias.resting

    def bias_dps(self) -> tuple[float, float, float]:
        """The gyroscope's bias, x, y, z, deg/s."""
        return self._bias.dps()

    def update(self, samples: bytearray, i: int) -> None:
        """Takes sample i of the buffer: 12 bytes, gx gy gz ax ay az, s16 little-endian, counts.

        Nothing checks that the buffer holds it.
        """
        bias, strapdown = self._bias, self._strapdown
        bias.update(samples, i)
        strapdown.update(samples, i, bias.words)
        upside_down = _pull(self._words, strapdown.words, samples, i)
        _lean(self._words, upside_down)
        _level(self._words, strapdown.words, bias.words)

    def write(self, block: bytearray | memoryview, at: int) -> None:
        """Puts w, x, y, z at byte `at` of the block: s16 little-endian, times 2**15, +1.0 as 32767; 0 as yet none."""
        if self._words[_SEEN] < _STARTING:
            for k in range(8):
                block[at + k] = 0
        else:
            self._strapdown.write(block, at)


@micropython.viper
def _pull(m: ptr32, quat: ptr32, raw: ptr16, i: int) -> int:
    """The horizontal part of this sample's force, earth frame. Returns 1 if the force points down, else 0."""
    w = (quat[0] - _ZERO + 4096) >> 13
    x = (quat[1] - _ZERO + 4096) >> 13
    y = (quat[2] - _ZERO + 4096) >> 13
    z = (quat[3] - _ZERO + 4096) >> 13
    m[_ROWS] = _ZERO + 32768 - ((y * y + z * z + 8192) >> 14)
    m[_ROWS + 1] = _ZERO + ((x * y - w * z + 8192) >> 14)
    m[_ROWS + 2] = _ZERO + ((x * z + w * y + 8192) >> 14)
    m[_ROWS + 3] = _ZERO + ((x * y + w * z + 8192) >> 14)
    m[_ROWS + 4] = _ZERO + 32768 - ((x * x + z * z + 8192) >> 14)
    m[_ROWS + 5] = _ZERO + ((y * z - w * x + 8192) >> 14)
    m[_ROWS + 6] = _ZERO + ((x * z - w * y + 8192) >> 14)
    m[_ROWS + 7] = _ZERO + ((y * z + w * x + 8192) >> 14)
    m[_ROWS + 8] = _ZERO + 32768 - ((x * x + y * y + 8192) >> 14)
    force = 0
    for row in range(3):
        force = 0
        for k in range(3):
            force += (m[_ROWS + 3 * row + k] - _ZERO) * ((raw[6 * i + 3 + k] ^ 0x8000) - m[_OFFSET + k])
        if row < 2:
            m[_FORCE + row] = ((force + 4) >> 3) + _ZERO
    return 1 if force < 0 else 0


@micropython.viper
def _lean(m: ptr32, upside_down: int):
    """Half the turn that the force asks for: at once at the start, from then on low-passed."""
    seen = m[_SEEN]
    for k in range(2):
        force = m[_FORCE + k] - _ZERO
        gain = m[_START_GAIN]
        if seen >= _STEADY:
            pull = m[_PULL + k] - _ZERO
            force -= pull
            gain = m[_PULL_GAIN]
            shift = m[_PULL_SHIFT]
            force = (force >> 15) * gain + (((force & 32767) * gain + (262144 << shift)) >> 15)
            force = pull + (force >> (4 + shift))
            m[_PULL + k] = force + _ZERO
            gain = m[_LEVEL_GAIN]
        half = (force >> 15) * gain + ((force & 32767) * gain >> 15)
        if seen >= _STEADY:
            half = (half + (1 << m[_LEVEL_SHIFT])) >> (m[_LEVEL_SHIFT] + 1)
        elif seen < _STARTING:
            half = half << 3
        else:  # the start's average grows: the gain falls with the number of samples
            half = (half << 1) >> (seen >> 6)
        if half > _HALF_LEVEL:
            half = _HALF_LEVEL
        if half < 0 - _HALF_LEVEL:
            half = 0 - _HALF_LEVEL
        m[_FORCE + k] = half + _ZERO
    if seen < _STARTING and upside_down:
        m[_FORCE] = _ZERO
        m[_FORCE + 1] = _ZERO + _HALF_LEVEL


@micropython.viper
def _level(m: ptr32, quat: ptr32, offset: ptr32):
    """The turn towards level, due with the next sample, and what it says of the bias."""
    east = m[_FORCE] - _ZERO
    north = m[_FORCE + 1] - _ZERO
    more = m[_FIRST_BIAS_GAIN] - m[_BIAS_GAIN]
    gain = m[_BIAS_GAIN] + (((more >> 8) * offset[3] + ((more & 255) * offset[3] >> 8) + 128) >> 8)
    for k in range(3):
        x = m[_ROWS + k] - _ZERO
        y = m[_ROWS + 3 + k] - _ZERO
        # about the earth's x by what points north, about y against what points east
        half = (north >> 15) * x - (east >> 15) * y
        half += ((north & 32767) * x - (east & 32767) * y + 16384) >> 15
        quat[4 + k] = half + _ZERO
        if m[_SEEN] >= _STEADY:
            word = offset[k] - (((half >> 13) * gain + (((half & 8191) * gain + 131072) >> 13)) >> 5)
            if word > _ZERO - _LIMIT and word < _ZERO + _LIMIT:
                offset[k] = word
    if m[_SEEN] < _STEADY:
        m[_SEEN] += 1
