"""Counts what stands in the journal, on its own: batches in, how many readings stand up to any offset out.

It shares nothing with the engine and the sinks but the journal, so that what they have can be compared
with it. A batch that does not decode counts nothing, as in the fold's account.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from fenceline.bus import Bus, Stored, Topic
from fenceline.clock import Clock
from fenceline.errors import HeadCut, WireError
from fenceline.journal import Batch
from fenceline.wire import decode

READ_LIMIT = 500
WAIT_SECONDS = 1.0
GATHER_SECONDS = 0.2
ENTRIES_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Total:
    """Since counting began: readings, and what was refused (its dead letters are not stored as readings)."""

    readings: int = 0
    rejected: int = 0

    @property
    def all(self) -> int:
        return self.readings + self.rejected


class JournalCount:
    """Counts from offset `start` on.

    Args:
        entries_kept: how many batches back `at` can answer; further back it knows nothing any more.
    """

    def __init__(self, bus: Bus, park: str, start: int, *, entries_kept: int = ENTRIES_KEPT) -> None:
        self._bus, self._park = bus, park
        self._entries_kept = entries_kept
        self.next = start
        self.begun = 0  # how often it had to begin anew: nothing before compares with what follows
        self.by_owner: Counter[str] = Counter()  # by the ingestor that wrote them
        self._offsets: list[int] = [start - 1]
        self._totals: list[Total] = [Total()]

    @property
    def total(self) -> Total:
        """Everything counted so far."""
        return self._totals[-1]

    def at(self, offset: int) -> Total | None:
        """Everything counted at or before an offset; none where that was not read yet, or is forgotten."""
        if offset >= self.next or offset < self._offsets[0]:
            return None
        return self._totals[bisect_right(self._offsets, offset) - 1]

    async def run(self, clock: Clock) -> None:
        """Count until cancelled, some times a second: nobody waits for it."""
        while True:
            await clock.sleep(GATHER_SECONDS)
            if not await self.step():
                await self._bus.wait(Topic.JOURNAL, self._park, self.next, seconds=WAIT_SECONDS)

    async def step(self) -> bool:
        """Count some batches; false at the journal's end."""
        end = await self._bus.end(Topic.JOURNAL, self._park)
        try:
            found = await self._bus.read(
                Topic.JOURNAL, self._park, self.next, limit=READ_LIMIT, kinds=("batch",)
            )
        except HeadCut as cut:
            self.next = cut.head
            self.begun += 1
            self._offsets, self._totals = [cut.head - 1], [self.total]
            return True
        for stored in found:
            self._take(stored)
        if found:
            return True
        self.next = max(self.next, end)  # no batch stands between here and that end
        return False

    def _take(self, stored: Stored) -> None:
        self.next = stored.offset + 1
        try:
            batch = decode(stored.kind, stored.payload)
        except WireError:
            return
        assert isinstance(batch, Batch)
        readings, rejected = len(batch.readings), len(batch.rejected)
        if readings + rejected == 0:
            return
        before = self._totals[-1]
        self._offsets.append(stored.offset)
        self._totals.append(Total(before.readings + readings, before.rejected + rejected))
        self.by_owner[batch.owner] += readings + rejected
        if len(self._offsets) > 2 * self._entries_kept:
            del self._offsets[: -self._entries_kept]
            del self._totals[: -self._entries_kept]
