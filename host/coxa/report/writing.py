"""Writing a file for the user: one clear line where it cannot be done."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from coxa.errors import UsageError


@contextmanager
def writing(path: Path | str) -> Generator[Path]:
    """The path to write to.

    Raises:
        UsageError: the operating system refuses.
    """
    target = Path(path)
    try:
        yield target
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write {target}: {reason}", "Name a file in a folder that exists.") from error
