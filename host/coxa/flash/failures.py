"""What can go wrong at a board's prompt, in words for the user."""

from __future__ import annotations

import errno
import re

from coxa.errors import CoxaError
from coxa.link.channel import NoAnswerError
from coxa.link.port_advice import PortMissingError

_NO_SPACE = (errno.ENOSPC, errno.EFBIG)


class NoPromptError(NoAnswerError):
    """No MicroPython prompt comes: another program, no program, or one that does not let itself be interrupted."""


class BoardGoneError(PortMissingError):
    """The board was unplugged, switched off, or restarted in the middle of it."""


class OnBoardError(CoxaError):
    """Code that was run on the board failed there.

    Attributes:
        number: of the OSError that it was, or None.
    """

    number: int | None = None


class BoardFullError(OnBoardError):
    """The board's flash is full."""


def on_board(traceback: str) -> OnBoardError:
    """The last line of a traceback as an error."""
    last = (traceback.strip().splitlines() or ["no reason given"])[-1]
    found = re.match(r"OSError: (?:\[Errno )?(\d+)", last)
    number = int(found[1]) if found else None
    if number in _NO_SPACE:
        error: OnBoardError = BoardFullError("the board's flash is full", "Fetch its recordings first: coxa fetch.")
    else:
        error = OnBoardError(f"the board says: {last}", "Run it again; if it stays, erase the board: --erase.")
    error.number = number
    return error


def no_prompt(path: str) -> NoPromptError:
    """No prompt came, or none any more, at this port."""
    return NoPromptError(
        f"the board at {path} does not come to MicroPython's prompt",
        "Press its RESET button (or unplug it and plug it in again) and try once more.",
    )
