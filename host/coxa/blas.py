"""One thread for small matrices: several are slower there, three to ten times so on a busy machine."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from typing import Any, cast


@cache
def _controller() -> Any:
    # by name, since threadpoolctl ships no types
    return import_module("threadpoolctl").ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Within it BLAS runs on one thread; before and after as the process has it."""
    return cast("AbstractContextManager[object]", _controller().limit(limits=1, user_api="blas"))
