"""Preintegration: a recording condensed to short blocks that keep what the calibration needs, to first order.

Within a block the gyroscope is integrated once; the rotation, the mean specific force and their derivatives with
respect to the sensor errors are kept in the frame of the sensor at the start of the block. Every later iteration
then works on a few blocks per second (preintegration: Forster et al. 2017, doi 10.1109/TRO.2016.2597321).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa import quaternion
from coxa.fusion.selfcal_vqf import integrate
from coxa.samples import Floats

BLOCK_S = 0.1
"""Length of a block, s: short against the slow motion of gravity (under 1 Hz) and against any still phase."""
CHUNK = 4096
"""Blocks worked on at once: bounds the memory on long recordings."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """k blocks of equal length. Frames: the sensor at the start of each block.

    Attributes:
        dt_s: length of a block, s.
        rotvec: (k, 3) rotation over the block, rad.
        force: (k, 3) mean specific force, m/s².
        by_gyro: (k, 3, 4, 3) derivative of the rotation by rate offset [.., 0, j] and by gain times rate component
            [.., 1 + l, j], j the axis that errs.
        by_acc: (k, 3, 10) derivative of the mean force by offset (3), symmetric gain (xx, yy, zz, xy, xz, yz), and
            delay of the accelerometer behind the gyroscope, s.
        rate: (k, 3) mean angular rate as measured, rad/s.
        acc: (k, 3) mean specific force as measured, m/s².
    """

    dt_s: float
    rotvec: Floats
    force: Floats
    by_gyro: Floats
    by_acc: Floats
    rate: Floats
    acc: Floats

    def __len__(self) -> int:
        """Number of blocks."""
        return len(self.rotvec)


def rotation_matrices(q: Floats) -> Floats:
    """(n, 4) → (n, 3, 3)."""
    w, x, y, z = q.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)


def preintegrate(gyr: Floats, acc: Floats, sampling_rate_hz: float) -> Blocks:
    """Condense (n, 3) rad/s and (n, 3) m/s²; the samples after the last whole block are left out."""
    size = max(1, round(BLOCK_S * sampling_rate_hz))
    count = len(gyr) // size
    parts = [
        _chunk(gyr[i * size : j * size], acc[i * size : j * size], size, 1.0 / sampling_rate_hz)
        for i, j in ((i, min(i + CHUNK, count)) for i in range(0, count, CHUNK))
    ]
    rotvec, moments = (np.concatenate(part) for part in zip(*parts, strict=True))
    by_force = moments[..., 4:7]
    return Blocks(
        dt_s=size / sampling_rate_hz,
        rotvec=rotvec,
        force=np.einsum("kijj->ki", by_force),
        by_gyro=np.moveaxis(moments[..., :4], 3, 2) * size / sampling_rate_hz,
        by_acc=np.concatenate(
            [
                moments[..., 0],
                np.einsum("kijj->kij", by_force),
                np.stack([by_force[:, :, a, b] + by_force[:, :, b, a] for a, b in ((0, 1), (0, 2), (1, 2))], axis=2),
                np.einsum("kijj->ki", moments[..., 7:])[..., None],
            ],
            axis=2,
        ),
        rate=gyr[: count * size].reshape(count, size, 3).mean(axis=1),
        acc=acc[: count * size].reshape(count, size, 3).mean(axis=1),
    )


def _chunk(gyr: Floats, acc: Floats, size: int, dt_s: float) -> tuple[Floats, Floats]:
    """Rotation vectors (k, 3) and the block means of R_ij · (1, gyr, acc, gyr × acc)_l: (k, 3, 3, 10)."""
    after = integrate(gyr, dt_s)
    ends = after[size - 1 :: size]
    starts = np.vstack([[1.0, 0.0, 0.0, 0.0], ends[:-1]])
    count = len(ends)
    signals = np.concatenate([np.ones((len(gyr), 1)), gyr, acc, np.cross(gyr, acc)], axis=1).reshape(count, size, 10)
    turned = np.swapaxes(rotation_matrices(after).reshape(count, size, 9), 1, 2) @ signals / size
    moments = np.swapaxes(rotation_matrices(starts), 1, 2) @ turned.reshape(count, 3, 30)
    rotvec = quaternion.to_rotation_vector(quaternion.multiply(quaternion.conjugate(starts), ends))
    return rotvec, moments.reshape(count, 3, 3, 10)
