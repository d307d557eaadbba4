"""`coxa analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coxa import console, protocols
from coxa.commands.common import DEFAULTS, Calibrations, Common, Flag, Reports, wished
from coxa.commands.people import HIP_SURGERY_NOTE
from coxa.commands.recording import sha256_of
from coxa.commands.recording import started as start_of
from coxa.commands.reports import check_targets, write_reports
from coxa.commands.summary import print_summary
from coxa.errors import UsageError
from coxa.results import Position, Side
from coxa.store import Origin, Saved, Store

if TYPE_CHECKING:
    from coxa.calibration.applied import Calibration
    from coxa.calibration.choose import Wish
    from coxa.results import Analysis
    from coxa.sources import Recording


def analyze(
    file: Path,
    /,
    *,
    position: Position,
    side: Side,
    person: str | None = None,
    report: Reports = (),
    format: str | None = None,  # noqa: A002
    sensor: str | None = None,
    protocol: str | None = None,
    started: str | None = None,
    notes: str | None = None,
    discomfort: int | None = None,
    calibration: Calibrations = (),
    no_calibration: Flag = False,
    series: Flag = False,
    no_store: Flag = False,
    common: Common = DEFAULTS,
) -> None:
    """Analyse a recording.

    Parameters
    ----------
    file
        The recording: a text file, a zip archive, or a folder of one.
    position
        Pose of the set.
    side
        Leg that wears the sensor.
    person
        Whose it is; "me" unless the settings say otherwise.
    report
        Also write a report, .html or .png; may be given twice.
    format
        Of the recording, where its content does not tell; see `coxa formats`.
    sensor
        Which sensor, in a file with several.
    protocol
        Name or TOML file of what was done; by default that of the position.
    started
        When it began, where the recording does not say: 2026-03-01T18:30.
    notes
        Kept with the session.
    discomfort
        As you felt it, 0 (none) to 10; kept with the session.
    calibration
        Number of a calibration in `coxa calibrate list`; once for each kind. By default those of --sensor that hold.
    no_calibration
        Without any.
    series
        With --json: also the angle over time.
    no_store
        Do not keep the recording.
    """
    from coxa.analysis import analyze_samples
    from coxa.sources import read

    check_targets((common.json,), reports=report, keep=file)
    wish = wished(calibration, no_calibration)
    if series and not common.json:
        raise UsageError("--series belongs to --json", "Add --json, or leave --series out.")
    used = protocol or common.settings.protocols.get(position, position)
    wanted = protocols.load(used)
    if wanted.position != position:
        raise UsageError(
            f"protocol {used} is for position {wanted.position}, not {position}", "Choose another of them."
        )
    with console.working(f"reading {file.name} …"):
        recording = read(file, format, sensor)
        at, told_by = start_of(file, recording, started)
        origin = Origin(
            person=person or common.settings.person,
            side=side,
            position=position,
            protocol=used if used in protocols.names() else str(Path(used).absolute()),
            started_at=at,
            started_from=told_by,
            source_format=recording.format,
            source_name=file.name,
            source_sha256=sha256_of(file),
            sensor=sensor,
            notes=notes or "",
            discomfort=discomfort,
        )
    with console.working("analysing …"):
        analysis = analyze_samples(
            recording.samples, position=position, side=side, protocol=wanted,
            calibration=_calibration(common, sensor, origin, wish),
        )  # fmt: skip
    _show(analysis, recording, series, common)
    write_reports(analysis, report, origin)
    if not no_store:
        with common.open_store(write=True) as store:
            _told(store, origin, store.save(origin, recording.samples, analysis), common)


def _calibration(common: Common, sensor: str | None, origin: Origin, wish: Wish) -> Calibration:
    """What the store has of this sensor; nothing where there is no store yet."""
    from coxa.calibration.applied import NONE
    from coxa.calibration.choose import choose

    if not wish.ids and (sensor is None or not common.store_path.exists()):
        return NONE
    with common.open_store(write=False) as store:
        return choose(store, sensor, origin, wish)


def _show(analysis: Analysis, recording: Recording, series: bool, common: Common) -> None:
    if common.json:
        console.emit(analysis.to_dict(series), common.json)
        for note in recording.notes:
            console.remark(note)
    if common.json is None:
        print_summary(console.out(), analysis, recording.notes)


def _told(store: Store, origin: Origin, saved: Saved, common: Common) -> None:
    """Where it is kept, and what a person with hip surgery should ask first."""
    person = store.person(origin.person)
    where = f"session {saved.session_id} of {person.name} in {store.path}"
    lines = [f"kept as {where}." if saved.new_session else f"this recording is {where}; it is kept once."]
    if origin.started_from == "file":
        lines.append(
            f"its time, {origin.started_at.astimezone():%Y-%m-%d %H:%M}, is that of the file; --started sets it."
        )
    if origin.position == "wall" and person.hip_surgery == "yes":
        lines.append(HIP_SURGERY_NOTE)
    if common.json:
        for line in lines:
            console.remark(line)
        return
    out = console.out()
    out.print()
    for line in lines:
        out.print(f"{line[:1].upper()}{line[1:]}")
