"""Boards that this computer knows: their names, where they are worn, and the secrets by which they trust it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

from coxa.errors import UsageError
from coxa.store.database import damaged, explained, open_database, transaction
from coxa.store.records import to_text

Role = Literal["left-thigh", "right-thigh", "pelvis", "left-shank", "right-shank"]
"""Where a board is worn."""
ROLES: tuple[Role, ...] = get_args(Role)

SECRET_LENGTH = 16
"""Bytes: 128 bits cannot be guessed."""
_UID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class KnownBoard:
    """A board that this computer has met.

    Attributes:
        uid: 12 hex digits.
        role: where it is worn, None as long as nobody has said.
        secret: by which the board trusts this computer; empty where it does not.
        firmware: its version, e.g. "1.2.3"; empty where it is not known.
        trusted_at, last_seen: with time zone, or None.
    """

    uid: str
    name: str
    role: Role | None = None
    secret: bytes = field(default=b"", repr=False)
    firmware: str = ""
    trusted_at: datetime | None = None
    last_seen: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be stored or found again."""
        if len(self.uid) != _UID_DIGITS or not set(self.uid) <= set("0123456789abcdef"):
            raise UsageError(f"{self.uid!r} is no uid of a board", "It has 12 digits, e.g. a1b2c3d4e5f6.")
        if self.role is not None:
            checked_role(self.role)
        if len(self.secret) not in (0, SECRET_LENGTH):
            raise ValueError(f"a secret has {SECRET_LENGTH} bytes, not {len(self.secret)}")

    @property
    def label(self) -> str:
        """What to call it before the user: where it is worn, and its name."""
        return f"{self.name} ({self.role})" if self.role else self.name


class KnownBoards:
    """The boards in a store. Use it in a `with`.

    Every method raises `StoreError` when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Opens the store, made new where there is none."""
        self.path = Path(path)
        self._db = open_database(self.path)

    def __enter__(self) -> KnownBoards:
        """The boards themselves."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file."""
        with explained(self.path):
            self._db.close()

    def all(self) -> list[KnownBoard]:
        """Every board, by name."""
        return self._read("SELECT * FROM boards ORDER BY lower(name), uid")

    def get(self, uid: str) -> KnownBoard | None:
        """The board with this uid, if it is known."""
        found = self._read("SELECT * FROM boards WHERE uid = ?", uid.lower())
        return found[0] if found else None

    def by_name(self, name: str) -> KnownBoard:
        """The board of this uid (or its last 4 digits), name or role, in any case; an exact uid comes first.

        Raises:
            UsageError: none, or more than one.
        """
        return meant(self.all(), name)

    def save(self, board: KnownBoard) -> None:
        """Keeps a board, in place of what was kept of it."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "INSERT OR REPLACE INTO boards (uid, name, role, secret, firmware, trusted_at, last_seen) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    board.uid,
                    board.name,
                    board.role,
                    board.secret,
                    board.firmware,
                    board.trusted_at and to_text(board.trusted_at),
                    board.last_seen and to_text(board.last_seen),
                ),
            )

    def met(self, uid: str, firmware: str, at: datetime) -> None:
        """A known board was met, with this version of its program; nothing happens where it is not known."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "UPDATE boards SET firmware = ?, last_seen = ? WHERE uid = ?", (firmware, to_text(at), uid.lower())
            )

    def forget(self, uid: str) -> bool:
        """Takes a board out with its secret; whether it was there. Its recordings stay."""
        with transaction(self._db, self.path) as db:
            return db.execute("DELETE FROM boards WHERE uid = ?", (uid.lower(),)).rowcount > 0

    def _read(self, query: str, *values: Any) -> list[KnownBoard]:
        with explained(self.path):
            found = self._db.execute(query, values).fetchall()
        try:
            return [_board(row) for row in found]
        except (ValueError, TypeError, UsageError) as error:
            raise damaged(self.path) from error


def meant(boards: Sequence[KnownBoard], name: str) -> KnownBoard:
    """The board of this uid (or its last 4 digits), name or role, in any case; an exact uid comes first.

    Raises:
        UsageError: none, or more than one.
    """
    wanted = name.casefold()
    found = [one for one in boards if one.uid == wanted] or [
        one for one in boards if wanted in (one.name.casefold(), one.role, one.uid[-4:])
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{one.label} {one.uid}" for one in found or boards) or "none yet; `coxa scan` shows them"
    if found:
        raise UsageError(f"{len(found)} known boards are meant by {name!r}: {listed}", "Give the uid.")
    raise UsageError(f"there is no known board {name!r}", f"Known: {listed}.")


def new_secret() -> bytes:
    """A secret nobody else can know."""
    return secrets.token_bytes(SECRET_LENGTH)


def checked_role(role: str) -> Role:
    """The same role.

    Raises:
        UsageError: there is no such role.
    """
    for one in ROLES:
        if role == one:
            return one
    raise UsageError(f"there is no place {role!r} to wear a board", f"There are: {', '.join(ROLES)}.")


def _board(row: tuple[Any, ...]) -> KnownBoard:
    uid, name, role, secret, firmware, *times = row
    trusted_at, last_seen = (None if text is None else datetime.fromisoformat(text) for text in times)
    return KnownBoard(uid, name, role, bytes(secret), firmware, trusted_at, last_seen)
