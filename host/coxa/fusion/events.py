"""Where the turning pauses or turns back: plateaus, turning points and slow passes, from the rate alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from coxa.fusion.grid import Grid
from coxa.fusion.still import runs
from coxa.samples import Floats

RATE_LOW_PASS_HZ = 2.0
"""Leaves a hold's edge sharp to a tenth of a second and takes tremor out."""

STILL_SHARE = 0.10
STILL_MIN_RAD_S = np.radians(2.5)
STILL_MAX_RAD_S = np.radians(8.0)
"""Still means slower than a tenth of the usual speed of a move, within what wander (below) and slow moves allow."""

PLATEAU_MIN_S = 0.3
"""Shorter stillness is a turning point, not a hold."""

BRIDGE_S = 0.5
BRIDGE_RAD = np.radians(2.5)
"""A twitch this short that leaves the level this close does not end a hold (wander of 1° does that now and then)."""

TURN_MIN_RAD = np.radians(4.0)
"""Less than this between two events is unsteadiness, not a move."""

PASS_SHARE = 0.35
"""A speed below this share of the peaks on both sides marks a pass through the neutral without a stop."""

Kind = Literal["plateau", "turn", "pass"]


@dataclass(frozen=True, slots=True)
class Event:
    """A pause of the turning: grid indices [begin, end), its middle, and its kind."""

    begin: int
    end: int
    kind: Kind

    @property
    def middle(self) -> int:
        """Grid index in the middle."""
        return (self.begin + self.end) // 2


def find_events(grid: Grid, rate: Floats) -> list[Event]:
    """Events in order of time. rate: (m,) about the axis with its bias removed, rad/s, on the grid."""
    slow = grid.low_passed(rate, RATE_LOW_PASS_HZ)
    angle = np.cumsum(rate) * grid.dt_s
    still = np.abs(slow) < still_threshold(slow)
    still &= ~grid.missing
    plateaus = _bridged(grid, angle, runs(still))
    events = [Event(a, b, "plateau") for a, b in plateaus if (b - a) * grid.dt_s >= PLATEAU_MIN_S]
    edges = [0, *(i for e in events for i in (e.begin, e.end)), len(rate)]
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        events += _within_move(slow, begin, end)
    return _without_ripples(sorted(events, key=lambda e: e.begin), angle)


def still_threshold(slow_rate: Floats) -> float:
    """The speed, rad/s, below which the low-passed rate (m,) counts as still."""
    speed = np.abs(slow_rate)
    moving = speed[speed > STILL_MIN_RAD_S]
    usual = float(np.quantile(moving, 0.7)) if len(moving) else 0.0
    return float(np.clip(STILL_SHARE * usual, STILL_MIN_RAD_S, STILL_MAX_RAD_S))


def _bridged(grid: Grid, angle: Floats, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs joined across twitches: a short break that comes back to the level it left."""
    total = np.concatenate([[0.0], np.cumsum(angle)])

    def level(run: tuple[int, int]) -> float:
        return float(total[run[1]] - total[run[0]]) / (run[1] - run[0])

    out: list[tuple[int, int]] = []
    for run in found:
        if out and (run[0] - out[-1][1]) * grid.dt_s < BRIDGE_S:
            left = level(out[-1])
            away = np.abs(angle[out[-1][1] : run[0]] - left)
            if abs(level(run) - left) < BRIDGE_RAD and away.max(initial=0.0) < 2 * BRIDGE_RAD:
                out[-1] = (out[-1][0], run[1])
                continue
        out.append(run)
    return out


def _within_move(slow: Floats, begin: int, end: int) -> list[Event]:
    """Turning points and slow passes strictly inside one move [begin, end)."""
    if end - begin < 3:
        return []
    speed = slow[begin:end]
    found: list[Event] = []
    turns = np.flatnonzero(np.diff(np.sign(speed)) != 0) + 1
    found += [Event(begin + int(i), begin + int(i) + 1, "turn") for i in turns]
    legs = [0, *turns.tolist(), len(speed)]
    for a, b in pairwise(legs):
        size = np.abs(speed[a:b])
        if b - a < 5:
            continue
        dips = np.flatnonzero((size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:])) + 1
        for i in dips:
            if size[i] < PASS_SHARE * min(size[:i].max(), size[i:].max()):
                found.append(Event(begin + a + int(i), begin + a + int(i) + 1, "pass"))
    return found


def _without_ripples(events: list[Event], angle: Floats) -> list[Event]:
    """Drops turning points and passes that no real move (TURN_MIN_RAD) separates from their neighbours."""
    kept: list[tuple[Event, float]] = []
    for event in events:
        level = float(angle[event.begin : event.end].mean())
        held = event.kind == "plateau"
        while kept and held and kept[-1][0].kind != "plateau" and abs(level - kept[-1][1]) < TURN_MIN_RAD:
            kept.pop()
        if kept and not held and abs(level - kept[-1][1]) < TURN_MIN_RAD:
            continue
        kept.append((event, level))
    return [event for event, _ in kept]
