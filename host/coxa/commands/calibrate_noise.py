"""`coxa calibrate noise`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.commands.reports import check_targets
from coxa.errors import InputError, UsageError

if TYPE_CHECKING:
    from coxa.calibration.noise import Kind, RestNoise
    from coxa.decode import DecodedStream
    from coxa.samples import Samples
    from coxa_calibration.datasheet import Datasheet

_RECORDING = re.compile(r"([0-9a-fA-F]{12})/(\d+)")
"""A recording of a board: its uid and number."""

AXES = 6


@dataclass(frozen=True, slots=True)
class Lying:
    """What a source holds: its samples, what to call it, the chip where a board says which, sentences on losses."""

    samples: Samples
    name: str
    chip: str | None = None
    notes: tuple[str, ...] = ()


def noise(
    source: str,
    /,
    *,
    out: Path | None = None,
    sensor: str | None = None,
    chip: str | None = None,
    common: Common = DEFAULTS,
) -> None:
    """Noise of a sensor that lies still: Allan deviation, noise density, bias instability, random walk.

    It is shown, not stored: the analysis of a set does not use it.

    Parameters
    ----------
    source
        A recording of hours at rest: a file, a number of `coxa sessions`, or UID/NUMBER of a recording of a board.
    out
        Also draw it: .png, .svg or .pdf.
    sensor
        Which sensor, for files with several.
    chip
        Whose data sheet to compare with: LSM6DSOX, MPU6886 or ICM-42688-P. Our boards say it themselves.
    """
    from coxa.calibration.noise import rest_noise
    from coxa.calibration.noise_json import as_json

    _check(source, out, common)
    sheet = None if chip is None else _sheet(chip)
    with console.working(f"reading {source} …"):
        lying = lying_still(source, sensor, common)
    if sheet is None and lying.chip is not None:
        sheet = _sheet(lying.chip)
    result = rest_noise(lying.samples, watch=_shown)
    if out is not None:
        from coxa.calibration.noise_figure import write_noise_figure

        with console.working(f"drawing {out.name} …"):
            write_noise_figure(result, out, title=f"Noise of {lying.name}", sheet=sheet)
        console.remark(f"wrote {out}")
    if common.json:
        console.emit(as_json(result, sheet, source) | {"notes": list(lying.notes)}, common.json)
    else:
        _print(result, sheet, lying)


def lying_still(source: str, sensor: str | None, common: Common) -> Lying:
    """The samples of a file, of a session of the store, or of a recording of a board in the inbox.

    Raises:
        UsageError: there is no such session or recording, or `sensor` is given where there is but one.
        InputError: it cannot be used.
    """
    if Path(source).exists():
        return _of_file(source, sensor)
    recording = _RECORDING.fullmatch(source)
    if recording is None and not source.isdecimal():
        return _of_file(source, sensor)
    if sensor is not None:
        raise UsageError(f"{source} has one sensor", "Leave out --sensor: it is for files with several.")
    if recording is None:
        return _of_session(int(source), common)
    return _of_inbox(recording[1].lower(), int(recording[2]), common)


def _of_file(source: str, sensor: str | None) -> Lying:
    from coxa.sources import read

    recording = read(source, sensor=sensor)
    return Lying(recording.samples, sensor or Path(source).name, notes=recording.notes)


def _of_session(session_id: int, common: Common) -> Lying:
    from coxa.recompute import BOARD_FORMAT

    with common.open_store(write=False) as store:
        origin = store.session(session_id).origin
        name = origin.sensor or origin.source_name
        if origin.source_format != BOARD_FORMAT:
            return Lying(store.samples(session_id), name)
        info, blocks = store.board_blocks(session_id)
    return _of_board(info, blocks, name)


def _of_inbox(uid: str, number: int, common: Common) -> Lying:
    from coxa.link.known import KnownBoards
    from coxa.store import Inbox

    with KnownBoards(common.store_path) as boards, Inbox(common.store_path, uid) as inbox:
        known = boards.get(uid)
        found = next((one for one in inbox.sessions() if one.session == number), None)
        if found is None or not found.stored:
            raise InputError(f"no block of recording {number} of board {uid} is here", "Run `coxa fetch` first.")
        return _of_board(found.info, inbox.blocks(number), known.name if known else uid)


def _of_board(info: bytes, blocks: Iterable[bytes], name: str) -> Lying:
    from coxa.decode import decode
    from coxa.flash.selftest import CHIPS
    from coxa_wire import WireError, decode_info

    try:
        said = decode_info(info)
    except WireError as error:
        raise InputError(
            f"what the board said of itself is damaged: {error.what}", "Fetch the recording again."
        ) from error
    stream = decode(blocks, said)
    chip = CHIPS.get(said.imu)
    return Lying(_with_temperature(stream), f"{name}, {chip}" if chip else name, chip, stream.notes)


def _with_temperature(stream: DecodedStream) -> Samples:
    """The board's temperatures, one a block, at each sample."""
    samples, heat = stream.samples, stream.temperature_c
    if samples.temperature_c is not None or len(heat) < 2:
        return samples
    return replace(samples, temperature_c=np.interp(samples.t_s, heat[:, 0], heat[:, 1]))


def _check(source: str, out: Path | None, common: Common) -> None:
    """Before any work."""
    from coxa.calibration.noise_figure import SUFFIXES

    check_targets((common.json, out), keep=Path(source))
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{out} is no picture that can be written", f"End its name in {', '.join(SUFFIXES)}.")


def _sheet(chip: str) -> Datasheet:
    from coxa_calibration.datasheet import datasheet
    from coxa_calibration.readings import CalibrationError

    try:
        return datasheet(chip)
    except CalibrationError as error:
        raise UsageError(error.what.rstrip("."), error.advice) from error


def _shown(axes: Iterable[int]) -> Iterable[int]:
    return console.track(axes, "averaging each axis", AXES)


def _print(result: RestNoise, sheet: Datasheet | None, lying: Lying) -> None:
    from coxa.calibration.noise import KINDS, spoken
    from coxa.calibration.noise_remarks import remarks
    from coxa.calibration.noise_words import compared

    out = console.out()
    out.print(f"Noise of {lying.name}", style="bold")
    out.print(f"at rest for {spoken(result.duration_s)} of {spoken(result.whole_s)} · {result.rate_hz:.1f} Hz")
    for kind in KINDS:
        out.print()
        out.print(_table(result, kind))
    out.print("\n± holds 95 %. Nothing is stored: the analysis of a set does not use these figures.")
    said = compared(result, sheet) if sheet else ("To compare with a data sheet: --chip NAME.",)
    for text in (*said, *remarks(result), *lying.notes):
        out.print(f"→ {text}")


def _table(result: RestNoise, kind: Kind) -> Table:
    from coxa.calibration.noise_words import UNITS, cells

    units = UNITS[kind]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    heads = (
        kind, f"noise\n{units.density}", f"bias instability\n{units.instability}", "lowest at\n",
        f"random walk\n{units.walk}",
    )  # fmt: skip
    for head in heads:
        table.add_column(head, no_wrap=True)
    for one in result.of(kind):
        table.add_row(one.axis, *cells(one, result.duration_s))
    return table
