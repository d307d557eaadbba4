"""`coxa simulate`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.errors import UsageError
from coxa.results import Position, Side

if TYPE_CHECKING:
    from coxa.simulate import Simulation

LONGEST_S = 3600.0
"""A simulated recording longer than an hour is a slip of the keyboard, s."""

Halves = Annotated[tuple[int, ...], Parameter(negative="", show_default=False)]

RATES_HZ = (10.0, 2000.0)
"""Sampling rates of the chips that are simulated, and a little beyond, Hz."""


def simulate(
    out: Path,
    /,
    *,
    position: Position = "wall",
    side: Side = "right",
    reps: int = 12,
    ir: float = 35.0,
    er: float = 40.0,
    hold: float = 1.5,
    sensor: Literal["LSM6DSOX", "MPU6886", "ICM-42688-P", "perfect"] = "LSM6DSOX",
    rate: float | None = None,
    fatigue: float = 0.0,
    tremor: float = 0.05,
    compensation: float = 0.0,
    half: Halves = (),
    tissue: float = 1.0,
    loss: float = 0.0,
    ir_first: Flag = False,
    seed: int = 0,
    truth: Path | None = None,
    common: Common = DEFAULTS,
) -> None:
    """Write a simulated recording.

    Parameters
    ----------
    out
        The CSV file to write.
    position
        Pose of the set.
    side
        Leg that wears the sensor.
    reps
        Number of repetitions.
    ir
        Inward end of the thigh, degrees.
    er
        Outward end of the thigh, degrees.
    hold
        Time held at each end, s; 0 for none.
    sensor
        The chip whose noise, bias and steps are simulated.
    rate
        Sampling rate, Hz, instead of the chip's own.
    fatigue
        Both ends shrink by so much each repetition, degrees.
    tremor
        Tremor, degrees rms.
    compensation
        Share of the turn that the thigh follows in flexion, 0 to 1.
    half
        Repetition that stops after its first end, from 1; may be given more than once.
    tissue
        Share of the bone's turn that the strap follows, 0.1 to 1.
    loss
        Share of the sample blocks that are lost on the way, 0 to 0.5.
    ir_first
        Begin each repetition inward.
    seed
        The same seed gives the same recording.
    truth
        Also write the true angles and repetitions, as JSON.
    """
    from coxa.simulate import SENSORS, Stream, Wearer
    from coxa.simulate import simulate as make
    from coxa.sources import write_csv

    _check(reps=(reps, 0, 200), ir=(ir, 3, 90), er=(er, 3, 90), hold=(hold, 0, 60), tissue=(tissue, 0.1, 1))
    _check(reps=(reps, 0, 200), ir=(ir, 3, 90), er=(er, 3, 90), hold=(hold, 0, 60), seed=(seed, 0, 2**63))
    _check(fatigue=(fatigue, -10, 10), tremor=(tremor, 0, 10), compensation=(compensation, 0, 1))
    _check(tissue=(tissue, 0.1, 1), loss=(loss, 0, 0.5))
    chip = SENSORS[sensor]
    if rate is not None:
        _check(rate=(rate, *RATES_HZ))
        chip = replace(chip, rate_hz=rate)
    wearer = Wearer(
        position=position, side=side, reps=reps, ir_deg=ir, er_deg=er, hold_s=hold, fatigue_deg_per_rep=fatigue,
        tremor_deg=tremor, flexion_per_rotation=compensation, half_reps=tuple(one - 1 for one in half),
        ir_tissue_gain=tissue, er_tissue_gain=tissue, order="ir-first" if ir_first else "er-first",
    )  # fmt: skip
    if reps * (2 * hold + 6) > LONGEST_S:
        raise UsageError(
            f"{reps} repetitions with holds of {hold:g} s last more than an hour", "Ask for fewer, or shorter."
        )
    if truth is not None and truth.absolute() == out.absolute():
        raise UsageError(f"{out} is named for the recording and for its truth", "Name two files.")
    with console.working("simulating …"):
        made = make(wearer, chip, Stream(loss=loss), seed=seed)
        write_csv(out, made.samples)
        if truth is not None:
            console.emit(truth_of(made, seed), truth)
    _told(out, made, truth, common)


def truth_of(made: Simulation, seed: int) -> dict[str, object]:
    """The truth as a JSON object of format `coxa.truth/1`: repetitions and the angle over time, degrees and seconds."""
    import numpy as np

    return {
        "format": "coxa.truth/1",
        "seed": seed,
        "position": made.wearer.position,
        "side": made.wearer.side,
        "neutral": made.truth.neutral,
        "reps": [asdict(rep) | {"arc_deg": rep.arc_deg} for rep in made.truth.reps],
        "t_s": made.truth.t_s.tolist(),
        "rotation_deg": np.degrees(made.truth.rotation_rad).tolist(),
    }


def _told(out: Path, made: Simulation, truth: Path | None, common: Common) -> None:
    wearer = made.wearer
    if common.json:
        told = {"format": "coxa.simulate/1", "file": str(out), "truth": str(truth) if truth else None}
        samples = {"samples": len(made.samples), "duration_s": round(made.samples.duration_s, 3)}
        console.emit(told | samples | {"position": wearer.position, "side": wearer.side}, common.json)
        return
    print(f"{out}: {wearer.side} leg, {wearer.position}, {wearer.reps} repetitions, {made.samples.duration_s:.0f} s.")
    print(f"Next: coxa analyze {out} --position {wearer.position} --side {wearer.side} --no-store")


def _check(**values: tuple[float, float, float]) -> None:
    for name, (value, low, high) in values.items():
        if not low <= value <= high:
            raise UsageError(f"--{name} is {value:g}", f"Give a value from {low:g} to {high:g}.")
