"""One topic of one park: its newest records followed into memory, older ones read from Kafka when asked for.

The end is always the broker's, so that whoever "has read to the end" has; what follows in memory is waited
for up to it. A follower that looks alive and gets nothing while the end moves is replaced, and says so.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from fenceline.bus import Stored, Topic
from fenceline.bus.bell import Bell
from fenceline.bus.kafka.cluster import Cluster, closing
from fenceline.bus.kafka.messages import stored_of
from fenceline.bus.tail import Tail
from fenceline.clock import Clock, SystemClock
from fenceline.errors import BusError, HeadCut

READ_BYTES = 32 * 1024 * 1024
POLL_MS = 500
STUCK_SECONDS = 15.0
LOOK_SECONDS = 5.0
AGAIN_SECONDS = 1.0

log = structlog.get_logger()


class KafkaLog:
    """Opened at the partition's present end; followed once somebody reads or waits."""

    def __init__(self, cluster: Cluster, topic: Topic, place: TopicPartition, clock: Clock) -> None:
        self.bell = Bell(clock)
        self.known_head = 0
        self.known_end = 0
        self._cluster = cluster
        self._topic = topic
        self._place = place
        self._tail = Tail()
        self._next = -1  # what the follower takes next; -1 before it has begun
        self._arrived = Bell(SystemClock())  # what was written elsewhere is waited for in real time
        self._following: asyncio.Task[None] | None = None
        self._questions: AIOKafkaConsumer | None = None
        self._history: AIOKafkaConsumer | None = None
        self._history_at: int = -1
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()

    @property
    def partition(self) -> int:
        """Its number."""
        return int(self._place.partition)

    @property
    def fetched_to(self) -> int:
        """The offset behind the last record that `fetch` came by."""
        return self._history_at

    # --- questions ---------------------------------------------------------------------------------------

    async def end(self) -> int:
        """The offset after the last record, as the broker has it now."""
        ends = await self._ask("end_offsets")
        self.reached(ends)
        return self.known_end

    async def head(self) -> int:
        """The first offset that can be read, as the broker has it now."""
        self.known_head = max(self.known_head, await self._ask("beginning_offsets"))
        return self.known_head

    def reached(self, end: int) -> None:
        """Records are known to stand up to here."""
        if end > self.known_end:
            self.known_end = end
            self.bell.ring()

    async def _ask(self, question: str) -> int:
        async with self._asking:
            if self._questions is None:
                self._questions = await self._cluster.consumer(self._place)
            asked = getattr(self._questions, question)([self._place])
            return int((await self._cluster.ask(f"`{self._place.topic}`", asked))[self._place])

    # --- reading -----------------------------------------------------------------------------------------

    async def read(self, start: int, limit: int, kinds: Sequence[str] | None) -> list[Stored]:
        """As `Bus.read`."""
        await self.follow()
        if start < self.known_head:
            raise HeadCut(self._topic, start, self.known_head)
        found = self._tail.read(start, limit, kinds)
        if found or limit <= 0 or start >= self.known_end:
            return found or []
        if start >= self._next:
            await self._until_followed(start)
            found = self._tail.read(start, limit, kinds)
        if found is not None and start < self._next:
            return found
        return await self._read_back(start, limit, kinds)

    async def wait(self, start: int, seconds: float) -> bool:
        """As `Bus.wait`."""
        await self.follow()
        return await self.bell.wait(lambda: self.known_end > max(start, self.known_head), seconds)

    async def _until_followed(self, offset: int) -> None:
        """Until the follower has a record that the broker is known to have.

        Raises:
            BusError: it does not come.
        """
        seconds = self._cluster.settings.answer_seconds
        if not await self._arrived.wait(lambda: self._next > offset, seconds):
            raise self._cluster.error(
                f"`{self._place.topic}`", f"gives nothing at {offset} within {seconds:g} s"
            )

    async def _read_back(self, start: int, limit: int, kinds: Sequence[str] | None) -> list[Stored]:
        """From Kafka: records older than what is held in memory."""
        async with self._reading:
            if start < await self.head():
                raise HeadCut(self._topic, start, self.known_head)
            end = min(self._next, await self.end())
            found: list[Stored] = []
            size, at = 0, start
            while at < end and len(found) < limit and size <= READ_BYTES:
                many = None if kinds is not None else limit - len(found)
                for stored in await self.fetch(at, many):
                    if kinds is None or stored.kind in kinds:
                        found.append(stored)
                        size += len(stored.payload)
                        if len(found) == limit:
                            break
                at = self.fetched_to
            return found

    async def fetch(self, start: int, most: int | None, *, tombstones: bool = False) -> list[Stored]:
        """The records at `start` and after it; only called where one is known to stand.

        Args:
            tombstones: those without a value too, as records of no bytes.
        """
        if self._history is None:
            self._history = await self._cluster.consumer(self._place)
        consumer = self._history
        if self._history_at != start:
            consumer.seek(self._place, start)
        self._history_at = -1
        try:
            async with asyncio.timeout(self._cluster.settings.answer_seconds):
                while not (batch := await consumer.getmany(timeout_ms=POLL_MS, max_records=most)):
                    continue
        except OffsetOutOfRangeError as error:
            raise HeadCut(self._topic, start, await self.head()) from error
        except (KafkaError, TimeoutError) as error:
            raise self._cluster.error(
                f"`{self._place.topic}`", f"gives nothing at {start}: {error!r}"
            ) from error
        messages = batch[self._place]
        self._history_at = messages[-1].offset + 1
        return [stored_of(message) for message in messages if tombstones or message.value is not None]

    # --- following ---------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Begin to follow, from the present end on; at once where it is followed already."""
        if self._following is not None:
            if self._following.done():
                self._following.result()
            return
        await self.head()
        start = await self.end()
        if self._following is None:
            self._next = start
            self._following = asyncio.create_task(self._follow(), name=f"follow {self._place.topic}")

    async def _follow(self) -> None:
        while True:
            try:
                async with closing(await self._cluster.consumer(self._place)) as consumer:
                    consumer.seek(self._place, self._next)
                    await self._take_in(consumer)
            except OffsetOutOfRangeError:
                # Cut beyond what was followed: nobody here needs what is gone, or it would not have been cut.
                self._tail.clear()
                self._next = max(self._next, await self.head())
            except (KafkaError, BusError) as error:
                log.warning(
                    "a topic of Kafka cannot be followed; trying again",
                    topic=self._place.topic,
                    error=str(error),
                )
                await asyncio.sleep(AGAIN_SECONDS)

    async def _take_in(self, consumer: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        moved = looked = loop.time()
        while True:
            batch = await consumer.getmany(timeout_ms=POLL_MS)
            now = loop.time()
            if batch:
                self._take([stored_of(message) for message in batch[self._place]])
                moved = now
            elif now - looked > LOOK_SECONDS:
                looked = now
                if await self.end() <= self._next:
                    moved = now
                elif now - moved > STUCK_SECONDS:
                    log.error(
                        "a consumer of Kafka stood still and is replaced",
                        topic=self._place.topic,
                        at=self._next,
                        end=self.known_end,
                    )
                    return

    def _take(self, records: list[Stored]) -> None:
        self._tail.push(records)
        self._next = records[-1].offset + 1
        self._arrived.ring()
        self.reached(self._next)

    async def close(self) -> None:
        """Stop following and let go."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        for consumer in (self._questions, self._history):
            if consumer is not None:
                async with closing(consumer):
                    pass
        self._questions = self._history = None
        self.bell.ring()
        self._arrived.ring()
