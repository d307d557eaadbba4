"""`coxa doctor`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.doctor.examine import as_json, examination
from coxa.doctor.findings import Finding, counted
from coxa.doctor.place import Place
from coxa.doctor.show import MARKS, STYLES, lines, summary
from coxa.errors import CoxaError

_COMMAND = re.compile(r"`[^`]*`")


def doctor(
    *,
    no_scan: Flag = False,
    every: Annotated[Flag, Parameter(name="--all")] = False,
    rescue: Path | None = None,
    common: Common = DEFAULTS,
) -> int:
    """Look for what may be wrong with this computer, the installation or the store, and say what mends it.

    Nothing is changed, and nothing is sent anywhere. Exit code 3 where there is trouble.
    Where `coxa` itself does not start: python -m coxa.doctor

    Parameters
    ----------
    no_scan
        Do not use Bluetooth.
    every
        Read the raw data of every session, however long it takes.
    rescue
        Copy what can be read of a damaged store into this new file, then look at that.
    """
    if rescue is not None:
        common = _rescued(rescue, common)
    place = Place(common.config, common.store, scan=not no_scan, every=every)
    findings: list[Finding] = []
    heading, out = "", console.out()
    for group, one in examination(place, console.working):
        findings.append(one)
        if common.json:
            continue
        if group != heading:
            out.print(Text(group, style="bold"), soft_wrap=True)
            heading = group
        for line in lines(one, out.width):
            out.print(_coloured(line, one), soft_wrap=True)
    if common.json:
        console.emit(as_json(findings), common.json)
    else:
        out.print(summary(findings), soft_wrap=True)
    return CoxaError.exit_code if any(one.level == "trouble" for one in findings) else 0


def _rescued(new: Path, common: Common) -> Common:
    """Copies, and looks at the copy from now on."""
    from coxa.doctor.rescue import rescue

    with console.working(f"copying into {new} …"):
        told = rescue(common.store_path, new)
    sessions = counted(told.kept.get("sessions", 0), "session")
    lost = f"; {counted(told.holes, 'place')} could not be read, {counted(told.refused, 'row')} belong to what was lost"
    console.remark(f"{sessions} of {common.store_path} copied into {new}{lost if told.holes or told.refused else ''}.")
    return replace(common, store=new)


def _coloured(line: str, finding: Finding) -> Text:
    """The mark by its level, and what is to be typed."""
    text, mark = Text(line), f"  {MARKS[finding.level]} "
    if line.startswith(mark):
        text.stylize(STYLES[finding.level], 0, len(mark))
    text.highlight_regex(_COMMAND, "cyan")
    return text
