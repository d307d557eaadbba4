"""The drawings of calibration/procedures: one for each step, by its key, made of lines that can be read without words.

python benchmarks/procedure_drawings.py [calibration/procedures/img]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

from drawn_bench import FACES, HEADINGS, UPS, Bench, facing, resting
from drawn_person import (
    ANKLE,
    SHANK,
    THIGH,
    at_wall,
    big_band,
    big_leg,
    chair,
    from_front,
    leg,
    on_thigh,
    sole,
    supine,
    upper,
)
from drawn_strokes import (
    FAR,
    FINGER,
    FRAME,
    GROUND,
    INK,
    MOTION,
    PAPER,
    SENSOR,
    WHITE,
    along,
    arc,
    arrow,
    circle,
    clock,
    eye,
    ground,
    line,
    moved,
    path,
    polygon,
    rect,
    text,
)

FOLDER = Path(__file__).parent.parent / "calibration" / "procedures" / "img"
HEIGHT = 240

DRAWINGS: dict[str, tuple[str, str, Callable[[], str], int]] = {}
"""Name → title, description, what is drawn, width."""

Make = Callable[[], str]


def drawing(name: str, title: str, description: str, width: int = 360) -> Callable[[Make], Make]:
    def kept(make: Make) -> Make:
        DRAWINGS[name] = (title, description, make, width)
        return make

    return kept


def svg(name: str) -> str:
    title, description, make, width = DRAWINGS[name]
    paper = f'fill="{PAPER}" stroke="{FRAME}" stroke-width="1.5"'
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img" aria-labelledby="t d" '
        'font-family="Helvetica, Arial, sans-serif">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(description)}</desc>',
        f'<rect x="1" y="1" width="{width - 2}" height="{HEIGHT - 2}" rx="10" {paper}/>',
        make().replace("><", ">\n<"),
        "</svg>\n",
    ))  # fmt: skip


# the sensor


@drawing("sensor-rest", "Lay it down", "A sensor lies flat on a table, untouched; a clock shows 20 seconds.")
def sensor_rest() -> str:
    bench, turn = Bench((150, 150), 1.55), facing((0, 0, 1))
    return bench.table() + bench.case(turn, resting(turn)) + clock((300, 60), "20 s", 20)


def pose(k: int) -> str:
    """Pose k from 1: the one before faint at the left, an arrow, and the pose, pressed on."""
    turn, corner = facing(UPS[k - 1], HEADINGS[k - 1]), k > len(FACES)
    bench = Bench((236 if k > 1 else 180, 152), 1.35)
    where = resting(turn, leaned=corner)
    out = [text((24, 34), f"{k}", 20), clock((326, 44), "3 s", 14), bench.table()]
    if corner:
        out.append(bench.block(48, 12, 46))
    out.append(bench.case(turn, where))
    x, y = bench.on((where[0], where[1], where[2] + 25))
    out.append(arrow([(x, y - 46), (x, y - 8)]))
    if k > 1:
        before = facing(UPS[k - 2], HEADINGS[k - 2])
        out.append(Bench((62, 158), 0.95).case(before, resting(before), 0.4))
        out.append(arrow(arc((122, 122), 44, 215, 325, 0.8)))
    return "".join(out)


for _k in range(1, len(UPS) + 1):
    _how = "on a corner, leaned against a block" if _k > len(FACES) else "flat, on a side that was not up before"
    _how = "flat on a table" if _k == 1 else _how
    drawing(
        f"sensor-pose-{_k}", f"Pose {_k} of {len(UPS)}", f"A sensor is pressed {_how}, and held still for 3 seconds."
    )(lambda k=_k: pose(k))


@drawing(
    "sensor-turns", "Ten turns",
    "A sensor stands on its end on a table, against a straight edge; it is turned ten times on the spot, back to the "
    "edge.",
)  # fmt: skip
def sensor_turns() -> str:
    bench, turn = Bench((165, 165), 1.45), facing((1, 0, 0), 90)
    where = resting(turn, leaned=True)
    ring = arrow(arc(bench.on((0.0, where[1], 0.0)), 62, -60, 235, 0.52))
    scene = bench.table() + bench.block(60, 8, 12) + bench.case(turn, where)
    return scene + ring + text((300, 70), "10 ×", 30) + clock((300, 120), "3 s", 14)


# the body


@drawing(
    "body-standing", "Stand upright",
    "A person stands upright, knees straight, the sensor on the outer side of the thigh above the knee, its arrow to "
    "the hip; 5 seconds.",
)  # fmt: skip
def body_standing() -> str:
    tall, floor = 188.0, 218.0
    hip = (170.0, floor - (ANKLE + THIGH + SHANK) * tall)
    return (
        ground(floor, 60, 290)
        + line((232, 30), (232, floor - 4), MOTION, 2, "2 7")
        + leg((hip[0] + 6, hip[1]), 90, 90, 0, tall, fill=FAR)
        + leg(hip, 90, 90, 0, tall)
        + upper(hip, -90, 92, 80, tall)
        + on_thigh(hip, 90, tall)
        + clock((300, 60), "5 s", 18)
    )


@drawing(
    "body-seated", "Sit down",
    "A person sits on a chair, the thigh level, the foot flat under the knee, the sensor on the thigh, its arrow to "
    "the hip; 5 seconds.",
)  # fmt: skip
def body_seated() -> str:
    tall, floor = 196.0, 218.0
    hip = (140.0, floor - (ANKLE + SHANK) * tall)
    knee = along(hip, 0, THIGH * tall)
    level = line((knee[0] + 24, knee[1]), (knee[0] + 74, knee[1]), MOTION, 2, "2 7")
    upright = line((knee[0] + 44, knee[1] + 6), (knee[0] + 44, floor - 4), MOTION, 2, "2 7")
    return (
        ground(floor, 50, 310)
        + chair(hip, floor, tall)
        + leg((hip[0] + 4, hip[1]), 0, 90, 0, tall, fill=FAR)
        + upper(hip, -90, 84, 42, tall, reach=0.8)
        + leg(hip, 0, 90, 0, tall)
        + on_thigh(hip, 0, tall)
        + level
        + upright
        + clock((306, 60), "5 s", 18)
    )


@drawing(
    "body-wall", "Legs up the wall",
    "A person lies on the back with the seat at the wall and the legs straight up it, the sensor on the thigh, its "
    "arrow to the hip; 5 seconds.",
)  # fmt: skip
def body_wall() -> str:
    return at_wall(262, 212, 212) + clock((316, 60), "5 s", 18)


WAYS = ((0.0, 0), (36.0, 1), (-24.0, -1), (0.0, 0))
"""Turn outward of the foot, degrees, and the way it came, of the four pictures of a turn."""


def feet(x: float, turn_deg: float, way: int, *, from_above: bool) -> str:
    """Both soles: from above with the wall at the back, or from the foot end on the floor. The coloured one turns.

    From above, the head towards us, the right foot is right; from the foot end it is left. Outward is away from the
    other foot in both.
    """
    heel, toes = (104.0, 1.0) if from_above else (176.0, -1.0)
    surface, upright = heel - 11 * toes, 0 if from_above else 180
    right, left = (x + 19 * toes, heel), (x - 23 * toes, heel)
    out = line((x - 48, surface), (x + 48, surface), GROUND, 4)
    out += sole(left, upright, FAR) + sole(right, upright - turn_deg, SENSOR)
    if way:
        begin, end = (4, 40) if way > 0 else (40, -26)
        out += arrow(arc(right, 66, 90 * toes - begin, 90 * toes - end))
    return out


def turning(x: float, apart: float, times: str, *, from_above: bool) -> str:
    """The four pictures of a turn, from x on."""
    places = [x + apart * k for k in range(len(WAYS))]
    out = "".join(feet(place, *way, from_above=from_above) for place, way in zip(places, WAYS, strict=True))
    out += "".join(arrow([(place + 44, 214), (place + apart - 44, 214)], INK, 2.5, 8) for place in places[:-1])
    rests = clock((places[0], 34), "3 s", 13) + clock((places[-1], 34), "3 s", 13)
    return out + rests + text(((places[1] + places[2]) / 2, 52), times, 26)


@drawing(
    "body-turns", "Turn the leg, outward first",
    "Legs up the wall, seen from above on the soles: the foot of the leg with the sensor rests, turns outward, then "
    "inward, then back, and rests; three times.", 660,
)  # fmt: skip
def body_turns() -> str:
    return at_wall(164, 216, 176) + eye((146, 40), 90) + turning(252, 114, "3 ×", from_above=True)


# the skin


def skin_turns(worn: str, times: int) -> str:
    scene = supine(112, 176, 150, worn) + eye((236, 160), 180)
    return scene + turning(308, 112, f"{times} ×", from_above=False)


for _name, _worn, _times, _what in (
    ("reps", "thigh and shank", 5, "one sensor on the thigh and one on the shank"),
    ("thigh", "thigh", 8, "the sensor on the thigh"),
    ("shank", "shank", 8, "the sensor on the shank"),
):
    drawing(
        f"skin-{_name}", "Turn the straight leg",
        f"A person lies on the back, the knee straight, {_what}. Seen from the foot end: the foot rests, turns "
        f"outward, then inward, then back, and rests; {_times} times.", 700,
    )(lambda worn=_worn, times=_times: skin_turns(worn, times))  # fmt: skip


@drawing(
    "skin-move", "Move the strap to the shank",
    "The sensor moves from the outer side of the thigh to the outer side of the shank below the knee, its arrow still "
    "to the hip.",
)  # fmt: skip
def skin_move() -> str:
    tall, floor, x = 238.0, 156.0, 166.0
    hip = (x, floor - 0.075 * tall)
    begin, end = x + 0.72 * THIGH * tall, x + (THIGH + 0.42 * SHANK) * tall
    over = arrow(arc(((begin + end) / 2, hip[1] - 18), (end - begin) / 2, 180, 352, 1.1))
    return supine(x, floor, tall, "shank") + moved(on_thigh(hip, 0, tall), opacity=0.35) + over


# the strap


@drawing(
    "strap-place", "Where the strap sits",
    "A leg from its outer side: the sensor on the line from hip to knee, the lower edge of the band 3 to 6 centimetres "
    "above the bony bump of the knee, the arrow up to the hip.",
)  # fmt: skip
def strap_place() -> str:
    x, hip, bump, low = 160.0, 30.0, 186.0, 138.0
    edges = (
        line((236, low), (256, low)) + line((236, bump), (256, bump)) + line((x + 10, bump), (232, bump), INK, 1, "3 4")
    )
    measure = "".join(arrow([(246, 162), (246, y)], INK, 1.8, 8) for y in (low + 2, bump - 2))
    return (
        big_leg(x)
        + line((x, hip), (x, bump), INK, 1.8, "5 6")
        + big_band(x, low - 24)
        + circle((x, hip), 6, INK)
        + circle((x, bump), 6, INK)
        + edges
        + measure
        + text((266, 168), "3–6 cm", 16, "start")
        + arrow([(84, 128), (84, 44)])
    )


@drawing(
    "strap-leg", "Which leg, which side",
    "Two people from the front, one with the sensor on the right leg, one on the left: each time on the outer side of "
    "the thigh above the knee, the arrow up.",
)  # fmt: skip
def strap_leg() -> str:
    return from_front(112, "R") + from_front(248, "L")


@drawing(
    "strap-mark", "Mark its place",
    "A pen draws a line on the skin along the upper edge of the band, and a stroke at the middle of the case.",
)  # fmt: skip
def strap_mark() -> str:
    x, y = 160.0, 118.0
    strokes = [((x - 44, y - 29), (x - 20, y - 29)), ((x + 20, y - 29), (x + 34, y - 29)), ((x, y - 48), (x, y - 36))]
    a, b = x + 36, y - 30
    pen = polygon([(a + 12, b - 5), (a + 82, b - 60), (a + 73, b - 70), (a + 5, b - 13)], WHITE)
    tip = polygon([(a, b), (a + 12, b - 5), (a + 5, b - 13)], INK)
    return big_leg(x) + big_band(x, y) + "".join(line(*ends, MOTION, 3.5) for ends in strokes) + pen + tip


@drawing("strap-fit", "How tight", "The band is snug: one finger goes under its edge, two do not.")
def strap_fit() -> str:
    out = ""
    for x, fingers, half in ((92.0, 1, 36), (262.0, 2, 44)):
        begin = x - 26 - (fingers - 1) * 6
        hand = "".join(rect((begin + 15 * k, 145), 13, 70, 6.5, FINGER) for k in range(fingers))
        out += moved(big_leg(x, 44) + hand + big_band(x, 104, half), (0, 16))
    right, wrong = "M78 34 l9 10 l19 -22", "M251 20 l22 22 m0 -22 l-22 22"
    return out + path(right, width=5) + path(wrong, width=5)


# the noise


@drawing(
    "noise-rest", "Leave it lying",
    "A sensor lies on a stone floor or heavy table in a quiet room at night; a clock shows one to eight hours.",
)  # fmt: skip
def noise_rest() -> str:
    bench, turn = Bench((150, 150), 1.55), facing((0, 0, 1))
    moon = path("M70 34 a24 24 0 1 0 26 36 a20 20 0 0 1 -26 -36 Z", width=2, fill=WHITE)
    return moon + bench.table(70, 50) + bench.case(turn, resting(turn)) + clock((296, 60), "1 h … 8 h", 20)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name in DRAWINGS:
        (folder / f"{name}.svg").write_text(svg(name), encoding="utf-8")


if __name__ == "__main__":
    main()
