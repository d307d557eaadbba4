"""The gyroscope's bias: measured whenever the sensor rests, in whole numbers, without allocation.

Rest is told by how little the low-passed readings change, so a power-on bias of 10 deg/s does not hide it. Every
`STEP_S` the unrest of the latest two steps is found: the widest range of a reading, as a share of what rest allows.
Below 1 the mean rate of the step measures the bias, with a standard deviation that grows with the unrest and without
limit towards 1: no sample decides alone. A scalar Kalman filter weighs it against what was known. Rest by spreads and
a random walk of the bias are VQF's (Laidig & Seel 2023, doi 10.1016/j.inffus.2022.10.014); the figures are a leg's.

A calibrated sensor starts from the bias that it was measured to have: sure enough that the sway of a leg moves it
little, and unsure enough that a bias which has changed is found within seconds on a table.

Qn is a number times 2**n. Words of the memory that can be negative are kept with `_ZERO` added, since a 64-bit
interpreter reads 32-bit words as unsigned. Every intermediate result is below 2**31, so all word lengths agree.
"""
# ruff: noqa: PLR1730 - viper has no min and max

from array import array

import micropython
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what viper's pointers are made of
    ptr16 = bytearray
    ptr32 = array[int]

STEP_S = 0.75  # two steps make VQF's 1.5 s of rest; the end of a repetition is shorter, and not quite still
SMOOTH_S = 0.3  # time constant, within a factor √2: tremor of 9 Hz is taken down 17 times
GYRO_SPREAD_DPS = 6.0  # range of the smoothed rate where rest ends: a leg held in the air stays below
ACC_SPREAD_G = 0.07  # range of the smoothed force where rest ends
MOST_BIAS_DPS = 12.0  # power-on bias of these chips is up to 10 deg/s; a steadier turn is a turn
SPREAD_SD_DPS = 0.625  # standard deviation of a step's mean where its ranges are half of these
WALK_DPS_RTS = 0.01  # random walk of the bias, (deg/s)/√s: also the temperature of a board that warms up

_ZERO = const(0x20000000)  # what zero is kept as
_BIAS = const(0)  # 3 words, + _ZERO: counts, Q18
_UNSURE = const(3)  # how little the bias is known, Q16: _DOUBT as a share of (0.3 deg/s)², at most 1
_RESTING = const(4)  # 1: at rest
_SEEN = const(5)  # samples of this step
_AGE = const(6)  # steps since the bias was measured last, as far as 1000
_DOUBT = const(7)  # variance of the bias, (deg/s / 4096)²
_STARTED = const(8)  # 1: not the first sample
_SUM = const(9)  # 3, + _ZERO: of this step's counts of the gyroscope
_SMOOTH = const(12)  # 6, + _ZERO: low-passed gx gy gz ax ay az, counts, Q14
_LEAST = const(18)  # 6, + _ZERO: least and
_MOST = const(24)  # 6, + _ZERO: greatest of them in this step
_LAST_LEAST = const(30)  # 6, + _ZERO: and in the step before
_LAST_MOST = const(36)
_SHIFT = const(42)  # _SMOOTH takes in 2**-_SHIFT of a sample
_STEP = const(43)  # samples of a step
_SPREAD = const(44)  # 6: ranges of _SMOOTH where rest ends, counts, Q14
_RATE_LIMIT = const(50)  # greatest reading of the gyroscope at rest, counts, Q14
_WALK = const(51)  # growth of _DOUBT per step, Q6
_FIRST_BIAS = const(52)  # 3, + _ZERO: what _BIAS starts from
_FIRST_UNSURE = const(55)  # and _UNSURE
_FIRST_DOUBT = const(56)  # and _DOUBT
_WORDS = const(57)

_LIMIT = const(0x1FFC0000)  # 2047 counts, Q18: greatest bias, what the word holds
_ONE = const(65536)  # 1, Q16
_MOST_UNREST = const(10)  # a standard deviation of 6 deg/s: tells nothing, and its square fits
_FINE_UNREST = const(46000)  # Q16: up to here its square fits as it is
_NOISE = const(41943)  # (0.05 deg/s)²: what the mean of a step is off at least, by a body's unsteadiness
_MOST_DOUBT = const(104857600)  # (2.5 deg/s)²: of a bias that was never measured
_SURE = const(1509952)  # (0.3 deg/s)², a multiple of 64
_KNOWN_DOUBT = const(671089)  # (0.2 deg/s)²: of a calibrated one, which differs by power-on and by some degrees Celsius
_KNOWN_UNSURE = const(29127)  # _KNOWN_DOUBT as a share of _SURE, Q16


class Bias:
    """Bias of a gyroscope of so many deg/s per count; g per count of the accelerometer beside it.

    `words` holds the bias in its first three: (word − 2**29) / 2**18 counts; in the fourth how unsure it is, Q16.
    """

    def __init__(self, gyro_dps_per_lsb: float, acc_g_per_lsb: float, known_mdps: list[int] | None = None) -> None:
        """Starts with no bias, unsure, or with that known of x, y, z, fairly sure; `set_rate` must follow."""
        self._dps_per_count = gyro_dps_per_lsb
        self.words = words = array("i", bytes(4 * _WORDS))
        for k in range(3):
            words[_SPREAD + k] = round(16384 * GYRO_SPREAD_DPS / gyro_dps_per_lsb)
            words[_SPREAD + 3 + k] = round(16384 * ACC_SPREAD_G / acc_g_per_lsb)
        words[_RATE_LIMIT] = min(round(16384 * MOST_BIAS_DPS / gyro_dps_per_lsb), _LIMIT >> 4)
        for k in range(3):
            first = round(262.144 * known_mdps[k] / gyro_dps_per_lsb) if known_mdps else 0
            words[_FIRST_BIAS + k] = _ZERO + max(-_LIMIT, min(_LIMIT, first))
        words[_FIRST_UNSURE] = _KNOWN_UNSURE if known_mdps else _ONE
        words[_FIRST_DOUBT] = _KNOWN_DOUBT if known_mdps else _MOST_DOUBT
        self.reset()

    def set_rate(self, rate_hz: float) -> None:
        """Takes the samples per second."""
        shift = 0
        while (1 << shift) * 1.4142 < SMOOTH_S * rate_hz:
            shift += 1
        self.words[_SHIFT] = shift
        self.words[_STEP] = step = round(STEP_S * rate_hz)
        self.words[_WALK] = round(1073741824.0 * WALK_DPS_RTS * WALK_DPS_RTS * step / rate_hz)

    def reset(self) -> None:
        """Forgets what it learned of the bias."""
        words = self.words
        for k in range(_SHIFT):
            words[k] = 0
        for k in range(3):
            words[_BIAS + k] = words[_FIRST_BIAS + k]
            words[_SUM + k] = _ZERO
        words[_UNSURE] = words[_FIRST_UNSURE]
        words[_DOUBT] = words[_FIRST_DOUBT]

    def interrupt(self) -> None:
        """Samples are missing before the next: the step begins anew, and is not rest."""
        words = self.words
        for k in range(6):
            words[_LEAST + k] = 0
        words[_SEEN] = words[_RESTING] = 0
        for k in range(3):
            words[_SUM + k] = _ZERO

    @property
    def resting(self) -> bool:
        """The sensor is at rest, for two steps or more."""
        return self.words[_RESTING] == 1

    def dps(self) -> tuple[float, float, float]:
        """The bias of x, y, z in deg/s."""
        x, y, z = [(self.words[_BIAS + k] - _ZERO) / 262144 * self._dps_per_count for k in range(3)]
        return x, y, z

    def update(self, samples: bytearray, i: int) -> None:
        """Takes sample i of the buffer."""
        if _watch(self.words, samples, i):
            unrest = _unrest(self.words)
            if unrest >= 0:
                _learn(self.words, unrest)
            _next_step(self.words)


@micropython.viper
def _watch(m: ptr32, raw: ptr16, i: int) -> int:
    """Low-passes this sample and follows its range. Returns 1 at the end of a step, else 0."""
    shift = m[_SHIFT]
    for k in range(6):
        x = ((raw[6 * i + k] ^ 0x8000) - 0x8000) << 14
        if m[_STARTED]:
            smooth = m[_SMOOTH + k] - _ZERO
            x = smooth + ((x - smooth + ((1 << shift) >> 1)) >> shift)
        word = x + _ZERO
        m[_SMOOTH + k] = word
        if word < m[_LEAST + k] or not m[_STARTED]:
            m[_LEAST + k] = word
        if word > m[_MOST + k]:
            m[_MOST + k] = word
        if m[_MOST + k] - m[_LEAST + k] >= m[_SPREAD + k]:
            m[_RESTING] = 0
    m[_STARTED] = 1
    for k in range(3):
        m[_SUM + k] += (raw[6 * i + k] ^ 0x8000) - 0x8000
    m[_SEEN] += 1
    return 1 if m[_SEEN] >= m[_STEP] else 0


@micropython.viper
def _unrest(m: ptr32) -> int:
    """Widest range r of the latest two steps, where rest ends at s: the greatest r / (s - r), Q16; -1 if not rest."""
    unrest = 0
    resting = 1
    for k in range(6):
        least = m[_LEAST + k]
        if m[_LAST_LEAST + k] < least:
            least = m[_LAST_LEAST + k]
        most = m[_MOST + k]
        if m[_LAST_MOST + k] > most:
            most = m[_LAST_MOST + k]
        width = most - least
        room = m[_SPREAD + k] - width
        if room <= 0 or (k < 3 and (most - _ZERO > m[_RATE_LIMIT] or _ZERO - least > m[_RATE_LIMIT])):
            resting = 0
        else:
            share = width // room
            width -= share * room
            if share >= _MOST_UNREST:
                share = _MOST_UNREST
                width = 0
            for _ in range(16):  # long division: the quotient's bits one by one
                width <<= 1
                share <<= 1
                if width >= room:
                    width -= room
                    share += 1
            if share > unrest:
                unrest = share
    m[_RESTING] = resting
    if m[_AGE] < 1000:
        m[_AGE] += 1
    return unrest if resting else -1


@micropython.viper
def _learn(m: ptr32, unrest: int):
    """Takes the mean rate of the step for a measurement of the bias."""
    # its variance, (deg/s / 4096)²: the square of SPREAD_SD_DPS is 25 / 64
    if unrest < _FINE_UNREST:
        whole = (unrest * unrest >> 7) * 25 >> 7
    elif unrest < 4 * _FINE_UNREST:
        unrest = (unrest + 2) >> 2
        whole = (unrest * unrest >> 7) * 25 >> 3
    else:
        unrest = (unrest + 8) >> 4
        whole = (unrest * unrest >> 7) * 50
    doubt = m[_DOUBT] + (m[_AGE] * m[_WALK] >> 6)
    if doubt > _MOST_DOUBT:
        doubt = _MOST_DOUBT
    whole += doubt + _NOISE
    share = doubt
    gain = 0  # share / whole, Q17, by long division: the quotient's bits one by one
    for _ in range(18):
        share <<= 1
        gain <<= 1
        if share >= whole:
            share -= whole
            gain += 1
    gain = (gain + 1) >> 1
    # (1 - gain) of it, which is also `gain` of the measurement's variance: of the two, what rounding disturbs least
    if gain > 65536:
        whole -= doubt
        doubt = ((whole >> 13) * gain + ((whole & 8191) * gain >> 13)) >> 4
    else:
        doubt -= ((doubt >> 13) * gain + ((doubt & 8191) * gain >> 13)) >> 4
    m[_DOUBT] = doubt
    m[_UNSURE] = ((doubt << 10) + (_SURE >> 7)) // (_SURE >> 6) if doubt < _SURE else _ONE
    m[_AGE] = 0
    n = m[_SEEN]
    for k in range(3):
        total = m[_SUM + k] - _ZERO
        mean = total // n
        mean = (mean << 14) + ((total - mean * n) << 14) // n
        bias = m[_BIAS + k] - _ZERO
        off = mean - ((bias + 8) >> 4)
        bias += (off >> 13) * gain + (((off & 8191) * gain + 4096) >> 13)
        if bias > _LIMIT:
            bias = _LIMIT
        if bias < 0 - _LIMIT:
            bias = 0 - _LIMIT
        m[_BIAS + k] = bias + _ZERO


@micropython.viper
def _next_step(m: ptr32):
    """Begins a step after this sample."""
    for k in range(6):
        m[_LAST_LEAST + k] = m[_LEAST + k]
        m[_LAST_MOST + k] = m[_MOST + k]
        m[_LEAST + k] = m[_SMOOTH + k]
        m[_MOST + k] = m[_SMOOTH + k]
    for k in range(3):
        m[_SUM + k] = _ZERO
    m[_SEEN] = 0
