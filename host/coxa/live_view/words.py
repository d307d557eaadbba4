"""A board in words and characters: what reads without colour, from some distance, in 80 columns."""

from __future__ import annotations

from coxa.link.status import BoardStatus
from coxa.live_view.decoder import Reading
from coxa.results import Rep

FULL_SCALE_DEG = 60.0
"""End of the bar: few thighs turn further at the strap."""

NEUTRAL_DEG = 2.0
"""Nearer to zero than this the leg is neither in nor out: the returns of one person scatter by as much."""

UNSURE_DEG = 15.0
"""An angle with a larger sd is not shown: after a gap nothing is known until the thigh has been still again."""

STRONG_DBM, FAIR_DBM = -67, -80
"""Signal from which the link has reserves, and below which packets are lost (receivers end at about -95 dBm)."""

LOW_BATTERY_PERCENT = 15

BIG_ROWS = 5
_BIG = {
    "0": ("███", "█ █", "█ █", "█ █", "███"),
    "1": ("  █", "  █", "  █", "  █", "  █"),
    "2": ("███", "  █", "███", "█  ", "███"),
    "3": ("███", "  █", "███", "  █", "███"),
    "4": ("█ █", "█ █", "███", "  █", "  █"),
    "5": ("███", "█  ", "███", "  █", "███"),
    "6": ("███", "█  ", "███", "█ █", "███"),
    "7": ("███", "  █", "  █", "  █", "  █"),
    "8": ("███", "█ █", "███", "█ █", "███"),
    "9": ("███", "█ █", "███", "  █", "███"),
    "–": ("   ", "   ", "███", "   ", "   "),
}


def big(text: str) -> tuple[str, ...]:
    """Digits (and `–`) in five rows, each dot two characters wide."""
    rows = [" ".join(_BIG[digit][row] for digit in text) for row in range(BIG_ROWS)]
    return tuple("".join(2 * dot for dot in row) for row in rows)


def angle(reading: Reading | None) -> float | None:
    """The angle worth showing, degrees; None where it is not known well enough."""
    if reading is None or reading.rotation_deg is None or reading.rotation_sd_deg is None:
        return None
    return reading.rotation_deg if reading.rotation_sd_deg <= UNSURE_DEG else None


def direction(rotation_deg: float | None) -> str:
    """Which way the leg is turned."""
    if rotation_deg is None:
        return "not known"
    if abs(rotation_deg) < NEUTRAL_DEG:
        return "neutral"
    return "in" if rotation_deg > 0 else "out"


def bar(rotation_deg: float | None, width: int) -> str:
    """Out on the left, in on the right, the neutral in the middle; `width` characters, an odd number."""
    half = width // 2
    if rotation_deg is None:
        return "·" * half + "│" + "·" * half
    full = round(half * min(abs(rotation_deg) / FULL_SCALE_DEG, 1.0))
    if rotation_deg < 0:
        return "·" * (half - full) + "█" * full + "│" + "·" * half
    return "·" * half + "│" + "█" * full + "·" * (half - full)


def clock(seconds: float) -> str:
    """3:05, or 1:02:07."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def elapsed(status: BoardStatus, reading: Reading | None) -> str:
    """How long the board has been recording."""
    seconds = reading.t_s if reading is not None and reading.session is not None else status.expected * status.block_s
    return clock(max(seconds, 0.0))


def last_rep(reps: tuple[Rep, ...]) -> str:
    """The ends of the last repetition."""
    if not reps:
        return "no repetition yet"
    rep = reps[-1]
    return f"last  in {_end(rep.ir_deg)}  out {_end(rep.er_deg)}  arc {rep.arc_deg:.0f}°"


def signal(rssi: int | None) -> str:
    """The strength of the signal."""
    if rssi is None:
        return "signal not measured"
    word = "strong" if rssi >= STRONG_DBM else "fair" if rssi >= FAIR_DBM else "weak"
    return f"signal {word} ({rssi} dBm)".replace("-", "−")


def stored(status: BoardStatus) -> str:
    """What is on this computer, and how far behind that is."""
    if not status.expected:
        return "nothing recorded yet"
    if not status.missing:
        return f"all {status.stored} blocks stored"
    return f"{status.stored} of {status.expected} blocks stored, {status.backlog_s:.1f} s behind"


def lost(status: BoardStatus) -> str:
    """What will never come."""
    if not status.unreadable:
        return "nothing lost"
    return f"LOST {status.unreadable} blocks, {status.unreadable * status.block_s:.1f} s"


def battery(percent: int | None) -> str:
    """Charge of the battery."""
    if percent is None:
        return "battery not measured"
    return f"battery {'LOW, ' if percent < LOW_BATTERY_PERCENT else ''}{percent} %"


def clocks(error_ms: float | None) -> str:
    """How well the board's clock is known."""
    return "clock not compared" if error_ms is None else f"clock within {max(error_ms, 1.0):.0f} ms"


def link(status: BoardStatus) -> str:
    """Where the connection stands, and how often it was lost."""
    again = f" · reconnected {status.reconnects}×" if status.reconnects else ""
    return f"{status.state or 'not connected'}{again}"


def facts(status: BoardStatus) -> tuple[str, str]:
    """Two lines about the recording and the board."""
    first = f"{stored(status)} · {lost(status)}"
    return first, f"{signal(status.rssi)} · {battery(status.battery_percent)} · {clocks(status.clock_error_ms)}"


def plain(status: BoardStatus, reading: Reading | None) -> str:
    """One board in a line of a log."""
    parts = [f"{who(status)} {elapsed(status, reading)} {link(status)}"]
    if reading is not None:
        now = angle(reading)
        parts += [
            f"{len(reading.reps)} reps",
            "angle not known" if now is None else f"{abs(now):.0f}° {direction(now)}",
        ]
    parts += [stored(status), lost(status), battery(status.battery_percent)]
    if status.note:
        parts.append(status.note)
    return ", ".join(parts)


def who(status: BoardStatus) -> str:
    """The place on the body; the name where it has none."""
    return status.role.replace("-", " ") if status.role else status.name


def title(status: BoardStatus) -> str:
    """The place on the body, and the board."""
    return f"{who(status).upper()} · {status.name}" if status.role else status.name


def _end(degrees: float) -> str:
    return f"{degrees:.0f}°" if degrees else "–"
