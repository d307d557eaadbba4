"""A program on a board is ended by Ctrl-C, in a bounded time, whatever it prints."""

from __future__ import annotations

import time

from serial import Serial

PROMPT_S = 3.0
"""For an interrupted program to end: ours writes down that it was meant, which may erase flash."""
_INTERRUPT_S = 0.5
_INTERRUPT = b"\r\x03\x03\x02"
"""Ctrl-C ends a program, Ctrl-B what another host has left: then every MicroPython shows its prompt."""
_PROMPT = b">>> "
_KEPT = 256
_LOOK_S = 0.01


def interrupted(port: Serial) -> bool:
    """Whether MicroPython's prompt comes.

    mpremote alone would wait for ever until a program that prints and prints is silent.

    Raises:
        OSError: the port is gone.
    """
    now_s = time.monotonic()
    until_s, again_s, seen = now_s + PROMPT_S, now_s, b""
    while (now_s := time.monotonic()) < until_s:
        if now_s >= again_s:
            port.write(_INTERRUPT)
            again_s = now_s + _INTERRUPT_S
        if port.in_waiting:
            seen = (seen + port.read(port.in_waiting))[-_KEPT:]
            if seen.endswith(_PROMPT):
                return True
        else:
            time.sleep(_LOOK_S)
    return False
