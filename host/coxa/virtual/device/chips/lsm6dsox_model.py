"""Register model of the ST LSM6DSOX (datasheet DS12814): what matters for its FIFO."""

import struct

from chip_model import ChipModel

CTRL1_XL, CTRL2_G, CTRL3_C, CTRL10_C = 0x10, 0x11, 0x12, 0x19
FIFO_CTRL3, FIFO_CTRL4 = 0x09, 0x0A
FIFO_STATUS1, FIFO_STATUS2 = 0x3A, 0x3B
INTERNAL_FREQ_FINE = 0x63
FIFO_TAG, FIFO_LAST = 0x78, 0x7E

GYRO_UDPS_PER_LSB = {0: 8750, 1: 4375, 2: 17500, 4: 35000, 6: 70000}
ACC_UG_PER_LSB = {0: 61, 1: 488, 2: 122, 3: 244}
RATE_DIVIDER = {1: 8, 2: 4, 3: 2, 4: 1}  # 12.5 … 104 Hz
RATE_FACTOR = {4: 1, 5: 2, 6: 4, 7: 8, 8: 16}  # 104 … 1667 Hz
TICKS_PER_SAMPLE = 384
WORDS = 512


class Model(ChipModel):
    """`parity` of the tag, and the order of the words of a sample: not clear, so a driver must not care."""

    NOMINAL_HZ = 6667 / 64
    RESET_VALUES = ((0x02, 0x3F), (0x0F, 0x6C), (0x12, 0x04), (0x18, 0xE0))
    RESET_US = 50
    WHO_AM_I = 0x6C
    parity = 0
    acc_first = False
    time_first = False

    def power_on(self):
        self._fifo = []
        self._latched = False
        fine = round((self.true_rate_hz / self.NOMINAL_HZ - 1) / 0.0015)
        self.registers[INTERNAL_FREQ_FINE] = fine & 0xFF

    def put(self, register, value):
        if register == CTRL3_C and value & 0x01:
            self.reset()
            return
        if FIFO_STATUS1 <= register <= FIFO_STATUS2 or register >= 0x63 or register == 0x0F:
            return  # read only
        super().put(register, value)
        if register == FIFO_CTRL4 and not value & 7:
            self._fifo = []
            self._latched = False

    def following(self, register):
        if register == FIFO_LAST:
            return FIFO_TAG
        return super().following(register) if self.registers[CTRL3_C] & 0x04 else register

    def get(self, register):
        if FIFO_TAG <= register <= FIFO_LAST:
            return self._data(register - FIFO_TAG)
        if register == FIFO_STATUS1:
            return len(self._fifo) & 0xFF
        if register == FIFO_STATUS2:
            count = len(self._fifo)
            full = len(self._fifo) >= WORDS
            latched, self._latched = self._latched, False
            return count >> 8 | latched << 3 | full << 5 | latched << 6
        resetting = register == CTRL3_C and self.clock.now_us < self.deaf_until_us
        return super().get(register) | resetting

    def _data(self, at):
        if not self._fifo:
            return 0
        value = self._fifo[0][at]
        if at == FIFO_LAST - FIFO_TAG:
            self._fifo.pop(0)
        return value

    def sampling(self):
        odr = self.registers[CTRL1_XL] >> 4
        return self.registers[FIFO_CTRL4] & 7 == 6 and odr and odr == self.registers[CTRL2_G] >> 4

    def rate_ratio(self):
        odr = self.registers[CTRL1_XL] >> 4
        return RATE_FACTOR.get(odr, 1), RATE_DIVIDER.get(odr, 1)

    def gyro_ratio(self):
        return GYRO_UDPS_PER_LSB[2] / GYRO_UDPS_PER_LSB[self.registers[CTRL2_G] >> 1 & 7]

    def acc_ratio(self):
        return ACC_UG_PER_LSB[2] / ACC_UG_PER_LSB[self.registers[CTRL1_XL] >> 2 & 3]

    def take(self, k, sample):
        words = []
        if self.registers[FIFO_CTRL3] >> 4:
            words.append((1, struct.pack("<3h", *sample[:3])))
        if self.registers[FIFO_CTRL3] & 0x0F:
            words.insert(0 if self.acc_first else 1, (2, struct.pack("<3h", *sample[3:])))
        every = (0, 1, 8, 32)[self.registers[FIFO_CTRL4] >> 6]
        if every and k % every == 0 and self.registers[CTRL10_C] & 0x20:
            ticks = k * TICKS_PER_SAMPLE & 0xFFFFFFFF
            words.insert(0 if self.time_first else 2, (4, struct.pack("<IH", ticks, 0)))
        for tag, data in words:
            self.push(k, tag, data)
        if self.registers[FIFO_CTRL4] & 0x30 == 0x10 and k % 65 == 0:
            self.push(k, 3, struct.pack("<hI", round((self.temperature_c - 25) * 256), 0))

    def push(self, k, tag, data):
        """Puts a word of 6 data bytes into the FIFO."""
        head = tag << 3 | (k & 3) << 1
        parity = head ^ head >> 4
        parity ^= parity >> 2
        self._fifo.append(bytes([head | (parity ^ parity >> 1 ^ self.parity) & 1]) + data)
        if len(self._fifo) > WORDS:
            self._fifo.pop(0)
            self._latched = True
