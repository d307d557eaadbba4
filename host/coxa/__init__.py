"""Coxa: hip internal and external rotation from one inertial sensor on the thigh.

`analyze` turns a recording into rotation angles, repetitions and their quality; `estimate_orientation` is the
orientation estimator underneath. Both are loaded when first used, so that importing `coxa` is quick.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Analysis", "Samples", "__version__", "analyze", "estimate_orientation"]

if TYPE_CHECKING:
    from coxa.analysis import analyze
    from coxa.fusion.orientation import estimate_orientation
    from coxa.results import Analysis
    from coxa.samples import Samples

_HOMES = {
    "analyze": "coxa.analysis",
    "estimate_orientation": "coxa.fusion.orientation",
    "Analysis": "coxa.results",
    "Samples": "coxa.samples",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'coxa' has no attribute {name!r}")
