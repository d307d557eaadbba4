"""The report of one session as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from coxa.report import wording
from coxa.report.charts import overlay, rep_bars, timeline
from coxa.report.palette import DARK, LIGHT, Palette
from coxa.report.svg import escape
from coxa.report.writing import writing
from coxa.results import Analysis, Rep

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the browser itself refuses to load anything."""


def write_html(analysis: Analysis, path: Path | str, *, title: str, subtitle: str) -> None:
    """Write the page; any text in title and subtitle is shown as it is, never run.

    Raises:
        UsageError: the file cannot be written.
    """
    with writing(path) as target:
        target.write_text(html(analysis, title=title, subtitle=subtitle), encoding="utf-8")


def html(analysis: Analysis, *, title: str, subtitle: str) -> str:
    """The page as text."""
    body = "".join(
        (
            _head(analysis, title, subtitle),
            _timeline(analysis),
            _reps(analysis),
            f'<div class="pair">{_scores(analysis)}{_meaning(analysis)}</div>',
            _table(analysis),
            _made(analysis),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}<footer>{escape(wording.WELLNESS_NOTE)}</footer></main></body></html>\n"
    )


@cache
def _style() -> str:
    css = files("coxa.report").joinpath("page.css").read_text(encoding="utf-8")
    return css.replace("@light@", _variables(LIGHT)).replace("@dark@", _variables(DARK))


def _variables(palette: Palette) -> str:
    return " ".join(f"--{f.name}: {getattr(palette, f.name)};" for f in fields(palette))


def _head(analysis: Analysis, title: str, subtitle: str) -> str:
    s = analysis.set
    numbers = "".join(
        f'<div class="is-{css}"><dt>{name}</dt><dd>{wording.degrees(value)}'
        f"<small>{wording.plus_minus(sd) or '&nbsp;'}</small></dd></div>"
        for css, name, value, sd in (
            ("ir", "Inward (IR)", s.ir_mean_deg, s.ir_mean_sd_deg),
            ("er", "Outward (ER)", s.er_mean_deg, s.er_mean_sd_deg),
            ("arc", "Whole arc", s.arc_mean_deg, s.arc_mean_sd_deg),
        )
    )
    glance = f'<p class="glance">{escape(" · ".join(wording.at_a_glance(analysis)))}</p>'
    helpful = wording.nothing_counted(analysis)
    return (
        f"<header><h1>{escape(title)}</h1>"
        + (f'<p class="quiet">{escape(subtitle)}</p>' if subtitle.strip() else "")
        + f'<p class="quiet">{escape(wording.setting(analysis))}</p></header>'
        f'<p class="lead">{escape(s.advice or wording.counted(analysis) + ".")}</p>'
        + (f"<p>{escape(helpful)}</p>" if helpful else "")
        + (f'<dl class="numbers">{numbers}</dl>{glance}' if s.reps_valid else "")
        + _warnings(analysis)
    )


def _warnings(analysis: Analysis) -> str:
    if not analysis.warnings:
        return ""
    items = "".join(f"<li>{escape(warning)}</li>" for warning in analysis.warnings)
    return f'<section class="notes" aria-labelledby="notes"><h2 id="notes">Good to know</h2><ul>{items}</ul></section>'


def _figure(name: str, heading: str, caption: str, plot: str) -> str:
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>'
        f"<figure><figcaption>{caption}</figcaption>{plot}</figure></section>"
    )


def _timeline(analysis: Analysis) -> str:
    keys = [
        f'<span class="key {css}"></span> {name}'
        for css, name, there in (
            ("ir soft", "hold inward", any(rep.ir_hold_span_s for rep in analysis.reps)),
            ("er soft", "hold outward", any(rep.er_hold_span_s for rep in analysis.reps)),
            ("hatched", "no data", analysis.gap_spans_s),
        )
        if there
    ]
    band = "The band around the line is the uncertainty: inner 68 %, outer 95 %."
    caption = " ".join(("Inward is up, outward is down.", *([", ".join(keys) + "."] if keys else []), band))
    return _figure("time", "The whole set", caption, timeline(analysis))


def _reps(analysis: Analysis) -> str:
    if not analysis.reps:
        return ""
    dashed, hatched = "", ""
    if any(not rep.valid for rep in analysis.reps):
        dashed = "; dashed: not counted"
        hatched = ' <span class="key hatched"></span> not counted.'
    caption = f"The first is faint, the last strong{dashed}."
    over = _figure("overlay", "Repetitions on top of each other", caption, overlay(analysis))
    caption = f"Degrees from neutral; the thin line holds 95 %.{hatched}"
    return f'<div class="pair">{over}{_figure("bars", "Each repetition", caption, rep_bars(analysis))}</div>'


def _scores(analysis: Analysis) -> str:
    shown = "".join(
        f'<tr class="{"total" if k == 0 else "part"}"><th scope="row">{escape(name)}</th><td><span class="track">'
        f'<i style="width:{min(max(value, 0.0), 100.0):.0f}%"></i></span></td><td>{value:.0f}</td></tr>'
        for k, (name, value) in enumerate(wording.scores(analysis))
    )
    if not shown:
        body = '<p class="quiet">A score needs at least one counted repetition.</p>'
    else:
        body = f'<table class="scores"><tbody>{shown}</tbody></table>'
    lead = (
        '<p class="quiet">0–100, for the way the exercise was done, not for the size of the angle.</p>' if shown else ""
    )
    return f'<section aria-labelledby="scores"><h2 id="scores">How it was done</h2>{lead}{body}</section>'


def _meaning(analysis: Analysis) -> str:
    return (
        '<section aria-labelledby="meaning"><h2 id="meaning">What these numbers are</h2>'
        f"<p>{escape(wording.LABEL_NOTES[analysis.label])}</p><p>{escape(wording.observability_note(analysis))}</p>"
        "</section>"
    )


def _table(analysis: Analysis) -> str:
    if not analysis.reps:
        return ""
    columns = ("Rep", "Inward", "Outward", "Arc", "Holds in / out, s", "Noticed")
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    return (
        '<section class="long" aria-labelledby="table"><h2 id="table">The repetitions in figures</h2>'
        f'<table class="reps"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(_row(rep) for rep in analysis.reps)}</tbody></table></section>"
    )


def _row(rep: Rep) -> str:
    angles = "".join(
        f"<td>{wording.degrees(value or None)}<small>{wording.plus_minus(sd) if value else ''}</small></td>"
        for value, sd in ((rep.ir_deg, rep.ir_sd_deg), (rep.er_deg, rep.er_sd_deg), (rep.arc_deg, rep.arc_sd_deg))
    )
    noticed = [words for words in (wording.flag_words(rep), "" if rep.valid else "not counted") if words]
    return (
        f'<tr class="{"counted" if rep.valid else "uncounted"}"><th scope="row">{rep.index}</th>{angles}'
        f"<td>{wording.holds(rep)}</td><td>{escape('; '.join(noticed))}</td></tr>"
    )


def _made(analysis: Analysis) -> str:
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in wording.how_made(analysis))
    return (
        f'<section aria-labelledby="made"><h2 id="made">How it was measured</h2><dl class="made">{items}</dl></section>'
    )
