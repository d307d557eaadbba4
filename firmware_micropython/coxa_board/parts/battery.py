"""Voltage and charge of one lithium cell."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import ADC

START_MV = 3550  # below it no session starts: 20 minutes must fit above STOP_MV
STOP_MV = 3450  # a session is saved and closed, while the regulator (3.3 V) still holds
_ABSENT_MV = const(2500)  # no cell with a protection circuit shows less: there is none, or no divider
_READINGS = const(16)  # averaged: one reading of these converters scatters by some 10 mV
_LOW_READINGS = const(3)  # in a row: the radio pulls the voltage down for milliseconds, an empty cell stays down

# Rest voltage and charge of a lithium-polymer cell at a tenth of its capacity per hour, mV and %; a typical curve,
# shifted to end at STOP_MV. Good for 10 %.
_CURVE = (
    (STOP_MV, 0), (3680, 10), (3740, 20), (3770, 30), (3790, 40), (3820, 50), (3870, 60), (3920, 70), (3980, 80),
    (4060, 90), (4150, 100),
)  # fmt: skip


class Battery:
    """Reads the battery.

    Attributes:
        mv: as last read; 0 where it cannot be measured.
        empty: three readings in a row were below STOP_MV.
    """

    def __init__(self, adc: ADC | None, divider: float) -> None:
        """Takes the converter and how many times the battery's voltage exceeds the pin's."""
        self._adc = adc
        self._permille = round(divider * 1000)
        self._low = 0
        self.mv = 0
        self.empty = False

    def read(self) -> int:
        """The voltage now, mV; 0 where there is no battery or nothing to measure it with. No allocation."""
        adc = self._adc
        if adc is None:
            return 0
        total = 0
        for _ in range(_READINGS):
            total += adc.read_uv()
        mv = total // (_READINGS * 1000) * self._permille // 1000
        self.mv = mv if mv >= _ABSENT_MV else 0
        self._low = self._low + 1 if 0 < self.mv < STOP_MV else 0
        self.empty = self._low >= _LOW_READINGS
        return self.mv

    def percent(self, mv: int) -> int:
        """Charge at this voltage, 0-100 %; 0 for 0 mV, not measured."""
        below = _CURVE[0]
        if mv <= below[0]:
            return 0
        for point in _CURVE:
            if mv < point[0]:
                return below[1] + (mv - below[0]) * (point[1] - below[1]) // (point[0] - below[0])
            below = point
        return 100
