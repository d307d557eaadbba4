"""Twenty minutes on the virtual board, three chips: what the host gets, and how much room was left.

    python benchmarks/board_session.py

The board's own program in MicroPython, in virtual time, with a collection of 60 ms each second and 200 ms for each
flash sector. Nothing of this has run on a real board.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "virtual"))

import interpreters
import whole_session


def main() -> None:
    """Prints one column of figures for each run."""
    for chip, bits in whole_session.RUNS:
        if interpreters.command(bits) is None:
            print(f"{chip}, {bits}-bit: {interpreters.MISSING_64 if bits == 64 else interpreters.MISSING_32}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            session = whole_session.run(chip, bits, Path(folder))
        told, decoded, tilt = session.told, session.decoded, session.inclination_error_deg()
        print(f"{chip}, {bits}-bit MicroPython, heap {whole_session.HEAP[bits]}")
        print(f"  samples         {len(decoded.index)} recorded, {decoded.missing_samples} missing")
        print(f"  gyro scale      {100 * session.scale_error():+.3f} %")
        print(f"  times           off by {1e3 * np.abs(session.time_error_s()).max():.3f} ms at most")
        print(f"  inclination     {np.sqrt((tilt**2).mean()):.2f}° rms, {tilt.max():.2f}° at most")
        print(f"  sensor's buffer {told['high_water']} of {told['depth']} samples at most")
        print(f"  bus             busy {100 * told['bus_share']:.1f} % of the time")
        print(f"  flash           {told['erases']} erases")
        print(f"  heap            {told['heap_live'] / 1e3:.0f} kB in use, {told['heap_high'] / 1e3:.0f} kB at most")


if __name__ == "__main__":
    main()
