"""A person with real proportions, and the sensor strapped on, for the procedures' drawings.

Lengths are shares of the height (Drillis and Contini 1966, as in Winter, Biomechanics and Motor Control of Human
Movement, 2009, figure 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from drawn_strokes import (
    BAND,
    FAR,
    GROUND,
    INK,
    SENSOR,
    SKIN,
    WHITE,
    Point,
    along,
    arrow,
    at,
    circle,
    ground,
    line,
    moved,
    path,
    polygon,
    rect,
    text,
    wall,
)

THIGH, SHANK, TRUNK, HEAD_UP, HEAD, ARM, FOREARM, ANKLE = 0.245, 0.246, 0.288, 0.117, 0.065, 0.186, 0.20, 0.039
FOOT_FRONT, FOOT_BACK = 0.11, 0.042
"""The head by its centre above the shoulder and its radius, the hand with the forearm, the foot from the ankle."""

TRUNK_W, THIGH_W, SHANK_W, ARM_W, FOOT_W, NECK_W = 0.13, 0.092, 0.07, 0.052, 0.045, 0.05


def limb(points: Sequence[Point], width: float, fill: str = SKIN) -> str:
    d = " ".join([f"M{at(points[0])}", *(f"L{at(p)}" for p in points[1:])])
    return path(d, INK, width + 3) + path(d, fill, width)


def leg(hip: Point, thigh_deg: float, shank_deg: float, foot_deg: float, tall: float, *, fill: str = SKIN) -> str:
    """Seen from its side; directions clockwise from the right; the foot's that of its toes."""
    knee = along(hip, thigh_deg, THIGH * tall)
    ankle = along(knee, shank_deg, SHANK * tall)
    sole = along(ankle, shank_deg, 0.4 * ANKLE * tall)
    foot = [along(sole, foot_deg + 180, 0.5 * FOOT_BACK * tall), along(sole, foot_deg, 0.85 * FOOT_FRONT * tall)]
    shank, thigh = limb([knee, ankle], SHANK_W * tall, fill), limb([hip, knee], THIGH_W * tall, fill)
    return limb(foot, FOOT_W * tall, fill) + shank + thigh


def upper(hip: Point, trunk_deg: float, arm_deg: float, forearm_deg: float, tall: float, *, reach: float = 1.0) -> str:
    """Trunk, head and one arm, seen from the side; `reach`: of an arm that points away, as it is seen."""
    shoulder = along(hip, trunk_deg, TRUNK * tall)
    head = along(shoulder, trunk_deg, HEAD_UP * tall)
    elbow = along(shoulder, arm_deg, reach * ARM * tall)
    hand = along(elbow, forearm_deg, reach * FOREARM * tall)
    return (
        limb([shoulder, head], NECK_W * tall)
        + limb([hip, along(hip, trunk_deg, (TRUNK - 0.035) * tall)], TRUNK_W * tall)
        + circle(head, HEAD * tall, SKIN)
        + limb([along(shoulder, trunk_deg, -0.02 * tall), elbow, hand], ARM_W * tall)
    )


def strapped(near_hip: Point, towards_deg: float, where: float, limb_width: float, tall: float) -> str:
    """Band and sensor on a limb, at the share `where` of the height from its hip end; the arrow points to the hip."""
    long, short = 0.062 * tall, 0.03 * tall
    back, aside = 0.45 * long, 0.6 * short
    wings = f"l{back:.1f} {-aside:.1f} m{-back:.1f} {aside:.1f} l{back:.1f} {aside:.1f}"
    mark = path(f"M{0.7 * long:.1f} 0 H{-0.75 * long:.1f} {wings}", WHITE, 2)
    band = rect((0, 0), 0.056 * tall, limb_width * tall + 4.4, 2, BAND, width=1.2)
    case = rect((0, 0), 2 * long, 2 * short, 2.5, SENSOR, width=1.4)
    return moved(band + case + mark, along(near_hip, towards_deg, where * tall), towards_deg)


def on_thigh(hip: Point, towards_deg: float, tall: float) -> str:
    return strapped(hip, towards_deg, 0.72 * THIGH, THIGH_W, tall)


def on_shank(hip: Point, towards_deg: float, tall: float) -> str:
    """With the knee straight."""
    return strapped(hip, towards_deg, THIGH + 0.42 * SHANK, SHANK_W, tall)


def at_wall(wall_x: float, floor: float, tall: float) -> str:
    """Lying on the back, the seat at the wall, the legs up it, the sensor on the thigh."""
    hip = (wall_x - 0.085 * tall, floor - 0.075 * tall)
    return (
        wall(wall_x, hip[1] - 0.62 * tall, floor)
        + ground(floor, wall_x - 0.8 * tall, wall_x)
        + leg((hip[0] - 5, hip[1]), -90, -90, 180, tall, fill=FAR)
        + upper(hip, 180, 14, 5, tall, reach=0.62)
        + leg(hip, -90, -90, 180, tall)
        + on_thigh(hip, -90, tall)
    )


def supine(x: float, floor: float, tall: float, worn: str) -> str:
    """Lying on the back with the legs straight, head at the left, hip at x; `worn`: `thigh`, `shank` or both."""
    hip = (x, floor - 0.075 * tall)
    return (
        ground(floor, x - 0.62 * tall, x + 0.64 * tall)
        + leg((hip[0], hip[1] - 3), 0, 0, -90, tall, fill=FAR)
        + upper(hip, 180, 12, 3, tall, reach=0.66)
        + leg(hip, 0, 0, -90, tall)
        + (on_thigh(hip, 0, tall) if "thigh" in worn else "")
        + (on_shank(hip, 0, tall) if "shank" in worn else "")
    )


def from_front(x: float, side: str, tall: float = 186.0, floor: float = 208.0) -> str:
    """From the front, with the sensor on the leg `R` or `L`; their right is at our left."""
    hip_y = floor - (ANKLE + THIGH + SHANK) * tall
    shoulder_y = hip_y - TRUNK * tall
    neck, head = (x, shoulder_y), (x, shoulder_y - HEAD_UP * tall)
    out = ground(floor, x - 56, x + 56) + limb([neck, head], NECK_W * tall)
    for sign in (-1, 1):
        hip, ankle = (x + sign * 0.055 * tall, hip_y), (x + sign * 0.07 * tall, floor - ANKLE * tall)
        knee = ((hip[0] + ankle[0]) / 2, (hip_y + ankle[1]) / 2)
        elbow = (x + sign * 0.15 * tall, shoulder_y + ARM * tall)
        hand = (x + sign * 0.16 * tall, shoulder_y + (ARM + 0.92 * FOREARM) * tall)
        out += limb([ankle, (ankle[0] + sign * 4, floor - 5)], FOOT_W * tall) + limb([knee, ankle], SHANK_W * tall)
        out += limb([hip, knee], THIGH_W * tall)
        out += limb([(x + sign * 0.11 * tall, shoulder_y + 4), elbow, hand], ARM_W * tall)
        if (sign < 0) == (side == "R"):
            y, edge = hip_y + 0.76 * THIGH * tall, hip[0] + sign * (THIGH_W / 2 * tall + 3)
            out += rect((hip[0], y), 21, 10, 2, BAND, width=1.2) + rect((edge, y), 8, 20, 2, SENSOR, width=1.4)
            out += arrow([(edge + sign * 13, y + 10), (edge + sign * 13, y - 16)], width=3, size=8)
            out += text((edge + sign * 26, y + 8), side, 18)
    long = (TRUNK + 0.05) * tall
    return out + rect((x, shoulder_y - 5 + long / 2), 0.2 * tall, long, 13, SKIN) + circle(head, HEAD * tall, SKIN)


def big_leg(x: float, top: float = 14) -> str:
    """A leg close by, from its outer side, from the hip to below the knee."""
    back = f"M{x - 46} {top} C{x - 50} 70 {x - 30} 120 {x - 27} 168 C{x - 27} 190 {x - 26} 205 {x - 22} 232"
    front = f"H{x + 24} C{x + 27} 205 {x + 30} 188 {x + 29} 168 C{x + 32} 120 {x + 50} 70 {x + 46} {top}"
    return path(f"{back} {front}", width=2, fill=SKIN)


def big_band(x: float, y: float, half: float = 36) -> str:
    """Band and case on that leg, the middle at y."""
    corners = [(x - half - 3, y - 24), (x + half + 3, y - 24), (x + half, y + 24), (x - half, y + 24)]
    mark = arrow([(x, y + 22), (x, y - 24)], WHITE, 5, 15)
    return polygon(corners, BAND, width=1.8) + rect((x, y), 34, 64, 6, SENSOR, width=2) + mark


def sole(p: Point, turn_deg: float, fill: str) -> str:
    """The sole of a foot, its heel at p, its toes down the page; turned clockwise."""
    outline = "M-8 4 C-12 -9 11 -9 9 4 C7 16 9 26 13 36 C17 48 9 55 2 55 C-9 55 -16 50 -14 38 C-11 26 -7 16 -8 4 Z"
    return moved(path(outline, fill=fill), p, turn_deg)


def chair(hip: Point, floor: float, tall: float) -> str:
    """Under a seated person."""
    seat, front, back = hip[1] + THIGH_W * tall / 2 + 3, hip[0] + 34, hip[0] - TRUNK_W * tall / 2 - 5
    legs = line((back + 2, seat), (back + 2, floor), GROUND, 4) + line((front - 4, seat), (front - 4, floor), GROUND, 4)
    return line((back, seat), (front, seat), GROUND, 5) + line((back, seat), (back - 6, hip[1] - 62), GROUND, 5) + legs
