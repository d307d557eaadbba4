"""Which of the kept calibrations hold for a set, and why the others do not.

A sensor changes over months, a strap from one wearing to the next, the skin under it over weeks. All three hold
backwards too: a newer calibration of the same sensor, wearing or skin serves the sets from before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from coxa.calibration.applied import NONE, Calibration
from coxa.calibration.kept import Kept, Kind
from coxa.errors import InputError, UsageError
from coxa.results import Side, UsedCalibration
from coxa.store import Session, Store
from coxa.store.records import name_key
from coxa_calibration.gain import PersonalGain

SENSOR_HOLDS = timedelta(days=365)
"""Offsets and scales of MEMS chips age over months; data sheets state no more than the first year's drift (engineering
judgement)."""

WEARING = timedelta(hours=3)
"""A strap is worn through one session of training: warm-up, sets and tests. Later it was off, or has moved."""

SKIN_HOLDS = timedelta(days=90)
"""Muscle and fat of a thigh that is trained change over a season (engineering judgement)."""

HOLDS: dict[Kind, timedelta] = {"sensor": SENSOR_HOLDS, "body": WEARING, "skin": SKIN_HOLDS}

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Which calibrations a result should rest on: exactly these; None: those that hold, chosen by the rules above."""

    ids: tuple[int, ...] | None = None


AUTOMATIC, WITHOUT = Wish(), Wish(())


def as_it_is(session: Session) -> Wish:
    """Those that the current result of a session rests on."""
    named = session.headline.calibrations.split() if session.headline else []
    return Wish(tuple(int(one.rpartition(":")[2]) for one in named if one.rpartition(":")[2].isdecimal()))


class Worn(Protocol):
    """A set as far as calibrations go: whose leg, and when. `Origin` is one."""

    @property
    def person(self) -> str:
        """Name."""
        ...

    @property
    def side(self) -> Side:
        """Leg."""
        ...

    @property
    def started_at(self) -> datetime:
        """With time zone."""
        ...


def choose(store: Store, uid: str | None, origin: Worn, wish: Wish = AUTOMATIC) -> Calibration:
    """The calibrations of one set.

    Args:
        store: that keeps them.
        uid: of the sensor that recorded it; None where that is not known: then only those that are wished by id.
        origin: of the set.
        wish: which.

    Raises:
        UsageError: one that is wished does not exist, or is of another person or leg, or two are of one kind.
        InputError: one that is wished is damaged.
    """
    if wish.ids is None:
        return _holding(store, uid, origin) if uid else NONE
    kept = [store.calibration(one) for one in wish.ids]
    for one in kept:
        _check_fits(one, kept, origin)
    notes = tuple(f"The {one.kind} calibration {one.id} does not hold any more: {one.void}" for one in kept if one.void)
    return replace(_used(kept, origin.started_at), notes=notes)


def _holding(store: Store, uid: str, origin: Worn) -> Calibration:
    of_this = (*store.calibrations("sensor", uid), *_of_person(store, uid, origin))
    chosen: list[Kept] = []
    notes: list[str] = []
    for kind, limit in HOLDS.items():
        there = [one for one in of_this if one.kind == kind]
        good = [one for one in there if not one.void and abs(origin.started_at - one.made_at) <= limit]
        if good:
            # of one wearing the nearest in time, as the strap creeps; else the newest, as it knows more
            nearest = min(good, key=lambda one: abs(origin.started_at - one.made_at))
            chosen.append(nearest if kind == "body" else good[-1])
        elif there and kind != "body":  # a body calibration is made anew for each wearing
            notes.append(_why_not(there[-1], origin.started_at))
    return _readable(chosen, origin.started_at, notes)


def _of_person(store: Store, uid: str, origin: Worn) -> list[Kept]:
    known = any(name_key(one.name) == name_key(origin.person) for one in store.people())
    return store.calibrations(None, uid, origin.person, origin.side) if known else []


def _readable(chosen: Sequence[Kept], at: datetime, notes: list[str]) -> Calibration:
    """Those that can be read: a damaged one must not keep a set from being analysed."""
    out = NONE
    for one in chosen:
        try:
            out = _with(out, one, at)
        except InputError as error:
            notes.append(str(error))
    return _of_one_strap(replace(out, notes=tuple(notes)))


def _of_one_strap(calibration: Calibration) -> Calibration:
    """Without a gain that was measured with the strap elsewhere than it is now, as the body calibration says."""
    body, skin = calibration.body, calibration.skin
    why = skin.expired(body.strap) if body and skin else ""
    return calibration.without("skin", f"{why} It was not used.") if why else calibration


def _used(kept: Sequence[Kept], at: datetime) -> Calibration:
    out = NONE
    for one in kept:
        out = _with(out, one, at)
    return out


def _with(calibration: Calibration, one: Kept, at: datetime) -> Calibration:
    """With one more."""
    if one.kind == "sensor":
        out = replace(calibration, sensor=one.sensor()[0])
    elif one.kind == "body":
        out = replace(calibration, body=one.body())
    else:
        gain = one.skin()
        out = replace(calibration, skin=gain.worn_again() if abs(at - one.made_at) > WEARING else gain)
    age_days = (at - one.made_at).total_seconds() / DAY_S
    gives = says(one, out.skin)
    used = UsedCalibration(one.kind, one.id, one.made_at.astimezone(UTC).isoformat(), round(age_days, 3), gives)
    return replace(out, used=(*out.used, used))


def says(one: Kept, gain: PersonalGain | None = None) -> str:
    """What a calibration gives, in few words; of a gain as it is used, where that is not as it was measured.

    Raises:
        InputError: it is damaged.
    """
    if one.kind == "sensor":
        sensor = one.sensor()[0]
        scale = 100 * max(sensor.scale_sd(axis) for axis in np.eye(3))
        return f"{', '.join(sensor.parts) or 'nothing'}; gyroscope scale ±{scale:.2g} %"
    if one.kind == "body":
        body = one.body()
        return f"femoral axis ±{np.degrees(body.axis.sd_rad):.1f}° ({body.axis.source})"
    used = gain or one.skin()
    ir, er = (f"{100 * k.value:.0f} ± {100 * k.sd:.0f} %" for k in (used.k_ir, used.k_er))
    return f"the strap shows {ir} of the turn inward, {er} outward"


def _check_fits(one: Kept, all_of_them: Sequence[Kept], origin: Worn) -> None:
    if sum(other.kind == one.kind for other in all_of_them) > 1:
        raise UsageError(f"two calibrations of the kind {one.kind} were named", "Name one of each kind.")
    if one.side is not None and (one.side != origin.side or (one.person or "").casefold() != origin.person.casefold()):
        raise UsageError(
            f"calibration {one.id} is of the {one.side} leg of {one.person}, the set of the {origin.side} leg of "
            f"{origin.person}",
            "Name one of the same leg: see `coxa calibrate list`.",
        )


def _why_not(one: Kept, at: datetime) -> str:
    name = {"sensor": "sensor calibration", "skin": "personal gain"}.get(one.kind, "body calibration")
    if one.void:
        return f"The {name} {one.id} was not used: {one.void}"
    days = abs((at - one.made_at).total_seconds()) / DAY_S
    return f"The {name} {one.id} was not used: it was made {days:.0f} days from this set. Calibrate again."
