"""The errors a user can meet: each says what is wrong, where, and what to do about it."""

from __future__ import annotations


class CoxaError(Exception):
    """Root of all errors of Coxa. `str()` is one line for the user: what and where, then the advice.

    Attributes:
        what: what is wrong, with the place (file, line, column) where there is one.
        advice: one sentence on what to do; empty where nothing can be done.
    """

    exit_code = 3

    def __init__(self, what: str, advice: str = "") -> None:
        """Takes what is wrong, and what to do about it."""
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        """One line: what is wrong, then the advice."""
        what = " ".join(self.what.split())
        return f"{what.rstrip('.')}. {' '.join(self.advice.split())}" if self.advice else what


class UsageError(CoxaError):
    """The call itself is wrong: an unknown option value, a person who does not exist."""

    exit_code = 2


class InputError(CoxaError):
    """A recording cannot be used: unreadable, unit not as stated, not finite, too short, not increasing in time."""


class ConfigError(CoxaError):
    """A configuration or protocol file has a wrong key, type or value."""


class StoreError(CoxaError):
    """The session store cannot be opened, read or written."""
