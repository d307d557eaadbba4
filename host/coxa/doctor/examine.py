"""All checks in order; none of them can end the examination."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from coxa import __version__
from coxa.doctor import boards, clock, disk, installation, packages, ports, radio, raw, settings, store
from coxa.doctor.findings import Finding, NotExaminedError, note, of_error, trouble
from coxa.doctor.place import Place
from coxa.errors import CoxaError

FORMAT = "coxa.doctor/1"
"""Of the JSON object."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: of a finding that says that it failed.
        group: the heading that its findings stand under.
        thing: what is looked at, with its article where it has one.
        look: finds.
        shows: whether it shows its own progress.
    """

    name: str
    group: str
    thing: str
    look: Callable[[Place], Iterable[Finding]]
    shows: bool = False


CHECKS = (
    Check("installation.python", "Installation", "Python", installation.look),
    Check("installation.packages", "Installation", "the packages", packages.look),
    Check("settings.file", "Settings and clock", "the settings", settings.look),
    Check("clock.time", "Settings and clock", "the clock", clock.look),
    Check("store.file", "Store", "the store", store.look),
    Check("store.raw", "Store", "the raw data", raw.look, shows=True),
    Check("disk.free", "Store", "free space", disk.look),
    Check("bluetooth.scan", "Bluetooth", "boards in range", radio.look),
    Check("ports.found", "Cable", "serial ports", ports.look),
    Check("boards.firmware", "Versions", "versions of boards", boards.look),
)


def examined(check: Check, place: Place) -> list[Finding]:
    """What a check finds; an error that it meets is a finding too."""
    return list(_looked(check, place))


def _looked(check: Check, place: Place) -> Iterator[Finding]:
    not_looked = f"{check.thing}: not looked at, as"
    try:
        yield from check.look(place)
    except NotExaminedError as error:
        yield note(check.name, f"{not_looked} {error.what}", error.advice)
    except CoxaError as error:
        yield of_error(check.name, error)
    except ModuleNotFoundError as error:
        yield _missing(check.name, not_looked, error.name or "")
    except Exception as error:
        what = f"{check.thing}: unexpected {type(error).__name__}: {' '.join(str(error).split())}"
        mend = "This is an error of Coxa: report it with what `coxa doctor --json` says."
        yield trouble(check.name, what, mend, traceback=traceback.format_exception(error))


def _missing(check: str, not_looked: str, module: str) -> Finding:
    if packages.is_needed(module):
        return note(check, f"{not_looked} {module} is missing (see Installation)")
    what = f"{not_looked} the package {module} is missing"
    line = installation.install_line(installation.of_this())
    return trouble(check, what, f"Install Coxa anew with all that it needs: `{line}`.", missing=module)


def examination(place: Place, working: Callable[[str], AbstractContextManager[Any]]) -> Iterator[tuple[str, Finding]]:
    """Each finding with its heading, as soon as it is there.

    Args:
        place: what to look at.
        working: shows what is being done as long as it is.
    """
    for check in CHECKS:
        with nullcontext() if check.shows else working(f"looking at {check.thing} …"):
            found = examined(check, place)
        for one in found:
            yield check.group, one


def as_json(findings: list[Finding]) -> dict[str, Any]:
    """All of it as one JSON object."""
    return {
        "format": FORMAT,
        "coxa_version": __version__,
        "findings": [one.as_json() for one in findings],
        "trouble": sum(one.level == "trouble" for one in findings),
    }
