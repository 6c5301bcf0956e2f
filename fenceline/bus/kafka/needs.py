"""How far readers in other processes are: said by each as offsets of a consumer group, read by the engine.

Nobody reads on from these offsets: positions are the readers' own. They only keep the engine from cutting
what a reader still needs, and a reader that has never said anything keeps everything.
"""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from fenceline.bus.kafka.cluster import Cluster, end


class Needs:
    """Of one process; `say` for readers, `needed` for the engine."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._consumers: dict[str, AIOKafkaConsumer] = {}
        self._admin: AIOKafkaAdminClient | None = None

    async def say(self, reader: str, offsets: dict[TopicPartition, int]) -> None:
        """A reader has everything before these offsets.

        Raises:
            BusError: the cluster does not take it.
        """
        consumer = self._consumers.get(reader)
        if consumer is None:
            consumer = AIOKafkaConsumer(
                **self._cluster.settings.client_options(),
                group_id=self._group(reader),
                enable_auto_commit=False,
            )
            await self._cluster.begin("the cluster", consumer.start, consumer.stop)
            self._consumers[reader] = consumer
        consumer.assign(list(offsets))
        await self._cluster.ask("the cluster", consumer.commit(offsets))

    async def needed(self, place: TopicPartition, readers: Sequence[str]) -> list[int]:
        """For each reader the first offset that it still needs; 0 of one that has said nothing.

        Raises:
            BusError: the cluster does not answer.
        """
        if self._admin is None:
            admin = AIOKafkaAdminClient(**self._cluster.settings.client_options())
            await self._cluster.begin("the cluster", admin.start, admin.close)
            self._admin = admin
        found: list[int] = []
        for reader in readers:
            asked = self._admin.list_consumer_group_offsets(self._group(reader), partitions=[place])
            offsets = await self._cluster.ask("the cluster", asked)
            found.append(max(0, offsets[place].offset) if place in offsets else 0)
        return found

    async def close(self) -> None:
        """Let go."""
        for consumer in self._consumers.values():
            await end(consumer.stop)
        if self._admin is not None:
            await end(self._admin.close)

    def _group(self, reader: str) -> str:
        return f"{self._cluster.settings.prefix}.needs.{reader}"
