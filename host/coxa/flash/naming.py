"""What a board is called: at most 8 characters, no two of this computer alike."""

from __future__ import annotations

from collections.abc import Sequence

from coxa.errors import UsageError
from coxa.link.known import KnownBoard
from coxa_board.config import DEFAULTS

SHORT = {
    "left-thigh": "thigh-L",
    "right-thigh": "thigh-R",
    "pelvis": "pelvis",
    "left-shank": "shank-L",
    "right-shank": "shank-R",
}
"""Names by where a board is worn."""
_UNNAMED = str(DEFAULTS["name"])


def free_name(wished: str | None, has: str, role: str, uid: str, known: Sequence[KnownBoard]) -> str:
    """The name of a board.

    Args:
        wished: by the user, if so.
        has: as the board is called now.
        role: where it is worn, or "".
        uid: of the board, 12 hex digits.
        known: boards of this computer.

    Raises:
        UsageError: another board has the name that was wished.
    """
    taken = {one.name.casefold(): one for one in known if one.uid != uid}
    if wished is not None:
        if wished.casefold() in taken:
            other = taken[wished.casefold()]
            raise UsageError(
                f"another board ({other.uid}) is called {other.name}",
                f"Take another name, or first: coxa board forget {other.uid}.",
            )
        return wished
    own = has if has != _UNNAMED else SHORT.get(role, "")
    if own and own.casefold() not in taken:
        return own
    return f"{_UNNAMED}-{uid[-3:]}"
