"""The rows of the store as values."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from coxa.errors import UsageError
from coxa.results import Label, Means, Position, Side

HipSurgery = Literal["no", "yes", "unknown"]
StartedFrom = Literal["recording", "file", "user"]

NAME_LONGEST = 80
"""Characters of a person's name: keeps tables readable."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whose sessions are kept. `hip_surgery`: a hip replacement or other surgery, as the person says."""

    id: int
    name: str
    hip_surgery: HipSurgery
    sessions: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a recording comes from and what was done in it.

    Attributes:
        protocol: its name, or the path of the person's own file.
        started_at: with time zone. `started_from`: who says so: the recording, the time of its file, the user.
        source_sha256: of the file, or of the raw blocks where there is no file: the same recording is kept once.
        discomfort: 0-10 as the person felt it, or None.
    """

    person: str
    side: Side
    position: Position
    protocol: str
    started_at: datetime
    source_format: str
    source_name: str
    source_sha256: str
    started_from: StartedFrom = "recording"
    sensor: str | None = None
    notes: str = ""
    discomfort: int | None = None

    def __post_init__(self) -> None:
        """Refuse what would be unreadable later."""
        if self.started_at.tzinfo is None:
            raise UsageError("the start of a session has no time zone", "Give it in UTC, e.g. 2026-03-01T10:00+00:00.")
        if self.discomfort is not None and not 0 <= self.discomfort <= 10:
            raise UsageError(f"discomfort is {self.discomfort}", "Give a whole number from 0 (none) to 10.")


@dataclass(frozen=True, slots=True)
class Headline:
    """The numbers of one result that lists and trends need; degrees, None where no repetition was valid.

    `thigh`: the means as read at the thigh, which are those above where the label is `thigh`. `calibrations`: what the
    result rests on, such as `sensor:3 skin:7`.
    """

    coxa_version: str
    protocol: str
    created_at: datetime
    label: Label
    reps_valid: int
    ir_mean_deg: float | None
    er_mean_deg: float | None
    arc_mean_deg: float | None
    ir_mean_sd_deg: float | None
    er_mean_sd_deg: float | None
    arc_mean_sd_deg: float | None
    score: float | None
    thigh: Means
    calibrations: str


@dataclass(frozen=True, slots=True)
class Session:
    """A stored session with its current result (the one computed last); None where only raw data is there yet."""

    id: int
    origin: Origin
    stored_at: datetime
    headline: Headline | None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did: False where the store had it already."""

    session_id: int
    new_session: bool
    new_result: bool


def checked_name(name: str) -> str:
    """A person's name, blanks and Unicode form tidied.

    Raises:
        UsageError: empty, too long, or with control characters.
    """
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    if not tidy or len(tidy) > NAME_LONGEST or any(unicodedata.category(c).startswith("C") for c in tidy):
        raise UsageError(f"{name!r} cannot be a person's name", f"Use 1 to {NAME_LONGEST} printable characters.")
    return tidy


def name_key(name: str) -> str:
    """What makes two names the same: case and Unicode form do not count."""
    return unicodedata.normalize("NFC", checked_name(name).casefold())


def to_text(at: datetime) -> str:
    """A time as the store keeps it: UTC, ISO 8601, to the microsecond, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
