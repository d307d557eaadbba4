"""Exercises and tests as data: what is done, in what order, and what counts as well done."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from coxa.errors import ConfigError
from coxa.results import Position

FORMAT = "coxa.protocol/1"
_FILES = resources.files(__name__)


class Subscore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the score: 100 at `full`, 0 at `none`, straight in between; `weight` in the whole."""

    weight: float
    full: float
    none: float

    def of(self, value: float) -> float:
        """0-100 for a measured value."""
        share = (value - self.none) / (self.full - self.none)
        return 100.0 * min(1.0, max(0.0, share))


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exercise or test; the meaning and unit of each key stands in `base.toml`."""

    name: str
    title: str
    position: Position
    format: str
    knee: Literal["straight", "soft", "bent"]
    order: Literal["er-first", "ir-first"]
    reps_min: int
    reps_max: int
    hold_min_s: float
    hold_goal_s: float
    peak_rate_max_deg_s: float
    swing_max_deg: float
    arc_min_deg: float
    cue_er: str
    cue_ir: str
    subscores: dict[str, Subscore]


def names() -> tuple[str, ...]:
    """Names of the protocols that come with Coxa."""
    files = _FILES.iterdir()
    found = (file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))
    return tuple(sorted(name for name in found if name != "base"))


@cache
def load(name_or_path: str) -> Protocol:
    """The protocol of that name, or from a TOML file of the user.

    Raises:
        ConfigError: no such protocol, or a file with a wrong key, type or value; the message says which.
    """
    base = tomllib.loads((_FILES / "base.toml").read_text("utf-8"))
    if name_or_path in names():
        own, where = (_FILES / f"{name_or_path}.toml").read_text("utf-8"), name_or_path
    else:
        path = Path(name_or_path)
        if path.suffix != ".toml":
            raise ConfigError(
                f"no protocol is called '{name_or_path}'", f"Use one of {', '.join(names())}, or a .toml file."
            )
        try:
            own, where = path.read_text("utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"protocol file {path} cannot be read: {error}", "Check its path and encoding (UTF-8)."
            ) from None
    try:
        keys = tomllib.loads(own)
        if keys.get("position") in names():  # a user's file names only what differs from the position's protocol
            base = _merged(base, tomllib.loads((_FILES / f"{keys['position']}.toml").read_text("utf-8")))
        raw = _merged(base, keys)
        raw.setdefault("name", Path(where).stem)
        protocol = msgspec.convert(raw, Protocol)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"protocol {where}: {error}", "Compare it with the protocols that come with Coxa.") from None
    _check(protocol, where)
    return protocol


def for_position(position: Position) -> Protocol:
    """The protocol that comes with Coxa for a position."""
    return load(position)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` over `base`, table by table."""
    out = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merged(out[key], cast(dict[str, Any], value)) if both else value
    return out


def _check(protocol: Protocol, where: str) -> None:
    if protocol.format != FORMAT:
        raise ConfigError(f"protocol {where} has format '{protocol.format}'", f"This version reads {FORMAT}.")
    known = {"holds", "pace", "smoothness", "steadiness", "return", "consistency", "completeness"}
    if unknown := sorted(set(protocol.subscores) - known):
        raise ConfigError(
            f"protocol {where} has an unknown sub-score '{unknown[0]}'", f"Known are {', '.join(sorted(known))}."
        )
    for name, part in protocol.subscores.items():
        if not (math.isfinite(part.weight) and part.weight >= 0):
            raise ConfigError(f"protocol {where}: sub-score '{name}' has the weight {part.weight}", "Use 0 or more.")
        if not (math.isfinite(part.full) and math.isfinite(part.none)) or part.full == part.none:
            raise ConfigError(
                f"protocol {where}: sub-score '{name}' has full = {part.full} and none = {part.none}",
                "Use two different numbers.",
            )
    if not sum(s.weight for s in protocol.subscores.values()) > 0:
        raise ConfigError(f"protocol {where} gives no sub-score a weight", "Give one of them a weight above 0.")
    for key in ("hold_min_s", "hold_goal_s", "peak_rate_max_deg_s", "swing_max_deg", "arc_min_deg"):
        value = getattr(protocol, key)
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"protocol {where}: {key} is {value}", "Use a number above 0.")
    if not 0 < protocol.reps_min <= protocol.reps_max:
        raise ConfigError(
            f"protocol {where}: reps_min and reps_max are {protocol.reps_min} and {protocol.reps_max}",
            "Use 0 < reps_min <= reps_max.",
        )
