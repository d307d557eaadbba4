"""Repetitions from the sequence of pauses: two opposite ends each, in whichever order; single ends are half ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coxa.fusion.events import Event
from coxa.fusion.families import NEUTRAL, Labels
from coxa.samples import Floats


@dataclass(frozen=True, slots=True)
class Stay:
    """Successive events of one family: label (0 neutral, ±1 the ends) and grid indices [begin, end)."""

    label: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """A repetition as stays: the neutral before, one or two ends, a neutral between them, the neutral after.

    A neutral is None where the turn went through without a pause, or at a border of the recording; `earlier` and
    `later` are the stays next to the repetition whatever they are, None at a border.
    """

    before: Stay | None
    ends: tuple[Stay, ...]
    between: Stay | None
    after: Stay | None
    earlier: Stay | None
    later: Stay | None


HALF_COST = 1.0
WRONG_ORDER_COST = 0.8
REST_BETWEEN_COST = 0.5
"""Costs of reading the sequence of ends as repetitions: an end alone; a pair against the usual order; a pair with a
longer rest inside than around it. Only their order matters: a pair in the usual order without a rest is free."""

NEUTRAL_NEAR_RAD = np.radians(5.0)
"""Two pauses at the neutral are one if the thigh did not leave it by more than this in between."""

LONGER_S = 0.25
"""A rest this much longer than the usual one separates repetitions."""


def stays(events: list[Event], labels: Labels, angle: Floats) -> list[Stay]:
    """Events joined by family. A neutral missed between two visits of the same end is no reason to join the two."""
    out: list[Stay] = []
    for event, label in zip(events, labels.tolist(), strict=True):
        if out and out[-1].label == label and _stays_near(angle, out[-1], event, label):
            out[-1] = Stay(label, out[-1].begin, event.end)
        else:
            out.append(Stay(label, event.begin, event.end))
    return out


def _stays_near(angle: Floats, stay: Stay, event: Event, label: int) -> bool:
    """Whether the angle between the two kept near the level of the first (an end: never came back halfway to zero)."""
    level = float(np.median(angle[stay.begin : stay.end]))
    if label == NEUTRAL:
        return bool(np.max(np.abs(angle[stay.end : event.begin] - level), initial=0.0) < NEUTRAL_NEAR_RAD)
    return bool(np.min(label * angle[stay.begin : event.end]) > 0.5 * abs(level))


def find_reps(sequence: list[Stay], first_end: int, dt_s: float) -> list[Found]:
    """The cheapest reading of the ends as repetitions; first_end: label (±1) of the end that the protocol puts first;
    dt_s: of the grid.

    Two opposite ends in a row can be one repetition. Which ones belong together shows in the rests at the neutral
    (longer between repetitions than inside) and in the order, decided for the whole set.
    """
    ends = [i for i, stay in enumerate(sequence) if stay.label != NEUTRAL]
    if not ends:
        return []
    readings = [_read(sequence, ends, order, LONGER_S / dt_s) for order in (first_end, -first_end)]
    # the protocol's order wins a draw; a set done the other way round is cheaper to read in its own order
    groups = min(readings, key=lambda reading: reading[0])[1]
    return [_found(sequence, group) for group in groups]


def _read(sequence: list[Stay], ends: list[int], first_end: int, longer: float) -> tuple[float, list[tuple[int, ...]]]:
    """Dynamic programme over the ends: each alone or paired with the next."""
    rest = [_rest(sequence, a, b) for a, b in pairwise(ends)]
    usual = float(np.median(rest)) if rest else 0.0
    best: list[tuple[float, list[tuple[int, ...]]]] = [(0.0, [])]
    for k, end in enumerate(ends):
        cost, groups = best[k]
        choices = [(cost + HALF_COST, [*groups, (end,)])]
        if k and sequence[ends[k - 1]].label == -sequence[end].label:
            cost, groups = best[k - 1]
            wrong = WRONG_ORDER_COST * (sequence[ends[k - 1]].label != first_end)
            rested = REST_BETWEEN_COST * (rest[k - 1] > usual + longer)
            choices.append((cost + wrong + rested, [*groups, (ends[k - 1], end)]))
        best.append(min(choices, key=lambda choice: choice[0]))
    return best[-1]


def _rest(sequence: list[Stay], a: int, b: int) -> int:
    """Grid points spent at the neutral between two ends."""
    return sum(stay.end - stay.begin for stay in sequence[a + 1 : b] if stay.label == NEUTRAL)


def _found(sequence: list[Stay], group: tuple[int, ...]) -> Found:
    first, last = group[0], group[-1]
    earlier = sequence[first - 1] if first else None
    later = sequence[last + 1] if last + 1 < len(sequence) else None
    before = earlier if earlier and earlier.label == NEUTRAL else None
    after = later if later and later.label == NEUTRAL else None
    between = sequence[first + 1] if len(group) == 2 and last - first > 1 else None
    return Found(before, tuple(sequence[i] for i in group), between, after, earlier, later)
