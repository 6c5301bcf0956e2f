"""Which park has which partition and which journal, as the cluster has it written down: a small topic by key.

A park's first opening appends the epoch to its journal and writes it down here. One that stands in another
partition than the table says was moved without a new epoch, and is refused.
"""

import asyncio
from dataclasses import asdict, dataclass

import orjson
from aiokafka import TopicPartition

from fenceline.bus import Record, Topic
from fenceline.bus.kafka.appender import Appender
from fenceline.bus.kafka.cluster import PARKS, Cluster
from fenceline.bus.kafka.log import KafkaLog
from fenceline.clock import SystemClock
from fenceline.errors import BusError
from fenceline.journal import Epoch
from fenceline.wire import decode_readable, encode

FIRST_JOURNAL = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    park: str
    partition: int
    journal: int


class Parks:
    """The parks that were opened here."""

    def __init__(self, cluster: Cluster, appender: Appender) -> None:
        self._cluster = cluster
        self._appender = appender
        self._place = TopicPartition(cluster.name(PARKS), 0)
        self._entries: dict[str, _Entry] = {}

    def __contains__(self, park: str) -> bool:
        return park in self._entries

    def journal(self, park: str) -> int:
        """The number of a park's journal."""
        return self._entries[park].journal

    async def open(self, park: str, partition: int, journal: KafkaLog) -> None:
        """Find a park, or begin it.

        Raises:
            BusError: it stands elsewhere, or its partition holds something else.
        """
        known = (await self._written()).get(park)
        if known is not None and known.partition != partition:
            raise BusError(
                f"the park `{park}` stands in partition {known.partition}, and the table says {partition}",
                hint="put the old number back into `parks`: a journal does not move by itself",
            )
        if known is None:
            known = _Entry(park, partition, await self._first(park, journal))
            record = Record("park", orjson.dumps(asdict(known)), park)
            await self._appender.append(self._place, [record])
        self._entries[park] = known

    async def _first(self, park: str, journal: KafkaLog) -> int:
        """The journal's number: begun where it is empty, read where somebody began it and got no further."""
        if await journal.end() == 0:
            epoch = Epoch(journal=FIRST_JOURNAL, park=park)
            place = TopicPartition(self._cluster.name(Topic.JOURNAL.value), journal.partition)
            last = await self._appender.append(place, [Record(epoch.kind, encode(epoch))])
            journal.reached(last + 1)
            return FIRST_JOURNAL
        found = await journal.read(await journal.head(), 1, None)
        first = decode_readable(found[0].kind, found[0].payload) if found else None
        if not isinstance(first, Epoch) or first.park != park:
            raise BusError(
                f"partition {journal.partition} holds records, and not those of park `{park}`",
                hint="give the park a partition of its own in `parks` of config/bus.yaml",
            )
        return first.journal

    async def _written(self) -> dict[str, _Entry]:
        log = KafkaLog(self._cluster, Topic.STATE, self._place, SystemClock())
        try:
            end, at = await log.end(), await log.head()
            entries: dict[str, _Entry] = {}
            while at < end:
                found = await log.fetch(at, None)
                at = log.fetched_to
                for stored in found:
                    entry = _Entry(**orjson.loads(stored.payload))
                    # Of two that began a park at once, the first holds.
                    entries.setdefault(entry.park, entry)
            return entries
        finally:
            await asyncio.shield(log.close())
