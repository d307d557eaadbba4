"""The report: whatever the analysis holds or lacks, a whole, safe and legible page and picture come out."""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from coxa.analysis import analyze_samples
from coxa.errors import UsageError
from coxa.report import session_figure, write_html, write_png
from coxa.report.page import html
from coxa.report.palette import DARK, LIGHT, contrast, lightness
from coxa.report.series import runs, thinned, ticks
from coxa.report.wording import COVERAGE_95, flag_words, observability_note
from coxa.simulate import Wearer, simulate

VOID = {"meta", "br", "img", "link", "input", "hr"}
LOADING = {"src", "href", "xlink:href", "srcset", "poster", "data", "action", "background"}
SIZE_MOST = 1_500_000


@cache
def analysis(name="set"):
    """A real analysis of a simulated session: 12 repetitions of which two are half and one follows a gap."""
    wearer = {
        "set": Wearer(half_reps=(3, 8), start_still_s=3.0),
        "seated": Wearer(position="seated", side="left", reps=6),
        "rest": Wearer(activity="rest", duration_s=20.0),
        "one": Wearer(reps=1),
    }[name]
    samples = simulate(wearer, seed=1).samples
    return analyze_samples(samples, position=wearer.position, side=wearer.side)


def nothing_valid():
    a = analysis()
    empty = dict.fromkeys(
        ("ir_mean_deg", "er_mean_deg", "arc_mean_deg", "ir_mean_sd_deg", "er_mean_sd_deg", "arc_mean_sd_deg",
         "ir_best_deg", "er_best_deg", "arc_best_deg", "arc_cv_percent", "fatigue_deg_per_rep", "ir_er_balance",
         "score")
    )  # fmt: skip
    reps = tuple(replace(rep, valid=False, sparc_out=None, sparc_in=None) for rep in a.reps)
    return replace(a, reps=reps, set=replace(a.set, **empty, reps_valid=0, subscores={}))


def holes():
    """Not a number here and there, as a hostile input could leave them."""
    a = analysis()
    angle, sd = a.rotation_deg.copy(), a.rotation_sd_deg.copy()
    angle[100:200], sd[300:400] = np.nan, np.nan
    return replace(a, rotation_deg=angle, rotation_sd_deg=sd, set=replace(a.set, score=float("nan"), advice=""))


def no_series():
    none = np.array([])
    return replace(analysis("rest"), t_s=none, rotation_deg=none, rotation_sd_deg=none, swing_deg=none)


CASES = {
    "set": analysis,
    "seated": lambda: analysis("seated"),
    "rest": lambda: analysis("rest"),
    "one": lambda: analysis("one"),
    "nothing valid": nothing_valid,
    "holes": holes,
    "no series": no_series,
    "gravity-test": lambda: replace(analysis(), label="gravity-test", neutral="returns", neutral_start_deg_drift=None),
    "gap": lambda: replace(analysis(), gaps=1, gap_spans_s=((20.0, 23.0),), warnings=("One gap of 3 s.",)),
}
cases = pytest.mark.parametrize("make", CASES.values(), ids=CASES)


class Page(HTMLParser):
    """Refuses what is not closed; collects text, attributes and headings."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text, self.headings = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append((self.open[-1], data))

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def page(a, title="Ida: right hip", subtitle="Sunday"):
    return Page(html(a, title=title, subtitle=subtitle))


@cases
def test_page_is_whole_and_needs_no_network(make, tmp_path):
    path = tmp_path / "report.html"
    write_html(make(), path, title="Ida: right hip", subtitle="Sunday")
    text = path.read_text(encoding="utf-8")
    found = Page(text)
    assert path.stat().st_size < SIZE_MOST
    assert not {"script", "link", "iframe", "object", "embed", "img"} & set(found.tags)
    assert [a for a in found.attributes if a[1] in LOADING] == []
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in found.attributes
    assert "nan" not in re.sub(r"[a-z-]*nan[a-z-]+|[a-z-]+nan", "", text.split("</style>")[1].lower())
    assert "None" not in found.words


@cases
def test_page_is_accessible(make):
    found = page(make())
    assert [h for h, _ in found.headings].count("h1") == 1
    assert found.headings[0] == ("h1", "Ida: right hip")
    drawings = [a for a in found.attributes if a[:3] == ("svg", "role", "img")]
    described = [a for a in found.attributes if a[0] == "svg" and a[1] == "aria-label" and len(a[2]) > 30]
    assert len(drawings) == len(described)
    named = {a[2] for a in found.attributes if a[1] == "aria-labelledby"}
    ids = [a[2] for a in found.attributes if a[1] == "id"]
    assert named <= set(ids)
    assert len(ids) == len(set(ids))


def test_page_says_what_the_numbers_are():
    a = analysis()
    words = page(a).words
    assert words.index(a.set.advice) < words.index("Inward (IR)") < words.index("The whole set")
    assert f"{a.set.ir_mean_deg:.1f}° ±{COVERAGE_95 * a.set.ir_mean_sd_deg:.1f}°" in words
    assert f"{a.set.arc_mean_deg:.1f}° ±{COVERAGE_95 * a.set.arc_mean_sd_deg:.1f}°" in words
    for said in ("Skin is not bone", "40–60 %", "do not set these numbers beside a textbook norm", "own trend"):
        assert said in words
    assert "Gravity could not see this rotation" in words
    assert "10 of 12 repetitions counted" in words
    assert "Gravity could see this rotation" in page(analysis("seated")).words


def test_a_page_without_counted_repetitions_helps():
    words = page(nothing_valid()).words
    assert "none with a full turn both ways" in words
    assert "Inward (IR)" not in words
    assert "A score needs at least one counted repetition." in words
    silent = replace(analysis("rest"), set=replace(analysis("rest").set, advice=""))
    assert "then record again" in page(silent).words


def test_every_warning_is_shown():
    a = replace(analysis(), warnings=("The sign was taken from the order.", "a < b & c"))
    words = page(a).words
    assert all(warning in words for warning in a.warnings)
    figure = session_figure(a, title="t", subtitle="s")
    assert set(a.warnings) <= {text.get_text() for text in figure.texts}


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_is_shown_and_never_run(title, subtitle):
    a = analysis("rest")
    hostile = f"<script>alert(1)</script>{title}\"'>"
    found = page(replace(a, axis_source=hostile, warnings=(hostile,)), title=hostile, subtitle=f"</style><b>{subtitle}")
    assert "script" not in found.tags
    assert "b" not in found.tags
    assert found.words.count("<script>alert(1)</script>") >= 3


def test_flags_are_read_out_even_unknown_ones():
    rep = replace(analysis().reps[0], flags=("short_er_hold", "short_ir_hold", "a_new_one"))
    assert flag_words(rep) == "short holds, a new one"


def test_the_table_holds_each_repetition():
    a = analysis()
    words = page(a).words
    for rep in a.reps:
        assert f"{rep.er_deg:.1f}° ±{COVERAGE_95 * rep.er_sd_deg:.1f}°" in words
    assert words.count("not counted") >= 2


def test_curves_stop_at_gaps():
    rep = analysis().reps[2]
    middle = (rep.start_s + rep.end_s) / 2
    a = replace(analysis(), gaps=1, gap_spans_s=((middle - 0.5, middle + 0.5),))
    outside = abs(a.t_s - middle) > 0.5
    a = replace(a, t_s=a.t_s[outside], rotation_deg=a.rotation_deg[outside], rotation_sd_deg=a.rotation_sd_deg[outside])
    before, after = runs(a)
    assert before.t_s[-1] < middle < after.t_s[0]
    assert len(runs(a, rep.start_s, rep.end_s)) == 2


@given(st.integers(1, 5000), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_thinning_keeps_ends_and_extremes(n, bins, seed):
    y = np.random.default_rng(seed).normal(size=n)
    keep = thinned(y, bins)
    assert len(keep) <= max(n if n <= 2 * bins else 0, 2 * bins + 2)
    assert (np.diff(keep) > 0).all()
    assert {keep[0], keep[-1]} == {0, n - 1}
    assert (y[keep].min(), y[keep].max()) == (y.min(), y.max())


@given(st.floats(-400, 0), st.floats(1, 400), st.integers(2, 9))
def test_ticks_are_few_and_inside(low, high, most):
    found = ticks(low, high, (5, 10, 15, 20, 30, 45, 60, 90), most)
    assert len(found) <= most + 1
    assert all(low <= tick <= high for tick in found)
    assert 0.0 in found


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_are_told_apart_in_grey_and_on_paper(palette):
    shades = sorted(lightness(c) for c in (palette.ir, palette.er, palette.arc))
    assert np.diff(shades).min() >= 15
    for colour in (palette.ir, palette.er, palette.arc):
        assert contrast(colour, palette.paper) >= 3.0
    for text in (palette.ink, palette.quiet):
        assert contrast(text, palette.paper) >= 4.5
        assert contrast(text, palette.wash) >= 4.5
    for colour in (palette.ir, palette.er):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert not red > 2 * max(green, blue), "red reads as 'bad'"


def test_lightness_as_defined():
    assert (lightness("#000000"), lightness("#ffffff")) == pytest.approx((0.0, 100.0))
    assert lightness("#777777") == pytest.approx(50.0, abs=0.5)
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("s", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_observability_has_its_sentence(s):
    said = observability_note(replace(analysis(), observability=s))
    expected = "could not see" if s <= 0.3 else "could see" if s >= 0.7 else "in part"
    assert expected in said
    assert f"{s:.2f}" in said


@cases
def test_picture(make, tmp_path):
    path = tmp_path / "report.png"
    write_png(make(), path, title="Ida $x$: 股関節 <script>", subtitle="")
    with Image.open(path) as picture:
        assert picture.width == 1350
        assert 900 <= picture.height <= 3500
        grey = np.asarray(picture.convert("L"))
    assert (grey < 128).mean() > 0.01
    edge = 30
    assert grey[:edge].min() == grey[-edge:].min() == grey[:, :edge].min() == grey[:, -edge:].min() == 255


def test_picture_in_grey_tells_in_from_out():
    figure = session_figure(analysis("seated"), title="t", subtitle="s")
    figure.canvas.draw()
    grey = np.asarray(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("L"), dtype=int)
    for colour in (LIGHT.ir, LIGHT.er):
        shade = Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0))
        assert (abs(grey - shade) <= 1).mean() > 0.005


def test_text_stays_on_the_picture():
    a = replace(analysis(), set=replace(analysis().set, advice="Hold both ends a little longer. " * 6))
    figure = session_figure(a, title="A long name " * 20, subtitle="and more " * 30)
    figure.canvas.draw()
    for text in figure.texts:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 or not text.get_text(), text.get_text()


def test_a_long_set_stays_small(tmp_path):
    a = analysis()
    many = tuple(replace(rep, index=k + 1) for k, rep in enumerate(a.reps * 10))
    t = np.linspace(a.t_s[0], a.t_s[-1], 200_000)
    angle, sd = np.interp(t, a.t_s, a.rotation_deg), np.interp(t, a.t_s, a.rotation_sd_deg)
    path = tmp_path / "long.html"
    write_html(replace(a, reps=many, t_s=t, rotation_deg=angle, rotation_sd_deg=sd), path, title="t", subtitle="s")
    assert path.stat().st_size < SIZE_MOST


@pytest.mark.parametrize("write", [write_html, write_png])
def test_a_file_that_cannot_be_written_is_one_line(write, tmp_path):
    with pytest.raises(UsageError, match="cannot write") as caught:
        write(analysis("rest"), tmp_path / "nowhere" / "report", title="t", subtitle="s")
    assert "\n" not in str(caught.value)
