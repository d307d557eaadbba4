"""Streams with times of their own: duplicates removed, counters unwrapped, one resampled onto another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coxa.checks import counted
from coxa.errors import InputError
from coxa.samples import Floats

MAX_BRIDGE_S = 0.1
"""Longest stretch that is interpolated: ten samples of 100 Hz, within which a thigh moves smoothly."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Timed values of one sensor: t_s (n,), values (n, k)."""

    t_s: Floats
    values: Floats


def without_repeats(name: str, stream: Stream) -> tuple[Stream, tuple[str, ...]]:
    """Rows that repeat the time of the row before are left out, with a note."""
    keep = np.concatenate(([True], np.diff(stream.t_s) != 0.0))
    dropped = int((~keep).sum())
    if not dropped or dropped > 0.5 * len(keep):  # mostly constant time is not a matter of duplicates
        return stream, ()
    return Stream(stream.t_s[keep], stream.values[keep]), (
        f"{name}: {counted(dropped, 'row')} with a repeated time left out",
    )


def resampled(name: str, stream: Stream, t_s: Floats, where: str) -> tuple[NDArray[np.intp], Floats, tuple[str, ...]]:
    """The stream interpolated linearly at the times t_s (n,): indices of those covered (m,), values (m, k), notes.

    Times outside the stream, or inside a gap of it longer than `MAX_BRIDGE_S`, are not covered.
    """
    finite = np.isfinite(stream.t_s).all() and np.isfinite(t_s).all()
    if len(stream.t_s) < 2 or not finite or (np.diff(stream.t_s) <= 0.0).any():
        raise InputError(
            f"{where}: the times of the {name} are not strictly increasing numbers", "Export the recording again."
        )
    if len(t_s) == len(stream.t_s) and (t_s == stream.t_s).all():
        return np.arange(len(t_s)), stream.values, ()
    after = np.searchsorted(stream.t_s, t_s)
    inside = (after > 0) & (after < len(stream.t_s)) | np.isin(t_s, stream.t_s)
    after = np.clip(after, 1, len(stream.t_s) - 1)
    lost = inside & (stream.t_s[after] - stream.t_s[after - 1] > MAX_BRIDGE_S)
    covered = np.flatnonzero(inside & ~lost)
    columns: list[Floats] = [np.interp(t_s[covered], stream.t_s, column) for column in stream.values.T]
    values: Floats = np.column_stack(columns)
    notes = [f"the {name} was interpolated linearly to the times of the gyroscope"]
    if not inside.all():
        notes.append(f"{counted(int((~inside).sum()), 'row')} outside the common time of the two sensors left out")
    if lost.any():
        notes.append(f"{counted(int(lost.sum()), 'row')} in gaps of the {name} left out")
    return covered, values, tuple(notes)


def unwrapped(counter: Floats, modulus: float) -> Floats:
    """A counter (n,) that wraps at modulus, made continuous."""
    wraps = np.cumsum(np.diff(counter) < -0.5 * modulus)
    return counter + modulus * np.concatenate(([0.0], wraps))
