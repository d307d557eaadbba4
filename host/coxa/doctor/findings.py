"""What a check finds. Standard library only: this must work where everything else is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from coxa.errors import CoxaError

Level = Literal["good", "note", "trouble"]
"""good: works. note: works, or is not needed by everyone, and is worth knowing. trouble: something cannot work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what was looked at, as `group.thing`.
        level: how it is.
        what: one sentence without its full stop.
        mend: what to do about it, commands between backticks; "" where there is nothing to do.
        data: the facts behind it, for programs; plain JSON.
    """

    check: str
    level: Level
    what: str
    mend: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """The same as a JSON object."""
        return {"check": self.check, "level": self.level, "what": self.what, "mend": self.mend, "data": self.data}


class NotExaminedError(CoxaError):
    """Something could not be looked at because of what another check finds."""


def good(check: str, what: str, mend: str = "", **data: Any) -> Finding:
    """It works."""
    return Finding(check, "good", what, mend, data)


def note(check: str, what: str, mend: str = "", **data: Any) -> Finding:
    """Worth knowing."""
    return Finding(check, "note", what, mend, data)


def trouble(check: str, what: str, mend: str = "", **data: Any) -> Finding:
    """Something cannot work."""
    return Finding(check, "trouble", what, mend, data)


def of_error(check: str, error: CoxaError, level: Level = "trouble", **data: Any) -> Finding:
    """An error of Coxa as a finding."""
    return Finding(check, level, " ".join(error.what.split()).rstrip("."), " ".join(error.advice.split()), data)


def counted(number: int, thing: str) -> str:
    """A number with its noun: 1 board, 2 boards."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
