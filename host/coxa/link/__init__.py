"""From a board to the host without losing anything: requests and answers, backfill, the board's clock."""

from coxa.link.channel import Channel, LinkLostError, NoAnswerError, RefusedError
from coxa.link.client import Client, Listed
from coxa.link.clock import ClockFit, Ping, fit_clock
from coxa.link.fetch import Fetched, fetch
from coxa.link.lines import LineChannel
from coxa.link.ranges import missing

__all__ = [
    "Channel",
    "Client",
    "ClockFit",
    "Fetched",
    "LineChannel",
    "LinkLostError",
    "Listed",
    "NoAnswerError",
    "Ping",
    "RefusedError",
    "fetch",
    "fit_clock",
    "missing",
]
