"""One simulated person who follows a guided calibration, and what feeds the guide with it: what stands in for a person
while there is no sensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from coxa.calibration.guide.course import Guide, Stand
from coxa.calibration.guide.watch import part
from coxa.samples import Samples
from coxa.simulate.handled import SensorFollower
from coxa.simulate.posed import BodyFollower
from coxa.simulate.turned import SkinFollower


class Follower(Protocol):
    """A person who does what a step says, with chips that stay on."""

    def act(self, step_key: str, attempt: int) -> dict[str, Samples]:
        """Samples by place of what this person does when told this step for the attempt-th time (from 1); times, bias
        and temperature go on from before. Asked once more for the same attempt, the person tries again."""
        ...


def follow(guide: Guide, follower: Follower, chunk_s: float = 0.2) -> Iterator[Stand]:
    """Feed the guide until it is done, `chunk_s` of samples at a time, yielding how it stands after each.

    Raises:
        InputError: as `Guide.advance`, where a step is not done in time or refused too often.
    """
    stand = guide.advance()
    while stand.step is not None:
        done = follower.act(stand.step.key, stand.attempt)
        start = min(float(samples.t_s[0]) for samples in done.values())
        end = max(float(samples.t_s[-1]) for samples in done.values())
        for k in range(int((end - start) / chunk_s) + 1):
            for place, samples in done.items():
                begin, stop = np.searchsorted(samples.t_s, [start + k * chunk_s, start + (k + 1) * chunk_s])
                if stop > begin:
                    guide.push(place, part(samples, int(begin), int(stop)))
            stand = guide.advance()
            yield stand
            if stand.step is None:
                return


__all__ = ["BodyFollower", "Follower", "SensorFollower", "SkinFollower", "follow"]
