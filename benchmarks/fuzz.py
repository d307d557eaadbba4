"""Mutated messages against every parser of both sides, and what came of them.

    python benchmarks/fuzz.py --inputs 1000000

On CPython: the wire format and what the host takes in. In MicroPython: the same files of the wire format, and what the
board takes in, by the board's own program on virtual hardware. `--inputs` for each side, shared out among its parsers.
Faults are exceptions other than the refusal (`WireError`), or failures that the board counts as its own: there must be
none, nor growth, nor an input that takes long. Times include the pauses of memory collection and of this computer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FIRMWARE_TESTS = ROOT / "tests" / "firmware"
sys.path[:0] = [str(ROOT / "tests" / "virtual"), str(FIRMWARE_TESTS)]

import fuzz_host  # noqa: E402
import interpreters  # noqa: E402

HOURS_S = 4 * 3600
ON_BOARD = (FIRMWARE_TESTS / "fuzz_wire.py", interpreters.HERE / "scripts" / "link_fuzz_script.py")
WIRE_PARSERS, BOARD_PARSERS, HOST_SHARES = 10, 5, 11.3  # the host's: 10 of the wire format, a sighting, and parts
BOARD_HEAP = "8M"
SLOW_US = 1_000_000

Row = dict[str, Any]


def in_micropython(script: Path, inputs: int, seed: int, bits: int, timeout_s: float = HOURS_S) -> list[Row]:
    """The figures of a script, which gives each of its parsers so many inputs."""
    sources = (*interpreters.SOURCES, interpreters.HERE / "scripts", FIRMWARE_TESTS)
    if script.name == ON_BOARD[0].name:
        sources = (FIRMWARE_TESTS, interpreters.FIRMWARE)
    told = interpreters.run(script, inputs, seed, bits=bits, heap=BOARD_HEAP, timeout_s=timeout_s, sources=sources)
    return json.loads(told)


def table(title: str, rows: list[Row], took_s: float) -> str:
    """The figures as a table of Markdown."""
    lines = [
        f"{title}, {sum(row['inputs'] for row in rows)} inputs in {took_s:.0f} s",
        "",
        "| parser | inputs | accepted | refused | faults | slowest | growth |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['parser']} | {row['inputs']} | {row['accepted']} | {row['refused']} | {row['faults']} "
        f"| {row['slowest_us'] / 1000:.1f} ms | {row['growth']} B |"
        for row in rows
    ]
    for row in rows:
        lines += [f"  fault in {row['parser']}: {error}, input {data}" for error, data in row["examples"]]
        if row["slowest_us"] > SLOW_US:
            lines.append(f"  slow in {row['parser']}: input {row['slowest']}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Prints the tables; 1 if anything is as it must not be."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--inputs", type=int, default=1_000_000, help="for each side")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    began = time.monotonic()
    host = fuzz_host.rows(int(given.inputs / HOST_SHARES) + 1, given.seed)
    print(table("CPython", host, time.monotonic() - began), flush=True)
    every = list(host)
    for bits in (64, 32):
        if interpreters.command(bits) is None:
            print(f"{bits}-bit: {interpreters.MISSING_64 if bits == 64 else interpreters.MISSING_32}")
            continue
        began = time.monotonic()
        wire_share = given.inputs // (WIRE_PARSERS + BOARD_PARSERS) + 1
        rows = [row for script in ON_BOARD for row in in_micropython(script, wire_share, given.seed, bits)]
        print(table(f"MicroPython, {bits}-bit words", rows, time.monotonic() - began), flush=True)
        every += rows
    return int(any(row["faults"] for row in every))


if __name__ == "__main__":
    sys.exit(main())
