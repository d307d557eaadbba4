"""Speed and memory, side by side in one run: ratios, since machines differ.

    python benchmarks/speed.py

The whole analysis of a ten-minute 100 Hz set (checks, axis, rotation, repetitions, quality) beside the Madgwick filter
of ahrs alone on the same samples; `coxa --help` beside `import numpy`; the peak memory of a process that analyses.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from ahrs.filters import Madgwick

import coxa
from coxa.samples import Samples
from coxa.simulate import SENSORS, Wearer, simulate

MEMORY = """
import resource, sys
sys.path.insert(0, {folder!r})
from speed import ten_minutes
import coxa
samples = ten_minutes()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
coxa.analyze(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2, position="wall", side="right")
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def ten_minutes() -> Samples:
    """A set of 68 repetitions: 600 s at 100 Hz."""
    return simulate(Wearer(reps=68), dataclasses.replace(SENSORS["LSM6DSOX"], rate_hz=100.0), seed=1).samples


def best_s(action: Callable[[], object], repeats: int) -> float:
    """Shortest of several runs, s."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def command(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)


def main() -> None:
    samples = ten_minutes()
    analysis = best_s(
        lambda: coxa.analyze(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2, position="wall", side="right"), 7
    )
    madgwick = best_s(lambda: Madgwick(gyr=samples.gyr_rad_s, acc=samples.acc_m_s2, frequency=100.0), 2)
    orientation = best_s(lambda: coxa.estimate_orientation(samples.gyr_rad_s, samples.acc_m_s2, 100.0), 5)
    help_s, numpy_s = best_s(command("-m", "coxa", "--help"), 7), best_s(command("-c", "import numpy"), 7)
    print(f"whole analysis       {analysis:7.3f} s for {len(samples)} samples")
    print(f"ahrs Madgwick alone  {madgwick:7.3f} s: the analysis is {madgwick / analysis:.1f} times faster")
    print(f"estimate_orientation {orientation:7.3f} s: {madgwick / orientation:.1f} times faster than Madgwick")
    print(f"coxa --help          {help_s:7.3f} s: {help_s / numpy_s:.2f} times `import numpy` ({numpy_s:.3f} s)")
    if sys.platform != "win32":
        folder = str(__import__("pathlib").Path(__file__).parent)
        done = subprocess.run(
            [sys.executable, "-c", MEMORY.format(folder=folder)],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        before, after = (int(word) / (1024 if sys.platform == "linux" else 2**20) for word in done.stdout.split())
        print(f"peak memory          {after:7.0f} MB, of which {after - before:.0f} MB are the analysis")
    print(f"numpy {np.__version__}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
