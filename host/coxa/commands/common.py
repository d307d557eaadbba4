"""What the commands share: options, settings, the store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from coxa import config as settings_file
from coxa.errors import UsageError

if TYPE_CHECKING:
    from coxa.calibration.choose import Wish
    from coxa.store import Store

_SHARED = Group("Everywhere", sort_key=90)


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: Annotated[
        Path | None,
        Parameter(help="Print one JSON object and nothing else, or write it: --json out.json.", group=_SHARED),
    ] = None
    store: Annotated[
        Path | None,
        Parameter(help="File of the sessions, instead of the one in your data folder (or COXA_STORE).", group=_SHARED),
    ] = None
    config: Annotated[
        Path | None,
        Parameter(
            help="Settings file, instead of the one in your configuration folder (or COXA_CONFIG).", group=_SHARED
        ),
    ] = None

    @cached_property
    def settings(self) -> settings_file.Config:
        """The user's settings.

        Raises:
            ConfigError: a wrong key or value.
        """
        return settings_file.load(self.config)

    @property
    def store_path(self) -> Path:
        """The file of the sessions."""
        return settings_file.store_path(self.store, self.settings)

    def open_store(self, *, write: bool) -> Store:
        """The store; close it, or use it in a `with`.

        Raises:
            StoreError: it cannot be opened; missing where it is only read.
        """
        from coxa.store import Store

        return Store(self.store_path, write=write)


DEFAULTS = Common()

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Reports = Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)]
"""Files of reports; the option may be given more than once."""

Calibrations = Annotated[tuple[int, ...], Parameter(negative="", show_default=False)]
"""Numbers of calibrations; the option may be given more than once."""


def wished(calibration: tuple[int, ...], no_calibration: bool) -> Wish:
    """Which calibrations a result should rest on.

    Raises:
        UsageError: some, and none.
    """
    from coxa.calibration.choose import AUTOMATIC, WITHOUT, Wish

    if calibration and no_calibration:
        raise UsageError("--calibration and --no-calibration exclude each other", "Leave one of them out.")
    return WITHOUT if no_calibration else Wish(calibration) if calibration else AUTOMATIC
