"""The settings file: is there one, can it be read, do the protocols it names exist?"""

from __future__ import annotations

from collections.abc import Iterator

from coxa.doctor.findings import Finding, good, of_error, trouble
from coxa.doctor.place import Place


def look(place: Place) -> Iterator[Finding]:
    """The file, then each protocol that it names."""
    from coxa import config, protocols
    from coxa.errors import ConfigError

    path = config.config_path(place.config)
    try:
        settings = config.load(place.config)
    except ConfigError as error:
        yield of_error("settings.file", error, path=str(path))
        return
    if path.exists():
        yield good("settings.file", f"the settings in {path} are valid", path=str(path))
    else:
        yield good("settings.file", f"there are no settings, so the defaults hold; they would be in {path}")
    for position, named in settings.protocols.items():
        try:
            meant = protocols.load(named).position
        except ConfigError as error:
            yield of_error("settings.protocol", error, position=position)
            continue
        if meant != position:
            what = f"the settings use protocol {named} for position {position}, but it is for {meant}"
            yield trouble(
                "settings.protocol", what, f"Name another one under [protocols] in {path}.", position=position
            )
