"""Versions: of this program, the wire format, the firmware that it ships, and what the known boards ran last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from coxa.doctor.findings import Finding, NotExaminedError, good, note
from coxa.doctor.installation import Installation, of_this, update_line
from coxa.doctor.place import Place
from coxa.errors import StoreError

SINCE_BOARDS = 3
"""Format of the store since which it knows boards."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A board as it was seen last: `label` for the user, `firmware` as text or "" where never told."""

    uid: str
    name: str
    role: str | None
    firmware: str

    @property
    def label(self) -> str:
        """What to call it: its name, and where it is worn."""
        return f"{self.name} ({self.role})" if self.role else self.name


def look(place: Place) -> Iterator[Finding]:
    """What this installation ships, then each known board."""
    import coxa_board
    from coxa_wire import VERSION_MAJOR, VERSION_MINOR

    shipped = tuple(coxa_board.VERSION)
    wire = f"{VERSION_MAJOR}.{VERSION_MINOR}"
    what = f"this installation ships firmware {_text(shipped)} for boards, and speaks wire format {wire}"
    yield good("boards.shipped", what, firmware=_text(shipped), wire=wire)
    here, seen = of_this(), _seen(place)
    for board in seen:
        yield judged(board, shipped, here)
    if not seen:
        mend = "See what is in range: `coxa scan`; then pair one: `coxa board trust`."
        yield good("boards.firmware", "no board is known yet", mend)


def judged(board: Seen, shipped: tuple[int, ...], here: Installation) -> Finding:
    """Which of the two is older: the firmware of a board, or what this installation ships.

    Args:
        board: as it was seen last.
        shipped: version of the firmware that this installation would put onto it.
        here: how Coxa came here.
    """
    check = "boards.firmware"
    data: dict[str, Any] = {"uid": board.uid, "name": board.name, "firmware": board.firmware or None}
    version = parsed(board.firmware)
    if version is None:
        said = f"says that it runs {board.firmware!r}" if board.firmware else "has not told its firmware yet"
        return note(check, f"{board.label} {said}", f"Ask it: `coxa board info {board.name}`.", **data)
    if version < shipped:
        what = f"{board.label} ran firmware {board.firmware} when seen last; {_text(shipped)} is newer"
        return note(check, what, "Plug it in and update it: `coxa board update`.", **data)
    if version > shipped:
        what = f"{board.label} runs firmware {board.firmware}, newer than what this Coxa knows ({_text(shipped)})"
        return note(check, what, f"Update Coxa: `{update_line(here)}`.", **data)
    return good(check, f"{board.label} ran firmware {board.firmware} when seen last, as shipped", **data)


def parsed(text: str) -> tuple[int, ...] | None:
    """A version such as "1.2.3" as numbers; None where it is none."""
    parts = text.split(".")
    return tuple(map(int, parts)) if len(parts) == 3 and all(one.isascii() and one.isdigit() for one in parts) else None


def _seen(place: Place) -> list[Seen]:
    """The boards in the store. Their secrets stay there."""
    from coxa.doctor.store import reading
    from coxa.store.database import explained

    path = place.store_path()
    if not path.exists():
        return []
    try:
        with closing(reading(path)) as db, explained(path):
            if int(db.execute("PRAGMA user_version").fetchone()[0]) < SINCE_BOARDS:
                return []
            rows = db.execute("SELECT uid, name, role, firmware FROM boards ORDER BY lower(name), uid").fetchall()
    except StoreError as error:
        raise NotExaminedError("the store cannot be read (see above)") from error
    return [Seen(*row) for row in rows]


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
