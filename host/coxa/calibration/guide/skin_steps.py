"""The steps of a skin calibration: slow turns with the knee straight, and the strap moved from thigh to shank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from coxa.analysis import analyze_samples
from coxa.calibration.guide.ends import decimated, ends, from_rest
from coxa.calibration.guide.step import Accepted, Look, Refused
from coxa.calibration.guide.watch import Attempt, Stillness, part, stillness
from coxa.results import Position, Side
from coxa.samples import Samples
from coxa_calibration.gain import PersonalGain
from coxa_calibration.gain_checks import MIN_REPS, check_creep
from coxa_calibration.gain_fit import AT_STOPS_SD_RAD, SCALE_SD, SET_CHANGE_SD_RAD, Ends, gain_in_turn, gain_together
from coxa_calibration.readings import CalibrationError

THIGH, SHANK = "thigh", "shank"

REPS, REPS_IN_TURN = 5, 8
"""With five the scatter of the ends is known, and the leg is not yet tired. Where two sets are set against each other
only the mean of the ends counts: with eight its scatter comes below what sets differ by."""

REST_S = 3.0
"""Rest after the turns: longer than the stop at an end."""

TAKEN_OFF_RAD_S, TAKEN_OFF_S = np.radians(40.0), 1.0
"""A strap that is taken off turns faster than a leg that shifts, for a second and more in all."""

TIED_S = 3.0
"""Still for so long after that: it is tied, and the hands are off."""

STOPS_HELP = (
    "Turn further, or give the foot something to touch at both ends that stays where it is for both sets, and say so."
)
"""What helps more than repetitions: sets differ by 1.5° at each end, a tenth of a small turn."""

BACK_FIRST = "Put the sensor back on the thigh."
"""Before both sets are repeated."""

LATER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of a gain until the calibration is finished."""


@dataclass(frozen=True, slots=True)
class Worn:
    """How it is done: leg, strap in the user's words, and position of the body."""

    side: Side
    strap: str
    position: Position = "supine"


@dataclass(frozen=True, slots=True)
class Together(Attempt):
    """Turns with a sensor on the thigh and one on the shank. Its value is a PersonalGain, whose time is LATER.

    Attributes:
        scale_sd: of each gyroscope's scale, a share.
    """

    worn: Worn = Worn("right", "")
    scale_sd: float = SCALE_SD

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:  # noqa: ARG002
        rest = min((stillness(one) for one in heard.values()), key=lambda still: still.seconds)
        unfinished = _unfinished(ends(heard[SHANK]).both, REPS, rest)
        if unfinished is not None:
            return unfinished
        shank = from_rest(heard[SHANK], REPS)
        gain = self._gain(_during(heard[THIGH], shank), shank)
        words = f"{gain.n_reps} turns each way, R² {gain.r_squared:.3f}."
        return Look("still", "done", 1.0, 0.0, Accepted(gain, words))

    def _gain(self, thigh: Samples, shank: Samples) -> PersonalGain:
        """Raises as `gain_together`; InputError as the analysis."""
        one, other = (analyze_samples(s, position=self.worn.position, side=self.worn.side) for s in (thigh, shank))
        turn, swing = (np.interp(one.t_s, other.t_s, np.radians(x)) for x in (other.rotation_deg, other.swing_deg))
        return gain_together(
            one.t_s, np.radians(one.rotation_deg), turn, side=self.worn.side, strap=self.worn.strap, made_at=LATER,
            shank_swing_rad=swing, scale_sd=self.scale_sd,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OneSet(Attempt):
    """Turns with the one sensor where `key` says, `thigh` or `shank`. Its value is Ends; with the second set it is a
    PersonalGain, whose time is LATER.

    Attributes:
        at_stops: the foot turns until it touches something that stays for both sets.
    """

    worn: Worn = Worn("right", "")
    at_stops: bool = False

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        samples = heard[THIGH]
        unfinished = _unfinished(ends(samples).both, REPS_IN_TURN, stillness(samples))
        if unfinished is not None:
            return unfinished
        done = _ends(from_rest(samples, REPS_IN_TURN), self.worn)
        words = f"{min(len(done.ir_rad), len(done.er_rad))} turns each way."
        if self.key == THIGH:
            check_creep(done.neutral_rad)
            return Look("still", "done", 1.0, 0.0, Accepted(done, words))
        change_rad = AT_STOPS_SD_RAD if self.at_stops else SET_CHANGE_SD_RAD
        try:
            gain = gain_in_turn(
                values[THIGH], done, side=self.worn.side, strap=self.worn.strap, made_at=LATER,
                set_change_sd_rad=float(change_rad),
            )  # fmt: skip
        except CalibrationError as error:
            if error.reason == "small_range":
                raise  # of this set alone; all else is of both
            advice = STOPS_HELP if error.reason == "uncertain" and not self.at_stops else error.advice
            outcome = Refused(error.what, f"{BACK_FIRST} {advice}", error.reason, THIGH)
            return Look("waiting", "again", outcome=outcome)
        return Look("still", "done", 1.0, 0.0, Accepted(gain, f"{words} R² {gain.r_squared:.3f}."))


@dataclass(frozen=True, slots=True)
class Moved(Attempt):
    """The strap is moved from the thigh to the shank. It has no value."""

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:  # noqa: ARG002
        samples = heard[THIGH]
        t, rate, _ = decimated(samples)
        fast = np.linalg.norm(rate - np.median(rate, axis=0), axis=1) > TAKEN_OFF_RAD_S if len(t) else np.zeros(0)
        block_s = samples.duration_s / max(len(t), 1)
        still = stillness(samples)
        if np.count_nonzero(fast) * block_s < TAKEN_OFF_S:
            return Look("waiting", "move the strap to the shank")
        if still.seconds < TIED_S:
            words = "hold still" if still.seconds else "tie it, then keep still"
            return Look("still" if still.seconds else "moving", words, still.seconds / TIED_S, TIED_S - still.seconds)
        return Look("still", "done", 1.0, 0.0, Accepted(None, "The strap was moved."))


def _unfinished(made: int, reps: int, rest: Stillness) -> Look | None:
    """The look at turns that are not all made yet, or not yet followed by a rest."""
    share = min(made / reps, 1.0)
    if made < reps:
        return Look("turning" if rest.hold is None else "waiting", f"{made} of {reps} turns out and in", share)
    if rest.seconds < REST_S:
        return Look("turning" if rest.hold is None else "still", "come back and rest", share, REST_S - rest.seconds)
    return None


def _during(samples: Samples, other: Samples) -> Samples:
    """The samples from the first to the last of the other's."""
    begin, end = (int(np.count_nonzero(samples.t_s < t)) for t in (other.t_s[0], other.t_s[-1]))
    return part(samples, begin, end)


def _ends(samples: Samples, worn: Worn) -> Ends:
    """The ends of a set from its analysis. Raises CalibrationError `too_few`; InputError as the analysis."""
    reps = [rep for rep in analyze_samples(samples, position=worn.position, side=worn.side).reps if rep.valid]
    if len(reps) < MIN_REPS:
        raise CalibrationError(
            f"Only {len(reps)} turns out and in could be used.",
            "Turn slowly, and stop for a second at both ends and at the neutral.", "too_few",
        )  # fmt: skip
    ir, er, neutral = (
        np.radians([getattr(rep, name) for rep in reps]) for name in ("ir_deg", "er_deg", "return_error_deg")
    )
    return Ends(ir, er, neutral)
