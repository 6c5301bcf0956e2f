"""Reads one topic on from a position: raw records come out once and in order, with the next position.

A derived topic that was deleted and folded again is read from its head; what was applied before is
dropped by its cause. The journal is never read anew: another journal than before stops loudly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fenceline.bus import Bus, Cause, Position, Stored, Topic
from fenceline.errors import HeadCut
from sinks.query import AppliedTo


@dataclass(slots=True)
class Follower:
    """Where a reader stands in a topic of a park.

    Args:
        next: the offset it reads next.
        applied: the last record it has, and the highest cause.
        restarts: how often the topic was begun anew.
        journal: the epoch number that its positions carry.
    """

    bus: Bus
    topic: Topic
    park: str
    next: int = 0
    applied: AppliedTo | None = None
    restarts: int = 0
    journal: int = 0

    async def start(self, applied: AppliedTo | None) -> None:
        """Take up a position, or begin at the head where the topic no longer holds it."""
        self.applied = applied
        self.journal = await self.bus.journal_id(self.park)
        if applied is None:
            self.next = await self.bus.head(self.topic, self.park)
            return
        self.next = applied.position.offset + 1
        if self.topic is not Topic.JOURNAL and not await self._still_there(applied.position):
            await self._begin_anew()

    async def read(self, limit: int, kinds: Sequence[str] | None = None) -> list[Stored]:
        """The next records that were not applied, at most `limit`; none when there is nothing.

        Raises:
            HeadCut: the journal was cut before this reader had read it.
        """
        if self.topic is Topic.JOURNAL:
            found = await self.bus.read(self.topic, self.park, self.next, limit=limit, kinds=kinds)
            self._advance(found)
            return found
        if await self.bus.end(self.topic, self.park) < self.next:
            await self._begin_anew()
        while True:
            try:
                found = await self.bus.read(self.topic, self.park, self.next, limit=limit, kinds=kinds)
            except HeadCut as cut:
                self.next = cut.head
                continue
            highest = None if self.applied is None else self.applied.cause
            self._advance(found)
            fresh = _rising(found, highest)
            if fresh or not found:
                return fresh

    def _advance(self, found: Sequence[Stored]) -> None:
        if not found:
            return
        last = found[-1]
        causes = [one.cause for one in found if one.cause is not None]
        if self.applied is not None and self.applied.cause is not None:
            causes.append(self.applied.cause)
        self.applied = AppliedTo(Position(self.journal, last.offset, last.hash), max(causes, default=None))
        self.next = last.offset + 1

    async def _still_there(self, position: Position) -> bool:
        if position.offset < 0:
            return True
        if await self.bus.end(self.topic, self.park) <= position.offset:
            return False
        try:
            found = await self.bus.read(self.topic, self.park, position.offset, limit=1)
        except HeadCut:
            return False
        return bool(found) and found[0].offset == position.offset and found[0].hash == position.hash

    async def _begin_anew(self) -> None:
        self.next = await self.bus.head(self.topic, self.park)
        self.restarts += 1


def _rising(found: Sequence[Stored], highest: Cause | None) -> list[Stored]:
    """Those above all before them: what a second worker wrote again may stand in the same read."""
    fresh: list[Stored] = []
    for stored in found:
        if stored.cause is None or highest is None or stored.cause > highest:
            fresh.append(stored)
            highest = highest if stored.cause is None else stored.cause
    return fresh
