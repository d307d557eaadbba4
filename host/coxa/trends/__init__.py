"""How the range of rotation develops over weeks: lines, verdicts, figure and table."""

from typing import TYPE_CHECKING, Any

from coxa.trends.points import QUANTITIES, Quantity, TrendPoint
from coxa.trends.verdict import Balance, Change, Trend, Trends, to_dict, trend
from coxa.trends.wording import HEADER, adherence, balance_sentence, sentence, table

if TYPE_CHECKING:
    from coxa.trends.figure import trend_figure, write_figure

__all__ = [
    "HEADER",
    "QUANTITIES",
    "Balance",
    "Change",
    "Quantity",
    "Trend",
    "TrendPoint",
    "Trends",
    "adherence",
    "balance_sentence",
    "sentence",
    "table",
    "to_dict",
    "trend",
    "trend_figure",
    "write_figure",
]


def __getattr__(name: str) -> Any:
    if name in ("trend_figure", "write_figure"):  # matplotlib is loaded only when a figure is drawn
        from coxa.trends import figure

        return getattr(figure, name)
    raise AttributeError(f"module 'coxa.trends' has no attribute {name!r}")
