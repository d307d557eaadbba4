"""What the user sees: results on stdout, remarks and progress on stderr, JSON alone on stdout."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from coxa.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

STDOUT = Path("-")
"""The target of JSON that means standard output."""


def out() -> Console:
    """Standard output; rich leaves colours out where it is no terminal or NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def remark(text: str) -> None:
    """One line beside the result, on stderr."""
    print(f"coxa: {' '.join(text.split())}", file=sys.stderr)


def emit(result: dict[str, Any], target: Path) -> None:
    """One JSON object to stdout (`STDOUT`) or into a file.

    Raises:
        InputError: the file cannot be written.
    """
    text = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=None if _long(result) else 2)
    if target == STDOUT:
        print(text)
        return
    with writing(target) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")
    remark(f"wrote {target}")


@contextmanager
def writing(target: Path) -> Generator[Path]:
    """A file beside `target` that takes its place when the block ends well; nothing is left when it does not.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".coxa-", dir=target.parent) as folder:
            unfinished = Path(folder) / target.name
            yield unfinished
            unfinished.replace(target)
    except OSError as error:
        raise InputError(
            f"{target} cannot be written: {error.strerror or error}", "Choose another file, or free some space."
        ) from error


@contextmanager
def working(text: str) -> Generator[None]:
    """Say on stderr what is being done, as long as it is; only to a terminal."""
    console = err()
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def track(items: Iterable[T], text: str, total: int) -> Generator[T]:
    """The items, with a bar of progress on stderr; only to a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(items, total=total, description=text)


def _long(result: dict[str, Any]) -> bool:
    """Whether it holds the series: an indented line for each number would bury the rest."""
    return "t_s" in result
