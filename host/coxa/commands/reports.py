"""Where reports and other files of a command may go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from coxa import console
from coxa.errors import UsageError

if TYPE_CHECKING:
    from coxa.results import Analysis
    from coxa.store import Origin

REPORT_SUFFIXES = (".html", ".png")


def check_targets(targets: Iterable[Path | None], *, reports: Iterable[Path] = (), keep: Path | None = None) -> None:
    """Before any work: reports have a known suffix, folders exist, no file is written twice or over the recording.

    Raises:
        UsageError: one of it is not so.
    """
    for report in reports:
        if report.suffix.lower() not in REPORT_SUFFIXES:
            raise UsageError(f"{report} is no report that can be written", "End its name in .html or .png.")
    taken = {keep.resolve()} if keep is not None else set[Path]()
    for target in (*targets, *reports):
        if target is None or target == console.STDOUT:
            continue
        if target.is_dir() or not target.absolute().parent.is_dir():
            raise UsageError(f"{target} cannot be written", "Name a file in a folder that exists.")
        if target.resolve() in taken:
            raise UsageError(f"{target} would be overwritten", "Name another file.")
        taken.add(target.resolve())


def write_reports(analysis: Analysis, targets: Iterable[Path], origin: Origin) -> None:
    """The report of one session as HTML or PNG, by the suffix of each target."""
    title = f"{origin.person}: {origin.side} hip" if origin.person != "me" else f"Your {origin.side} hip"
    when = origin.started_at.astimezone()
    subtitle = f"{when:%A}, {when.day} {when:%B %Y, %H:%M} · {origin.source_name}"
    for target in targets:
        if target.suffix.lower() == ".html":
            from coxa.report import write_html as write
        else:
            from coxa.report import write_png as write
        with console.working(f"drawing {target.name} …"):
            write(analysis, target, title=title, subtitle=subtitle)
        console.remark(f"wrote {target}")
