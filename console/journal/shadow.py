"""Folds a journal afresh beside what is written, and compares the two byte for byte; writes nothing.

The worker that folds is the one that runs in a station, on a bus that shows it the journal and compares
what it would append.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.bus import Bus, Record, Snapshot, Stored, Topic
from fenceline.clock import ManualClock

DERIVED = (Topic.FINDINGS, Topic.ALERTS)
NEVER = 2**62
_READ_LIMIT = 1_000
_KEPT = 20

_Key = tuple[int, int]


@dataclass(slots=True)
class Comparison:
    """What came of comparing one derived topic.

    Args:
        equal: records that are the same.
        different: (offset in the topic, cause, what) of the first that are not.
        differences: how many are not.
        ahead: records that the fold gives beyond what was written: the engine had not come so far.
    """

    equal: int = 0
    different: list[tuple[int | None, str, str]] = field(default_factory=list)
    differences: int = 0
    ahead: int = 0

    def say(self, offset: int | None, cause: str, what: str) -> None:
        self.differences += 1
        if len(self.different) < _KEPT:
            self.different.append((offset, cause, what))


@dataclass(slots=True)
class Shadow:
    """The comparison of a whole journal.

    Args:
        start: the snapshot that it began from; none where it began with nothing.
        build: the version that the journal has in force at its end.
        topics: by derived topic.
    """

    start: Snapshot | None
    build: str | None
    topics: dict[Topic, Comparison]

    @property
    def same(self) -> bool:
        return all(one.differences == 0 for one in self.topics.values())


async def compare(bus: Bus, park: str, start: Snapshot | None) -> Shadow:
    """Fold from a snapshot (none: from the first record) to the journal's end of now."""
    end = await bus.end(Topic.JOURNAL, park)
    first = -1 if start is None else start.position.offset
    written = {topic: _Written(bus, topic, park, first, end) for topic in DERIVED}
    for one in written.values():
        await one.begin()
    settings = EngineSettings(snapshot_records=NEVER, snapshot_seconds=float(NEVER))
    worker = EngineWorker(
        bus=_ShadowBus(bus, start, end, written),
        park=park,
        clock=ManualClock(),
        force=None,
        settings=settings,
    )
    await worker.start()
    for one in written.values():
        await one.finish()
    build = worker.fold.items.get("build", {}).get("version")
    return Shadow(start, build, {topic: one.comparison for topic, one in written.items()})


class _Written:
    """What is written in a derived topic, as a reader that drops by cause keeps it, beside the fold's."""

    def __init__(self, bus: Bus, topic: Topic, park: str, after: int, end: int) -> None:
        self._bus, self._topic, self._park = bus, topic, park
        self._after, self._end = after, end
        self._head = 0
        self._first: _Key | None = None
        self._kept = self._read()
        self._next: Stored | None = None
        self.comparison = Comparison()

    async def begin(self) -> None:
        self._head = await self._bus.head(self._topic, self._park)
        await self._advance()
        self._first = None if self._next is None else _key(self._next.record)

    async def take(self, record: Record) -> None:
        """One record that the fold gives, in the order of its causes."""
        key = _key(record)
        while self._next is not None and _key(self._next.record) < key:
            await self._say_extra(self._next)
        stored = self._next
        if stored is None:
            self.comparison.ahead += 1
        elif _key(stored.record) > key:
            if not (self._head > 0 and key < (self._first or key)):  # else it was cut
                self.comparison.say(None, str(record.cause), f"a `{record.kind}` is missing")
        else:
            if (stored.kind, stored.payload) == (record.kind, record.payload):
                self.comparison.equal += 1
            else:
                what = f"the `{stored.kind}` written is not the `{record.kind}` that the fold gives"
                self.comparison.say(stored.offset, str(stored.cause), what)
            await self._advance()

    async def finish(self) -> None:
        while self._next is not None:
            await self._say_extra(self._next)

    async def _say_extra(self, stored: Stored) -> None:
        self.comparison.say(
            stored.offset, str(stored.cause), f"a `{stored.kind}` that the fold does not give"
        )
        await self._advance()

    async def _advance(self) -> None:
        self._next = await anext(self._kept, None)

    async def _read(self) -> AsyncIterator[Stored]:
        highest = None
        at = self._head
        while found := await self._bus.read(self._topic, self._park, at, limit=_READ_LIMIT):
            for stored in found:
                at = stored.offset + 1
                if stored.cause is None or (highest is not None and stored.cause <= highest):
                    continue
                highest = stored.cause
                if self._after < stored.cause.offset < self._end:
                    yield stored


class _ShadowBus:
    """The bus as the worker sees it: one snapshot at most, nothing derived yet, a fixed end."""

    def __init__(self, bus: Bus, start: Snapshot | None, end: int, written: dict[Topic, _Written]) -> None:
        self._bus, self._start, self._end, self._written = bus, start, end, written

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        for record in records:
            await self._written[topic].take(record)
        return 0

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        found = await self._bus.read(topic, park, start, limit=limit, kinds=kinds)
        return [one for one in found if one.offset < self._end]

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        return False

    async def head(self, topic: Topic, park: str) -> int:
        return await self._bus.head(topic, park)

    async def end(self, topic: Topic, park: str) -> int:
        return self._end

    async def last(self, topic: Topic, park: str) -> Stored | None:
        return None

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        """Nothing is cut."""

    async def journal_id(self, park: str) -> int:
        return await self._bus.journal_id(park)

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        """Nothing is kept."""

    async def snapshots(self, park: str) -> list[Snapshot]:
        return [] if self._start is None else [self._start]

    async def drop_snapshots(self, park: str, below: int) -> None:
        """Nothing is dropped."""

    async def close(self) -> None:
        """The bus behind it is closed by whoever opened it."""


def _key(record: Record) -> _Key:
    assert record.cause is not None
    return record.cause.offset, record.cause.index
