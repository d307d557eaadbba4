"""The user's settings: a TOML file, environment variables, options; the later one wins."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import msgspec

from coxa.errors import ConfigError

CONFIG_ENV = "COXA_CONFIG"
STORE_ENV = "COXA_STORE"

_ALLOWED = {
    "person": "a name in quotes",
    "store": "a path in quotes",
    "mounting": 'two axes of the sensor, along the arrow and outward, e.g. "+y +z", or "unknown"',
    "protocols": "a table of positions, e.g. [protocols] wall = \"my-wall.toml\"",
}  # fmt: skip

MOUNTING, UNKNOWN = "+y +z", "unknown"
"""As hardware.md has it; and for who does not know."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user may set once.

    Attributes:
        person: whose sessions, where `--person` is not given.
        store: the file of the sessions, where neither `--store` nor COXA_STORE is given; None: the usual place.
        protocols: position → name or TOML file of the protocol that is used for it, where `--protocol` is not given.
            A file may override any threshold of the protocol that comes with Coxa.
        mounting: how the sensor sits in the case of a board that was built by hand: its axis along the arrow (to the
            hip), and the one that points outward, away from the skin; `unknown`: not checked.
    """

    person: str = "me"
    store: str | None = None
    protocols: dict[str, str] = {}
    mounting: str = MOUNTING


def config_path(given: Path | None = None) -> Path:
    """Where the settings are: the option, COXA_CONFIG, or `config.toml` in the user's configuration folder."""
    if given is not None:
        return given
    if named := os.environ.get(CONFIG_ENV):
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("coxa", appauthor=False) / "config.toml"


def load(given: Path | None = None) -> Config:
    """The settings; all defaults where there is no file in the usual place.

    Raises:
        ConfigError: a file that was named is missing, or a key or value is wrong.
    """
    path = config_path(given)
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        if given is None and not os.environ.get(CONFIG_ENV):
            return Config()
        raise ConfigError(f"there is no settings file {path}", "Check --config or COXA_CONFIG.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error}", "It is a text file in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", 'A line reads like: person = "Kim".') from error
    _known(raw, Config.__struct_fields__, str(path), "the setting")
    for name, value in raw.items():
        _typed(name, value, path)
    config = msgspec.convert(raw, Config)
    return msgspec.structs.replace(
        config,
        store=str(path.parent / Path(config.store).expanduser()) if config.store else None,
        protocols={position: _protocol(name, path.parent) for position, name in config.protocols.items()},
    )


def store_path(given: Path | None, config: Config) -> Path:
    """The file of the sessions: the option, COXA_STORE, the setting, or the user's data folder (which is made)."""
    named = given or os.environ.get(STORE_ENV) or config.store
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    try:
        return user_data_path("coxa", appauthor=False, ensure_exists=True) / "coxa.sqlite"
    except OSError as error:
        raise ConfigError(f"the data folder cannot be made: {error}", "Use --store FILE, or set COXA_STORE.") from error


def _typed(name: str, value: Any, path: Path) -> None:
    from coxa.results import POSITIONS

    if name == "protocols" and isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        _known(table, POSITIONS, f"{path}, [protocols]", "the position")
        good = all(isinstance(one, str) and one for one in table.values())
    elif name == "mounting":
        good = isinstance(value, str) and (value == UNKNOWN or _are_axes(value))
    else:
        good = name != "protocols" and isinstance(value, str) and value.strip() != ""
    if not good:
        raise ConfigError(f"{path}: the setting {name} is {value!r}", f"It must be {_ALLOWED[name]}.")


def _are_axes(value: str) -> bool:
    """Whether it names two axes at right angles, such as `+y -z`."""
    parts = value.split()
    each = [len(part) == 2 and part[0] in "+-" and part[1] in "xyz" for part in parts]
    return len(parts) == 2 and all(each) and parts[0][1] != parts[1][1]


def _known(found: Iterable[str], allowed: Iterable[str], where: str, what: str) -> None:
    names = sorted(allowed)
    for name in found:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            known = f"known: {', '.join(names)}"
            raise ConfigError(
                f"{where}: {what} {name!r} is unknown",
                f"Did you mean {near[0]}? ({known})" if near else f"It is {known}.",
            )


def _protocol(name: str, folder: Path) -> str:
    """A file's path counts from the folder of the settings; a name stays a name."""
    return str(folder / Path(name).expanduser()) if name.endswith(".toml") else name
