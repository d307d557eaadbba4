"""`coxa calibrate bias`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.commands.nearby import only
from coxa.link.known import KnownBoards
from coxa.store import Inbox

if TYPE_CHECKING:
    from coxa.calibration.bias import Learned

FORMAT = "coxa.bias/1"


def bias(*, board: str | None = None, common: Common = DEFAULTS) -> None:
    """Learn how the gyroscope's offset follows its temperature, from every recording in which the board lay still.

    Nothing has to be done for it but to let the board lie still for some seconds now and then: before a set, or on the
    table afterwards. The more sessions at different temperatures, the better.

    Parameters
    ----------
    board
        Name, role or uid; not needed where there is one board.
    """
    from coxa.calibration.bias import learned, recordings_of

    with KnownBoards(common.store_path) as boards:
        known = only(boards.all(), board)
    with common.open_store(write=True) as store, Inbox(common.store_path, known.uid) as inbox:
        total = len(inbox.sessions())
        read = console.track(recordings_of(inbox), "looking for rest", total)
        found = learned(store, known.uid, read, datetime.now(UTC))
        number = store.save_calibration(found.kept) if found.kept else None
    if common.json:
        console.emit({"format": FORMAT, "calibration": number, "uid": known.uid, **_plain(found)}, common.json)
        return
    seen = f"{found.resting} of {found.recordings} recordings, {found.added} of them not known before"
    print(f"{known.label} lay still in {seen}.")
    if number is None:
        print("There is nothing new to learn from; what was known stays.")
        return
    console.out().print(_table(found))
    print(f"Kept as calibration {number}. Results use it from now on; coxa reanalyze --all takes it into earlier ones.")


def _numbers(found: Learned) -> dict[str, tuple[list[float], list[float], list[float], list[float]]]:
    """Name → before, its sd, now, its sd; (3,) each."""
    before, now = found.before, found.now
    (at_before, sd_before), (at_now, sd_now) = (tuple(np.degrees(x) for x in m.at(25.0)) for m in (before, now))
    slopes = [np.degrees(m.coefficients[:, 1]) for m in (before, now)]
    slope_sds = [np.degrees(np.sqrt(m.covariance[:, 1, 1])) for m in (before, now)]
    return {
        "at 25 °C, deg/s": (at_before.tolist(), sd_before.tolist(), at_now.tolist(), sd_now.tolist()),
        "drift, deg/s per °C": (
            slopes[0].tolist(), slope_sds[0].tolist(), slopes[1].tolist(), slope_sds[1].tolist(),
        ),
    }  # fmt: skip


def _table(found: Learned) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("offset of the gyroscope", "axis", "before", "now"):
        table.add_column(name, justify="left" if name.startswith("offset") else "right", no_wrap=True)
    for name, (before, sd_before, now, sd_now) in _numbers(found).items():
        for k, axis in enumerate("xyz"):
            table.add_row(
                name if not k else "",
                axis,
                f"{before[k]:+.3f} ± {sd_before[k]:.2g}",
                f"{now[k]:+.3f} ± {sd_now[k]:.2g}",
            )
    return table


def _plain(found: Learned) -> dict[str, object]:
    b = found.now
    return {
        "recordings": found.recordings, "resting": found.resting, "added": found.added,
        "coldest_c": b.coldest_c, "warmest_c": b.warmest_c, "sessions": b.sessions,
        "now": {name: {"value": values[2], "sd": values[3]} for name, values in _numbers(found).items()},
    }  # fmt: skip
