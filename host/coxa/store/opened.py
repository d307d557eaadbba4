"""An opened store: what everything that is asked of it stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from coxa.store.database import BUSY_TIMEOUT_S, damaged, explained, open_database, transaction

T = TypeVar("T")


class Opened:
    """The file, and remarks about the whole of it. Use it in a `with`."""

    def __init__(self, path: Path, *, write: bool = True, timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Open the file, made new where there is none and `write`; see `open_database`."""
        self.path = Path(path)
        self._db = open_database(self.path, write=write, timeout_s=timeout_s)
        self._db.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with explained(self.path):
            self._db.close()

    def meta(self, key: str) -> str | None:
        """A remark about the whole store."""
        found = self._read(lambda row: str(row["value"]), "SELECT value FROM meta WHERE key = ?", key)
        return found[0] if found else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a remark about the whole store."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
            )

    def _read(self, make: Callable[[sqlite3.Row], T], query: str, *values: Any) -> list[T]:
        with explained(self.path):
            found = self._db.execute(query, values).fetchall()
        try:
            return [make(row) for row in found]
        except (ValueError, TypeError) as error:
            raise damaged(self.path) from error
