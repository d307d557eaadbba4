"""What a reader hands on: the parsed columns of one sensor, and the checked recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coxa.samples import Floats, Samples
from coxa.sources.text import Part


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of one sensor, checked.

    Attributes:
        samples: the samples in SI units.
        format: name of the format it was read as.
        notes: what was assumed, derived, resampled or left out on the way, one sentence each.
        started_at: when it began, where the file says so; without a zone it is local time as the maker wrote it.
    """

    samples: Samples
    format: str
    notes: tuple[str, ...] = ()
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """Columns of one sensor in SI units, not yet checked.

    Attributes:
        t_s: (n,) s. gyr_rad_s, acc_m_s2: (n, 3), quat: (n, 4) sensor → earth, scalar first, earth z up; or None.
        acc_derived: the acceleration is not the sensor's own but was put together with its orientation.
    """

    t_s: Floats
    gyr_rad_s: Floats | None = None
    acc_m_s2: Floats | None = None
    quat: Floats | None = None
    acc_derived: bool = False
    notes: tuple[str, ...] = ()
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One maker's layout.

    Attributes:
        name: as given to `--format`.
        title: as people call it.
        claims: whether the text parts of a recording have this layout.
        parse: the parts and the wanted sensor (None: the only one) → columns.
    """

    name: str
    title: str
    claims: Callable[[tuple[Part, ...]], bool]
    parse: Callable[[tuple[Part, ...], str | None], Parsed]
