"""What only boards on a cable need and the rest does without: installed by `pip install 'coxa[flash]'`."""

from __future__ import annotations

import importlib
from typing import Any

from coxa.errors import CoxaError


class MissingExtraError(CoxaError):
    """A package that is only needed for boards on a cable is not installed."""


def extra(module: str) -> Any:
    """A module of such a package; Any, as they say no types.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{module.partition('.')[0]} is not installed here", _ADVICE) from error


_ADVICE = "Run pip install 'coxa[flash]'."
