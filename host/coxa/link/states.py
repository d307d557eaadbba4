"""The states of the connection to one board, what leads from one to the next, and how long to wait between attempts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

BACKOFF_FIRST_S = 0.5
"""After a first failure: most losses are a hand or a body in the way for a moment."""
BACKOFF_MOST_S = 15.0
"""However long it has failed: who comes back into range does not wait longer than this."""
BACKOFF_SPREAD = 0.2
"""Waits differ by up to this share, so that two hosts or boards do not get in each other's way again and again."""
STEADY_S = 10.0
"""A connection that held for so long was a good one: the next failure is a first one again."""


class State(StrEnum):
    """Where the connection to a board stands; the value is the word for the user."""

    SEARCHING = "searching"
    CONNECTING = "connecting"
    GREETING = "greeting"
    TALKING = "connected"
    WAITING = "waiting"
    ENDED = "ended"


class Event(Enum):
    """What leads to another state."""

    SEEN = "the board was found"
    UNSEEN = "it is not in range"
    OPENED = "a connection stands"
    GREETED = "the board answered, and is the one that was meant"
    FAILED = "the connection failed, or was lost"
    RESTED = "the wait is over"
    DONE = "there is nothing more to do"
    REFUSED = "trying again would not help"


_NEXT: dict[tuple[State, Event], State] = {
    (State.SEARCHING, Event.SEEN): State.CONNECTING,
    (State.SEARCHING, Event.UNSEEN): State.SEARCHING,
    (State.SEARCHING, Event.FAILED): State.WAITING,
    (State.CONNECTING, Event.OPENED): State.GREETING,
    (State.CONNECTING, Event.FAILED): State.WAITING,
    (State.GREETING, Event.GREETED): State.TALKING,
    (State.GREETING, Event.FAILED): State.WAITING,
    (State.TALKING, Event.FAILED): State.WAITING,
    (State.TALKING, Event.DONE): State.ENDED,
    (State.WAITING, Event.RESTED): State.SEARCHING,
}


def following(state: State, event: Event) -> State:
    """The state after an event. REFUSED ends every state.

    Raises:
        ValueError: an event that cannot happen in this state.
    """
    if event is Event.REFUSED:
        return State.ENDED
    try:
        return _NEXT[state, event]
    except KeyError:
        raise ValueError(f"{event.name} cannot happen while {state.value}") from None


@dataclass(slots=True)
class Backoff:
    """Waits that double with each failure in a row.

    Attributes:
        failures: in a row.
    """

    failures: int = 0

    def failed(self, held_s: float) -> None:
        """An attempt failed, or a connection that had held for so long."""
        self.failures = 1 if held_s >= STEADY_S else self.failures + 1

    def wait_s(self, chance: float) -> float:
        """How long to wait; `chance` is a random number, 0 to 1."""
        doubled = BACKOFF_FIRST_S * 2.0 ** min(self.failures - 1, 30)
        return min(doubled, BACKOFF_MOST_S) * (1.0 + BACKOFF_SPREAD * (2.0 * chance - 1.0))
