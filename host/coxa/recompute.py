"""The analysis of what is stored, made from its raw data: when it is taken in, and again at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coxa import protocols
from coxa.analysis import analyze_samples
from coxa.calibration.applied import NONE, Calibration
from coxa.checks import checked_samples
from coxa.decode import DecodedStream, decode
from coxa.errors import InputError
from coxa.results import Analysis
from coxa.samples import Samples
from coxa.store import Origin
from coxa_wire import Info

BOARD_FORMAT = "coxa-board"
"""Source format of what one of our boards recorded."""


def analysed(samples: Samples, origin: Origin, where: str, calibration: Calibration = NONE) -> Analysis:
    """The analysis of stored samples.

    Files were checked when they were read; what a board recorded is checked here, since it is kept in any case.

    Args:
        samples: as stored.
        origin: where they come from and what was done.
        where: what the messages call them.
        calibration: that holds for them.

    Raises:
        InputError: they do not look like a worn sensor, or cannot be analysed.
        ConfigError: the protocol is no longer there.
    """
    if origin.source_format == BOARD_FORMAT:
        good = checked_samples(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2, where=where)
        samples = replace(good, temperature_c=samples.temperature_c)
    return analyze_samples(
        samples, position=origin.position, side=origin.side, protocol=protocols.load(origin.protocol),
        calibration=calibration,
    )  # fmt: skip


def decoded(blocks: Sequence[bytes], info: Info) -> tuple[DecodedStream | None, str]:
    """The samples, or why there are none."""
    try:
        return decode(blocks, info), ""
    except InputError as error:
        return None, str(error)


def attempted(
    stream: DecodedStream, origin: Origin, where: str, calibration: Calibration
) -> tuple[Analysis | None, str]:
    """The analysis; and why there is none, or why it found nothing."""
    try:
        analysis = analysed(stream.samples, origin, where, calibration)
    except InputError as error:
        return None, str(error)
    return analysis, "" if analysis.reps else analysis.set.advice or "No repetition was found."
