"""An analysis on a terminal: 80 columns, readable without colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from coxa.report import wording
from coxa.results import Analysis, Label, Rep

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

BAR_CHARACTERS = 24
"""Width of a full bar."""

LABEL_HINTS: dict[Label, str] = {
    "thigh": (
        "Label thigh: a strap on the skin reads about half of the femur's turn. Follow your own trend; do not compare "
        "with a textbook norm. For degrees of the bone: coxa calibrate skin."
    ),
    "shank-calibrated": (
        "Label shank-calibrated: degrees of the bone, by your personal gain, which holds while the strap sits at its "
        "mark."
    ),
    "gravity-test": "Label gravity-test: read with the shank as the pointer. Compare with your own earlier tests.",
}

_COLOURS = {"ir": "cyan", "er": "magenta", "arc": "bold"}


def print_summary(console: Console, analysis: Analysis, notes: Iterable[str] = ()) -> None:
    """The headline, the repetitions, the score, the advice, and what a reader must know beside the numbers."""
    console.print()
    console.print(Text(wording.setting(analysis), style="bold"))
    facts = wording.at_a_glance(analysis)
    for line in (facts[:2], facts[2:]):  # how many and how well; then how alike
        if line:
            console.print(Text(" · ".join(line)))
    console.print()
    if analysis.set.reps_valid:
        console.print(Padding(headline(analysis), (0, 0, 1, 2), expand=False))
    if analysis.reps:
        console.print(Padding(repetitions(analysis.reps), (0, 0, 1, 2), expand=False))
    if analysis.set.subscores:
        console.print(Padding(subscores(analysis), (0, 0, 1, 2), expand=False))
    advice = analysis.set.advice or wording.nothing_counted(analysis)
    lines = [f"→ {advice}"] if advice else []
    lines += [f"! {text}" for text in analysis.warnings] + [f"· {_sentence(note)}" for note in notes]
    if analysis.set.reps_valid:
        lines += [f"· {LABEL_HINTS[analysis.label]}", "· ± holds 95 % of what this measurement could be."]
        lines += [f"· {name}: {value}." for name, value in wording.at_thigh(analysis)]
    lines += [f"· Calibrated: {wording.calibration(one)}." for one in analysis.calibrations]
    for text in lines:
        console.print(_hanging(text))


def headline(analysis: Analysis) -> Table:
    """The means of the set with their uncertainty, as bars of one scale."""
    s = analysis.set
    lines = (
        ("inward (IR)", s.ir_mean_deg, s.ir_mean_sd_deg, _COLOURS["ir"]),
        ("outward (ER)", s.er_mean_deg, s.er_mean_sd_deg, _COLOURS["er"]),
        ("arc", s.arc_mean_deg, s.arc_mean_sd_deg, _COLOURS["arc"]),
    )
    most = max((value for _, value, _, _ in lines if value is not None), default=1.0)
    table = _grid("left", "right", "left", "left")
    for name, value, sd, style in lines:
        share = (value or 0.0) / max(most, 1.0)
        table.add_row(name, Text(wording.degrees(value), "bold"), wording.plus_minus(sd), Text(_bar(share), style))
    return table


def repetitions(reps: tuple[Rep, ...]) -> Table:
    """One row for each repetition; a bracketed number is one that does not count."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("rep", "IR", "ER", "arc", "held IR/ER", "score"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("noticed")
    for rep in reps:
        table.add_row(
            str(rep.index) if rep.valid else f"({rep.index})",
            *(wording.degrees(value or None) for value in (rep.ir_deg, rep.er_deg)),  # an end not done: –
            f"{wording.degrees(rep.arc_deg)} {wording.plus_minus(rep.arc_sd_deg)}",
            f"{rep.ir_hold_s:.1f}/{rep.er_hold_s:.1f} s",
            f"{rep.score:.0f}",
            wording.flag_words(rep),
            style="" if rep.valid else "dim",
        )
    return table


def subscores(analysis: Analysis) -> Table:
    """The parts of the score, 0 to 100."""
    table = _grid("left", "right", "left")
    for name, value in analysis.set.subscores.items():
        table.add_row(wording.subscore_name(name), f"{value:.0f}", Text(_bar(value / 100), "green"))
    if analysis.set.score is not None:
        table.add_row("Score", Text(f"{analysis.set.score:.0f}", "bold"), Text(_bar(analysis.set.score / 100), "bold"))
    return table


def _grid(*justify: JustifyMethod) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in justify:
        table.add_column(justify=one, no_wrap=True)
    return table


def _bar(share: float) -> str:
    full = round(BAR_CHARACTERS * min(1.0, max(0.0, share)))
    return "█" * full + "░" * (BAR_CHARACTERS - full)


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _hanging(text: str) -> Table:
    """A line whose continuation is indented under its text, not under its mark."""
    mark, _, rest = text.partition(" ")
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(mark, "bold yellow" if mark == "!" else "bold"), Text(rest))
    return grid
