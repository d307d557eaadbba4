"""One session as a point of a trend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coxa.errors import InputError
from coxa.results import POSITIONS, SIDES, Label, Position, Side

Quantity = Literal["arc", "ir", "er"]
QUANTITIES: tuple[Quantity, ...] = ("arc", "ir", "er")

Key = tuple[Position, Label, Side]
"""What a line may hold: one position, one label, one side. Other mixtures are not comparable."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The means of one session of one side; angles in degrees, None where no repetition counted.

    Attributes:
        at: when the session began, with its time zone (UTC is fine; dates are shown in the zone given).
        ir_sd_deg, er_sd_deg, arc_sd_deg: one standard deviation of the session's mean.
        label: what the angles are (`thigh`, `shank-calibrated`, `gravity-test`).
        score: 0-100 or None.
        session: the session's id in the store.

    Raises:
        InputError: `at` has no time zone, or side or position is unknown.
    """

    at: datetime
    side: Side
    position: Position
    ir_deg: float | None
    er_deg: float | None
    arc_deg: float | None
    ir_sd_deg: float | None
    er_sd_deg: float | None
    arc_sd_deg: float | None
    reps_valid: int
    label: Label
    score: float | None
    session: int | str

    def __post_init__(self) -> None:
        """Refuse what would silently shift or mix a trend."""
        if self.at.tzinfo is None:
            raise InputError(f"session {self.session} has a time without a zone", "Give it in UTC.")
        if self.side not in SIDES or self.position not in POSITIONS:
            raise InputError(
                f"session {self.session} has side {self.side!r} and position {self.position!r}",
                f"Known are {', '.join(SIDES)}, and {', '.join(POSITIONS)}.",
            )

    @property
    def key(self) -> Key:
        """The line this point belongs to."""
        return self.position, self.label, self.side

    def value(self, quantity: Quantity) -> float | None:
        """The angle of one quantity, degrees."""
        return {"arc": self.arc_deg, "ir": self.ir_deg, "er": self.er_deg}[quantity]

    def sd(self, quantity: Quantity) -> float:
        """The standard deviation of one quantity, degrees; 0 where none is stated."""
        return {"arc": self.arc_sd_deg, "ir": self.ir_sd_deg, "er": self.er_sd_deg}[quantity] or 0.0


def by_line(points: Iterable[TrendPoint]) -> dict[Key, list[TrendPoint]]:
    """The points of each line in order of time; positions, labels and sides kept apart."""
    lines: dict[Key, list[TrendPoint]] = {}
    for point in sorted(points, key=lambda p: (p.position, p.label, p.side != "left", p.at)):
        lines.setdefault(point.key, []).append(point)
    return lines
