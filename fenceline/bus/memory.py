"""The bus in memory: the whole protocol for tests, simulation and trials; nothing outlives the process.

What "survives" a crash is the `MemoryStore`: a new `MemoryBus` over the same store is the bus
after a restart. Faults are asked for by name and come at the n-th append, never by chance.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fenceline.bus import Position, Record, Snapshot, Stored, Topic, hash_of
from fenceline.bus.bell import Bell
from fenceline.bus.checks import LOG_TOPICS, check_log, check_park, check_records, closed_error
from fenceline.bus.chunks import assemble, manifest_of, split
from fenceline.clock import Clock, SystemClock
from fenceline.errors import HeadCut, JournalFull, NotDurable
from fenceline.journal import Epoch
from fenceline.wire import encode


@dataclass(slots=True)
class Log:
    """One topic of one park: `records` stand from offset `head` on."""

    head: int = 0
    records: list[Stored] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.head + len(self.records)


@dataclass(slots=True)
class SavedSnapshot:
    """A snapshot as it lies in the store; `number` orders the manifests."""

    number: int
    manifest: bytes
    chunks: list[bytes]


@dataclass(slots=True)
class MemoryPark:
    """What one park has on the bus."""

    journal: int
    logs: dict[Topic, Log]
    snapshots: dict[Position, SavedSnapshot] = field(default_factory=dict)
    snapshots_written: int = 0


@dataclass(slots=True)
class MemoryStore:
    """What would lie on the disk."""

    parks: dict[str, MemoryPark] = field(default_factory=dict)


@dataclass(slots=True)
class _Fault:
    topic: Topic
    countdown: int
    recorded: bool
    prefix: int | None


class MemoryBus:
    """A bus over a store in memory.

    Args:
        clock: what `wait` measures its seconds with.
        store: what an earlier bus left behind.
    """

    def __init__(self, *, clock: Clock | None = None, store: MemoryStore | None = None) -> None:
        self.store = MemoryStore() if store is None else store
        self.full = False  # while set, every append raises `JournalFull`
        self._clock = SystemClock() if clock is None else clock
        self._faults: list[_Fault] = []
        self._bells: dict[tuple[Topic, str], Bell] = {}
        self._closed = False

    def fail_next(
        self, topic: Topic, n: int = 1, *, recorded: bool = False, prefix: int | None = None
    ) -> None:
        """Let the `n`-th append to `topic` from now on (the first is 1) raise `NotDurable`.

        Args:
            topic: in whatever park.
            n: which append.
            recorded: whether its records are recorded nevertheless.
            prefix: only this many of them are recorded; overrides `recorded`.
        """
        self._faults.append(_Fault(topic, n, recorded, prefix))

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        check_records(topic, records)
        await asyncio.sleep(0)  # a durable append takes a turn of the loop at least
        log = self._log(topic, park)
        if not records:
            return log.end - 1
        if self.full:
            raise JournalFull(
                f"no room for {len(records)} records in `{topic}` of park `{park}`",
                hint="free space on the disk; the bus goes on by itself",
            )
        fault = self._due_fault(topic)
        if fault is None:
            count = len(records)
        elif fault.prefix is not None:
            count = min(fault.prefix, len(records))
        else:
            count = len(records) if fault.recorded else 0
        _record(log, records[:count])
        if count:
            self._bell(topic, park).ring()
        if fault is not None:
            raise NotDurable(
                f"{len(records)} records for `{topic}` of park `{park}` are not known to be recorded",
                hint="append them again: readers drop what they have already applied",
            )
        return log.end - 1

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        await asyncio.sleep(0)  # a reader that is always behind must not starve the loop
        if topic is Topic.STATE:
            stored = [one for one in self._manifests(park) if one.offset >= start]
        else:
            log = self._log(topic, park)
            if start < log.head:
                raise HeadCut(topic, start, log.head)
            if kinds is None:
                first = start - log.head
                return log.records[first : first + max(limit, 0)]
            stored = log.records[start - log.head :]
        return [one for one in stored if kinds is None or one.kind in kinds][: max(limit, 0)]

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        return await self._bell(topic, park).wait(self._ready(topic, park, start), seconds)

    async def head(self, topic: Topic, park: str) -> int:
        return 0 if topic is Topic.STATE else self._log(topic, park).head

    async def end(self, topic: Topic, park: str) -> int:
        if topic is Topic.STATE:
            return self._park(park).snapshots_written
        return self._log(topic, park).end

    async def last(self, topic: Topic, park: str) -> Stored | None:
        records = self._manifests(park) if topic is Topic.STATE else self._log(topic, park).records
        return records[-1] if records else None

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        check_log(topic)
        log = self._log(topic, park)
        before = min(before, log.end)
        if before > log.head:
            log.records = log.records[before - log.head :]
            log.head = before

    async def journal_id(self, park: str) -> int:
        return self._park(park).journal

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        await asyncio.sleep(0)
        stored = self._park(park)
        if self.full:
            raise JournalFull(f"no room for a snapshot of park `{park}`", hint="free space on the disk")
        stored.snapshots[snapshot.position] = SavedSnapshot(
            stored.snapshots_written, manifest_of(snapshot), split(snapshot.state)
        )
        stored.snapshots_written += 1
        self._bell(Topic.STATE, park).ring()

    async def snapshots(self, park: str) -> list[Snapshot]:
        saved = self._park(park).snapshots.values()
        found = [assemble(one.manifest, one.chunks) for one in saved]
        return sorted(
            (one for one in found if one is not None),
            key=lambda snapshot: (snapshot.position.journal, snapshot.position.offset),
            reverse=True,
        )

    async def drop_snapshots(self, park: str, below: int) -> None:
        snapshots = self._park(park).snapshots
        for position in [one for one in snapshots if one.offset < below]:
            del snapshots[position]

    async def close(self) -> None:
        self._closed = True
        for bell in self._bells.values():
            bell.ring()

    def _park(self, park: str) -> MemoryPark:
        if self._closed:
            raise closed_error()
        stored = self.store.parks.get(park)
        if stored is None:
            check_park(park)
            stored = MemoryPark(journal=1, logs={topic: Log() for topic in LOG_TOPICS})
            epoch = Epoch(journal=1, park=park)
            _record(stored.logs[Topic.JOURNAL], [Record(epoch.kind, encode(epoch))])
            self.store.parks[park] = stored
        return stored

    def _log(self, topic: Topic, park: str) -> Log:
        return self._park(park).logs[topic]

    def _bell(self, topic: Topic, park: str) -> Bell:
        return self._bells.setdefault((topic, park), Bell(self._clock))

    def _ready(self, topic: Topic, park: str, start: int) -> Callable[[], bool]:
        def ready() -> bool:
            if topic is Topic.STATE:
                return self._park(park).snapshots_written > start
            log = self._log(topic, park)
            return log.end > max(start, log.head)

        return ready

    def _manifests(self, park: str) -> list[Stored]:
        saved = self._park(park).snapshots.items()
        ordered = sorted(saved, key=lambda item: item[1].number)
        records = [(one.number, Record("manifest", one.manifest, f"{park}/{at}")) for at, one in ordered]
        return [
            Stored(number, record.kind, record.payload, record.key, None, hash_of(record))
            for number, record in records
        ]

    def _due_fault(self, topic: Topic) -> _Fault | None:
        for fault in self._faults:
            if fault.topic is topic:
                fault.countdown -= 1
        due = next((fault for fault in self._faults if fault.countdown == 0), None)
        self._faults = [fault for fault in self._faults if fault.countdown > 0]
        return due


def _record(log: Log, records: Sequence[Record]) -> None:
    for record in records:
        log.records.append(
            Stored(log.end, record.kind, record.payload, record.key, record.cause, hash_of(record))
        )
