"""The station with a known bug, to see the judge find it: `python -m tests.faults.bugged NAME up ...`.

Each bug breaks one promise only when a process is killed at the wrong moment, as real ones do.
"""

import asyncio
import dataclasses
import sys
from collections.abc import Callable
from typing import Any

from alerts.channels.channel import Message
from alerts.sending import Sending
from console.cli import main
from console.roles.engine import EngineWorker
from console.web.actions import Actions
from fenceline.bus import Topic
from fenceline.journal import Action, Receipt
from ingest.core import IngestCore
from ingest.inbox import Inbound
from sinks import embedded_write

# Between what a bug does too early and what should have come first.
GAP_SECONDS, SOON_SECONDS = 0.3, 0.05


def early_puback() -> None:
    """The broker is acknowledged before the batch is durable."""
    append = IngestCore._append_batch

    async def append_after(self: IngestCore, messages: list[Inbound]) -> None:
        for message in messages:
            if message.acknowledge is not None:
                message.acknowledge()
        await asyncio.sleep(SOON_SECONDS)
        await append(self, [dataclasses.replace(message, acknowledge=None) for message in messages])

    IngestCore._append_batch = append_after  # type: ignore[method-assign]


def early_receipt() -> None:
    """A page counts as delivered before it is sent."""

    async def deliver(self: Sending, message: Message, channel: str, pause_seconds: float) -> None:
        receipt = Receipt(page=message.page, number=message.attempt, result="delivered", detail="")
        await self._keep(receipt)
        await asyncio.sleep(GAP_SECONDS)
        await self._outcome(message, channel)

    Sending._deliver = deliver  # type: ignore[method-assign]


def early_answer() -> None:
    """A person is told that it is recorded before it is durable."""
    record = Actions.record
    kept: set[asyncio.Task[None]] = set()

    async def answer(self: Actions, action: Action) -> None:
        async def later() -> None:
            await asyncio.sleep(2.0)
            await record(self, action)

        kept.add(asyncio.create_task(later()))

    Actions.record = answer  # type: ignore[method-assign]


def deaf_start() -> None:
    """The engine begins at the journal's end where no snapshot says otherwise."""
    restore = EngineWorker._restore

    async def restore_at_end(self: EngineWorker) -> None:
        await restore(self)
        last = await self._bus.last(Topic.JOURNAL, self._park)
        if self._next == 0 and last is not None and last.offset > 10:
            records = await self._bus.read(Topic.JOURNAL, self._park, 0, limit=10)
            for stored in records:
                self.fold.apply(stored)
            self._next, self._last_hash = last.offset + 1, last.hash

    EngineWorker._restore = restore_at_end  # type: ignore[method-assign]


def positions_behind() -> None:
    """The store keeps its rows and its position in two transactions."""
    write = embedded_write.write_positions
    turn = 0

    def write_some(*arguments: Any) -> None:
        nonlocal turn
        turn += 1
        if turn % 4 == 0:
            write(*arguments)

    embedded_write.write_positions = write_some  # type: ignore[assignment]


BUGS: dict[str, Callable[[], None]] = {
    one.__name__.replace("_", "-"): one
    for one in (early_puback, early_receipt, early_answer, deaf_start, positions_behind)
}


if __name__ == "__main__":
    BUGS[sys.argv.pop(1)]()
    main()
