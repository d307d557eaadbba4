"""`coxa calibrate list|show|void|export|import`: the calibrations that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from coxa import console
from coxa.calibration.choose import HOLDS, says
from coxa.calibration.kept import Kept, Kind
from coxa.commands.common import DEFAULTS, Common
from coxa.commands.sessions import local
from coxa.errors import CoxaError, InputError, UsageError
from coxa.results import Side

FORMAT = "coxa.calibrations/1"
SUFFIXES = {"sensor": ".toml", "body": ".json", "skin": ".json"}


def list_(
    *, kind: Kind | None = None, person: str | None = None, side: Side | None = None, common: Common = DEFAULTS
) -> None:
    """List the calibrations that are kept, in the order in which they were made.

    Parameters
    ----------
    kind
        Only these: sensor, body or skin.
    person
        Only those of this person; those of sensors are nobody's.
    side
        Only those of this leg.
    """
    with common.open_store(write=False) as store:
        found = store.calibrations(kind, None, person, side)
        where = store.path
    if common.json:
        console.emit({"format": FORMAT, "calibrations": [as_json(one) for one in found]}, common.json)
        return
    if not found:
        print(f"No such calibrations in {where}. Make one: coxa calibrate --help.")
        return
    console.out().print(_table(found))
    print(f"{len(found)} in {where}. More on one: coxa calibrate show ID.")


def show(id: int, /, *, common: Common = DEFAULTS) -> None:  # noqa: A002
    """Show one calibration, and which sessions rest on it.

    Parameters
    ----------
    id
        Its number in `coxa calibrate list`.
    """
    with common.open_store(write=False) as store:
        kept = store.calibration(id)
        resting = [
            one.id for one in store.sessions() if one.headline and _key(kept) in one.headline.calibrations.split()
        ]
    if common.json:
        console.emit({"format": FORMAT, **as_json(kept), "data": kept.data, "sessions": resting}, common.json)
        return
    out = console.out()
    out.print(f"Calibration {kept.id} · {_of(kept)} · {local(kept.made_at)}", style="bold")
    lines = [("gives", _says(kept)), ("made from", kept.source), ("by", f"Coxa {kept.coxa_version}")]
    lines += [("holds", _holds(kept)), ("sessions that rest on it", ", ".join(map(str, resting)) or "none")]
    lines += _details(kept)
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in lines:
        table.add_row(name, value)
    out.print(table)


def void(id: int, why: str = "", /, *, again: bool = False, common: Common = DEFAULTS) -> None:  # noqa: A002
    """Note that a calibration does not hold any more, such as when the strap was moved. It stays in the store.

    Parameters
    ----------
    id
        Its number in `coxa calibrate list`.
    why
        In your words, such as "strap moved".
    again
        Take that back: it holds after all.
    """
    if bool(why.strip()) == again:
        raise UsageError("why does it not hold any more?", 'Say it: coxa calibrate void 3 "strap moved"; or --again.')
    with common.open_store(write=True) as store:
        store.void_calibration(id, "" if again else f"{why.strip().rstrip('.')}.")
        kept = store.calibration(id)
    if common.json:
        console.emit({"format": FORMAT, **as_json(kept)}, common.json)
        return
    print(f"Calibration {id} {'holds again' if again else 'does not hold any more: ' + kept.void}")
    print("Sessions that rest on it keep their results; coxa reanalyze --all makes them anew.")


def export(id: int, file: Path, /, *, common: Common = DEFAULTS) -> None:  # noqa: A002
    """Write a calibration to a file, to keep, to cite or to use elsewhere.

    Parameters
    ----------
    id
        Its number in `coxa calibrate list`.
    file
        TOML for a sensor, JSON for body and skin.
    """
    with common.open_store(write=False) as store:
        kept = store.calibration(id)
    suffix = SUFFIXES[kept.kind]
    if file.suffix.lower() != suffix:
        raise UsageError(f"{file} is no name for a {kept.kind} calibration", f"End it in {suffix}.")
    with console.writing(file) as unfinished:
        unfinished.write_text(kept.data.rstrip("\n") + "\n", encoding="utf-8")
    if common.json:
        console.emit({"format": FORMAT, **as_json(kept), "file": str(file)}, common.json)
        return
    print(f"Calibration {kept.id} ({_of(kept)}) is in {file}.")


def import_(file: Path, /, *, person: str | None = None, common: Common = DEFAULTS) -> None:
    """Take a calibration from a file that `coxa calibrate export` wrote, or a program of your own in the same format.

    Parameters
    ----------
    file
        TOML of a sensor, JSON of body or skin.
    person
        Whose body or skin; "me" unless the settings say otherwise.
    """
    from coxa.calibration.files import read

    new = read(file, person or common.settings.person)
    with common.open_store(write=True) as store:
        kept = store.calibration(store.save_calibration(new))
    if common.json:
        console.emit({"format": FORMAT, **as_json(kept)}, common.json)
        return
    print(f"Kept as calibration {kept.id}: {_of(kept)}, {_says(kept)}.")


def as_json(kept: Kept) -> dict[str, Any]:
    """One of them; times in UTC."""
    names = ("id", "kind", "uid", "person", "side", "source", "coxa_version", "void")
    return {name: getattr(kept, name) for name in names} | {
        "made_at": kept.made_at.isoformat(), "holds_days": HOLDS[kept.kind].total_seconds() / 86400,
        "gives": _says(kept),
    }  # fmt: skip


def _table(found: list[Kept]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    table.add_column("id", justify="right", no_wrap=True)
    for name in ("made", "of", "gives"):
        table.add_column(name, no_wrap=name == "made")
    for one in found:
        gives = _says(one) if not one.void else f"does not hold: {one.void}"
        table.add_row(str(one.id), local(one.made_at), _of(one), gives, style="dim" if one.void else "")
    return table


def _key(kept: Kept) -> str:
    return f"{kept.kind}:{kept.id}"


def _of(kept: Kept) -> str:
    if kept.kind == "sensor":
        return f"sensor {kept.uid}"
    return f"{kept.kind}, {kept.side} leg of {kept.person}, sensor {kept.uid}"


def _says(kept: Kept) -> str:
    """What it gives; a damaged one says so, and is listed all the same."""
    try:
        return says(kept)
    except InputError as error:
        return str(error)


def _holds(kept: Kept) -> str:
    if kept.void:
        return f"no more: {kept.void}"
    limit = HOLDS[kept.kind]
    return f"for sets within {limit.days} days" if limit.days else f"for sets within {limit.seconds // 3600} hours"


def _details(kept: Kept) -> list[tuple[str, str]]:
    """Each number with its uncertainty."""
    from coxa_calibration.comparison import compared
    from coxa_calibration.datasheet import datasheet_or_wide

    try:
        if kept.kind == "sensor":
            calibration, history = kept.sensor()
            sentences = compared(calibration, datasheet_or_wide(calibration.chip))
            told = [(name, rest) for name, _, rest in (one.partition(": ") for one in sentences)]
            return [("chip", calibration.chip), *told, ("sessions of its bias", f"{history.sessions:.1f}")]
        if kept.kind == "body":
            body = kept.body()
            return [("strap", body.strap), ("poses", ", ".join(pose.pose for pose in body.poses) or "none")]
        gain = kept.skin()
        return [
            ("strap", gain.strap), ("method", gain.method), ("R²", f"{gain.r_squared:.3f}"),
            ("repetitions", str(gain.n_reps)),
            ("an arc must change by", f"{gain.mdc_scaled(1.0):.1f} times what it must at the strap"),
        ]  # fmt: skip
    except CoxaError:
        return []  # what is wrong with it stands beside "gives"
