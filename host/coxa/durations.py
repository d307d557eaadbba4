"""Lengths of time as people write them: 90, 90s, 2m, 1m30s, 1h."""

from __future__ import annotations

import re

from coxa.errors import UsageError

LONGEST_S = 24 * 3600.0
"""A day: a longer recording is a slip of the pen, and fills the flash of every board."""

_FORM = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)


def seconds(text: str, option: str) -> float:
    """The length of time in seconds.

    Args:
        text: as written; a number alone is seconds.
        option: what the message calls it, such as `--for`.

    Raises:
        UsageError: it is none, not above 0, or longer than a day.
    """
    tidy = text.strip().lower().replace(" ", "")
    found = _FORM.fullmatch(tidy)
    if not tidy or found is None:
        raise UsageError(f"{option} {text!r} is no length of time", "Write it like 120s, 2m, 1m30s or 90.")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    total = 3600 * hours + 60 * minutes + rest
    if not 0 < total <= LONGEST_S:
        raise UsageError(f"{option} is {text}", "Give more than nothing and at most 24h.")
    return total
