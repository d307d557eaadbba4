"""A file of samples as the store wants to know it: its fingerprint and when it was made."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from coxa.errors import InputError, UsageError
from coxa.store.records import StartedFrom

if TYPE_CHECKING:
    from coxa.sources import Recording


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of the files in a folder.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if not path.is_dir():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        whole = hashlib.sha256()
        for part in sorted(p for p in path.rglob("*") if p.is_file()):
            whole.update(f"{part.relative_to(path).as_posix()}\0{sha256_of(part)}\n".encode())
        return whole.hexdigest()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", "Check its name and permissions."
        ) from error


def started(path: Path, recording: Recording, given: str | None) -> tuple[datetime, StartedFrom]:
    """When the recording began, in UTC, and who says so: the user, the recording, or the time of its file.

    Raises:
        UsageError: the time given is none.
    """
    if given is not None:
        try:
            return datetime.fromisoformat(given).astimezone(UTC), "user"
        except ValueError:
            raise UsageError(f"--started {given} is no date and time", "Write it like 2026-03-01T18:30.") from None
    if recording.started_at is not None:
        return recording.started_at.astimezone(UTC), "recording"
    return datetime.fromtimestamp(path.stat().st_mtime, UTC), "file"
