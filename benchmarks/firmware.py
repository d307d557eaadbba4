"""What each stage of the board's program costs per sample, against a plain float filter, in MicroPython.

    python benchmarks/firmware.py

Ratios, measured side by side in one run, on the interpreter for PCs (64-bit; also 32-bit where it can be had). From
them an estimate of the share of its time that an ESP32-S3 spends: the float filter takes 2-3.5 ms there, itself an
estimate (29 µs on a PC, scaled by the ratio of MicroPython's floating-point benchmark bm_float between PC and ESP32,
github.com/micropython/micropython issue 6565 and pull request 19352). No board has measured this.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "virtual"))

import interpreters  # noqa: E402

STAGES = Path(__file__).parent / "board" / "stages.py"
YARDSTICK = "float filter"
YARDSTICK_MS = (2.0, 3.5)  # on an ESP32-S3 at 240 MHz, estimate
RATE_HZ = 104


def measured(bits: int) -> dict[str, float] | None:
    """Stage → µs per sample; None where there is no such interpreter."""
    command = interpreters.command(bits)
    if command is None:
        return None
    path = f"{STAGES.parent}:{interpreters.FIRMWARE}:.frozen"
    done = subprocess.run(
        [*command, "-X", "heapsize=2M", str(STAGES)],
        capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "MICROPYPATH": path},
    )  # fmt: skip
    return json.loads(done.stdout)


def main() -> None:
    """Prints one table for each interpreter."""
    for bits in (64, 32):
        found = measured(bits)
        if found is None:
            print(f"{bits}-bit: {interpreters.MISSING_64 if bits == 64 else interpreters.MISSING_32}")
            continue
        yardstick = found.pop(YARDSTICK)
        print(f"{bits}-bit MicroPython, cost per sample relative to one update of a plain float filter:")
        for stage, us in [*found.items(), ("all", sum(found.values()))]:
            ratio = us / yardstick
            low, high = (ratio * ms * RATE_HZ / 10 for ms in YARDSTICK_MS)
            print(f"  {stage:12s} {ratio:5.2f}   estimated {low:4.1f}-{high:4.1f} % of an ESP32-S3 at {RATE_HZ} Hz")


if __name__ == "__main__":
    main()
