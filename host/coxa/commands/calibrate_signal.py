"""A board that records for a calibration, and can be told to buzz: who lies there may not look at the terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coxa.calibration.guide.step import Accepted, Refused, Step
from coxa.errors import CoxaError
from coxa.link.client import Client
from coxa.link.fetch import Fetched
from coxa.link.recording import RECORDING, Recording
from coxa_wire import command

ACCEPTED, REFUSED = command.SIGNALS.index("end_range"), command.SIGNALS.index("marker")
"""What is felt at the board: two ticks, or one."""


@dataclass(slots=True)
class Signalling:
    """A recording whose board can be told to buzz; a `Job`. It begins one of its own, and joins none that runs."""

    recording: Recording
    _client: Client | None = None
    _checked: bool = False
    _asking: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def begun(self) -> bool:
        """See `Job`."""
        return self.recording.begun

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """See `Job`."""
        return self.recording.fetched

    @property
    def numbers(self) -> list[int]:
        """Of its recordings on the board, more than one where that restarted."""
        return [part.session for part in self.recording.parts]

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """See `Job`."""
        return self.recording.keep(session, blocks)

    def finish(self) -> None:
        """See `Job`."""
        self.recording.finish()

    async def talk(self, client: Client) -> None:
        """Raises as that of `Recording`; CoxaError where the board records already."""
        if not self._checked and (await client.info()).state == RECORDING:
            raise CoxaError(
                f"{self.recording.status.name} is recording already",
                f"End that: coxa board stop {self.recording.status.name}; then coxa fetch brings it here.",
            )
        self._checked = True
        self._client = client
        try:
            await self.recording.talk(client)
        finally:
            self._client = None

    def signal(self, pattern: int) -> None:
        """Lets the board buzz, where it can be reached now; nothing depends on it."""
        if self._client is not None:
            task = asyncio.get_running_loop().create_task(_signalled(self._client, pattern))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)


async def _signalled(client: Client, pattern: int) -> None:
    with contextlib.suppress(CoxaError):
        await client.ask(command.IDENTIFY, pattern)


def felt(jobs: Mapping[str, Signalling], _step: Step, outcome: Accepted | Refused) -> None:
    """Each decision at the boards themselves: who lies there may not look."""
    for job in jobs.values():
        job.signal(ACCEPTED if isinstance(outcome, Accepted) else REFUSED)
