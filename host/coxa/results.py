"""What an analysis finds: repetitions, the set, the uncertainty; and its JSON form `coxa.analysis/1`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from coxa.samples import Floats

FORMAT = "coxa.analysis/1"

Position = Literal["wall", "seated", "prone", "supine", "side", "standing"]
Side = Literal["left", "right"]
Label = Literal["thigh", "shank-calibrated", "gravity-test"]
Neutral = Literal["start", "returns"]
POSITIONS: tuple[str, ...] = get_args(Position)
SIDES: tuple[str, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class Rep:
    """One repetition. Angles in degrees, magnitudes in their own direction from the neutral of the set.

    `ir_deg` and `er_deg` are the mean over the hold, or the peak where there is none (then `flags` has
    `no_ir_hold` / `no_er_hold`); a direction that was not performed is 0 and flagged `half_rep`.
    `*_sd_deg` is one standard deviation. `start_s` and `end_s` are on the recording's own clock.
    """

    index: int
    start_s: float
    end_s: float
    ir_deg: float
    er_deg: float
    arc_deg: float
    ir_sd_deg: float
    er_sd_deg: float
    arc_sd_deg: float
    ir_hold_s: float
    er_hold_s: float
    ir_hold_span_s: tuple[float, float] | None
    er_hold_span_s: tuple[float, float] | None
    ramp_out_s: float
    ramp_in_s: float
    ramp_return_s: float
    peak_rate_deg_s: float
    sparc_out: float | None
    sparc_in: float | None
    swing_deg: float
    return_error_deg: float
    valid: bool
    flags: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class SetSummary:
    """The set as a whole; means and spreads over the valid repetitions. None where no repetition was valid.

    `fatigue_deg_per_rep` is the Theil-Sen slope of the arc over the repetitions (negative: the range shrinks).
    `ir_er_balance` is IR / (IR + ER). `subscores` are 0-100, by the names of the protocol's weights.
    `mean_sd_deg` values are the uncertainty of the set's mean, not the spread of the repetitions.
    """

    reps_found: int
    reps_valid: int
    ir_mean_deg: float | None
    er_mean_deg: float | None
    arc_mean_deg: float | None
    ir_mean_sd_deg: float | None
    er_mean_sd_deg: float | None
    arc_mean_sd_deg: float | None
    ir_best_deg: float | None
    er_best_deg: float | None
    arc_best_deg: float | None
    arc_cv_percent: float | None
    fatigue_deg_per_rep: float | None
    ir_er_balance: float | None
    score: float | None
    subscores: dict[str, float]
    advice: str


CalibrationKind = Literal["sensor", "body", "skin"]


@dataclass(frozen=True, slots=True)
class UsedCalibration:
    """A calibration that a result rests on.

    Attributes:
        id: in the store; None where it is not from there.
        made_at: ISO 8601, UTC. `age_days`: how long before the set it was made; negative for one made afterwards.
        says: what it gave, a few words with the uncertainty.
    """

    kind: CalibrationKind
    id: int | None
    made_at: str
    age_days: float
    says: str


@dataclass(frozen=True, slots=True)
class Means:
    """The means of a set and their uncertainty (one standard deviation); None where no repetition was valid."""

    ir_mean_deg: float | None
    er_mean_deg: float | None
    arc_mean_deg: float | None
    ir_mean_sd_deg: float | None
    er_mean_sd_deg: float | None
    arc_mean_sd_deg: float | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of one recording of one set. Angles are what `label` says; rates, swing, axis and score are always
    those of the strap.

    Attributes:
        observability: s = |u × g| in the neutral: 1 gravity sees the rotation, 0 it does not.
        gaps: how many gaps the sample times have; `gap_spans_s` where.
        neutral: what zero is: `start`, the mean of the still start pose, or `returns`, the mean of the returns.
        neutral_start_deg_drift: last return minus the start neutral, degrees; None where there is no pair.
        warnings: full sentences a reader must see beside the numbers (sign from order, no holds, clipping, …).
        t_s, rotation_deg, rotation_sd_deg, swing_deg: (n,) series; rotation IR positive on both sides.
        calibrations: what the result rests on, at most one of each kind.
        thigh: the same means as read at the thigh, where the label is another: for trends, which no new gain may bend.
    """

    position: Position
    side: Side
    label: Label
    sampling_rate_hz: float
    duration_s: float
    observability: float
    gaps: int
    gap_spans_s: tuple[tuple[float, float], ...]
    neutral: Neutral
    neutral_start_deg_drift: float | None
    axis: tuple[float, float, float]
    axis_sd_deg: float
    axis_source: str
    sign_source: str
    warnings: tuple[str, ...]
    reps: tuple[Rep, ...]
    set: SetSummary
    t_s: Floats = field(repr=False)
    rotation_deg: Floats = field(repr=False)
    rotation_sd_deg: Floats = field(repr=False)
    swing_deg: Floats = field(repr=False)
    calibrations: tuple[UsedCalibration, ...] = ()
    thigh: Means | None = None

    def to_dict(self, series: bool = False) -> dict[str, Any]:
        """The JSON object of format `coxa.analysis/1`; with `series` also the angle over time. Plain Python types."""
        from dataclasses import asdict

        from coxa import __version__

        names = ("t_s", "rotation_deg", "rotation_sd_deg", "swing_deg")
        deep = ("reps", "set", "calibrations", "thigh")
        plain = {name: _plain(getattr(self, name)) for name in self.__slots__ if name not in (*deep, *names)}
        out: dict[str, Any] = {"format": FORMAT, "coxa_version": __version__, **plain}
        out["calibrations"] = [_plain(asdict(one)) for one in self.calibrations]
        out["thigh"] = _plain(asdict(self.thigh)) if self.thigh else None
        out["reps"] = [_plain(asdict(rep)) for rep in self.reps]
        out["set"] = _plain(asdict(self.set))
        if series:
            out.update({name: _plain(getattr(self, name)) for name in names})
        return out


def _plain(value: Any) -> Any:
    """Plain Python for JSON, floats rounded to 1e-6 (NaN becomes None: JSON has no NaN)."""
    import numpy as np

    if isinstance(value, dict):
        return {k: _plain(v) for k, v in cast(dict[str, Any], value).items()}
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in cast(Sequence[Any], value)]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
