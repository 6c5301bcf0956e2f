"""Appends to Kafka: idempotent, acknowledged by every copy that is in sync; whole appends in order.

After any failure the producer is replaced, since what it would number next the broker may refuse.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from fenceline.bus import Record
from fenceline.bus.kafka.cluster import MESSAGE_BYTES, Cluster, end
from fenceline.bus.kafka.messages import headers_of
from fenceline.errors import BusError, NotDurable

log = structlog.get_logger()


class Appender:
    """One producer for all topics of a process."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._queueing: dict[TopicPartition, asyncio.Lock] = {}
        self._open: set[asyncio.Task[int]] = set()

    async def append(
        self, place: TopicPartition, records: Sequence[Record], *, tombstones: bool = False
    ) -> int:
        """The offset of the last record, once all are durable; whole also where the caller gives up.

        Args:
            tombstones: without a value, so that compaction takes away what stands under their keys.

        Raises:
            NotDurable: not known to be recorded.
        """
        task = asyncio.create_task(self._append(place, records, tombstones=tombstones))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_forget)
            raise

    async def close(self) -> None:
        """Finish what was accepted, bounded, and let go."""
        if self._open:
            await asyncio.wait(self._open, timeout=self._cluster.settings.append_seconds)
        if self._producer is not None:
            await self._drop(self._producer)

    async def _append(self, place: TopicPartition, records: Sequence[Record], *, tombstones: bool) -> int:
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._cluster.settings.append_seconds):
                async with self._queueing.setdefault(place, asyncio.Lock()):
                    producer = await self._started()
                    while place.partition not in await producer.partitions_for(place.topic):
                        await producer.client.force_metadata_update()  # the topic got wider since
                    # Queued without another append in between: what was appended together stands together.
                    sent = [
                        await producer.send(
                            place.topic,
                            None if tombstones else record.payload,
                            key=record.key.encode(),
                            partition=place.partition,
                            headers=headers_of(record),
                        )
                        for record in records
                    ]
                answers = await asyncio.gather(*sent)
        except (KafkaError, TimeoutError, BusError, OSError) as error:
            await self._drop(producer)
            raise NotDurable(
                f"{len(records)} records for `{place.topic}` are not known to be recorded: {error!r}",
                hint="append them again: readers drop what they have already applied",
            ) from error
        return int(answers[-1].offset)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                settings = self._cluster.settings
                options = settings.client_options()
                options["request_timeout_ms"] = round(settings.append_seconds * 1000)
                producer = AIOKafkaProducer(
                    **options,
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=MESSAGE_BYTES,
                    max_batch_size=1024 * 1024,
                )
                await self._cluster.begin("the cluster", producer.start, producer.stop)
                self._producer = producer
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None and producer is self._producer:  # nobody else has replaced it yet
            self._producer = None
            await end(producer.stop, seconds=2.0)  # type: ignore[union-attr]


def _forget(task: "asyncio.Task[int]") -> None:
    """Nobody waits for this answer any more."""
    if not task.cancelled():
        task.exception()
