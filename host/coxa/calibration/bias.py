"""The gyroscope's bias learned from all that a board has recorded: each recording's moments at rest, at their own
temperature. The raw data is kept, so the model is made anew from it each time; nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from coxa.calibration.cases import chip_of, firmware_of
from coxa.calibration.kept import NewCalibration, of_sensor
from coxa.decode import decode
from coxa.errors import InputError
from coxa.samples import Samples
from coxa.store import Inbox, Store
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.datasheet import datasheet_or_wide
from coxa_calibration.gyroscope import BiasModel
from coxa_calibration.readings import CalibrationError
from coxa_calibration.sensor import SensorCalibration
from coxa_calibration.stillness import AT_REST, StillSpan, still_spans
from coxa_wire import Info, WireError, decode_info

SOURCE = "all recordings"


@dataclass(frozen=True, slots=True)
class BoardRecording:
    """A recording of a board in the inbox; `key` is its stable name, such as `a1b2c3d4e5f6/17`; `at`: when it began."""

    key: str
    at: datetime
    info: Info
    samples: Samples


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned.

    Attributes:
        before, now: the bias models. `kept`: the calibration to be kept; None where nothing new was found.
        recordings: how many there are; `resting`: in how many of them the sensor lay still for 2 s with its
            temperature known; `added`: how many of these were not known before.
    """

    before: BiasModel
    now: BiasModel
    kept: NewCalibration | None
    recordings: int
    resting: int
    added: int


def recordings_of(inbox: Inbox) -> Iterable[BoardRecording]:
    """What can be read of the recordings of a board."""
    for one in inbox.sessions():
        try:
            info = decode_info(one.info)
            info.session, info.next_seq = one.session, one.n_blocks
            stream = decode(inbox.blocks(one.session), info)
        except (WireError, InputError):
            continue
        known = one.started_at or (
            datetime.fromtimestamp(one.started_unix_ms / 1000, UTC) if one.started_unix_ms else None
        )
        if known is not None:  # a bias ages: without its time a recording says nothing
            yield BoardRecording(f"{inbox.uid}/{one.session}", known, info, stream.samples)


def learned(store: Store, uid: str, recordings: Iterable[BoardRecording], now: datetime) -> Learned:
    """The bias model of a board from all its recordings, on top of its newest sensor calibration.

    Args:
        store: that keeps the calibrations. recordings: as they come, in any order.
        now: with time zone.

    Raises:
        InputError: there is no recording, or the calibration so far is damaged.
    """
    found = sorted(recordings, key=lambda one: one.at)
    if not found:
        raise InputError(
            f"nothing that board {uid} recorded is here", "Let it lie still and record: coxa record --for 5m."
        )
    there = [one for one in store.calibrations("sensor", uid) if not one.void]
    info = found[-1].info
    sheet = datasheet_or_wide(chip_of(info))
    so_far, history = (
        there[-1].sensor()
        if there
        else (SensorCalibration.ideal(uid, chip_of(info), firmware_of(info), now, sheet), BiasHistory.empty())
    )
    known, resting = set(history.keys), 0
    for one in found:
        spans = _resting(one.samples)
        if not spans:
            continue
        resting += 1
        try:
            history = history.with_session(spans, one.key, one.at, sheet)
        except CalibrationError:  # a turntable, a train: not rest after all
            resting -= 1
    added = len(set(history.keys) - known)
    model = history.model(sheet) if history.sessions else so_far.bias
    kept = of_sensor(so_far.with_parts(now, bias=model), history, SOURCE) if added else None
    return Learned(so_far.bias, model, kept, len(found), resting, added)


def _resting(samples: Samples) -> tuple[StillSpan, ...]:
    """Its spans at rest with known temperature."""
    if samples.temperature_c is None:
        return ()
    try:
        return still_spans(samples, AT_REST, temperature_c=samples.temperature_c)
    except CalibrationError:
        return ()
