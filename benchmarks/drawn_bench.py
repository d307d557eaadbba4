"""A sensor on a table in three dimensions, for the procedures' drawings: x to the right, y to the back, z up, mm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from drawn_strokes import GROUND, INK, SENSOR, WHITE, Point, moved, polygon
from scipy.spatial import ConvexHull

HALF = np.array([23.0, 16.0, 7.0])
"""Half the case: 46 × 32 × 14 mm (hardware.md)."""

SIGNS = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=float)

TURN, LOOK = math.radians(28), math.radians(30)
"""The view: from the front right, from above."""

LIGHT = np.array([-0.25, -0.45, 0.86])
SURFACES = ("#eef1f4", "#c9d1d8", "#b5bfc8")
"""Top, front and right of the table; a block has a lighter front."""

FACES = ((0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0))
CORNERS = ((1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1), (1, 1, -1), (-1, -1, -1))
UPS = (*FACES, *CORNERS)
"""Directions of the sensor that are up in the twelve poses."""

WALL_Y = 30.0
"""Where the block stands that is leaned against."""


class Bench:
    """A place on the page where things stand on a table; `centre` is where the origin of the table appears."""

    def __init__(self, centre: Point, scale: float = 1.0) -> None:
        self.centre, self.scale = centre, scale
        c, s = math.cos(TURN), math.sin(TURN)
        self.right = np.array([c, s, 0.0])
        self.up = np.array([-s * math.sin(LOOK), c * math.sin(LOOK), math.cos(LOOK)])
        self.view = np.cross(self.right, self.up)  # towards the eye

    def on(self, p: Sequence[float] | np.ndarray) -> Point:
        x, y = float(np.dot(self.right, p)) * self.scale, float(np.dot(self.up, p)) * self.scale
        return self.centre[0] + x, self.centre[1] - y

    def slab(self, low: Sequence[float], high: Sequence[float], fill: Sequence[str] = SURFACES) -> str:
        """A block along the axes; its top, front and the side towards the eye."""
        (a, b, c), (d, e, f) = low, high
        side = d if self.view[0] > 0 else a
        faces = (
            ((a, b, f), (d, b, f), (d, e, f), (a, e, f)),
            ((a, b, c), (d, b, c), (d, b, f), (a, b, f)),
            ((side, b, c), (side, e, c), (side, e, f), (side, b, f)),
        )
        return "".join(
            polygon(map(self.on, face), colour, GROUND, 1.4) for face, colour in zip(faces, fill, strict=True)
        )

    def table(self, x: float = 62, y: float = 44) -> str:
        return self.slab((-x, -y, -7), (x, y, 0))

    def block(self, half: float, deep: float, high: float) -> str:
        """What a sensor leans against or is laid to."""
        return self.slab((-half, WALL_Y, 0), (half, WALL_Y + deep, high), (SURFACES[0], "#d9e0e6", SURFACES[2]))

    def case(self, turn: np.ndarray, where: np.ndarray, opacity: float = 1.0) -> str:
        """The sensor, its axes turned by `turn` (3, 3) and its middle at `where`, with its shadow."""
        out: list[str] = [self._shadow(turn, where)]
        for axis in range(3):
            for sign in (1.0, -1.0):
                normal = turn[:, axis] * sign
                if float(normal @ self.view) > 1e-6:
                    out.append(polygon(map(self.on, _face(axis, sign) @ turn.T + where), _lit(normal), INK, 1.5))
                    marks = [[self.on(turn @ p + where) for p in mark] for mark in _marks(axis, sign)]
                    out += [polygon(mark, WHITE, WHITE, 0.6) for mark in marks]
        return moved("".join(out), opacity=opacity)

    def _shadow(self, turn: np.ndarray, where: np.ndarray) -> str:
        flat = (SIGNS * HALF @ turn.T + where)[:, :2]
        return polygon([self.on((x, y, 0.0)) for x, y in flat[ConvexHull(flat).vertices]], "#aab4bd", "none", 0, 0.45)


def _face(axis: int, sign: float) -> np.ndarray:
    """(4, 3) corners of a face of the case, in order."""
    out = np.zeros((4, 3))
    out[:, axis] = sign * HALF[axis]
    out[:, (axis + 1) % 3] = np.array([-1, 1, 1, -1]) * HALF[(axis + 1) % 3]
    out[:, (axis + 2) % 3] = np.array([-1, -1, 1, 1]) * HALF[(axis + 2) % 3]
    return out


def _lit(normal: np.ndarray) -> str:
    light = 0.55 + 0.45 * max(0.0, float(normal @ LIGHT))
    parts = [int(SENSOR[k : k + 2], 16) * light + 255 * (1 - light) * 0.12 for k in (1, 3, 5)]
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def _marks(axis: int, sign: float) -> list[np.ndarray]:
    """What tells the sides apart: an arrow on the outer face, two bars on the skin side, a socket at the lower end."""
    if axis == 2 and sign > 0:
        flat = [(-15, -2.4), (3, -2.4), (3, -8), (17, 0), (3, 8), (3, 2.4), (-15, 2.4)]
        return [np.array([(x, y, HALF[2]) for x, y in flat])]
    if axis == 2:
        bars = [((a, -12), (a + 4, -12), (a + 4, 12), (a, 12)) for a in (-16, 12)]
        return [np.array([(x, y, -HALF[2]) for x, y in bar]) for bar in bars]
    if axis == 0 and sign < 0:
        return [np.array([(-HALF[0], y, z) for y, z in ((-6, -2), (6, -2), (6, 2), (-6, 2))])]
    return []


def facing(up: Sequence[float], heading_deg: float = 0.0) -> np.ndarray:
    """(3, 3) turn, sensor → table, with the sensor's direction `up` upwards."""
    u = np.array(up, dtype=float) / np.linalg.norm(up)
    other = np.array([1.0, 0.0, 0.0]) if abs(u[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    x = other - u * (other @ u)
    x /= np.linalg.norm(x)
    c, s = math.cos(math.radians(heading_deg)), math.sin(math.radians(heading_deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([x, np.cross(u, x), u])


def resting(turn: np.ndarray, *, leaned: bool = False) -> np.ndarray:
    """Where the sensor's middle is when it touches the table, and the block where it is leaned."""
    corners = SIGNS * HALF @ turn.T
    return np.array([0.0, WALL_Y - float(corners[:, 1].max()) if leaned else 0.0, -float(corners[:, 2].min())])


def leaning(up: Sequence[float], askew_deg: float = 0.0) -> float:
    """Heading, degrees, that lets a sensor that stands on a corner lean back against the block."""
    corners = SIGNS * HALF @ facing(up).T
    x, y, _ = corners[int(corners[:, 2].argmax())] - corners[int(corners[:, 2].argmin())]
    return 90.0 - math.degrees(math.atan2(y, x)) + askew_deg


_ASKEW = (20, -20, -20, 20, -20, 20)
HEADINGS = (0.0, 0.0, 0.0, 0.0, 90.0, 90.0, *(leaning(up, a) for up, a in zip(CORNERS, _ASKEW, strict=True)))
"""Degrees; so that the marks are seen."""
