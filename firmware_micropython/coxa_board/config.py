"""The settings of a board, in /config.json: never a reason not to start.

File: `{"crc32": "89abcdef", "config": {...}}`, the CRC-32 (as zlib's) of the text of the inner object. A file with the
inner object alone, written by hand, is taken too. What is wrong is named, and the default stands in for it.
"""

import binascii
import json
import os

from coxa_board.settings import DEFAULTS, PRIVATE, ConfigError, check, is_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:  # the host uses this file too, and CPython looks at annotations
    Any = object

__all__ = ["DEFAULTS", "PATH", "PRIVATE", "ConfigError", "change", "check", "defaults", "dump", "load", "save"]

PATH = "/config.json"

_HEAD = '{"crc32": "%08x", "config": '
_HEAD_LENGTH = len(_HEAD % 0)


def load(path: str = PATH, complaints: list[str] | None = None) -> dict[str, Any]:
    """All settings. Without a file, or with a damaged one, the defaults; never raises for what the file holds.

    Args:
        path: of the file.
        complaints: takes one line for everything that was not as it should be; a missing file is no complaint.
    """
    if complaints is None:
        complaints = []
    settings = defaults()
    try:
        given = _read(path)
    except (ConfigError, OSError) as error:
        if not (isinstance(error, OSError) and error.errno == 2):  # ENOENT
            complaints.append(str(error))
        return settings
    for key, value in given.items():
        try:
            settings[key] = check(key, value)
        except ConfigError as error:
            complaints.append(str(error))
    return settings


def save(settings: dict[str, Any], path: str = PATH) -> None:
    """Replaces the file as a whole: after a power cut it is the old or the new one.

    Raises:
        ConfigError: a setting that `load` would refuse; the file stays as it was.
        OSError: the flash is full or failed; the file stays as it was.
    """
    for key, value in settings.items():
        check(key, value)
    text = json.dumps(settings)
    temporary = path + ".new"
    with open(temporary, "w") as file:
        file.write(_HEAD % _crc(text))
        file.write(text)
        file.write("}")
        file.flush()
    os.rename(temporary, path)


def defaults() -> dict[str, Any]:
    """A fresh copy of the defaults."""
    settings = dict(DEFAULTS)
    settings["pins"] = {}
    return settings


def dump(settings: dict[str, Any], key: str) -> bytes | None:
    """A setting as JSON; None for no such key, and for what is secret."""
    if key not in settings or key in PRIVATE:
        return None
    return json.dumps(settings[key]).encode()


def change(settings: dict[str, Any], key: str, value: bytes, path: str = PATH) -> bool:
    """Sets one setting, given as JSON, and saves all. False, and nothing changed: not JSON, no such key or value.

    Raises:
        OSError: the flash is full or failed; nothing is changed.
    """
    changed = dict(settings)
    try:
        changed[key] = check(key, json.loads(value))
    except (ConfigError, ValueError):
        return False
    save(changed, path)
    settings[key] = changed[key]
    return True


def _read(path: str) -> dict[str, Any]:
    with open(path) as file:
        try:
            text = file.read().strip()
            content: Any = json.loads(text)
        except (ValueError, TypeError):  # UnicodeError too; a key that is a list
            raise ConfigError("config: " + path + " is damaged; the defaults are used") from None
    if not is_object(content) or not is_object(content.get("config", content)):
        raise ConfigError("config: " + path + " must hold a JSON object; the defaults are used")
    if text[-1] != "}" or "\0" in text:  # the parser of MicroPython 1.25 lets these pass
        raise ConfigError("config: " + path + " is damaged; the defaults are used")
    if "crc32" not in content:
        return content
    body = text[_HEAD_LENGTH:-1]
    if text[:_HEAD_LENGTH] != _HEAD % _crc(body):
        raise ConfigError("config: the checksum of " + path + " does not match; the defaults are used")
    if "config" not in content:  # that parser takes nothing for a value
        raise ConfigError("config: " + path + " is damaged; the defaults are used")
    return content["config"]


def _crc(text: str) -> int:
    return binascii.crc32(text.encode())
