"""The board's settings as this computer makes them: by the board's own code, so that both take the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coxa.errors import ConfigError, UsageError
from coxa.link.known import SECRET_LENGTH, new_secret
from coxa_board import boards, config, settings

PATH = config.PATH
"""Of the file on the board."""
_PINS = 'Say which pins: --set \'pins={"sda": 6, "scl": 7, "button": 3}\' (docs/board-config.md).'


@dataclass(frozen=True, slots=True)
class Settings:
    """What a board is to be.

    Attributes:
        values: all settings.
        complaints: what was wrong with those on the board; their defaults stand in.
    """

    values: dict[str, Any]
    complaints: tuple[str, ...] = ()

    @property
    def secret(self) -> bytes:
        """By which hosts and the board know each other; empty where there is none."""
        return bytes.fromhex(self.values["token"])

    def encoded(self) -> bytes:
        """The file, as the board would write it itself.

        Raises:
            ConfigError: a value that the board does not take.
        """
        with tempfile.TemporaryDirectory(prefix="coxa-") as folder:
            path = Path(folder) / "config.json"
            try:
                config.save(self.values, str(path))
            except config.ConfigError as error:
                raise ConfigError(str(error), "") from error
            return path.read_bytes()

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """The same with other values.

        Raises:
            UsageError: a setting that there is not, or a value that it does not take.
        """
        values = dict(self.values)
        for key, value in changes.items():
            try:
                values[key] = config.check(key, value)
            except config.ConfigError as error:
                names = f"There are {', '.join(settings.DEFAULTS)}."
                raise UsageError(_plain(error), "" if key in settings.DEFAULTS else names) from error
        return Settings(values, self.complaints)

    def with_secret(self, known: bytes) -> Settings:
        """The same with a secret: its own, so that other computers stay trusted; else the one known here; else new."""
        secret = self.secret or known or new_secret()
        assert len(secret) == SECRET_LENGTH
        return self.changed({"token": secret.hex()})


def decoded(file: bytes | None) -> Settings:
    """The settings in a board's file; the defaults without one. What is wrong with it is in `complaints`."""
    if file is None:
        return Settings(config.defaults())
    complaints: list[str] = []
    with tempfile.TemporaryDirectory(prefix="coxa-") as folder:
        path = Path(folder) / "config.json"
        path.write_bytes(file)
        values = config.load(str(path), complaints)
    return Settings(values, tuple(line.replace(str(path), PATH) for line in complaints))


def check_pins(wanted: Settings) -> None:
    """Looks whether the board could start with these pins. Where it is to find out itself what it is, only it can.

    Raises:
        UsageError: it could not.
    """
    if wanted.values["board"] == settings.DEFAULTS["board"]:
        return
    try:
        boards.find(wanted.values)
    except config.ConfigError as error:
        raise UsageError(_plain(error), _PINS) from error


def _plain(error: Exception) -> str:
    """As the board says it, without the word for its notes."""
    return str(error).removeprefix("config: ")


def parsed(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Settings as a user writes them: KEY=VALUE, the value as JSON or, for a text, as it is.

    Raises:
        UsageError: no KEY=VALUE.
    """
    found: dict[str, Any] = {}
    for one in assignments:
        key, equals, text = one.partition("=")
        if not equals or not key:
            raise UsageError(f"{one!r} is no setting", "Write KEY=VALUE, e.g. --set idle_sleep_s=0.")
        found[key.strip()] = value(text)
    return found


def value(text: str) -> Any:
    """A value as a user writes it: JSON, or the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
