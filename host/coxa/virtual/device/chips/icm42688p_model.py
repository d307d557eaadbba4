"""Register model of the InvenSense ICM-42688-P (datasheet DS-000347): what matters for its FIFO."""

import struct

from chip_model import ChipModel, clip

DEVICE_CONFIG, FIFO_CONFIG = 0x11, 0x16
INT_STATUS, FIFO_COUNT_H, FIFO_COUNT_L, FIFO_DATA = 0x2D, 0x2E, 0x2F, 0x30
SIGNAL_PATH_RESET, INTF_CONFIG0, INTF_CONFIG1, PWR_MGMT0 = 0x4B, 0x4C, 0x4D, 0x4E
GYRO_CONFIG0, ACCEL_CONFIG0, TMST_CONFIG, FIFO_CONFIG1 = 0x4F, 0x50, 0x54, 0x5F
FIFO_LOST_PKT0, FIFO_LOST_PKT1, WHO_AM_I, REG_BANK_SEL = 0x6C, 0x6D, 0x75, 0x76
READ_ONLY = (INT_STATUS, FIFO_COUNT_H, FIFO_COUNT_L, FIFO_DATA, FIFO_LOST_PKT0, FIFO_LOST_PKT1, WHO_AM_I)

OTHER_BANKS = {
    1: {0x03: 0x80, 0x0B: 0xA0, 0x0D: 0xAA, 0x0E: 0x80, 0x13: 0x11, 0x7A: 0x83, 0x7C: 0x5F},
    2: {0x03: 0x30, 0x04: 0x40, 0x05: 0x62},
    4: {0x40: 0xA2, 0x41: 0x85, 0x42: 0x51, 0x43: 0xA4, 0x44: 0x8C, 0x45: 0x5C, 0x46: 0x45, 0x47: 0x5B},
}
RANGE_DPS = (2000, 1000, 500, 250, 125)
RANGE_G = (16, 8, 4, 2)
RATE_HZ = {6: 1000, 7: 200, 8: 100, 9: 50, 10: 25, 15: 500}
PACKETS = 128
PACKET = 16
INVALID = -32768
EMPTY = b"\x80" + bytes(15)
GYRO_START_US = 45_000
QUIET_US = 200  # after PWR_MGMT0, no writes
STUCK_LSB = 100 * 32768 // 500  # adaptive full scale freezes the gyroscope above 100 deg/s


class Model(ChipModel):
    """`first_header`: of the first packet after a flush, 0x7B on one part in twenty. `invalid`: samples it misses."""

    RESET_VALUES = (
        (0x13, 0x05), (0x1D, 0x80), (0x1F, 0x80), (0x21, 0x80), (0x23, 0x80), (0x25, 0x80), (0x27, 0x80),
        (0x29, 0x80), (0x2D, 0x10), (0x30, 0xFF), (0x4C, 0x30), (0x4D, 0x91), (0x4F, 0x06), (0x50, 0x06),
        (0x51, 0x16), (0x52, 0x11), (0x53, 0x0D), (0x54, 0x23), (0x56, 0x82), (0x62, 0x10), (0x64, 0x10),
        (0x65, 0x10), (0x75, 0x47),
    )  # fmt: skip
    RESET_US = 1000
    WHO_AM_I = 0x47

    def __init__(self, motion, true_rate_hz=None, first_header=0x68, invalid=(), **settings):
        self._first_header = first_header
        self._invalid = invalid
        super().__init__(motion, true_rate_hz, **settings)

    def power_on(self):
        self._fifo = []
        self._read = 0  # bytes of the oldest packet that are read
        self._bank = 0
        self._lost = 0
        self._gyro_on_us = 0
        self._stuck = [0, 0, 0]
        self._flush()
        self.banks = {}
        for bank, values in OTHER_BANKS.items():
            self.banks[bank] = bytearray(256)
            for register, value in values.items():
                self.banks[bank][register] = value

    def _flush(self):
        self._fifo = []
        self._read = 0
        self._flushed = True

    def put(self, register, value):
        if register == REG_BANK_SEL:
            self._bank = value & 7
        elif self._bank:
            self.banks.get(self._bank, bytearray(256))[register] = value
        elif register == DEVICE_CONFIG and value & 1:
            self.reset()
        elif register == SIGNAL_PATH_RESET:
            if value & 2:
                self._flush()
        elif register not in READ_ONLY:
            self._set(register, value)

    def _set(self, register, value):
        if register == PWR_MGMT0:
            self.deaf_until_us = self.clock.now_us + QUIET_US
            if value & 0x0C and not self.registers[PWR_MGMT0] & 0x0C:
                self._gyro_on_us = self.clock.now_us
        self.registers[register] = value
        if register == FIFO_CONFIG and not value >> 6:
            self._flush()

    def following(self, register):
        return register if register == FIFO_DATA and not self._bank else super().following(register)

    def read(self, register, length):
        if register != FIFO_DATA or self._bank:
            return super().read(register, length)
        self.advance()
        whole = b"".join(self._fifo)[self._read :]
        data = whole[:length]
        if length >= len(whole):
            self._fifo, self._read = [], 0
        elif self.registers[FIFO_CONFIG1] & 0x40:  # else the next read starts at the same packet
            done = self._read + length
            self._fifo, self._read = self._fifo[done // PACKET :], done % PACKET
        return data + (EMPTY * (length // PACKET + 1))[: length - len(data)]

    def get(self, register):
        if register == REG_BANK_SEL:
            return self._bank
        if self._bank:
            return self.banks.get(self._bank, bytearray(256))[register]
        if register in (FIFO_COUNT_H, FIFO_COUNT_L):
            count = len(self._fifo) * (1 if self.registers[INTF_CONFIG0] & 0x40 else PACKET)
            big = self.registers[INTF_CONFIG0] & 0x20
            return count >> 8 if bool(big) == (register == FIFO_COUNT_H) else count & 0xFF
        if register in (FIFO_LOST_PKT0, FIFO_LOST_PKT1):
            return self._lost >> 8 & 0xFF if register == FIFO_LOST_PKT1 else self._lost & 0xFF
        value = self.registers[register]
        if register == INT_STATUS:
            if self.clock.now_us < self.deaf_until_us:
                return 0  # the reset is not done
            self.registers[INT_STATUS] = 0
        return value

    def sampling(self):
        on = self.registers[PWR_MGMT0] & 0x0F == 0x0F
        packets_of_16 = self.registers[FIFO_CONFIG1] & 0x13 == 0x03  # the other forms are not modelled
        return on and packets_of_16 and self.registers[FIFO_CONFIG] >> 6

    def rate_ratio(self):
        return RATE_HZ.get(self.registers[GYRO_CONFIG0] & 0x0F, 1000), 100

    def gyro_ratio(self):
        return 500 / RANGE_DPS[self.registers[GYRO_CONFIG0] >> 5]

    def acc_ratio(self):
        return 4 / RANGE_G[self.registers[ACCEL_CONFIG0] >> 5]

    def take(self, k, sample):
        gyro, acc = self._adapted(sample[:3]), sample[3:]
        started = k * 1e12 / self._rate_uhz >= self._gyro_on_us + GYRO_START_US
        if not started or k in self._invalid:
            gyro = [INVALID] * 3
        header = 0x68 if self.registers[TMST_CONFIG] & 1 else 0x60
        if self._flushed:
            header, self._flushed = header if self._first_header == 0x68 else self._first_header, False
        order = ">" if self.registers[INTF_CONFIG0] & 0x10 else "<"
        temperature = max(-128, min(127, clip((self.temperature_c - 25) * 2.07)))
        packet = struct.pack(order + "B6hbH", header, *acc, *gyro, temperature, k * 10_000 & 0xFFFF)
        if len(self._fifo) >= PACKETS:
            self._lost += 1
            self.registers[INT_STATUS] |= 0x02
            if self.registers[FIFO_CONFIG] & 0x80:
                return
            self._fifo.pop(0)
            self._read = 0
        self._fifo.append(packet)

    def _adapted(self, gyro):
        """Adaptive full scale, which nobody wants, is on unless the upper bits of INTF_CONFIG1 are 01."""
        if self.registers[INTF_CONFIG1] >> 6 != 1 and max([abs(value) for value in gyro]) > STUCK_LSB:
            return self._stuck
        self._stuck = list(gyro)
        return gyro
