"""Motion sensors on I2C behind one interface. `find(bus)` says which is there.

A chip has the constants
    NAME, WHO_AM_I, ADDRESSES,
    RATE_HZ            nominal sampling rate
    DEPTH              samples that its FIFO holds
    GYRO_DPS_PER_LSB, ACC_G_PER_LSB
    LOSS_AT_END        True: its FIFO stops when full, so lost samples follow those it held;
                       False: it overwrites the oldest, so lost samples precede those it holds
and the methods
    configure()        reset, set up, start; throws the settling away. ImuFault, OSError; at most 0.5 s
    drain(out, room)   moves up to `room` of the oldest samples from the FIFO to `out`, 12 bytes each: gx gy gz ax ay
                       az, little-endian s16, in LSB, sensor frame. Returns how many: one transfer's worth, so more
                       may wait. Allocates nothing. OSError where the bus fails: nothing was moved then, and the next
                       drain finds its place again and tells of the loss
    intact()           whether the settings read back; False after a dip of the supply: configure again. OSError
    rest()             stops measuring, to save power; configure again. ImuFault, OSError
    rate_hint_hz()     the true rate by the chip's own word, or None
Each drain tells
    level              samples that were in the FIFO, about
    ticks              `time.ticks_us` just after it looked how many
    emptied            no whole sample is left there: the last one moved was the newest at `ticks`
    overrun            samples were lost: before these, or with LOSS_AT_END after these
    lost               how many; 0 none, -1 not known
    clipped            one of these is at the end of the range
    temperature_c      whole °C, the last there was; -128 not known
"""

from .chip import Chip
from .fault import ImuFault
from .icm42688p import ICM42688P
from .lsm6dsox import LSM6DSOX
from .missing import Missing
from .mpu6886 import MPU6886
from .registers import Registers, recover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import I2C

__all__ = ["CHIPS", "Chip", "ImuFault", "Missing", "find", "recover"]

CHIPS = (LSM6DSOX, ICM42688P, MPU6886)


def find(bus: I2C) -> Chip:
    """The chip on this bus, not configured yet.

    Raises ImuFault with what was seen where there is no known chip, OSError where the bus fails.
    """
    present = bus.scan()
    answers: list[str] = []
    for kind in CHIPS:
        for address in kind.ADDRESSES:
            if address in present:
                registers = Registers(bus, address)
                who = registers.read(kind.WHO_AM_I_REGISTER)
                if who == kind.WHO_AM_I:
                    return kind(registers)
                answers.append(f"0x{address:02x} says 0x{who:02x} at 0x{kind.WHO_AM_I_REGISTER:02x}")
    if answers:
        raise ImuFault(
            f"no known motion sensor: {', '.join(answers)}; known: {', '.join([kind.NAME for kind in CHIPS])}"
        )
    found = ", ".join([f"0x{address:02x}" for address in present]) or "nothing"
    raise ImuFault(f"no motion sensor on the bus, only {found}: check wires and 3.3 V")
