"""Room for what will be recorded."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from coxa.doctor.findings import Finding, good, note, trouble
from coxa.doctor.place import Place

MB = 1_000_000
SET_BYTES = 2_300_000
"""Of 20 minutes of one board: 12 blocks of 180 bytes a second at 104 Hz."""
FEW_BYTES = 200 * MB
"""Below this it is worth a note: some 40 sets of 20 minutes with two boards."""
NONE_BYTES = 25 * MB
"""Below this a set may not fit: two boards for 20 minutes twice over (the journal, what other programs take)."""

MENDS = {
    "linux": "Free some space: `du -xh --max-depth=2 ~ | sort -h | tail` shows what is large",
    "darwin": "Free some space: System Settings > General > Storage shows what is large",
    "win32": "Free some space: Settings > System > Storage shows what is large",
}


def look(place: Place) -> Iterator[Finding]:
    """The disk that the store is on."""
    folder = place.store_path().absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    yield judged(shutil.disk_usage(folder).free, folder, sys.platform)


def judged(free: int, folder: Path, system: str) -> Finding:
    """Whether a recording fits into `free` bytes."""
    sets = free // (2 * SET_BYTES)
    text = f"{free / MB / 1000:.0f} GB" if free >= 10_000 * MB else f"{free / MB:.0f} MB"
    what = f"{text} are free in {folder}"
    mend = f"{MENDS.get(system, MENDS['linux'])}; or keep the store on another disk (`--store FILE`)."
    if free < NONE_BYTES:
        return trouble("disk.free", f"only {what}: a recording may not fit", mend, free_bytes=free)
    if free < FEW_BYTES:
        return note("disk.free", f"only {what}, for {sets} sets of 20 min with two boards", mend, free_bytes=free)
    return good("disk.free", what, free_bytes=free)
