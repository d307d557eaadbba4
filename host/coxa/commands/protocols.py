"""`coxa protocols`."""

from __future__ import annotations

from coxa import console
from coxa import protocols as kept
from coxa.commands.common import DEFAULTS, Common
from coxa.report.wording import POSITION_NAMES


def protocols(*, common: Common = DEFAULTS) -> None:
    """List the exercises and tests that come with Coxa.

    Your own is a TOML file that overrides single values: `--protocol my-wall.toml`, or for good in the settings.
    """
    import msgspec

    known = [kept.load(name) for name in kept.names()]
    if common.json:
        console.emit(
            {"format": "coxa.protocols/1", "protocols": [msgspec.to_builtins(one) for one in known]}, common.json
        )
        return
    width = max(len(one.name) for one in known)
    for one in known:
        print(f"{one.name:<{width}}  {one.title} ({POSITION_NAMES[one.position]}, {one.reps_min}-{one.reps_max} reps)")
