"""An I2C bus with register models on it: what it costs in time, and what can go wrong on it."""

import time

_NO_ACKNOWLEDGE = 19
_TIMEOUT = 110
_BITS_PER_BYTE = 9
_RECOVERY_PULSES = 9

# An ESP32 takes 680 µs for `readfrom_mem` of 8 bytes (micropython#8718), of which 247 µs are bits at 400 kHz.
OVERHEAD_US = 430
TIMEOUT_US = 50_000  # the default of machine.I2C


class VirtualBus:
    """The part of `machine.I2C` that the drivers use, on the virtual clock.

    `devices`: models by address. `busy_us` and `transfers` count; both may be set to 0.
    `faults`: still to come, see `fail`. `stuck`: pulses of SCL that SDA stays low for; set it to break the bus.
    """

    def __init__(self, devices, frequency_hz=400_000, overhead_us=OVERHEAD_US, clock=time):
        self.devices = devices
        self.frequency_hz = frequency_hz
        self.overhead_us = overhead_us
        self.clock = clock
        self.busy_us = 0
        self.transfers = 0
        self.stuck = 0
        self.faults = []

    def fail(self, errno=_NO_ACKNOWLEDGE, after=0, done=0):
        """Lets a transfer fail, after so many that go well, and so many bytes after its start."""
        self.faults.append([after, errno, done])

    def scan(self):
        self._spend(self.overhead_us)
        return [] if self.stuck else sorted(self.devices)

    def readfrom_mem_into(self, address, register, buffer):
        device, length = self._begin(address, len(buffer))
        if length:
            memoryview(buffer)[:length] = device.read(register, length)
        self._end(3, length)

    def readfrom_mem(self, address, register, length):
        buffer = bytearray(length)
        self.readfrom_mem_into(address, register, buffer)
        return bytes(buffer)

    def writeto_mem(self, address, register, data):
        device, length = self._begin(address, len(data))
        if length:
            device.write(register, bytes(data[:length]))
        self._end(2, length)

    def scl(self):
        return _Clock(self)

    def sda(self):
        return _Data(self)

    def _spend(self, duration_us):
        self.busy_us += duration_us
        self.clock.advance_us(duration_us)

    def _begin(self, address, length):
        self.transfers += 1
        self._spend(self.overhead_us)
        self._error = 0
        if self.stuck:
            self._spend(TIMEOUT_US)
            raise OSError(_TIMEOUT)
        if address not in self.devices:
            self._spend(self._wire_us(1))
            raise OSError(_NO_ACKNOWLEDGE)
        for fault in self.faults:
            if fault[0] == 0:
                self.faults.remove(fault)
                self._error = fault[1]
                return self.devices[address], min(fault[2], length)
            fault[0] -= 1
        return self.devices[address], length

    def _end(self, overhead_bytes, length):
        self._spend(self._wire_us(overhead_bytes + length))
        if self._error:
            raise OSError(self._error)

    def _wire_us(self, length):
        return length * _BITS_PER_BYTE * 1_000_000 // self.frequency_hz


class _Line:
    """One line of the bus as a `machine.Pin`."""

    OPEN_DRAIN = 7

    def __init__(self, bus):
        self.bus = bus
        self.level = 1

    def init(self, mode, value=1):
        assert mode == self.OPEN_DRAIN, "a bus line that is driven high can short a chip that pulls it low"
        self.value(value)


class _Clock(_Line):
    def value(self, level=None):
        if level is None:
            return self.level
        if level and not self.level and self.bus.stuck:
            self.bus.stuck -= 1
        self.level = level
        return None


class _Data(_Line):
    def value(self, level=None):
        if level is None:
            return 0 if self.bus.stuck else self.level
        self.level = level
        return None
