"""The pages of the procedures: each step with its words and its drawing, drawings as the script makes them, links."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from coxa.calibration.guide.body import BodyProcedure
from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.skin import SkinInTurn, SkinTogether

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "calibration" / "procedures"
WITH_LINKS = [*sorted(PAGES.glob("*.md")), ROOT / "docs" / "calibration.md"]
SVG = "{http://www.w3.org/2000/svg}"

sys.path.insert(0, str(ROOT / "benchmarks"))
import procedure_drawings  # noqa: E402
from drawn_bench import UPS  # noqa: E402

GUIDED = {
    "sensor": [SensorProcedure("a1b2c3d4e5f6", "LSM6DSOX", "1.0.0")],
    "body": [BodyProcedure("a1b2c3d4e5f6", "right", "me", "low")],
    "skin": [SkinTogether("a1b2c3d4e5f6", "right", "me", "low"), SkinInTurn("a1b2c3d4e5f6", "right", "me", "low")],
}
STEPS = [
    pytest.param(kind, step, id=f"{kind}-{step.key}")
    for kind, procedures in GUIDED.items()
    for procedure in procedures
    for step in procedure.steps
]


def plain(text):
    """Without marks of quotation, line breaks and double blanks."""
    return " ".join(re.sub(r"^> ?", "", text, flags=re.MULTILINE).split())


def page(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def targets(text):
    return re.findall(r"\]\(((?:[^()\s]|\([^()]*\))+)\)", text)


def anchors(path):
    """As GitHub and mkdocs make them of headings."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_each_step_has_its_words_and_its_drawing_on_the_page(kind, step):
    text = page(kind)
    assert f"img/{kind}-{step.key}.svg" in text
    assert plain(step.say) in plain(text)


COUNTS = {"three": 3, "five": 5, "eight": 8, "ten": 10}


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_how_often_is_drawn_as_it_is_told(kind, step):
    told = {COUNTS[word] for word in re.findall(r"\b(\w+) times\b", step.say)}
    drawn = {int(n) for n in re.findall(r">(\d+) ×<", procedure_drawings.svg(f"{kind}-{step.key}"))}
    assert drawn == told


@pytest.mark.parametrize("kind", GUIDED)
def test_the_drawings_stand_in_the_order_of_the_steps(kind):
    shown = re.findall(rf"img/{kind}-([\w-]+)\.svg", page(kind))
    assert shown == [step.key for procedure in GUIDED[kind] for step in procedure.steps]


def test_the_files_are_what_the_script_makes():
    made = {name: procedure_drawings.svg(name) for name in procedure_drawings.DRAWINGS}
    there = {path.stem: path.read_text(encoding="utf-8") for path in (PAGES / "img").glob("*.svg")}
    assert there == made, "run: python benchmarks/procedure_drawings.py"


def test_every_drawing_is_on_a_page():
    shown = {Path(one).stem for path in PAGES.glob("*.md") for one in targets(path.read_text()) if one.endswith(".svg")}
    assert shown == set(procedure_drawings.DRAWINGS)


@pytest.mark.parametrize("name", procedure_drawings.DRAWINGS)
def test_a_drawing_is_told_in_words_and_stays_on_its_paper(name):
    root = ET.fromstring(procedure_drawings.svg(name))
    title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text
    assert told is not None and told.text and len(told.text) > len(title.text)
    assert root.get("role") == "img"
    width, height = (float(x) for x in root.get("viewBox").split()[2:])
    paper = root.find(f"{SVG}rect")
    assert paper is not None and float(paper.get("width")) > width - 4  # light paper of its own, for dark viewers
    for element in root.iter():
        if element.tag == f"{SVG}path" and "M" in element.get("d", "") and not _inside_group(root, element):
            x, y = (float(v) for v in re.match(r"M(-?[\d.]+) (-?[\d.]+)", element.get("d")).groups())
            assert -1 <= x <= width + 1 and -1 <= y <= height + 1


def _inside_group(root, element):
    return any(element in list(group.iter()) for group in root.iter(f"{SVG}g"))


def test_the_twelve_poses_drawn_are_ones_that_the_calibration_takes():
    import numpy as np

    from coxa_calibration.poses import check_poses

    forces = 9.8 * np.array([np.array(up) / np.linalg.norm(up) for up in UPS])
    check_poses(forces)
    assert len(UPS) == sum(step.key.startswith("pose-") for step in GUIDED["sensor"][0].steps)


@pytest.mark.parametrize("path", WITH_LINKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    found = targets(path.read_text(encoding="utf-8"))
    assert found
    for target in found:
        if target.startswith("http"):
            assert re.match(r"https://(doi\.org/10\.\d{4,}/\S+|[\w.-]+/\S*)$", target), target
            continue
        name, _, anchor = target.partition("#")
        to = (path.parent / name).resolve() if name else path
        assert to.exists(), target
        assert not anchor or anchor in anchors(to), target


@pytest.mark.parametrize("name", ["body", "skin"])
def test_what_reaches_the_end_of_the_range_is_gated_and_says_so(name):
    text = page(name)
    assert "Hip surgery" in text and "--cleared" in text and "stop" in text.lower()


@pytest.mark.parametrize("name", ["body", "skin", "sensor", "noise", "strap"])
def test_no_page_claims_what_was_not_tried(name):
    assert re.search(r"not? been tried|has been tried on a person|been tried (with|on)", page(name))
