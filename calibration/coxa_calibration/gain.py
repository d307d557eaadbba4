"""From the turn of the skin to the turn of the bone: the share of it that one person's strapped thigh shows.

A sensor on the thigh shows about half of the femur's turn (53 ± 10 %: Wren, Do, Hara & Rethlefsen 2008,
doi 10.1016/j.gaitpost.2007.07.006), differently inwards and outwards. What it shows for one person and one place of
the strap is measured against the shank (`gain_fit`) and kept here, with what is uncertain of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from coxa_calibration.readings import CalibrationError, Estimate, Floats

Label = Literal["thigh", "shank-calibrated"]
Quantity = Literal["ir", "er", "arc"]

FORMAT, MAJOR = "coxa.gain", 1

POPULATION = Estimate(0.53, 0.10)
"""Share over people, distal thigh (Wren 2008). For comparison only: dividing by it leaves ±6.6° (one sd) at 35°."""

RESTRAP_SD = 0.05
"""What putting the strap on again at its mark does to a share, one sd, relative. Assumed: the 10 points between the
distal and the proximal wand (Wren 2008) make 1-2 % for a centimetre along the thigh; tension and turn come on top."""

EDGE = 1.1
BEYOND_SD = 0.25
"""A turn may go this much beyond the range of the calibration; of what lies further out, this part is uncertain."""

STRAP_MOVED_M, STRAP_TURNED_RAD = 0.02, np.radians(10.0)
"""A strap moved along or turned about the thigh by more than this is another strap."""


@dataclass(frozen=True, slots=True)
class PersonalGain:
    """What one person's thigh sensor shows of the femur's turn, while the strap stays as it is.

    Attributes:
        side: leg. `strap`: where and how it sits, in the user's words; a gain holds for this strap only.
        k_ir, k_er: share of the femur's turn that the thigh shows, inwards and outwards (0.53, not 1/0.53).
        correlation: between the errors of the two, which share the reference.
        r_squared: share of the thigh's variance that the fit explains. `residual_sd_rad`: scatter about it, thigh.
        n_reps: repetitions in the direction that has fewer.
        range_ir_rad, range_er_rad: how far the femur turned in the calibration.
        made_at: when, with its time zone. `method`: two sensors `together`, or one, `in-turn`.
    """

    side: str
    strap: str
    k_ir: Estimate
    k_er: Estimate
    correlation: float
    r_squared: float
    residual_sd_rad: float
    n_reps: int
    range_ir_rad: float
    range_er_rad: float
    made_at: datetime
    method: Literal["together", "in-turn"]

    def __post_init__(self) -> None:
        """Refuse what cannot be a gain: a damaged file must not scale anybody's numbers."""
        if self.side not in ("left", "right"):
            raise CalibrationError(f"The gain is for side {self.side!r}.", "Use left or right.", "side")
        if self.made_at.tzinfo is None:
            raise CalibrationError("The gain was made at a time without a zone.", "Give it in UTC.", "times")
        for name, k in (("k_ir", self.k_ir), ("k_er", self.k_er)):
            if not (0.0 < k.value < 1.5 and 0.0 < k.sd < k.value):
                raise CalibrationError(
                    f"The gain {name} is {k.value:g} ± {k.sd:g}, which no thigh shows.", "Calibrate again.", "range"
                )
        plain = (self.correlation, self.r_squared, self.residual_sd_rad, self.range_ir_rad, self.range_er_rad)
        if not all(map(math.isfinite, plain)) or min(plain[2:]) < 0 or abs(self.correlation) > 1:
            raise CalibrationError("The gain has a value that cannot be.", "Calibrate again.", "not_a_number")

    def share(self, thigh_rad: ArrayLike) -> Floats:
        """Share of the femur's turn that shows (...), at these angles of the thigh (...), rad, IR positive."""
        return np.where(np.asarray(thigh_rad) >= 0, self.k_ir.value, self.k_er.value)

    def bone_angle(self, thigh_rad: ArrayLike, sd_rad: ArrayLike) -> tuple[Floats, Floats]:
        """Turn of the femur (...) and its standard deviation, rad, from the thigh's (...), IR positive, zero neutral.

        The sd holds the sensor's, the gain's, and what is unknown beyond the range of the calibration.
        """
        thigh, sd = np.asarray(thigh_rad, dtype=np.float64), np.asarray(sd_rad, dtype=np.float64)
        inwards = thigh >= 0
        k = self.share(thigh)
        bone = thigh / k
        own = np.where(inwards, self.k_ir.sd, self.k_er.sd) / k * bone
        return bone, np.sqrt((sd / k) ** 2 + own**2 + self._beyond(bone) ** 2)

    def bone_arc(self, ir: Estimate, er: Estimate, arc_sd_rad: float) -> Estimate:
        """IR + ER of the femur, rad, from the two of the thigh (magnitudes, rad) and the sd of the thigh's own arc.

        Errors that both have in common (zero of the set, reference of the gain) are not counted as if apart.
        """
        a, b = ir.value / self.k_ir.value, er.value / self.k_er.value
        shared = 0.5 * (arc_sd_rad**2 - ir.sd**2 - er.sd**2)
        sensor = (ir.sd / self.k_ir.value) ** 2 + (er.sd / self.k_er.value) ** 2
        sensor += 2 * shared / (self.k_ir.value * self.k_er.value)
        own = a * self.k_ir.sd / self.k_ir.value, b * self.k_er.sd / self.k_er.value
        gain = own[0] ** 2 + own[1] ** 2 + 2 * self.correlation * own[0] * own[1]
        beyond = float(self._beyond(np.asarray(a))) + float(self._beyond(np.asarray(-b)))
        return Estimate(a + b, math.sqrt(max(sensor, 0.0) + gain + beyond**2))

    def mdc_scaled(self, mdc: float, quantity: Quantity = "arc") -> float:
        """The smallest detectable change of the bone for that of the thigh, any unit: a change D shows as k·D there.

        For the arc the smaller share is taken: it is not known on which side the change was.
        """
        least = min(self.k_ir.value, self.k_er.value)
        return mdc / {"ir": self.k_ir.value, "er": self.k_er.value, "arc": least}[quantity]

    def expired(self, strap: str, moved_m: float = 0.0, turned_rad: float = 0.0) -> str:
        """Why this gain does not hold for a set with this strap, as one sentence; empty where it does.

        moved_m, turned_rad: how far the strap sits from its place, along and about the thigh, where that is known.
        """
        if " ".join(strap.split()).casefold() != " ".join(self.strap.split()).casefold():
            return f"The personal gain was measured with the strap at '{self.strap}', not at '{strap}'."
        if abs(moved_m) > STRAP_MOVED_M:
            return f"The strap has moved by {100 * abs(moved_m):.0f} cm since the personal gain was measured."
        if abs(turned_rad) > STRAP_TURNED_RAD:
            return f"The strap has turned by {math.degrees(abs(turned_rad)):.0f}° since the personal gain was measured."
        return ""

    def worn_again(self) -> PersonalGain:
        """The gain after the strap was off and is back at its mark: the same shares, less certain."""
        k_ir, k_er = (
            Estimate(k.value, math.hypot(k.sd, RESTRAP_SD * k.value)) for k in (self.k_ir, self.k_er)
        )  # the place changes both shares alike
        shared = self.correlation * self.k_ir.sd * self.k_er.sd + RESTRAP_SD**2 * k_ir.value * k_er.value
        return replace(self, k_ir=k_ir, k_er=k_er, correlation=shared / (k_ir.sd * k_er.sd))

    def to_dict(self) -> dict[str, Any]:
        """Plain Python of format `coxa.gain/1`; `from_dict` gives back an equal gain."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("k_ir", "k_er", "made_at")}
        shares = {f"{name}{part}": value for name, k in (("k_ir", self.k_ir), ("k_er", self.k_er))
                  for part, value in (("", k.value), ("_sd", k.sd))}  # fmt: skip
        return {"format": f"{FORMAT}/{MAJOR}", **plain, **shares, "made_at": self.made_at.isoformat()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PersonalGain:
        """The gain that `to_dict` wrote; CalibrationError `format` where it is another format, or damaged."""
        name, _, version = str(stored.get("format", "")).partition("/")
        if name != FORMAT or version.partition(".")[0] != str(MAJOR):
            raise CalibrationError(
                f"The personal gain has the format {stored.get('format')!r}, not '{FORMAT}/{MAJOR}'.",
                "Update Coxa, or calibrate again.", "format",
            )  # fmt: skip
        try:
            method: Literal["together", "in-turn"] = {"together": "together", "in-turn": "in-turn"}[stored["method"]]  # type: ignore[assignment]
            return cls(
                side=str(stored["side"]), strap=str(stored["strap"]),
                k_ir=Estimate(float(stored["k_ir"]), float(stored["k_ir_sd"])),
                k_er=Estimate(float(stored["k_er"]), float(stored["k_er_sd"])),
                correlation=float(stored["correlation"]), r_squared=float(stored["r_squared"]),
                residual_sd_rad=float(stored["residual_sd_rad"]), n_reps=int(stored["n_reps"]),
                range_ir_rad=float(stored["range_ir_rad"]), range_er_rad=float(stored["range_er_rad"]),
                made_at=datetime.fromisoformat(stored["made_at"]), method=method,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"The stored personal gain is damaged ({error!r}).", "Calibrate again.", "format"
            ) from None

    def _beyond(self, bone: Floats) -> Floats:
        """(...) sd, rad, of what lies further out than the calibration went."""
        edge = EDGE * np.where(bone >= 0, self.range_ir_rad, self.range_er_rad)
        return np.asarray(BEYOND_SD * np.maximum(np.abs(bone) - edge, 0.0))


def label(gain: PersonalGain | None) -> Label:
    """What an angle may be called: `shank-calibrated` with a gain, else `thigh`, as measured."""
    return "shank-calibrated" if gain else "thigh"
