"""The cluster: its topics made as they must be, and the questions that are asked of it, each with an end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from fenceline.bus import Topic
from fenceline.bus.checks import MAX_RECORD_BYTES
from fenceline.bus.kafka.settings import KafkaSettings
from fenceline.errors import BusError

MESSAGE_BYTES = MAX_RECORD_BYTES + 1024 * 1024  # with what Kafka puts around a record
END_SECONDS = 5.0
PARKS = "parks"  # beside the five: which park has which partition and journal

# Nothing goes by age or size: the engine cuts the journal's head, the ledger is kept for good.
_KEEP = {"retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": str(MESSAGE_BYTES)}
# Compacted by key; `delete` too, or Kafka would refuse to cut what lies before the snapshots that are kept.
_STATE = _KEEP | {"cleanup.policy": "compact,delete"}
_MUST = ("retention.ms", "retention.bytes", "max.message.bytes", "cleanup.policy")

AnswerT = TypeVar("AnswerT")
log = structlog.get_logger()


class Cluster:
    """Settings and an administrator's connection. Construction connects to nothing."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._options = settings.client_options()
        self._admin: AIOKafkaAdminClient | None = None
        self._partitions = 0

    async def start(self, partitions: int) -> None:
        """Connect; make the topics where they are missing, with at least so many partitions.

        Raises:
            BusError: no cluster, or topics that are not as they must be.
        """
        if self._admin is None:
            admin = AIOKafkaAdminClient(**self._options)
            await self.begin("the cluster", admin.start, admin.close)
            self._admin = admin
            await self._make_topics(max(1, partitions))
        if partitions > self._partitions:
            await self._widen(partitions)

    async def stop(self) -> None:
        """Let go, also where nobody answers any more."""
        if self._admin is not None:
            admin, self._admin = self._admin, None
            await end(admin.close)

    def name(self, topic: str) -> str:
        """A topic's name in the cluster."""
        return f"{self.settings.prefix}.{topic}"

    async def consumer(self, place: TopicPartition) -> AIOKafkaConsumer:
        """A started consumer of one partition, at no offset yet: it never begins where nobody told it to."""
        consumer = AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=1024 * 1024,
            fetch_max_bytes=16 * 1024 * 1024,
        )
        await self.begin(f"`{place.topic}`", consumer.start, consumer.stop)
        consumer.assign([place])
        return consumer

    async def delete_before(self, place: TopicPartition, offset: int) -> None:
        """Delete a partition's records before an offset."""
        assert self._admin is not None
        await self.ask(f"`{place.topic}`", self._admin.delete_records({place: RecordsToDelete(offset)}))

    async def begin(
        self, whom: str, start: Callable[[], Awaitable[Any]], stop: Callable[[], Awaitable[Any]]
    ) -> None:
        """Start a client; where that fails or nobody waits for it any more, stop it again.

        A start that is broken off leaves connections behind, so it is let come to its end first.
        """
        starting = asyncio.ensure_future(start())
        try:
            await self.ask(whom, asyncio.shield(starting))
        except BaseException:
            await asyncio.wait({starting}, timeout=END_SECONDS)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await end(stop)
            raise

    async def ask(self, whom: str, question: Awaitable[AnswerT]) -> AnswerT:
        """The answer, in bounded time.

        Raises:
            BusError: none came, or an error did.
        """
        try:
            async with asyncio.timeout(self.settings.answer_seconds):
                return await question
        except TimeoutError as error:
            said = f"does not answer within {self.settings.answer_seconds:g} s"
            raise self.error(whom, said) from error
        except (KafkaError, OSError) as error:
            raise self.error(whom, f"says {error!r}") from error

    def error(self, whom: str, said: str) -> BusError:
        """What somebody is told who asked Kafka."""
        servers = ", ".join(self.settings.servers)
        return BusError(
            f"Kafka at `{servers}`: {whom} {said}", hint="is it running and reachable? fenceline doctor"
        )

    async def _make_topics(self, partitions: int) -> None:
        assert self._admin is not None
        settings = self.settings
        fixed = {"min.insync.replicas": str(settings.min_in_sync)}
        wanted = {topic.value: _STATE if topic is Topic.STATE else _KEEP for topic in Topic} | {PARKS: _STATE}
        topics = [
            NewTopic(
                self.name(topic),
                num_partitions=1 if topic == PARKS else partitions,
                replication_factor=settings.replication_factor,
                topic_configs=configuration | fixed,
            )
            for topic, configuration in wanted.items()
        ]
        answer = await self.ask("topics", self._admin.create_topics(topics))
        for name, code, *said in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise BusError(
                    f"Kafka does not make the topic `{name}`: {said[0] if said else error.__name__}",
                    hint="give this user the right to, or make it by hand; one broker: 1 copy",
                )
        self._partitions = await self._count(partitions)
        await self._check_topics(wanted)

    async def _check_topics(self, wanted: dict[str, dict[str, str]]) -> None:
        """A topic that somebody made otherwise would lose records by age: said at the start."""
        assert self._admin is not None
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, self.name(topic), configs=dict.fromkeys(_MUST))
            for topic in wanted
        ]
        for answer in await self.ask("topics", self._admin.describe_configs(resources)):
            for code, said, _kind, name, entries in answer.resources:
                if code:
                    raise self.error(f"`{name}`", f"does not tell its settings: {said}")
                found = {entry[0]: entry[1] for entry in entries}
                topic = name.removeprefix(f"{self.settings.prefix}.")
                for key, value in ({"cleanup.policy": "delete"} | wanted[topic]).items():
                    if not _same(found.get(key), value):
                        raise BusError(
                            f"the topic `{name}` has `{key}` {found.get(key)}; Fenceline needs {value}",
                            hint=f"kafka-configs.sh --alter --topic {name} --add-config {key}=[{value}]",
                        )

    async def _count(self, partitions: int) -> int:
        """Partitions that every topic has; a topic just made takes a moment to show."""
        assert self._admin is not None
        names = [self.name(topic.value) for topic in Topic]
        for _ in range(50):
            found = await self.ask("topics", self._admin.describe_topics([*names, self.name(PARKS)]))
            counts = {one["topic"]: len(one["partitions"]) for one in found if not one["error_code"]}
            if len(counts) == len(names) + 1 and min(counts.values()) > 0:
                return min(counts[name] for name in names)
            await asyncio.sleep(0.1)
        raise self.error("topics", f"have not come up with {partitions} partitions")

    async def _widen(self, partitions: int) -> None:
        """The table names more partitions than there are; those there are stay as they are."""
        assert self._admin is not None
        wanted = {self.name(topic.value): NewPartitions(partitions) for topic in Topic}
        answer = await self.ask("topics", self._admin.create_partitions(wanted))
        for name, code, said in answer.topic_errors:
            if code and "already has" not in (said or ""):
                raise self.error(f"`{name}`", f"gets no more partitions: {said or code}")
        for _ in range(50):
            if await self._count(partitions) >= partitions:
                self._partitions = partitions
                return
            await asyncio.sleep(0.1)
        raise self.error("topics", f"have not come up with {partitions} partitions")


def _same(found: Any, wanted: str) -> bool:
    return set(str(found).split(",")) == set(wanted.split(","))


async def end(stop: Callable[[], Awaitable[Any]], seconds: float = END_SECONDS) -> None:
    """Let a client stop, bounded: brokers that are gone hold nobody up."""
    try:
        async with asyncio.timeout(seconds):
            await stop()
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("a connection to Kafka was left without a goodbye", error=repr(error))


@asynccontextmanager
async def closing(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that is let go of afterwards."""
    try:
        yield consumer
    finally:
        await asyncio.shield(asyncio.ensure_future(end(consumer.stop)))
