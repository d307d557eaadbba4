"""Findings as lines of text for a terminal. Standard library only; colours are added by whoever prints."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from coxa.doctor.findings import Finding, Level, counted

MARKS: dict[Level, str] = {"good": "ok", "note": "note", "trouble": "!"}
STYLES: dict[Level, str] = {"good": "green", "note": "yellow", "trouble": "bold red"}
"""Of the marks, as rich names them."""

WIDEST = 100
"""Columns: longer lines are hard to read."""
_MARK = 8
"""Columns before the text: two, the mark, a gap."""
_COMMAND = re.compile(r"`[^`]*`")
_PLAIN_WORD = re.compile(r"[a-z]+(?=[ ,:])")
"""At the start of a sentence it gets a capital; names of files and boards stay as they are."""
_GLUE = "\u00a0"
"""Stands for a blank within a command, so that no line ends there: a command must stay whole to be copied."""


def lines(finding: Finding, width: int) -> Iterator[str]:
    """A finding as lines: its mark and sentence, then what mends it. A command that is too long stays whole.

    Args:
        finding: to show.
        width: of the terminal, in columns.
    """
    mark = f"  {MARKS[finding.level]}".ljust(_MARK)
    what = f"{_capitalized(finding.what)}."
    yield from _wrapped(what, width, mark, " " * _MARK)
    if finding.mend:
        yield from _wrapped(finding.mend, width, " " * (_MARK + 2), " " * (_MARK + 2))


def summary(findings: Sequence[Finding]) -> str:
    """One line on all of it."""
    troubles = sum(one.level == "trouble" for one in findings)
    notes = sum(one.level == "note" for one in findings)
    noted = f"; {counted(notes, 'note')}" if notes else ""
    return f"{counted(troubles, 'trouble')} to be mended, marked !{noted}." if troubles else f"No trouble found{noted}."


def _wrapped(text: str, width: int, first: str, rest: str) -> Iterator[str]:
    glued = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), text)
    wrapped = textwrap.wrap(
        glued,
        min(width, WIDEST),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return (one.replace(_GLUE, " ") for one in wrapped)


def _capitalized(sentence: str) -> str:
    first = _PLAIN_WORD.match(sentence)
    return f"{sentence[:1].upper()}{sentence[1:]}" if first else sentence
