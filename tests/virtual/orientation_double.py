"""The board's orientation filter without any rounding, in plain floats; runs on CPython and on MicroPython.

The same filter as `coxa_board.orientation`, with the exact rotation for a turn and the exact unit length, to see what
the whole numbers cost in accuracy and what they gain in time.
"""

import math

TAU_S, STEP_S, SMOOTH_S = 3.0, 0.75, 0.3
GYRO_SPREAD_DPS, ACC_SPREAD_G, MOST_BIAS_DPS, MOST_BIAS_COUNTS, SPREAD_SD_DPS = 6.0, 0.07, 12.0, 2047.0, 0.625
BIAS_GAIN_HZ2, FIRST_BIAS_GAIN_HZ2 = 0.003, 0.02
DOUBT_DPS, KNOWN_DPS, SURE_DPS, NOISE_DPS, WALK_DPS_RTS, MOST_UNREST = 2.5, 0.2, 0.3, 0.05, 0.01, 10.0
START_SHARE, STARTING, STEADY = 0.4, 32, 256


class Double:
    """Filter of one recording; takes samples per second, what a count stands for, and a calibration's settings."""

    def __init__(self, rate_hz, gyro_dps_per_lsb, acc_g_per_lsb, gyro_bias_mdps=None, acc_offset_ug=None):
        self.dps, self.rad, self.g_per_count = gyro_dps_per_lsb, math.radians(gyro_dps_per_lsb), acc_g_per_lsb
        self.dt = 1 / rate_hz
        self.pull_gain = 1 - math.exp(-2 * self.dt / TAU_S)
        self.smoothing = 0.5 ** math.ceil(math.log(SMOOTH_S * rate_hz / math.sqrt(2)) / math.log(2))
        self.step = round(STEP_S * rate_hz)
        self.spread = [GYRO_SPREAD_DPS / gyro_dps_per_lsb] * 3 + [ACC_SPREAD_G / acc_g_per_lsb] * 3
        self.rate_limit = min(MOST_BIAS_DPS / gyro_dps_per_lsb, MOST_BIAS_COUNTS)
        self.q = [1.0, 0.0, 0.0, 0.0]
        self.half, self.level, self.total = [0.0] * 3, [0.0] * 3, [0.0] * 3
        self.bias = [1e-3 * x / gyro_dps_per_lsb for x in gyro_bias_mdps or (0, 0, 0)]
        self.offset_g = [1e-6 * x for x in acc_offset_ug or (0, 0, 0)]
        self.pull = [0.0] * 2
        self.smooth, self.least, self.most = [0.0] * 6, [1e9] * 6, [-1e9] * 6
        self.last_least, self.last_most = [-1e9] * 6, [1e9] * 6
        self.count, self.age, self.seen = 0, 0, 0
        self.first = True
        self.variance = (KNOWN_DPS if gyro_bias_mdps else DOUBT_DPS) ** 2
        self.unsure, self.resting = min(self.variance / SURE_DPS**2, 1.0), False

    def update(self, sample):
        """One sample: gx gy gz ax ay az, counts. `q` is the orientation afterwards, w x y z."""
        self._rest(sample)
        self._turn(sample)
        self._level(sample)
        if self.seen < STEADY:
            self.seen += 1

    def _rest(self, sample):
        smooth, least, most = self.smooth, self.least, self.most
        for k in range(6):
            smooth[k] = x = sample[k] if self.first else smooth[k] + (sample[k] - smooth[k]) * self.smoothing
            least[k] = min(least[k], x)
            most[k] = max(most[k], x)
            self.resting = self.resting and most[k] - least[k] < self.spread[k]
        self.first = False
        for k in range(3):
            self.total[k] += sample[k]
        self.count += 1
        if self.count < self.step:
            return
        unrest = 0.0
        for k in range(6):
            low, high = min(least[k], self.last_least[k]), max(most[k], self.last_most[k])
            unrest = max(unrest, (high - low) / self.spread[k])
            if k < 3 and max(high, -low) > self.rate_limit:
                unrest = 1.0
        self.resting = unrest < 1
        self.age = min(self.age + 1, 1000)
        if unrest < 1:
            self._learn(unrest)
        self.last_least, self.last_most = least, most
        self.least, self.most = smooth[:], smooth[:]
        self.total = [0.0] * 3
        self.count = 0

    def _learn(self, unrest):
        off = [self.total[k] / self.count - self.bias[k] for k in range(3)]
        sd = SPREAD_SD_DPS * min(unrest / (1 - unrest), MOST_UNREST)
        variance = self.variance + self.age * self.step * self.dt * WALK_DPS_RTS**2
        variance = min(variance, DOUBT_DPS**2)
        gain = variance / (variance + sd**2 + NOISE_DPS**2)
        self.variance = (1 - gain) * variance
        self.unsure = min(self.variance / SURE_DPS**2, 1.0)
        self.age = 0
        for k in range(3):
            bias = self.bias[k] + gain * off[k]
            self.bias[k] = min(MOST_BIAS_COUNTS, max(-MOST_BIAS_COUNTS, bias))

    def _turn(self, sample):
        half = self.half
        for k in range(3):
            x = 0.5 * (sample[k] - self.bias[k]) * self.rad * self.dt + self.level[k]
            half[k] = min(0.25, max(-0.25, x))
        x, y, z = half
        angle = math.sqrt(x * x + y * y + z * z)
        c = math.cos(angle)
        s = math.sin(angle) / angle if angle > 1e-9 else 1.0
        x, y, z = s * x, s * y, s * z
        w, i, j, k = self.q
        a = w * c - i * x - j * y - k * z
        b = w * x + i * c + j * z - k * y
        d = w * y - i * z + j * c + k * x
        e = w * z + i * y - j * x + k * c
        norm = 1 / math.sqrt(a * a + b * b + d * d + e * e)
        self.q = [a * norm, b * norm, d * norm, e * norm]

    def _level(self, sample):
        w, x, y, z = self.q
        fx, fy, fz = [sample[3 + k] * self.g_per_count - self.offset_g[k] for k in range(3)]
        xx, xy, xz = 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)
        yx, yy, yz = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)
        east, north = xx * fx + xy * fy + xz * fz, yx * fx + yy * fy + yz * fz
        if self.seen >= STEADY:
            self.pull[0] += self.pull_gain * (east - self.pull[0])
            self.pull[1] += self.pull_gain * (north - self.pull[1])
            east, north = 0.5 * self.pull[0] * self.dt / TAU_S, 0.5 * self.pull[1] * self.dt / TAU_S
        else:
            share = START_SHARE if self.seen < STARTING else START_SHARE / 4 / 2 ** (self.seen >> 6)
            east = min(0.125, max(-0.125, 0.5 * share * east))
            north = min(0.125, max(-0.125, 0.5 * share * north))
            up = 2 * (x * z - w * y) * fx + 2 * (y * z + w * x) * fy + (1 - 2 * (x * x + y * y)) * fz
            if self.seen < STARTING and up < 0:
                east, north = 0.0, 0.125
        level = self.level
        level[0], level[1], level[2] = north * xx - east * yx, north * xy - east * yy, north * xz - east * yz
        if self.seen >= STEADY:
            gain = 2 * (BIAS_GAIN_HZ2 + (FIRST_BIAS_GAIN_HZ2 - BIAS_GAIN_HZ2) * self.unsure) / self.rad
            for k in range(3):
                bias = self.bias[k] - gain * level[k]
                if abs(bias) < MOST_BIAS_COUNTS:
                    self.bias[k] = bias
