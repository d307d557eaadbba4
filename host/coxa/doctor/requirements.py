"""The requirements in a package's metadata, as they apply to this computer.

`packaging` reads them; it comes with matplotlib. Where it is missing they are read by eye, and any version will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requirement as it applies to this computer.

    Attributes:
        text: to be given to pip, such as "numpy>=1.26". `name`: of the package.
        allows: whether a version will do.
    """

    text: str
    name: str
    allows: Callable[[str], bool]


def wanted(requirements: Sequence[str], extra: str = "") -> tuple[list[Wanted], list[str]]:
    """The requirements of Coxa itself, or only those of an extra; and names of those not made for this computer.

    Args:
        requirements: as the package's metadata has them.
        extra: its name, or "" for Coxa itself.
    """
    meant = [one for one in requirements if _extra_of(one) == extra]
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return [_by_eye(one) for one in meant if " or " not in one and " and " not in one], []
    read = [Requirement(one) for one in meant]
    here = [one for one in read if one.marker is None or one.marker.evaluate({"extra": extra})]
    found = [Wanted(f"{one.name}{one.specifier}", one.name, _allowing(one)) for one in here]
    return found, [one.name for one in read if one not in here]


def _allowing(one: Requirement) -> Callable[[str], bool]:
    def allows(version: str) -> bool:
        return one.specifier.contains(version, prereleases=True)

    return allows


def _by_eye(text: str) -> Wanted:
    """A requirement as far as it can be read without `packaging`: any version will do."""
    found = _NAME.match(text)
    return Wanted(text.partition(";")[0].strip(), found[0] if found else text, lambda _version: True)


def _extra_of(text: str) -> str:
    found = _EXTRA.search(text)
    return found[1] if found else ""
