"""What stands for the sensor where none answers: recordings can still be fetched, and the fault is told."""

from .chip import Chip
from .fault import ImuFault
from .registers import Registers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import I2C


class Missing(Chip):
    """No sensor. `why` is what `find` said."""

    NAME = "none"
    RATE_HZ = 100.0
    GYRO_DPS_PER_LSB = 0.0175  # nothing is measured by these; INFO and the orientation need some
    ACC_G_PER_LSB = 0.000122

    def __init__(self, bus: I2C, why: str) -> None:
        """Takes the bus, which is left alone."""
        super().__init__(Registers(bus, 0))
        self._why = why

    def configure(self) -> None:
        """Raises ImuFault: nothing is there to set up. The board must be restarted with a sensor."""
        raise ImuFault(self._why)
