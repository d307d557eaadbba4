"""`coxa formats`."""

from __future__ import annotations

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.sources.files import FORMATS


def formats(*, common: Common = DEFAULTS) -> None:
    """List the formats of recordings that `coxa analyze` recognises by their content.

    `--format NAME` is only needed where a file could be read in two ways.
    """
    if common.json:
        listed = [{"name": one.name, "title": one.title} for one in FORMATS]
        console.emit({"format": "coxa.formats/1", "formats": listed}, common.json)
        return
    width = max(len(one.name) for one in FORMATS)
    for one in FORMATS:
        print(f"{one.name:<{width}}  {one.title}")
