"""Several processes of one role share out the parks: a consumer group over the journal's partitions.

The group only says who has which park; the journal is read by each at its own positions. A process keeps its
name over a restart (static membership), so that one that is back within the session's time takes its parks up
where it left them, and nobody else moves. One that is gone for longer loses them to the others.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from fenceline.bus import Topic
from fenceline.bus.kafka.cluster import Cluster, end

SESSION_SECONDS = 6.0
HEARTBEAT_SECONDS = 2.0
_NEVER_MS = 24 * 3600 * 1000  # members are not asked whether they read: they read elsewhere

Change = Callable[[str], Awaitable[None]]
_log = structlog.get_logger()


class ParkShares(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member.

    Args:
        role: names the group.
        member: this process's name, the same after a restart, of no other process that runs.
        table: park to partition; only these are taken.
        take, give: awaited for each park that comes and goes; `give` before anybody else takes it.
    """

    def __init__(
        self, cluster: Cluster, role: str, member: str, table: Mapping[str, int], take: Change, give: Change
    ) -> None:
        self._cluster = cluster
        self._role = role
        self._member = member
        self._parks = {number: park for park, number in table.items()}
        self._take, self._give = take, give
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Join the group.

        Raises:
            BusError: the cluster does not answer.
        """
        await self._cluster.start(max(self._parks, default=0) + 1)
        consumer = AIOKafkaConsumer(
            **self._cluster.settings.client_options(),
            group_id=f"{self._cluster.settings.prefix}.{self._role}",
            group_instance_id=self._member,
            enable_auto_commit=False,
            session_timeout_ms=round(SESSION_SECONDS * 1000),
            heartbeat_interval_ms=round(HEARTBEAT_SECONDS * 1000),
            max_poll_interval_ms=_NEVER_MS,
        )
        await self._cluster.begin("the cluster", consumer.start, consumer.stop)
        self._consumer = consumer
        consumer.subscribe([self._cluster.name(Topic.JOURNAL.value)], listener=self)

    async def stop(self) -> None:
        """Give everything back."""
        if self._consumer is not None:
            await end(self._consumer.stop)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Called by the group: the parks are given back before anybody takes them."""
        for place in sorted(revoked):
            if place.partition in self._parks:
                await self._give(self._parks[place.partition])

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Called by the group: these parks are ours."""
        assert self._consumer is not None
        self._consumer.pause(*assigned)  # nothing is read here
        parks = sorted(self._parks[place.partition] for place in assigned if place.partition in self._parks)
        _log.info("parks were shared out", role=self._role, member=self._member, parks=parks)
        for park in parks:
            await self._take(park)
