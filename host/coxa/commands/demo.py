"""`coxa demo`: everything once, on a simulated person."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.errors import UsageError
from coxa.results import Side

if TYPE_CHECKING:
    from coxa.store import Origin, Session

WEEKS = 6
DAYS = (0, 2, 4, 6)
"""Days of a week with a session; the last of them is left out every other week: three to four a week."""

WEEK_REPS = 5
"""Repetitions of the simulated weeks: enough for a mean, few enough to be quick. The session of today is a full one."""

DAY_TO_DAY_DEG = 2.0
"""Scatter of each end from session to session, sd, degrees: the day and the strap."""

PERSON = "me"
"""Whose the sessions are."""

SEED_LARGEST = 10**9
"""Leaves room for a seed of each session."""

MARK = "demo"
"""Remark in the store that says it was made here and may be replaced."""

SIMULATED = "simulated"
"""Source format of the six weeks."""

STORE, RECORDING, PAGE, PICTURE, TREND = "coxa.sqlite", "set.csv", "session.html", "session.png", "trend.png"
FILES = (RECORDING, PAGE, PICTURE, TREND, f"{STORE}-wal", f"{STORE}-shm", STORE)
"""What the demo makes. The store goes last when they are removed: as long as it is there, it says whose they are."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """How one leg develops: degrees at the strap on the first day, and gained in six weeks."""

    ir_deg: float
    er_deg: float
    ir_gain_deg: float
    er_gain_deg: float


LEGS: dict[Side, _Leg] = {"left": _Leg(17.0, 21.0, 6.0, 4.0), "right": _Leg(21.0, 24.0, 4.0, 3.0)}


def demo(*, out: Path = Path("coxa-demo"), seed: int = 1, common: Common = DEFAULTS) -> None:
    """Six simulated weeks of both legs, then one full session from file to report.

    Parameters
    ----------
    out
        Folder for all of it; running the demo again replaces what it made there.
    seed
        The same seed gives the same person.
    """
    if common.store is not None:
        raise UsageError("the demo keeps its sessions in its own folder", "Use --out FOLDER instead of --store.")
    if not 0 <= seed <= SEED_LARGEST:
        raise UsageError(f"--seed is {seed}", f"Give a whole number from 0 to {SEED_LARGEST}.")
    _make_room(out)
    _six_weeks(out / STORE, datetime.now(UTC), seed)
    with redirect_stdout(StringIO()) if common.json else nullcontext():
        _today(out, seed)
    _told(out, common)


def planned(now: datetime, seed: int) -> list[tuple[Origin, float, float, int]]:
    """Each session of the six weeks: what it is, its IR and ER in degrees, and a seed of its own."""
    import numpy as np

    from coxa.store import Origin

    rng = np.random.default_rng(seed)
    first = now - timedelta(weeks=WEEKS)
    out: list[tuple[Origin, float, float, int]] = []
    for week in range(WEEKS):
        for day in DAYS[: 4 if week % 2 else 3]:
            for side, leg in LEGS.items():
                share = (7 * week + day) / (7 * WEEKS)
                ir = leg.ir_deg + share * leg.ir_gain_deg + rng.normal(0, DAY_TO_DAY_DEG)
                er = leg.er_deg + share * leg.er_gain_deg + rng.normal(0, DAY_TO_DAY_DEG)
                at = first + timedelta(days=7 * week + day, minutes=0 if side == "left" else 5)
                name = f"simulated-{len(out) + 1}"
                origin = Origin(PERSON, side, "wall", "wall", at, SIMULATED, name, f"{name}-of-seed-{seed}")
                out.append((origin, float(ir), float(er), 1000 * seed + len(out)))
    return out


def _make_room(out: Path) -> None:
    """Remove what an earlier demo made here.

    Raises:
        UsageError: files of the same names are there that no demo made.
    """
    from coxa.store import Store

    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", "Name a folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    there = [out / name for name in FILES if (out / name).exists()]
    if there:
        if not (out / STORE).exists():
            raise UsageError(f"{there[0]} is there, and no demo made it", "Name another folder with --out.")
        with Store(out / STORE, write=False) as store:
            if store.meta(MARK) is None or not all(_made_here(one) for one in store.sessions()):
                raise UsageError(f"{store.path} has sessions of your own", "Name another folder with --out.")
    for path in there:
        path.unlink(missing_ok=True)


def _made_here(session: Session) -> bool:
    return session.origin.source_format == SIMULATED or session.origin.source_name == RECORDING


def _six_weeks(path: Path, now: datetime, seed: int) -> None:
    from coxa.analysis import analyze_samples
    from coxa.simulate import Wearer, simulate
    from coxa.store import Store

    plan = planned(now, seed)
    with Store(path) as store:
        store.set_meta(MARK, f"seed {seed}")
        for origin, ir_deg, er_deg, own_seed in console.track(plan, "six weeks", len(plan)):
            wearer = Wearer(position="wall", side=origin.side, reps=WEEK_REPS, ir_deg=ir_deg, er_deg=er_deg)
            samples = simulate(wearer, seed=own_seed).samples
            store.save(origin, samples, analyze_samples(samples, position="wall", side=origin.side))


def _today(out: Path, seed: int) -> None:
    """The way a user goes: a file, its analysis with a report, the trend. The set has something to improve."""
    from coxa.commands.analyze import analyze
    from coxa.commands.simulate import simulate
    from coxa.commands.trends import draw, points_of, print_trends

    side: Side = "left"
    leg = LEGS[side]
    own = Common(store=out / STORE)
    simulate(
        out / RECORDING, side=side, ir=leg.ir_deg + leg.ir_gain_deg, er=leg.er_deg + leg.er_gain_deg, hold=1.1,
        compensation=0.3, half=(9,), seed=seed, common=own,
    )  # fmt: skip
    analyze(
        out / RECORDING, position="wall", side=side, person=PERSON, protocol="wall",
        report=(out / PAGE, out / PICTURE), common=own,
    )  # fmt: skip
    points = points_of(own, PERSON)
    draw(points, out / TREND)
    print_trends(points, rows=False)


def _steps(out: Path) -> Generator[tuple[str, str]]:
    """What to try next, and what it does."""
    yield f"coxa sessions --store {out / STORE}", "all sessions"
    yield f"coxa show 1 --store {out / STORE}", "one of them"
    yield f"coxa trends --side left --store {out / STORE}", "the weeks of one leg"
    yield f"coxa analyze {out / RECORDING} --position wall --side left --json --no-store", "the result as JSON"
    yield "coxa calibrate body --simulated --clumsy", "what a calibration is like"
    yield "coxa analyze YOUR-RECORDING --position wall --side left", "your own, into your own store"


def _told(out: Path, common: Common) -> None:
    made = {"store": out / STORE, "recording": out / RECORDING, "report": out / PAGE}
    made |= {"picture": out / PICTURE, "trend": out / TREND}
    if common.json:
        console.emit({"format": "coxa.demo/1", **{name: str(path) for name, path in made.items()}}, common.json)
        return
    print("\nMade here, all of it simulated:")
    for name, path in made.items():
        print(f"  {name:<9}  {path}")
    print("Try next:")
    for command, what in _steps(out):
        print(f"  {command}\n      {what}")
