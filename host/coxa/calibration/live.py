"""Guided calibrations as they go on: streams of boards put on one clock, silence noticed, each moment as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coxa.calibration.guide.course import Guide, Stand
from coxa.calibration.guide.step import Accepted, Refused
from coxa.calibration.hosttime import HostTime
from coxa.errors import InputError
from coxa.live_view.samples import LiveSamples
from coxa.samples import Samples
from coxa_wire import Info

FORMAT = "coxa.calibrating/1"

LOOK_EVERY_S = 0.2
"""Five times a second: a countdown runs smoothly, and a step is decided soon after it is done."""

SILENT_S, GONE_S = 2.0, 60.0
"""Without data for so long, it is said; and the calibration is given up: time to bring a board back into range."""

SETTLED_S = 12.0
"""So long after they began, two boards are on one clock: 6 s until the sampling rate is known from the stamps, 3 s
of blocks, and the time that it takes to make up for what was wrong before."""

Watcher = Callable[[Stand | None, str], None]
"""Told how the calibration stands (None: not all boards send yet), and a sentence beside it, or ""."""


def stand_to_dict(stand: Stand | None, note: str = "") -> dict[str, Any]:
    """A moment of a guided calibration as plain Python, of format `coxa.calibrating/1`; see `Watcher`."""
    if stand is None:
        return {"format": FORMAT, "done": False, "step": None, "look": None, "last": None, "note": note}
    step, look = stand.step, stand.look
    told_step = step and {"key": step.key, "title": step.title, "say": step.say, "optional": step.optional}
    told_look = look and {
        "state": look.state, "words": look.words, "share": look.share, "remaining_s": look.remaining_s
    }  # fmt: skip
    return {
        "format": FORMAT, "done": stand.done, "step": told_step, "number": stand.number, "total": stand.total,
        "attempt": stand.attempt, "look": told_look, "last": outcome_to_dict(stand.last), "note": note,
    }  # fmt: skip


def outcome_to_dict(outcome: Accepted | Refused | None) -> dict[str, Any] | None:
    """What was decided of a step, as plain Python."""
    if outcome is None:
        return None
    if isinstance(outcome, Accepted):
        return {"accepted": True, "words": outcome.words}
    return {"accepted": False, "what": outcome.what, "advice": outcome.advice, "reason": outcome.reason}


class Feed:
    """The stream of one board: give it what the board says of itself and its blocks; `on_samples` takes the samples.

    Attributes:
        place: where the board is worn, in words.
        info: what it says of itself; None as long as it does not record.
    """

    def __init__(self, place: str, on_samples: Callable[[str, Samples], None], now_s: Callable[[], float]) -> None:
        """now_s: a clock that all feeds of a calibration share."""
        self.place = place
        self.info: Info | None = None
        self._on_samples = on_samples
        self._now_s = now_s
        self._blocks = LiveSamples()
        self._time = HostTime()
        self._heard_s = self._begun_s = now_s()

    def begin(self, info: Info) -> None:
        """The board records."""
        self.info = info
        self._blocks.begin(info)
        self._heard_s = self._begun_s = self._now_s()

    def push(self, data: bytes) -> None:
        """A block, as it came."""
        now_s = self._now_s()
        for samples in self._blocks.push(data):
            if samples is None:
                self._time.another()
                continue
            self._heard_s = now_s
            put = self._time.put(samples, now_s)
            if len(put):
                self._on_samples(self.place, put)

    @property
    def silent_s(self) -> float:
        """How long nothing has come."""
        return self._now_s() - self._heard_s

    @property
    def settled(self) -> bool:
        """Whether its samples are on the clock of all boards."""
        return self.info is not None and self._now_s() - self._begun_s > SETTLED_S

    @property
    def unusable(self) -> str:
        """Why this board cannot be used, or ""."""
        return self._blocks.unusable


class LiveGuide:
    """A guide that is fed by boards, from their first samples to the last step.

    Attributes:
        feeds: of the boards, by place.
        guide: once all boards record.
    """

    def __init__(
        self,
        places: Sequence[str],
        prepare: Callable[[Mapping[str, Info]], Guide],
        watch: Watcher,
        now_s: Callable[[], float],
    ) -> None:
        """Takes what is to be calibrated.

        Args:
            places: as those of the procedure.
            prepare: makes the guide, once it is known which boards they are.
            watch: is told how it stands at each look.
            now_s: the host's clock, s, for all boards.
        """
        self.feeds = {place: Feed(place, self._push, now_s) for place in places}
        self.guide: Guide | None = None
        self._prepare = prepare
        self._watch = watch

    def look(self, notes: Callable[[str], str]) -> bool:
        """Looks at the step, and tells the watcher; whether all steps are accepted. Call it each `LOOK_EVERY_S`.

        Args:
            notes: what the link to the board at a place has to say, or "".

        Raises:
            InputError: a step was refused too often or not done in time; or a board sends nothing any more.
        """
        stand = self._advance()
        self._watch(stand, self._note(notes))
        return stand is not None and stand.done

    def _push(self, place: str, samples: Samples) -> None:
        if self.guide is not None:
            self.guide.push(place, samples)

    def _advance(self) -> Stand | None:
        infos = {place: feed.info for place, feed in self.feeds.items() if feed.info is not None}
        if self.guide is None and len(infos) == len(self.feeds):
            for feed in self.feeds.values():
                if feed.unusable:
                    raise InputError(f"the {feed.place} board cannot be used: {feed.unusable}", "Update it.")
            if len(infos) == 1 or all(feed.settled for feed in self.feeds.values()):
                self.guide = self._prepare(infos)
        return None if self.guide is None else self.guide.advance()

    def _note(self, notes: Callable[[str], str]) -> str:
        """The first thing that is wrong with a board."""
        for place, feed in self.feeds.items():
            why, reached = notes(place), feed.info is not None
            if feed.silent_s > GONE_S:
                what = f"nothing came from the {place} board" if reached else f"the {place} board was not reached"
                raise InputError(
                    f"{what} for {GONE_S:.0f} s{f' ({why})' if why else ''}",
                    "Bring it closer or switch it on, then calibrate again.",
                )
            if not reached:
                return f"waiting for the {place} board" + (f": {why}" if why else "")
            if feed.silent_s > SILENT_S:
                return f"no data from the {place} board" + (f": {why}" if why else "")
        return "comparing the clocks of the boards …" if self.guide is None else ""
