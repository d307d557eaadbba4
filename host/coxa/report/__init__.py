"""The report of one session: a picture, and a page that needs no network.

The functions are loaded when first used: `coxa.report.wording` is also read by commands that draw nothing.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["session_figure", "write_html", "write_png"]

if TYPE_CHECKING:
    from coxa.report.figure import session_figure, write_png
    from coxa.report.page import write_html

_HOMES = {
    "session_figure": "coxa.report.figure",
    "write_png": "coxa.report.figure",
    "write_html": "coxa.report.page",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'coxa.report' has no attribute {name!r}")
