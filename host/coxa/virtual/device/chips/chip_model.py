"""What the register models have in common: free-running sampling on the virtual clock, ranges, power."""

import time

_MICRO = 1_000_000


class ChipModel:
    """A chip that samples at its own true rate whether anybody reads or not.

    Sample k is taken at the virtual time k / rate and holds `motion.sample(k)`: gx gy gz ax ay az in LSB of the
    intended range. With another range or rate in its registers, it gives what the chip would give.
    """

    NOMINAL_HZ = 100.0
    RESET_VALUES = ()  # (register, value) of those that do not reset to 0
    RESET_US = 0  # how long a reset takes; writes in the meantime are lost

    def __init__(self, motion, true_rate_hz=None, clock=time, temperature_c=30.0):
        self.motion = motion
        self.true_rate_hz = self.NOMINAL_HZ if true_rate_hz is None else true_rate_hz
        self.clock = clock
        self.temperature_c = temperature_c
        self._rate_uhz = 0
        self._next = 0
        self.deaf_until_us = 0
        self.brown_out()

    def brown_out(self):
        """The supply dips: all settings and samples are gone."""
        self.registers = bytearray(256)
        for register, value in self.RESET_VALUES:
            self.registers[register] = value
        self._rate_uhz = 0
        self.power_on()

    def power_on(self):
        """What else a reset does."""

    def reset(self):
        """The chip's own reset bit was written."""
        self.brown_out()
        self.deaf_until_us = self.clock.now_us + self.RESET_US

    def read(self, register, length):
        """What one transfer gives, from this register on."""
        self.advance()
        data = bytearray(length)
        for i in range(length):
            data[i] = self.get(register)
            register = self.following(register)
        return data

    def write(self, register, data):
        for value in data:
            self.advance()
            if self.clock.now_us >= self.deaf_until_us:
                self.put(register, value)
            register = self.following(register)
        self.advance()

    def following(self, register):
        return register + 1 & 0xFF

    def get(self, register):
        return self.registers[register]

    def put(self, register, value):
        self.registers[register] = value

    def advance(self):
        """Takes the samples that are due."""
        step, of = self.rate_ratio() if self.sampling() else (0, 1)
        rate_uhz = round(self.true_rate_hz * _MICRO) * step // of
        if not rate_uhz:
            self._rate_uhz = 0
            return
        last = self.clock.now_us * rate_uhz // (_MICRO * _MICRO)
        if rate_uhz != self._rate_uhz:  # switched on, or to another rate: starts with the next sample
            self._rate_uhz = rate_uhz
            self._next = last + 1
        while self._next <= last:
            k = self._next
            self._next += 1
            self.take(k, self.ranged(self.motion.sample(k * of // step)))

    def ranged(self, sample):
        """The sample in LSB of the configured ranges, clipped as the chip clips."""
        gyro, acc = self.gyro_ratio(), self.acc_ratio()
        return [clip(sample[i] * (gyro if i < 3 else acc)) for i in range(6)]

    def sampling(self):
        """Whether the FIFO is being filled."""
        raise NotImplementedError

    def rate_ratio(self):
        """Configured rate over the intended one, as two whole numbers."""
        raise NotImplementedError

    def gyro_ratio(self):
        """LSB of the intended range over that of the configured one."""
        raise NotImplementedError

    def acc_ratio(self):
        raise NotImplementedError

    def take(self, k, sample):
        """Puts sample k into the FIFO."""
        raise NotImplementedError


def clip(value):
    return max(-32768, min(32767, round(value)))
