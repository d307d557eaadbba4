"""What is to be looked at: whose settings, which store."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from coxa.doctor.findings import NotExaminedError


@dataclass(frozen=True, slots=True)
class Place:
    """What the user said.

    Attributes:
        config, store: files in place of the usual ones, or None.
        scan: whether the radio may be used.
        every: read the raw data of every session, however long it takes.
    """

    config: Path | None = None
    store: Path | None = None
    scan: bool = True
    every: bool = False

    def store_path(self) -> Path:
        """The file of the sessions.

        Raises:
            NotExaminedError: only the settings could say, and they cannot be read.
            ConfigError: the data folder cannot be made.
        """
        from coxa import config
        from coxa.errors import ConfigError

        try:
            settings = config.load(self.config)
        except ConfigError as error:
            if self.store is None and not os.environ.get(config.STORE_ENV):
                why = "the settings, which may name the store, cannot be read (see above)"
                raise NotExaminedError(why) from error
            settings = config.Config()
        return config.store_path(self.store, settings)
