"""Smoothness of a move: spectral arc length."""

from __future__ import annotations

import numpy as np

from coxa.samples import Floats

CUTOFF_HZ = 10.0
AMPLITUDE_THRESHOLD = 0.05
PAD_LEVEL = 4
"""As in Balasubramanian et al. 2015, doi 10.1186/s12984-015-0090-9."""

MIN_SAMPLES = 5


def sparc(speed: Floats, sampling_rate_hz: float) -> float | None:
    """Spectral arc length of a speed profile; closer to zero is smoother, a minimum-jerk move has −1.41.

    Args:
        speed: (n,) of one move without its holds, any unit.
        sampling_rate_hz: of the profile.

    Returns:
        The (negative) arc length of the normalised spectrum up to the last frequency under 10 Hz that reaches 5 % of
        its peak; None for fewer than 5 samples or no motion. After Balasubramanian et al. 2015, as the constants.
    """
    if len(speed) < MIN_SAMPLES or not np.any(speed):
        return None
    size = 2 ** (int(np.ceil(np.log2(len(speed)))) + PAD_LEVEL)
    magnitude = np.abs(np.fft.rfft(speed, size))
    frequency = np.fft.rfftfreq(size, 1 / sampling_rate_hz)
    magnitude = magnitude[frequency <= CUTOFF_HZ] / magnitude.max()
    frequency = frequency[frequency <= CUTOFF_HZ]
    reach = np.flatnonzero(magnitude >= AMPLITUDE_THRESHOLD)
    band = slice(int(reach[0]), int(reach[-1]) + 1)
    f, m = frequency[band], magnitude[band]
    if len(f) < 2:
        return None
    return -float(np.sum(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(m))))
