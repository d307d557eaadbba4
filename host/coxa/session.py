"""A recording of a board becomes a session of a person: its blocks stored as they came, and analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from coxa.calibration.choose import as_it_is, choose
from coxa.errors import InputError, UsageError
from coxa.hosttime import HostTime, host_time
from coxa.recompute import BOARD_FORMAT, attempted, decoded
from coxa.results import Analysis, Position, Side
from coxa.samples import Floats
from coxa.store import Inbox, InboxSession, Origin, Store
from coxa.store.records import StartedFrom
from coxa_wire import Info, WireError, decode_info

Clock = Literal["user", "pings", "board", "host", "unknown"]
"""Who says when it began: the person; the board's clock by pings; the board itself; the host, as it noted; nobody."""

_TOLD_BY: dict[Clock, StartedFrom] = {
    "user": "user",
    "pings": "recording",
    "board": "recording",
    "host": "recording",
    "unknown": "file",
}

_FIRST: Floats = np.zeros(1)
"""The time of the first sample."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A recording of a board that is now a session.

    Attributes:
        session_id: in the store. `new`: it was not there before.
        origin: as it is stored.
        clock: who says when it began. `started_error_s`: what the start can be wrong by; None where it is not known.
        analysis: None where there could be none; then `warning` says why.
        notes: what is missing or odd in the recording, full sentences.
        warning: why there is no analysis, or why no repetition was found; else "".
    """

    session_id: int
    new: bool
    origin: Origin
    clock: Clock
    started_error_s: float | None
    analysis: Analysis | None
    notes: tuple[str, ...]
    warning: str


def adopt(
    store: Store,
    inbox: Inbox,
    session: int,
    *,
    person: str,
    side: Side,
    position: Position,
    protocol: str,
    sensor: str | None = None,
    started: datetime | None = None,
    notes: str = "",
    discomfort: int | None = None,
    incomplete: bool = False,
) -> Adopted:
    """Makes session `session` of the inbox's board a session of `person`; doing it again changes nothing.

    Args:
        store: takes it.
        inbox: of the board, in the same file.
        session: its number on the board.
        person, side, position: whose it is, which leg wore the board, and how.
        protocol: a name, or the path of the person's own file.
        sensor: the board's name; its uid where there is none.
        started: when it began, with time zone, where the person knows better.
        notes, discomfort: kept with the session.
        incomplete: take it although blocks are missing; called again later, it takes what has come since.

    Raises:
        UsageError: there is no such recording; or it is the session of another person, side or position already.
        InputError: it is not whole and `incomplete` is not set, or what the board said of itself is not here.
        StoreError: the store cannot be written; then nothing is stored.
    """
    noted = _noted(inbox, session, incomplete)
    info = _info(inbox.uid, noted)
    numbers, blocks = inbox.numbers(session), inbox.blocks(session)
    known = _known(store, inbox.uid, noted, (person, side, position))
    stream, warning = decoded(blocks, info)
    by_pings = host_time(stream, blocks, info, inbox.pings(session)) if stream else None
    clock, at = _start(noted, started, by_pings)
    origin = Origin(
        person=person,
        side=side,
        position=position,
        protocol=protocol,
        started_at=at,
        started_from=_TOLD_BY[clock],
        source_format=BOARD_FORMAT,
        source_name=f"{sensor or inbox.uid}, recording {session}",
        source_sha256=known.source_sha256 if known else _fingerprint(blocks),
        sensor=sensor or inbox.uid,
        notes=notes,
        discomfort=discomfort,
    )
    before = {one.id for one in store.sessions()}
    session_id = store.save_blocks(origin, noted.info, zip(numbers, blocks, strict=True))
    if clock != "unknown":
        inbox.started(session, at)
    inbox.adopted(session, session_id)
    analysis = None
    if stream is not None:
        calibration = choose(store, inbox.uid, store.session(session_id).origin)
        analysis, warning = attempted(stream, origin, f"session {session_id}", calibration)
    if analysis is not None:
        store.save_result(session_id, protocol, analysis)
    origin = store.session(session_id).origin
    if origin.started_at != at:  # it was there before, and keeps its start
        clock = _clock_of(origin)
    return Adopted(
        session_id=session_id,
        new=session_id not in before,
        origin=origin,
        clock=clock,
        started_error_s=float(by_pings.error_s(_FIRST)[0]) if by_pings and clock == "pings" else None,
        analysis=analysis,
        notes=stream.notes if stream else (),
        warning=warning,
    )


def again(store: Store, session_id: int) -> Adopted:
    """A session of the store that a board recorded, analysed anew with the calibrations of its result; nothing is
    stored.

    Raises:
        UsageError: there is none, or no board recorded it.
        ConfigError: its protocol is no longer there.
    """
    session = store.session(session_id)
    origin = session.origin
    info, blocks = store.board_blocks(session_id)
    calibration = choose(store, None, origin, as_it_is(session))
    try:
        stream, warning = decoded(blocks, decode_info(info))
    except WireError as error:
        stream, warning = None, str(error)
    analysis = None
    if stream is not None:
        analysis, warning = attempted(stream, origin, f"session {session_id}", calibration)
    said = stream.notes if stream else ()
    return Adopted(session_id, False, origin, _clock_of(origin), None, analysis, said, warning)


def _noted(inbox: Inbox, session: int, incomplete: bool) -> InboxSession:
    found = next((one for one in inbox.sessions() if one.session == session), None)
    if found is None or not found.stored:
        raise UsageError(f"no block of recording {session} of board {inbox.uid} is here", "Run `coxa fetch` first.")
    if not (found.whole or incomplete):
        of = f" of {found.n_blocks}" if found.n_blocks else ""
        raise InputError(
            f"recording {session} of board {inbox.uid} is not whole: {found.stored}{of} blocks are here",
            "Fetch the rest with `coxa fetch`; what is here stays.",
        )
    return found


def _info(uid: str, noted: InboxSession) -> Info:
    """What the board said of itself, with how many blocks there should be: so that missing ones are counted."""
    try:
        info = decode_info(noted.info)
    except WireError as error:
        raise InputError(
            f"what board {uid} said of itself is not here, and without it recording {noted.session} cannot be read",
            "Run `coxa fetch`, which asks for it again.",
        ) from error
    info.session, info.next_seq = noted.session, noted.n_blocks
    return info


def _known(store: Store, uid: str, noted: InboxSession, wanted: tuple[str, Side, Position]) -> Origin | None:
    """What it is in the store already, if it is.

    Raises:
        UsageError: as something else.
    """
    if noted.adopted_session_id is None:
        return None
    origin = store.session(noted.adopted_session_id).origin
    there = (origin.person, origin.side, origin.position)
    if (there[0].casefold(), *there[1:]) != (wanted[0].casefold(), *wanted[1:]):
        raise UsageError(
            f"recording {noted.session} of board {uid} is session {noted.adopted_session_id} already: "
            f"{', '.join(there)}",
            f"If that is wrong, take it out first: coxa remove {noted.adopted_session_id}.",
        )
    return origin


def _start(noted: InboxSession, told: datetime | None, by_pings: HostTime | None) -> tuple[Clock, datetime]:
    """Who says when it began, and when."""
    if told is not None:
        return "user", told
    if by_pings is not None:
        return "pings", datetime.fromtimestamp(float(by_pings.unix_s(_FIRST)[0]), UTC)
    if noted.started_unix_ms:
        return "board", datetime.fromtimestamp(noted.started_unix_ms / 1000, UTC)
    if noted.started_at is not None:
        return "host", noted.started_at
    return "unknown", datetime.now(UTC)


def _clock_of(origin: Origin) -> Clock:
    """Who said when a stored session began, as far as that is stored."""
    told: dict[StartedFrom, Clock] = {"user": "user", "file": "unknown", "recording": "board"}
    return told[origin.started_from]


def _fingerprint(blocks: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(blocks)).hexdigest()
