"""The bus on Kafka: five topics, a partition for each park, by a written table. Contract: tests/contract.

Positions are the readers' own; no offsets are committed, no topic is begun at its latest record. A second
process that writes for the same park harms nothing: readers drop what is not above the highest cause.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka import TopicPartition

from fenceline.bus import Record, Snapshot, Stored, Topic
from fenceline.bus.checks import check_log, check_park, check_records, closed_error
from fenceline.bus.kafka.appender import Appender
from fenceline.bus.kafka.cluster import Cluster
from fenceline.bus.kafka.log import KafkaLog
from fenceline.bus.kafka.messages import MANIFEST_KIND
from fenceline.bus.kafka.needs import Needs
from fenceline.bus.kafka.parks import Parks
from fenceline.bus.kafka.settings import KafkaSettings
from fenceline.bus.kafka.shares import Change, ParkShares
from fenceline.bus.kafka.snapshots import SnapshotLog
from fenceline.clock import Clock, SystemClock
from fenceline.errors import BusError

AnswerT = TypeVar("AnswerT")


class KafkaBus:
    """Connects at the first use, and again by itself.

    Args:
        settings: the cluster.
        clock: what `wait` measures its seconds with.
        table: park to partition, instead of that in the settings.
    """

    def __init__(
        self, settings: KafkaSettings, *, clock: Clock | None = None, table: Mapping[str, int] | None = None
    ) -> None:
        self._cluster = Cluster(settings)
        self._clock = SystemClock() if clock is None else clock
        self._table = settings.parks if table is None else table
        self._appender = Appender(self._cluster)
        self._parks = Parks(self._cluster, self._appender)
        self._needs = Needs(self._cluster)
        self._logs: dict[tuple[Topic, str], KafkaLog] = {}
        self._opening = asyncio.Lock()
        self._open: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        check_records(topic, records)
        log = await self._log(topic, park)
        if not records:
            return await log.end() - 1
        last = await self._appender.append(self._place(topic, park), tuple(records))
        log.reached(last + 1)
        return last

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        return await self._until_closed(self._read(topic, park, start, limit, kinds))

    async def _read(
        self, topic: Topic, park: str, start: int, limit: int, kinds: Sequence[str] | None
    ) -> list[Stored]:
        log = await self._log(topic, park)
        if topic is not Topic.STATE:
            return await log.read(start, limit, kinds)
        if kinds is not None and MANIFEST_KIND not in kinds:
            return []
        found = await SnapshotLog(self._cluster, self._appender, log, self._place(topic, park)).manifests()
        return [stored for stored in found if stored.offset >= start][: max(limit, 0)]

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        return await self._until_closed(self._wait(topic, park, start, seconds))

    async def head(self, topic: Topic, park: str) -> int:
        log = await self._log(topic, park)
        return 0 if topic is Topic.STATE else await log.head()

    async def end(self, topic: Topic, park: str) -> int:
        return await (await self._log(topic, park)).end()

    async def last(self, topic: Topic, park: str) -> Stored | None:
        if topic is Topic.STATE:
            manifests = await self.read(topic, park, 0)
            return manifests[-1] if manifests else None
        log = await self._log(topic, park)
        end = await log.end()
        if end <= await log.head():
            return None
        found = await log.read(end - 1, 1, None)
        return found[0] if found else None

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        check_log(topic)
        log = await self._log(topic, park)
        before = min(before, await log.end())
        if before > await log.head():
            await self._cluster.delete_before(self._place(topic, park), before)
            log.known_head = before

    async def journal_id(self, park: str) -> int:
        await self._log(Topic.JOURNAL, park)
        return self._parks.journal(park)

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        await (await self._snapshots(park)).put(park, snapshot)

    async def snapshots(self, park: str) -> list[Snapshot]:
        return await (await self._snapshots(park)).read()

    async def drop_snapshots(self, park: str, below: int) -> None:
        await (await self._snapshots(park)).drop(park, below)

    async def say_needed(self, park: str, reader: str, offsets: Mapping[Topic, int]) -> None:
        """A reader in this process has everything before these offsets; the rest must not be cut.

        Raises:
            BusError: the cluster does not take it.
        """
        await self._log(Topic.JOURNAL, park)
        await self._needs.say(reader, {self._place(topic, park): offset for topic, offset in offsets.items()})

    async def needed(self, topic: Topic, park: str, readers: Sequence[str]) -> list[int]:
        """For each reader, in whatever process, the first offset that it still needs; 0 of an unknown one.

        Raises:
            BusError: the cluster does not answer.
        """
        await self._log(topic, park)
        return await self._needs.needed(self._place(topic, park), readers)

    def shares(self, role: str, member: str, take: Change, give: Change) -> ParkShares:
        """A member of the group in which processes of a role share out the parks of the table."""
        return ParkShares(self._cluster, role, member, self._table, take, give)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for task in self._open:
            task.cancel()
        await self._appender.close()
        await asyncio.gather(*(log.close() for log in self._logs.values()))
        await self._needs.close()
        await self._cluster.stop()

    async def _wait(self, topic: Topic, park: str, start: int, seconds: float) -> bool:
        return await (await self._log(topic, park)).wait(start, seconds)

    async def _until_closed(self, work: Coroutine[Any, Any, AnswerT]) -> AnswerT:
        """Somebody's answer, who is told at once when the bus is closed meanwhile."""
        task = asyncio.create_task(work)
        self._open.add(task)
        try:
            await asyncio.wait({task})
            if task.cancelled() and self._closed:
                raise closed_error()
            return task.result()
        finally:
            task.cancel()
            self._open.discard(task)

    async def _snapshots(self, park: str) -> SnapshotLog:
        log = await self._log(Topic.STATE, park)
        return SnapshotLog(self._cluster, self._appender, log, self._place(Topic.STATE, park))

    async def _log(self, topic: Topic, park: str) -> KafkaLog:
        if self._closed:
            raise closed_error()
        log = self._logs.get((topic, park))
        if log is not None:
            return log
        check_park(park)
        async with self._opening:
            if park not in self._parks:
                await self._cluster.start(self._partition(park) + 1)
                journal = KafkaLog(
                    self._cluster, Topic.JOURNAL, self._place(Topic.JOURNAL, park), self._clock
                )
                self._logs.setdefault((Topic.JOURNAL, park), journal)
                await self._parks.open(park, self._partition(park), self._logs[Topic.JOURNAL, park])
            return self._logs.setdefault(
                (topic, park), KafkaLog(self._cluster, topic, self._place(topic, park), self._clock)
            )

    def _partition(self, park: str) -> int:
        try:
            return self._table[park]
        except KeyError:
            raise BusError(
                f"the park `{park}` has no partition",
                hint="write it into `parks` of config/bus.yaml, with a number that no other park has",
            ) from None

    def _place(self, topic: Topic, park: str) -> TopicPartition:
        return TopicPartition(self._cluster.name(topic.value), self._partition(park))
