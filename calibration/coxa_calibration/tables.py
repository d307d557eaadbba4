"""Strict reading and exact writing of the small part of TOML that the calibration's file needs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard, TypeVar, cast

import numpy as np

from coxa_calibration.readings import CalibrationError, Floats

T = TypeVar("T")


class Table:
    """One table of a parsed file: each value is asked for once, with its kind; what is left over is refused."""

    def __init__(self, text: str, name: str, values: Any) -> None:
        """The table `name` ("" for the top) of the file `text`, parsed to `values`; None where it is missing."""
        if not isinstance(values, dict):
            raise damaged(f"The table [{name}] is missing.")
        self._text, self._name = text, name
        self._left = dict(cast(dict[str, Any], values))

    def has(self, key: str) -> bool:
        """Whether `key` is there and has not been asked for."""
        return key in self._left

    def text(self, key: str) -> str:
        """A text."""
        return self._kind(key, str, "a text")

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        found = self._take(key)
        if not _is_list(found) or not all(isinstance(value, str) for value in found):
            raise self._wrong(key, "not a list of texts")
        return found

    def time(self, key: str) -> datetime:
        """A time with its zone."""
        found = self._kind(key, datetime, "a time")
        if found.tzinfo is None:
            raise self._wrong(key, "a time without a zone")
        return found

    def number(self, key: str) -> float:
        """A finite number."""
        return float(self.array(key, ()))

    def array(self, key: str, shape: tuple[int, ...]) -> Floats:
        """Finite numbers in this shape."""
        values = self._take(key)
        flat, found = _flatten(values)
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in flat):
            raise self._wrong(key, "not made of numbers")
        if found != shape:
            raise self._wrong(key, f"of the shape {found}, not {shape}")
        if not all(math.isfinite(v) for v in flat):
            raise self._wrong(key, "not a finite number")
        return np.array(flat, dtype=np.float64).reshape(shape)

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._left:
            line = line_of(self._text, self._name, key)
            raise damaged(f"Line {line}: {key!r} is not known; values are in the units that their keys name.")

    def _kind(self, key: str, kind: type[T], name: str) -> T:
        value = self._take(key)
        if not isinstance(value, kind):
            raise self._wrong(key, f"not {name}")
        return value

    def _take(self, key: str) -> Any:
        if key not in self._left:
            near = next((k for k in self._left if k.partition("_")[0] == key.partition("_")[0]), None)
            if near is not None:
                line = line_of(self._text, self._name, near)
                raise damaged(f"Line {line}: {near!r} stands where {key!r}, with its unit, is expected.", "units")
            where = line_of(self._text, self._name, None)
            raise damaged(f"Line {where}: {key!r} is missing in " + (f"[{self._name}]." if self._name else "the file."))
        return self._left.pop(key)

    def _wrong(self, key: str, what: str) -> CalibrationError:
        return damaged(f"Line {line_of(self._text, self._name, key)}: {key!r} is {what}.")


def damaged(what: str, reason: str = "damaged") -> CalibrationError:
    """The error of a file that cannot be trusted."""
    return CalibrationError(what, "Restore the file from a copy, or calibrate again.", reason)


def line_of(text: str, table: str, key: str | None) -> int:
    """Line of `key` in [table] ("" for the top), or of the table's head where key is None; counted from 1."""
    inside, head = table == "", 1
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]") and "=" not in bare and not bare.startswith("[["):
            inside = bare[1:-1].strip() == table
            head = number if inside else head
        elif inside and key is not None and bare.partition("=")[0].strip().strip('"') == key:
            return number
    return head


def toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of texts, times, numbers, arrays and lists of texts as TOML; None is left out."""
    lines: list[str] = []
    for name, values in tables.items():
        if name:
            lines += ["", f"[{name}]"]
        lines += [f"{key} = {_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.ndarray):
        return _value(value.tolist())
    if _is_list(value):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(float(value))  # the shortest text that reads back as the same number


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _flatten(value: Any) -> tuple[list[Any], tuple[int, ...] | None]:
    """All values and the shape of nested lists; None for a ragged one."""
    if not _is_list(value):
        return [value], ()
    parts = [_flatten(item) for item in value]
    shapes = {shape for _, shape in parts}
    flat = [v for part, _ in parts for v in part]
    if len(shapes) != 1 or None in shapes:
        return flat, None
    return flat, (len(value), *(next(iter(shapes)) or ()))
