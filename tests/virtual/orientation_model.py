"""The board's orientation filter twice more: in wide integers, bit for bit, and in double precision.

`Fixed` is written from docs/board-orientation.md, not from the board's code: products are whole (64 bits) where the
board takes them in parts, and many recordings run side by side. `Double` is the same filter without any rounding,
with the exact rotation for a turn. Samples are (n, 6) int16: gx gy gz ax ay az, counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ONE = 1 << 28


@dataclass(frozen=True)
class Scales:
    """Samples per second and what a count stands for."""

    rate_hz: float
    gyro_dps_per_lsb: float
    acc_g_per_lsb: float

    @property
    def rad(self):
        return math.radians(self.gyro_dps_per_lsb)


TAU_S, STEP_S, SMOOTH_S = 3.0, 0.75, 0.3
GYRO_SPREAD_DPS, ACC_SPREAD_G, MOST_BIAS_DPS = 6.0, 0.07, 12.0
BIAS_GAIN_HZ2, FIRST_BIAS_GAIN_HZ2 = 0.003, 0.02
DOUBT_DPS, KNOWN_DPS, SURE_DPS, NOISE_DPS, WALK_DPS_RTS = 2.5, 0.2, 0.3, 0.05, 0.01
START_SHARE, STARTING, STEADY = 0.4, 32, 256
MOST_BIAS_COUNTS, MOST_OFFSET_COUNTS = 2047, 5000


def smooth_shift(rate_hz):
    """The power of two nearest to SMOOTH_S, in samples."""
    return max(0, math.ceil(math.log2(SMOOTH_S * rate_hz / 1.4142)))


def gain(value):
    """The value times a power of two, as large as fits 15 bits, rounded; and the power."""
    shift = max(0, math.ceil(math.log2(32767 / value)) - 1)
    return round(value * 2**shift), shift


def unsure(doubt):
    """How little a bias of this variance is known, Q16."""
    sure = round((SURE_DPS * 4096) ** 2 / 64) * 64
    return np.where(doubt < sure, ((doubt << 10) + (sure >> 7)) // (sure >> 6), 1 << 16)


class Fixed:
    """The integer filter for `lanes` recordings side by side; the settings of a calibrated sensor as on the board."""

    def __init__(self, scales, lanes=1, gyro_bias_mdps=None, acc_offset_ug=None):
        s, rate = scales, scales.rate_hz
        share = 2 / (TAU_S * rate)
        g = 1 / s.acc_g_per_lsb
        self.per_count = round(0.5 * s.rad / rate * 2**46)
        self.pull_gain, self.pull_shift = gain(2**19 * share * (1 - share / 2 + share**2 / 6))
        self.level_gain, self.level_shift = gain(2**32 / (2 * TAU_S * rate * g))
        self.start_gain = round(2**28 * START_SHARE / 2 / g)
        self.bias_gains = [round(2**8 * 2 * gain / s.rad) for gain in (BIAS_GAIN_HZ2, FIRST_BIAS_GAIN_HZ2)]
        self.shift = smooth_shift(rate)
        self.step = round(STEP_S * rate)
        spreads = [round(2**14 * GYRO_SPREAD_DPS / s.gyro_dps_per_lsb), round(2**14 * ACC_SPREAD_G / s.acc_g_per_lsb)]
        self.spread = np.repeat(spreads, 3)[:, None]
        self.rate_limit = min(round(2**14 * MOST_BIAS_DPS / s.gyro_dps_per_lsb), MOST_BIAS_COUNTS << 14)
        self.most_doubt = round((DOUBT_DPS * 4096) ** 2)
        self.walk = round(2**30 * WALK_DPS_RTS**2 * self.step / rate)
        self.q = np.zeros((4, lanes), np.int64)
        self.q[0] = ONE
        self.carry, self.level, self.bias, self.sum = (np.zeros((3, lanes), np.int64) for _ in range(4))
        self.offset = np.zeros((3, 1), np.int64)
        self.pull = np.zeros((2, lanes), np.int64)
        self.smooth, self.last = None, (np.full((6, lanes), -(1 << 29)), np.full((6, lanes), 1 << 29))
        self.count, self.age = 0, np.zeros(lanes, np.int64)
        self.doubt = np.full(lanes, self.most_doubt)
        if gyro_bias_mdps:
            limit = MOST_BIAS_COUNTS << 18
            first = [round(262.144 * x / s.gyro_dps_per_lsb) for x in gyro_bias_mdps]
            self.bias += np.clip(first, -limit, limit)[:, None]
            self.doubt[:] = round((KNOWN_DPS * 4096) ** 2)
        if acc_offset_ug:
            offset = [round(1e-6 * x / s.acc_g_per_lsb) for x in acc_offset_ug]
            self.offset += np.clip(offset, -MOST_OFFSET_COUNTS, MOST_OFFSET_COUNTS)[:, None]
        self.unsure, self.resting = unsure(self.doubt), np.zeros(lanes, bool)
        self.seen = 0

    def run(self, samples):
        """(n, lanes, 6) → (n, lanes, 4) int16 as on the wire."""
        out = np.zeros((*samples.shape[:2], 4), np.int16)
        for k, row in enumerate(samples.astype(np.int64)):
            self.update(row.T)
            out[k] = self.wire().T
        return out

    def update(self, sample):
        """(6, lanes)."""
        self._rest(sample)
        self._turn(sample[:3])
        self._level(sample[3:] - self.offset)
        self.seen = min(self.seen + 1, STEADY)

    def wire(self):
        """(4, lanes)."""
        return np.clip(self.q + 4096 >> 13, -32768, 32767) * (self.seen >= STARTING)

    def _rest(self, sample):
        if self.smooth is None:
            self.smooth = self.least = self.most = sample << 14
        else:
            self.smooth = self.smooth + ((sample << 14) - self.smooth + (1 << self.shift >> 1) >> self.shift)
        self.least, self.most = np.minimum(self.least, self.smooth), np.maximum(self.most, self.smooth)
        self.resting &= (self.most - self.least < self.spread).all(0)
        self.sum = self.sum + sample[:3]
        self.count += 1
        if self.count < self.step:
            return
        least, most = np.minimum(self.least, self.last[0]), np.maximum(self.most, self.last[1])
        room = self.spread - (most - least)
        unrest = np.minimum((most - least << 16) // np.maximum(room, 1), 10 << 16).max(0)
        self.resting = (room > 0).all(0) & (np.maximum(most, -least)[:3] <= self.rate_limit).all(0)
        self.age = np.minimum(self.age + 1, 1000)
        self._learn(unrest)
        self.last = self.least, self.most
        self.least = self.most = self.smooth
        self.sum, self.count = np.zeros_like(self.sum), 0

    def _learn(self, unrest):
        """Where it rests."""
        off = (self.sum << 14) // self.count - (self.bias + 8 >> 4)
        doubt = self.doubt + (self.age * self.walk >> 6)
        doubt = np.minimum(doubt, self.most_doubt)
        shift = np.where(unrest < 46000, 0, np.where(unrest < 184000, 2, 4))  # bits left out, so that squares fit
        spread = ((unrest + (1 << shift >> 1) >> shift) ** 2 >> 7) * 50 << 2 * shift >> 8
        whole = spread + doubt + round((NOISE_DPS * 4096) ** 2)
        gain = (doubt << 18) // whole + 1 >> 1
        doubt = np.where(gain > 1 << 16, (whole - doubt) * gain >> 17, doubt - (doubt * gain >> 17))
        limit = MOST_BIAS_COUNTS << 18
        bias = np.clip(self.bias + (off * gain + 4096 >> 13), -limit, limit)
        done = self.resting
        self.bias, self.doubt = np.where(done, bias, self.bias), np.where(done, doubt, self.doubt)
        self.unsure = np.where(done, unsure(doubt), self.unsure)
        self.age = np.where(done, 0, self.age)

    def _turn(self, gyro):
        rate = (gyro << 12) - (self.bias + 32 >> 6)
        half = np.clip((rate * self.per_count + (1 << 29) >> 30) + self.level, -(1 << 26), 1 << 26)
        square = ((half + 2048 >> 12) ** 2).sum(0)
        third = square // 3 + 1024 >> 11
        half = half + ((half + 4096 >> 13) * third + 128 >> 8) + self.carry
        x, y, z = turn = half + 1024 >> 11
        self.carry = half - (turn << 11)
        w, i, j, k = self.q
        change = np.array([-i * x - j * y - k * z, w * x + j * z - k * y, w * y - i * z + k * x, w * z + i * y - j * x])
        q = self.q + (change + (1 << 16) >> 17)
        upper = q + 4096 >> 13
        square = (upper**2).sum(0) + ((upper * (q - (upper << 13))).sum(0) >> 12)
        short = (1 << 29) - (square >> 1) + 2048 >> 12
        self.q = q + (q * short + (1 << 17) >> 18)

    def _level(self, acc):
        w, x, y, z = self.q + 4096 >> 13

        def half(value):
            return value + 8192 >> 14

        rows = np.array(
            [
                [32768 - half(y * y + z * z), half(x * y - w * z), half(x * z + w * y)],
                [half(x * y + w * z), 32768 - half(x * x + z * z), half(y * z - w * x)],
                [half(x * z - w * y), half(y * z + w * x), 32768 - half(x * x + y * y)],
            ]
        )
        force = (rows * acc).sum(1)
        flat = force[:2] + 4 >> 3
        if self.seen >= STEADY:
            self.pull = self.pull + (
                (flat - self.pull) * self.pull_gain + (1 << 18 + self.pull_shift) >> 19 + self.pull_shift
            )
            turn = (self.pull * self.level_gain >> 15) + (1 << self.level_shift) >> self.level_shift + 1
        elif self.seen < STARTING:
            turn = flat * self.start_gain >> 15 << 3
        else:
            turn = flat * self.start_gain >> 15 << 1 >> (self.seen >> 6)
        east, north = np.clip(turn, -(1 << 25), 1 << 25)
        if self.seen < STARTING:
            over = force[2] < 0
            east, north = np.where(over, 0, east), np.where(over, 1 << 25, north)
        self.level = north * rows[0] - east * rows[1] + 16384 >> 15
        if self.seen >= STEADY:
            slow, fast = self.bias_gains
            bias = self.bias - (self.level * (slow + ((fast - slow) * self.unsure + (1 << 15) >> 16)) + (1 << 17) >> 18)
            self.bias = np.where(abs(bias) < MOST_BIAS_COUNTS << 18, bias, self.bias)
