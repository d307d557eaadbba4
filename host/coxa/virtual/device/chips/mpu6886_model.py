"""Register model of the InvenSense MPU6886 (datasheet DS-000193): what matters for its FIFO."""

import struct

from chip_model import ChipModel, clip

SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG = 0x19, 0x1A, 0x1B, 0x1C
FIFO_EN, INT_STATUS = 0x23, 0x3A
USER_CTRL, PWR_MGMT_1 = 0x6A, 0x6B
FIFO_COUNT_HIGH, FIFO_COUNT_LOW, FIFO_R_W = 0x72, 0x73, 0x74
WHO_AM_I = 0x75
READ_ONLY = (INT_STATUS, FIFO_COUNT_HIGH, FIFO_COUNT_LOW, WHO_AM_I)

GYRO_RANGE_DPS = (250, 500, 1000, 2000)
ACC_RANGE_G = (2, 4, 8, 16)
BYTES = 1024


class Model(ChipModel):
    """Its FIFO knows bytes, not packets: when it overflows, packets are cut."""

    RESET_VALUES = ((0x1A, 0x80), (0x6B, 0x41), (0x75, 0x19))
    RESET_US = 90_000
    WHO_AM_I = 0x19

    def power_on(self):
        self._fifo = b""
        self._count = 0

    def put(self, register, value):
        if register == PWR_MGMT_1 and value & 0x80:
            self.reset()
            return
        if register in READ_ONLY:
            return
        if register == USER_CTRL:
            if value & 0x04:
                self._fifo = b""
            value &= ~0x05  # both reset bits clear themselves
        super().put(register, value)

    def following(self, register):
        return register if register == FIFO_R_W else super().following(register)

    def read(self, register, length):
        if register != FIFO_R_W:
            return super().read(register, length)
        self.advance()
        data, self._fifo = self._fifo[:length], self._fifo[length:]
        return data + b"\xff" * (length - len(data))

    def get(self, register):
        if register == FIFO_COUNT_HIGH:
            self._count = len(self._fifo)
            return self._count >> 8
        if register == FIFO_COUNT_LOW:
            return self._count & 0xFF
        value = super().get(register)
        if register == INT_STATUS:
            self.registers[INT_STATUS] = 0
        return value

    def sampling(self):
        asleep = self.registers[PWR_MGMT_1] & 0x40
        return not asleep and self.registers[USER_CTRL] & 0x40 and self.registers[FIFO_EN] & 0x18

    def rate_ratio(self):
        divided = 1 <= self.registers[CONFIG] & 7 <= 6 and not self.registers[GYRO_CONFIG] & 3
        return (10, 1 + self.registers[SMPLRT_DIV]) if divided else (80, 1)

    def gyro_ratio(self):
        return 500 / GYRO_RANGE_DPS[self.registers[GYRO_CONFIG] >> 3 & 3]

    def acc_ratio(self):
        return 4 / ACC_RANGE_G[self.registers[ACCEL_CONFIG] >> 3 & 3]

    def take(self, k, sample):
        gx, gy, gz, ax, ay, az = sample
        temperature = clip((self.temperature_c - 25) * 326.8)
        which = self.registers[FIFO_EN] & 0x18
        if which == 0x18:
            packet = struct.pack(">7h", ax, ay, az, temperature, gx, gy, gz)
        elif which == 0x10:
            packet = struct.pack(">4h", temperature, gx, gy, gz)
        else:
            packet = struct.pack(">4h", ax, ay, az, temperature)
        fifo = self._fifo + packet
        if len(fifo) > BYTES:
            self.registers[INT_STATUS] |= 0x10
            stops = self.registers[CONFIG] & 0x40
            fifo = fifo[:BYTES] if stops else fifo[len(fifo) - BYTES :]
        self._fifo = fifo
