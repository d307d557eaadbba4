"""What the sensors have in common: setting up, what a drain tells beside its samples, the copying of samples."""

import time

import micropython

from coxa_wire import SAMPLE_LENGTH, TEMPERATURE_UNKNOWN

from .fault import ImuFault
from .registers import Registers

TYPE_CHECKING = False
if TYPE_CHECKING:
    ptr8 = bytearray | memoryview  # what machine code takes for one

BURST_LENGTH = 448  # bytes in one transfer: 10 ms of a 400 kHz bus; a multiple of 7, 14, 16, the chips' packets


class Chip:
    """A sensor with a FIFO; see the package for what it offers. Subclasses give the registers."""

    NAME = ""
    WHO_AM_I = 0
    WHO_AM_I_REGISTER = 0
    ADDRESSES: tuple[int, ...] = ()
    RATE_HZ = 0.0
    DEPTH = 0
    GYRO_DPS_PER_LSB = 0.0
    ACC_G_PER_LSB = 0.0
    LOSS_AT_END = False

    PACKET = 1  # bytes that a burst is a multiple of
    SETUP = b""  # register, value, …: written once, must read back the same for good
    SETTLE_MS = 0  # from the start of the FIFO until the filters have settled

    def __init__(self, registers: Registers) -> None:
        """Makes the buffers; speaks to nobody yet."""
        self._registers = registers
        self._buffer = bytearray(BURST_LENGTH)
        whole = memoryview(self._buffer)
        self._views = [whole[: self.PACKET * n] for n in range(BURST_LENGTH // self.PACKET + 1)]
        self._pair = bytearray(2)
        self.clear()
        self.level = 0
        self.ticks = time.ticks_us()
        self.temperature_c = TEMPERATURE_UNKNOWN

    def clear(self) -> None:
        """Forgets what the last drain told."""
        self.emptied = False
        self.overrun = False
        self.lost = 0
        self.clipped = False

    def lose(self, count: int) -> None:
        """Samples were lost; -1: nobody knows how many."""
        self.overrun = True
        self.lost = -1 if count < 0 or self.lost < 0 else self.lost + count

    def configure(self) -> None:
        """Resets the chip, sets it up, starts its FIFO and throws away the samples of the settling.

        Raises ImuFault where the chip does not follow, OSError where the bus fails.
        """
        self.reset()
        seen = self._registers.read(self.WHO_AM_I_REGISTER)
        if seen != self.WHO_AM_I:
            raise ImuFault(f"{self.NAME} answers 0x{seen:02x} after its reset: check the supply")
        self._registers.write_all(self.SETUP)
        if not self.intact():
            raise ImuFault(f"{self.NAME} does not keep its settings: check the supply and the wires")
        self.start()
        time.sleep_ms(self.SETTLE_MS)
        if not self._discard():
            raise ImuFault(f"{self.NAME} gives no samples: switch it off and on")

    def intact(self) -> bool:
        """Whether the chip still has its settings; not after a dip of its supply. Raises OSError."""
        return self._registers.hold(self.SETUP)

    def rate_hint_hz(self) -> float | None:
        """The chip's own word on its true rate, known after `configure`."""
        return None

    def _discard(self) -> int:
        scratch = bytearray(SAMPLE_LENGTH * (BURST_LENGTH // SAMPLE_LENGTH))
        found = 0
        for _ in range(self.DEPTH):
            found += self.drain(scratch, BURST_LENGTH // SAMPLE_LENGTH)
            if not self.level:
                break
        return found

    def reset(self) -> None:
        """Brings all registers to their reset values and wakes the chip. Raises ImuFault, OSError."""
        raise NotImplementedError

    def rest(self) -> None:
        """Stops measuring, to save power; `configure` wakes it. Raises ImuFault, OSError."""
        self.reset()

    def start(self) -> None:
        """Starts the FIFO, empty."""
        raise NotImplementedError

    def drain(self, out: bytearray, room: int) -> int:
        """See the package."""
        raise NotImplementedError


@micropython.viper
def put_axes(out: ptr8, at: int, source: ptr8, i: int, high_first: int) -> bool:
    """Copies three s16 of either byte order (`high_first` 0 or 1) to little-endian ones.

    Returns whether one of them is at the end of the range: within 0.8 % of it, so only the high bytes are looked at.
    """
    clipped = False
    for j in range(0, 6, 2):
        high = source[i + j + 1 - high_first]
        out[at + j] = source[i + j + high_first]
        out[at + j + 1] = high
        if 0x7F <= high <= 0x80:
            clipped = True
    return clipped
