"""The gyroscope's bias model learned from still spans over many sessions.

Of each session only its sufficient statistics are kept: they can be stored, merged, and forgotten with time, and the
fit of all of them is the fit of all spans. Spans of one session are not independent: the bias starts a little elsewhere
at each power-on and walks while the chip warms up, which looks like a temperature slope. Both are in the weights, so
one warm-up teaches little and several teach the slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from coxa_calibration.datasheet import UNKNOWN_CHIP, Datasheet
from coxa_calibration.gyroscope import REFERENCE_C, BiasModel, power_on_sd, span_covariance
from coxa_calibration.readings import CalibrationError, Floats
from coxa_calibration.stillness import StillSpan

WORST_RAD_S = np.radians(25.0)
"""No chip in use has a larger bias; a still span with one was on something that turns, or has another unit."""

HALF_LIFE_DAYS = 90.0
"""After this long a session counts half: the bias of MEMS chips ages over months."""

CURVE_SHARE_PER_C = 0.025
"""Prior of the curvature: the slope changes by as much as its own tolerance over 20 °C."""

CURVE_GAIN, CURVE_RANGE_C = 9.0, 12.0
"""A curvature is used from this drop of the misfit on (3 standard deviations), over at least this range."""

KEYS_KEPT = 500
"""Names of sessions remembered, so that none counts twice."""


@dataclass(frozen=True, slots=True)
class BiasHistory:
    """Sufficient statistics of all still spans so far, for each axis, in x = T − 25 °C.

    Attributes:
        information: (3, 3, 3) XᵀV⁻¹X with X = (1, x, x²); `score`: (3, 3) XᵀV⁻¹y; `misfit`: (3,) yᵀV⁻¹y.
        sessions: how many, after forgetting. `coldest_c`, `warmest_c`: range of their temperatures.
        updated_at: when the last one was made (aware); None in an empty history.
        keys: names of the sessions in it, latest last.
    """

    information: Floats
    score: Floats
    misfit: Floats
    sessions: float
    coldest_c: float
    warmest_c: float
    updated_at: datetime | None
    keys: tuple[str, ...]

    @staticmethod
    def empty() -> BiasHistory:
        """Nothing learned yet."""
        return BiasHistory(np.zeros((3, 3, 3)), np.zeros((3, 3)), np.zeros(3), 0.0, np.inf, -np.inf, None, ())

    def with_session(
        self, spans: Sequence[StillSpan], key: str, at: datetime, sheet: Datasheet = UNKNOWN_CHIP
    ) -> BiasHistory:
        """With the still spans of one session (at rest, temperature known), named `key`; known keys change nothing.

        Raises:
            CalibrationError: reason `temperature` (a span without), `too_few` (no span), `moving` (a rate that no bias
                explains) or `times` (`at` without a time zone).
        """
        if key in self.keys:
            return self
        temperatures = _temperatures(spans)
        _check_rates(spans)
        x = temperatures - REFERENCE_C
        X = np.column_stack([np.ones_like(x), x, x**2])
        information, score, misfit = np.zeros((3, 3, 3)), np.zeros((3, 3)), np.zeros(3)
        for axis in range(3):
            y = np.array([span.gyr_rad_s[axis] for span in spans])
            V = span_covariance(spans, axis, sheet)
            information[axis], score[axis] = X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y)
            misfit[axis] = y @ np.linalg.solve(V, y)
        return self.merged(
            BiasHistory(
                information,
                score,
                misfit,
                1.0,
                float(temperatures.min()),
                float(temperatures.max()),
                _aware(at),
                (key,),
            )
        )

    def forgotten(self, now: datetime) -> BiasHistory:
        """As it counts at `now`: halved for each HALF_LIFE_DAYS since it was updated."""
        if self.updated_at is None or _aware(now) <= self.updated_at:
            return self
        days = (now - self.updated_at).total_seconds() / 86400
        kept = 0.5 ** (days / HALF_LIFE_DAYS)
        return replace(
            self, information=self.information * kept, score=self.score * kept, misfit=self.misfit * kept,
            sessions=self.sessions * kept, updated_at=now,
        )  # fmt: skip

    def merged(self, other: BiasHistory) -> BiasHistory:
        """Both, as they count at the later one's time.

        Raises:
            CalibrationError: reason `same_session`: they share a session, which would count twice.
        """
        shared = sorted(set(self.keys) & set(other.keys))
        if shared:
            raise CalibrationError(
                f"Both histories have the session {shared[0]!r}.", "Merge only histories of different sessions.",
                "same_session",
            )  # fmt: skip
        times = [t for t in (self.updated_at, other.updated_at) if t is not None]
        if not times:
            return self
        a, b = self.forgotten(max(times)), other.forgotten(max(times))
        return BiasHistory(
            a.information + b.information, a.score + b.score, a.misfit + b.misfit, a.sessions + b.sessions,
            min(a.coldest_c, b.coldest_c), max(a.warmest_c, b.warmest_c), max(times), (a.keys + b.keys)[-KEYS_KEPT:],
        )  # fmt: skip

    def model(self, sheet: Datasheet = UNKNOWN_CHIP) -> BiasModel:
        """The bias model that these data and the data sheet's tolerances make likeliest."""
        slope = np.radians(sheet.gyro_drift_dps_c.value)
        prior = np.array([np.radians(sheet.gyro_offset_dps.value), slope, slope * CURVE_SHARE_PER_C]) ** -2.0
        coefficients, covariance = np.zeros((3, 3)), np.zeros((3, 3, 3))
        for axis in range(3):
            straight, curved = (self._solved(axis, prior, order) for order in (2, 3))
            gain, wide = straight[2] - curved[2], self.warmest_c - self.coldest_c >= CURVE_RANGE_C
            order, chosen = (3, curved) if wide and gain > CURVE_GAIN else (2, straight)
            coefficients[axis, :order], covariance[axis, :order, :order] = chosen[0], chosen[1]
            if order == 2:
                covariance[axis, 2, 2] = 1 / prior[2]
        cold, warm = (self.coldest_c, self.warmest_c) if self.sessions else (REFERENCE_C, REFERENCE_C)
        return BiasModel(coefficients, covariance, power_on_sd(sheet), cold, warm, self.sessions)

    def _solved(self, axis: int, prior: Floats, order: int) -> tuple[Floats, Floats, float]:
        """Coefficients, covariance and least misfit of one axis with `order` terms."""
        precision = self.information[axis, :order, :order] + np.diag(prior[:order])
        score = self.score[axis, :order]
        covariance = np.linalg.inv(precision)
        found = covariance @ score
        return found, np.asarray(covariance, dtype=np.float64), float(self.misfit[axis] - score @ found)


def _temperatures(spans: Sequence[StillSpan]) -> Floats:
    if not spans:
        raise CalibrationError("There is no still span.", "Leave the sensor lying for ten seconds.", "too_few")
    known = [span.temperature_c for span in spans if span.temperature_c is not None]
    if len(known) < len(spans):
        raise CalibrationError(
            f"{len(spans) - len(known)} still spans have no temperature.", "Give the chip's temperature in °C.",
            "temperature",
        )  # fmt: skip
    return np.array(known)


def _check_rates(spans: Sequence[StillSpan]) -> None:
    for span in spans:
        rate = float(np.abs(span.gyr_rad_s).max())
        if rate > WORST_RAD_S:
            raise CalibrationError(
                f"The still span at {span.start_s:.1f} s reads {np.degrees(rate):.0f} deg/s, more than any bias.",
                "Lay the sensor on something that does not turn, and give the rate in rad/s.", "moving",
            )  # fmt: skip


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise CalibrationError(f"The time {at} has no time zone.", "Give a time with its zone, as UTC.", "times")
    return at
