"""What stands behind the broker: messages become batches, marks and ticks, and only then are acknowledged.

At least once: what is not known to be durable is appended again and never acknowledged before. It blocks
rather than drops: while the journal takes nothing, nothing is acknowledged and the broker keeps what comes.
"""

from collections import Counter
from collections.abc import Callable

from fenceline.bus import Record, Topic
from fenceline.clock import NANOSECONDS, Clock
from fenceline.journal import Batch, Claim, Tick
from fenceline.reading import Readings
from fenceline.wire import encode
from ingest import events
from ingest.checks import Directory
from ingest.clocks import ClockCheck, never_compared, require
from ingest.deadletter import records_of
from ingest.decode.json import decode
from ingest.decode.rows import Bounds
from ingest.inbox import Inbound, Inbox
from ingest.settings import IngestSettings
from ingest.ticker import Due, Ticker
from ingest.writer import Writer

MARK_SECONDS = 1.0
_MANY_MESSAGES = 400


class IngestCore:
    """The one writer of an ingestor: its steps follow each other, so that the order of the journal is theirs.

    Args:
        claim: what this ingestor holds; marks and ticks name it.
        ticker: where this ingestor is the park's ticker.
        clock_check: asked before each batch, mark and tick.
        has_word: whether the broker has said something lately; without, no mark and no tick.
    """

    def __init__(
        self,
        *,
        settings: IngestSettings,
        directory: Directory,
        inbox: Inbox,
        writer: Writer,
        clock: Clock,
        claim: Claim,
        ticker: Ticker | None,
        has_word: Callable[[], bool],
        clock_check: ClockCheck = never_compared,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._inbox = inbox
        self._account = writer.account
        self._writer = writer
        self._clock = clock
        self._filter, self._owner, self._term = claim.filter, claim.owner, claim.term
        self._ticker = ticker
        self._has_word = has_word
        self._clock_check = clock_check
        self._marked_at = clock.monotonic() - MARK_SECONDS
        self._written_at = self._marked_at
        self._dropped_said = 0

    async def step(self) -> None:
        """Everything that is due now: waiting messages, then a tick, then a mark."""
        if len(self._inbox):
            apart = self._written_at + self._settings.gather_seconds - self._clock.monotonic()
            if apart > 0 and len(self._inbox) < _MANY_MESSAGES:
                await self._clock.sleep(apart)
            self._written_at = self._clock.monotonic()
            await self._append_batch(self._take(len(self._inbox)))
            self._say_dropped()
        if self._ticker is not None and self._ticker.is_due(self._clock.monotonic()) and self._has_word():
            await self._append_tick(self._ticker)
        if self._clock.monotonic() - self._marked_at >= MARK_SECONDS and self._has_word():
            await self._append_mark()

    def _take(self, most: int) -> list[Inbound]:
        settings = self._settings
        return self._inbox.take(min(most, settings.batch_messages), settings.batch_bytes)

    def _say_dropped(self) -> None:
        dropped = self._account.messages_dropped
        if dropped > self._dropped_said:
            events.dropped(dropped - self._dropped_said)
            self._dropped_said = dropped

    async def _append_batch(self, messages: list[Inbound]) -> None:
        require(self._clock_check)
        now_ns = self._clock.now_ns()
        settings = self._settings
        bounds = Bounds(
            latest_ns=now_ns + round(settings.ahead_seconds * NANOSECONDS),
            max_payload_bytes=settings.max_payload_bytes,
            max_message_readings=settings.max_message_readings,
        )
        decoded = decode(messages, self._directory, bounds)
        letters, rejected = records_of(decoded.rejections, now_ns)
        batch = self._batch(now_ns, decoded.readings, rejected, len(messages))
        self._account.decoded(decoded.elements, len(decoded.readings) + len(rejected))
        if letters:
            await self._writer.append(Topic.DEADLETTER, letters)
        await self._writer.append(Topic.JOURNAL, [batch])
        for message in messages:
            if message.acknowledge is not None:
                message.acknowledge()
        reasons = Counter(reason for _, reason in rejected)
        self._account.journaled(len(messages), len(decoded.readings), reasons)
        self._inbox.done(len(messages))
        self._marked_at = self._clock.monotonic()
        if rejected:
            events.rejected(len(rejected), dict(reasons), decoded.rejections[0].topic)

    def _batch(
        self, now_ns: int, readings: Readings, rejected: list[tuple[str, str]], messages: int
    ) -> Record:
        batch = Batch(
            filter=self._filter,
            owner=self._owner,
            term=self._term,
            received_ns=now_ns,
            readings=readings,
            rejected=tuple(rejected),
            messages=messages,
        )
        return Record("batch", encode(batch))

    async def _append_mark(self) -> None:
        """Say that this ingestor lives. A mark that fails is not made up for: it would say it late."""
        require(self._clock_check)
        mark = self._batch(self._clock.now_ns(), Readings.empty(), [], 0)
        if await self._writer.try_once(Topic.JOURNAL, [mark]):
            self._account.journaled(0, 0, Counter())
            self._marked_at = self._clock.monotonic()

    async def _append_tick(self, ticker: Ticker) -> None:
        """Append a tick after everything received before it; one that grew old on the way is replaced."""
        due: Due | None = None
        while True:
            if due is None or due.is_stale(self._clock.monotonic()):
                require(self._clock_check)
                # The clocks first: what came after that may stand before the tick, never the reverse.
                due = ticker.take(self._clock.now_ns(), self._clock.monotonic())
                if due.stepped_seconds:
                    events.clock_stepped(due.stepped_seconds)
                waiting = len(self._inbox)
                while waiting > 0:
                    messages = self._take(waiting)
                    waiting -= len(messages)
                    await self._append_batch(messages)
                if due.is_stale(self._clock.monotonic()):
                    continue
            if not self._has_word():
                return
            tick = Tick(filter=self._filter, owner=self._owner, term=self._term, time_ns=due.time_ns)
            if await self._writer.try_once(Topic.JOURNAL, [Record(tick.kind, encode(tick))]):
                self._account.ticked()
                return
