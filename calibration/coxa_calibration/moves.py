"""The gyroscope's matrix from the moves between still poses, and a check of a whole calibration that no fit has used.

Gravity is seen before and after each move; in between the rate, once corrected, must carry the one into the other. A
dozen moves of about a right angle give scale and cross-axis terms of the gyroscope without a table or whole turns: the
same recording that calibrates the accelerometer does. Turns about the vertical alone do not show; moves about level
axes do, so the poses should follow one another over different edges.

Principle: Fong, Ong and Nee 2008, doi 10.1088/0957-0233/19/8/085202; Tedaldi, Pretto and Menegatti 2014,
doi 10.1109/ICRA.2014.6907297.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from coxa_calibration.accelerometer import AccelerometerCalibration
from coxa_calibration.datasheet import UNKNOWN_CHIP, Datasheet
from coxa_calibration.readings import CalibrationError, Floats, Readings, check_gyroscope_range, checked
from coxa_calibration.stillness import GAP_S, StillSpan
from coxa_calibration.turns import LEARNED, GyroscopeMatrix

WINDOW_S = 0.6
"""Gravity before and after a move is the mean over this: longer than tremor, shorter than a hand's drift."""

SEEN_RAD = np.radians(0.15)
"""Error of gravity's direction over WINDOW_S in a hand against furniture, and of the rate carried over a move."""

FEWEST, SMALLEST_RAD = 6, np.radians(30.0)
"""Moves needed, and how far gravity must turn in the sensor for a move to say something of the scale."""

LONGEST_S = 15.0
"""Longer moves are left out: the bias makes them say less than SEEN_RAD."""

STEP = 1e-4
"""Change of a matrix element that the derivative is taken over: a hundredth of a degree in a right angle."""

WORST_RAD = np.radians(6.0)
"""A move that misses by more was not seen whole: samples lost, or the range exceeded."""


@dataclass(frozen=True, slots=True)
class Move:
    """One move: turns (n, 3) rad of each sample as the gyroscope reads them without bias, and gravity's direction
    before and after, (3,) unit vectors in the sensor; start_s when it begins."""

    turns: Floats
    before: Floats
    after: Floats
    start_s: float


def moves_between(
    readings: Readings, spans: Sequence[StillSpan], accelerometer: AccelerometerCalibration
) -> tuple[Move, ...]:
    """The moves between neighbouring still spans of one recording that turn gravity by SMALLEST_RAD or more.

    The bias is the mean rate over all spans, weighted by their lengths: a hand's own drift is not the same in each.

    Raises:
        CalibrationError: as `readings.checked`, or reason `saturated` of the gyroscope.
    """
    r = checked(readings, clipping=False)  # a knock does no harm, a rate cut off does
    check_gyroscope_range(r)
    if not spans:
        return ()
    bias = np.average([s.gyr_rad_s for s in spans], axis=0, weights=[s.duration_s for s in spans])
    dt = np.gradient(r.t_s)
    half = max(1, round(WINDOW_S / float(np.median(np.diff(r.t_s))) / 2))
    up = accelerometer.apply(r.acc_m_s2)
    found: list[Move] = []
    for a, b in pairwise(spans):
        first, last = max(a.begin, a.end - 2 * half), min(b.end, b.begin + 2 * half)
        start, stop = (first + a.end) // 2, (b.begin + last) // 2
        inside = slice(start, stop)
        if stop - start < 2 or r.t_s[stop] - r.t_s[start] > LONGEST_S or np.diff(r.t_s[start : stop + 1]).max() > GAP_S:
            continue
        before, after = _unit(up[first : a.end].mean(axis=0)), _unit(up[b.begin : last].mean(axis=0))
        if float(before @ after) < np.cos(SMALLEST_RAD):
            turns = (r.gyr_rad_s[inside] - bias) * dt[inside, None]
            found.append(Move(turns, before, after, float(r.t_s[start])))
    return tuple(found)


def carried_error_rad(moves: Sequence[Move], matrix: Floats | None = None) -> Floats:
    """(k,) angle between gravity as seen after each move and as the rate, times matrix (3, 3), carried it there."""
    off = _off(moves, np.eye(3) if matrix is None else matrix)
    return np.asarray(2 * np.arcsin(np.clip(np.linalg.norm(off, axis=1) / 2, 0.0, 1.0)))


def calibrate_by_moves(
    moves: Sequence[Move], sheet: Datasheet = UNKNOWN_CHIP, by_turns: GyroscopeMatrix | None = None
) -> GyroscopeMatrix:
    """The matrix that carries gravity best, with the data sheet's tolerances for what the moves do not show, or what
    turns on a table have shown: those are surer of the scale, moves of the cross-axis terms.

    Raises:
        CalibrationError: reason `too_few` or `inconsistent` (a move that misses by far).
    """
    if len(moves) < FEWEST:
        raise CalibrationError(
            f"There are {len(moves)} moves between poses, and {FEWEST} are needed.",
            "Go from pose to pose over different edges, each move within ten seconds.", "too_few",
        )  # fmt: skip
    diagonal = np.eye(3, dtype=bool)
    tolerance = np.where(diagonal, sheet.gyro_scale.value, sheet.gyro_cross.value)
    start, start_sd = (np.eye(3), tolerance) if by_turns is None else (by_turns.matrix, by_turns.matrix_sd)
    weight = np.diag(start_sd.ravel() ** -2.0)
    matrix: Floats = start
    for _ in range(4):
        matrix = _better(moves, matrix, start, weight)
    left = carried_error_rad(moves, matrix)
    _check_worst(left, moves)
    _, jacobian = _linearised(moves, matrix)
    covariance = _inverse(jacobian.T @ jacobian / SEEN_RAD**2 + weight)
    # two free components for each direction, less what the fit took; the scatter has the last word over SEEN_RAD
    free = 2 * len(moves) - float((covariance * (jacobian.T @ jacobian)).sum()) / SEEN_RAD**2
    inflation = max(1.0, float(np.sum(left**2)) / (SEEN_RAD**2 * max(free, 1.0)))
    sd = np.minimum(np.sqrt(np.diag(covariance) * inflation).reshape(3, 3), start_sd)
    x, y, z = (bool(sd[i, i] < LEARNED * tolerance[i, i]) for i in range(3))
    return GyroscopeMatrix(matrix, sd, (x, y, z), float(np.sqrt(np.mean(left**2)) / np.radians(90)))


def _better(moves: Sequence[Move], matrix: Floats, start: Floats, weight: Floats) -> Floats:
    """One Gauss-Newton step on the matrix (3, 3), held at `start` by weight (9, 9)."""
    off, jacobian = _linearised(moves, matrix)
    pull = np.asarray(jacobian.T @ off / SEEN_RAD**2 + weight @ (matrix - start).ravel())
    change = _inverse(jacobian.T @ jacobian / SEEN_RAD**2 + weight) @ pull
    return matrix - np.asarray(change, dtype=np.float64).reshape(3, 3)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _linearised(moves: Sequence[Move], matrix: Floats) -> tuple[Floats, Floats]:
    """What is off, (3 k,), and its change with the nine elements of the matrix, (3 k, 9)."""
    off, columns = _off(moves, matrix).ravel(), list[Floats]()
    for unit in np.eye(9):
        columns.append((_off(moves, matrix + STEP * unit.reshape(3, 3)).ravel() - off) / STEP)
    return off, np.column_stack(columns)


def _off(moves: Sequence[Move], matrix: Floats) -> Floats:
    """(k, 3) carried minus seen direction."""
    return np.array([_product(move.turns @ matrix.T).inv().apply(move.before) - move.after for move in moves])


def _product(turns: Floats) -> Rotation:
    """The turns (n, 3) one after another, multiplied in pairs."""
    turn = Rotation.from_rotvec(turns)
    while len(turn) > 1:
        whole = len(turn) // 2 * 2
        pairs = turn[0:whole:2] * turn[1:whole:2]
        turn = pairs if whole == len(turn) else Rotation.concatenate([pairs, turn[whole:]])
    return turn[0]


def _unit(v: Floats) -> Floats:
    return np.asarray(v / np.linalg.norm(v))


def _check_worst(left: Floats, moves: Sequence[Move]) -> None:
    worst = int(np.argmax(left))
    if left[worst] > WORST_RAD:
        raise CalibrationError(
            f"The move at {moves[worst].start_s:.1f} s misses gravity by {np.degrees(left[worst]):.0f}°.",
            "Move more slowly from pose to pose, and repeat.", "inconsistent",
        )  # fmt: skip
