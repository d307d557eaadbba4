"""What the makers say of the three chips: the prior of a calibration, and what a measurement is compared with.

Each figure carries where it is from. `recalled` marks those that were not read in the document itself when this was
written; check them there before printing them to a wearer as the maker's word.
"""

from __future__ import annotations

from dataclasses import dataclass

from coxa_calibration.readings import CalibrationError


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a data sheet; its unit is in the name of the field that holds it. `recalled`: see above."""

    value: float
    source: str
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Datasheet:
    """Typical figures at 25 °C. A typical ± is not guaranteed, and soldering and the case add to it: as a prior it is
    taken for one standard deviation, not two.

    Attributes:
        gyro_noise_mdps_rthz, acc_noise_ug_rthz: white noise densities.
        gyro_offset_dps, acc_offset_mg: zero-rate and zero-g level, ±.
        gyro_drift_dps_c, acc_drift_mg_c: their change with temperature, ± per °C.
        gyro_scale, acc_scale: sensitivity tolerance, ± share; `gyro_cross`, `acc_cross`: cross-axis, ± share.
    """

    chip: str
    gyro_noise_mdps_rthz: Figure
    gyro_offset_dps: Figure
    gyro_drift_dps_c: Figure
    gyro_scale: Figure
    gyro_cross: Figure
    acc_noise_ug_rthz: Figure
    acc_offset_mg: Figure
    acc_drift_mg_c: Figure
    acc_scale: Figure
    acc_cross: Figure


_ST, _ST_AFTER = "ST DS12814, mechanical characteristics", "not in ST DS12814; soldering and case, as others state it"
_MPU, _ICM = "TDK DS-000193 rev. 1.1, electrical characteristics", "TDK DS-000347 rev. 1.7, electrical characteristics"

DATASHEETS: dict[str, Datasheet] = {
    "LSM6DSOX": Datasheet(
        "LSM6DSOX",
        gyro_noise_mdps_rthz=Figure(3.8, _ST), gyro_offset_dps=Figure(1.0, _ST), gyro_drift_dps_c=Figure(0.010, _ST),
        gyro_scale=Figure(0.01, _ST, True), gyro_cross=Figure(0.01, _ST_AFTER, True),
        acc_noise_ug_rthz=Figure(70.0, _ST), acc_offset_mg=Figure(20.0, _ST, True),
        acc_drift_mg_c=Figure(0.1, _ST, True), acc_scale=Figure(0.01, _ST, True),
        acc_cross=Figure(0.01, _ST_AFTER, True),
    ),
    "MPU6886": Datasheet(
        "MPU6886",
        gyro_noise_mdps_rthz=Figure(4.0, _MPU), gyro_offset_dps=Figure(1.0, _MPU, True),
        gyro_drift_dps_c=Figure(0.04, "boards in use, 0.03 to 0.06", True), gyro_scale=Figure(0.01, _MPU),
        gyro_cross=Figure(0.02, _MPU, True), acc_noise_ug_rthz=Figure(100.0, _MPU),
        acc_offset_mg=Figure(25.0, _MPU, True), acc_drift_mg_c=Figure(0.5, _MPU, True),
        acc_scale=Figure(0.01, _MPU, True), acc_cross=Figure(0.02, _MPU, True),
    ),
    "ICM-42688-P": Datasheet(
        "ICM-42688-P",
        gyro_noise_mdps_rthz=Figure(2.8, _ICM), gyro_offset_dps=Figure(0.5, _ICM), gyro_drift_dps_c=Figure(0.005, _ICM),
        gyro_scale=Figure(0.005, _ICM, True), gyro_cross=Figure(0.0125, _ICM, True),
        acc_noise_ug_rthz=Figure(70.0, _ICM), acc_offset_mg=Figure(20.0, _ICM, True),
        acc_drift_mg_c=Figure(0.15, _ICM, True), acc_scale=Figure(0.005, _ICM, True),
        acc_cross=Figure(0.01, _ICM, True),
    ),
}  # fmt: skip
"""By the name of the chip. Among them the looser figure stands where axes differ."""

UNKNOWN_CHIP = Datasheet(
    "unknown",
    **{
        name: Figure(value, "wide enough for consumer chips of the last fifteen years")
        for name, value in {
            "gyro_noise_mdps_rthz": 10.0, "gyro_offset_dps": 10.0, "gyro_drift_dps_c": 0.06, "gyro_scale": 0.03,
            "gyro_cross": 0.02, "acc_noise_ug_rthz": 300.0, "acc_offset_mg": 80.0, "acc_drift_mg_c": 1.0,
            "acc_scale": 0.03, "acc_cross": 0.02,
        }.items()
    },
)  # fmt: skip
"""For a chip without a data sheet here: wide priors."""


def datasheet(chip: str) -> Datasheet:
    """The figures of a chip, whatever its name's case and dashes.

    Raises:
        CalibrationError: reason `unknown_chip`.
    """
    plain = {name.lower().replace("-", ""): sheet for name, sheet in DATASHEETS.items()}
    key = chip.lower().replace("-", "").replace("_", "")
    for name, sheet in plain.items():
        if key == name or (name.endswith("p") and key == name[:-1]):
            return sheet
    raise CalibrationError(
        f"There is no data sheet of a chip named {chip!r}.",
        f"Use one of {', '.join(DATASHEETS)}, or go on without a data sheet.", "unknown_chip",
    )  # fmt: skip


def datasheet_or_wide(chip: str) -> Datasheet:
    """The data sheet of a chip, or wide tolerances where it has none here."""
    try:
        return datasheet(chip)
    except CalibrationError:
        return UNKNOWN_CHIP
