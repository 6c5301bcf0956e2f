"""The ingestor: MQTT messages in, the journal out, and the broker acknowledged only after the journal has them.

At least once: what is not known to be durable is appended again and never acknowledged before. It blocks
rather than drops: while the journal takes nothing, nothing is acknowledged and the broker keeps what comes.
"""

import asyncio
from collections import Counter

from fenceline.bus import Bus, Record, Topic
from fenceline.clock import NANOSECONDS, Clock
from fenceline.journal import Batch, Tick
from fenceline.reading import Readings
from fenceline.wire import encode
from ingest import events
from ingest.account import Account, AccountSnapshot
from ingest.checks import Directory
from ingest.deadletter import records_of
from ingest.decode.json import Decoded, decode
from ingest.decode.rows import Bounds
from ingest.inbox import Inbox, Inbound
from ingest.settings import IngestSettings
from ingest.source import Source
from ingest.terms import Terms
from ingest.ticker import Due, Ticker
from ingest.writer import Writer

MARK_SECONDS = 1.0
_BEAT_SECONDS = 0.1
_FEW_MESSAGES = 50
_NOTHING = Decoded(Readings.empty(), ())


class IngestCore:
    """Everything behind the broker: what the inbox holds becomes batches, marks and ticks.

    Args:
        ticker: where this ingestor is the park's ticker.
    """

    def __init__(
        self,
        *,
        settings: IngestSettings,
        directory: Directory,
        inbox: Inbox,
        account: Account,
        writer: Writer,
        clock: Clock,
        owner: str,
        term: int,
        ticker: Ticker | None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._inbox = inbox
        self._account = account
        self._writer = writer
        self._clock = clock
        self._owner = owner
        self._term = term
        self._ticker = ticker
        self._filter = settings.filter_for(directory.park)
        self._marked_at = clock.monotonic() - MARK_SECONDS

    async def step(self, *, has_word: bool) -> None:
        """Everything that is due now: waiting messages, then a tick or a mark."""
        if len(self._inbox):
            if len(self._inbox) < _FEW_MESSAGES and self._settings.gather_seconds > 0:
                await self._clock.sleep(self._settings.gather_seconds)
            await self._append_batch(self._inbox.take(self._settings.batch_messages))
        monotonic = self._clock.monotonic()
        if not has_word:
            return
        if self._ticker is not None and self._ticker.is_due(monotonic):
            await self._append_tick(self._ticker)
        if monotonic - self._marked_at >= MARK_SECONDS:
            await self._append_batch([])

    async def _append_batch(self, messages: list[Inbound]) -> None:
        now_ns = self._clock.now_ns()
        settings = self._settings
        bounds = Bounds(
            latest_ns=now_ns + round(settings.ahead_seconds * NANOSECONDS),
            max_payload_bytes=settings.max_payload_bytes,
            max_message_readings=settings.max_message_readings,
        )
        decoded = decode(messages, self._directory, bounds) if messages else _NOTHING
        letters, rejected = records_of(decoded.rejections, now_ns)
        batch = Batch(
            filter=self._filter,
            owner=self._owner,
            term=self._term,
            received_ns=now_ns,
            readings=decoded.readings,
            rejected=tuple(rejected),
            messages=len(messages),
        )
        self._account.decoded(len(decoded.readings) + len(rejected))
        if letters:
            await self._writer.append(Topic.DEADLETTER, letters)
        await self._writer.append(Topic.JOURNAL, [Record("batch", encode(batch))])
        for message in messages:
            if message.acknowledge is not None:
                message.acknowledge()
        reasons = Counter(reason for _, reason in rejected)
        self._account.journaled(len(messages), len(decoded.readings), reasons)
        self._inbox.done(len(messages))
        self._marked_at = self._clock.monotonic()
        if rejected:
            events.rejected(len(rejected), dict(reasons), decoded.rejections[0].topic)

    async def _append_tick(self, ticker: Ticker) -> None:
        """Append a tick after everything received before it; one that grew old on the way is replaced."""
        due: Due | None = None
        while True:
            if due is None or due.is_stale(self._clock.monotonic()):
                # The clocks first: what came after they were read may stand before the tick, never the reverse.
                due = ticker.take(self._clock.now_ns(), self._clock.monotonic())
                if due.stepped_seconds:
                    events.clock_stepped(due.stepped_seconds)
                waiting = len(self._inbox)
                while waiting > 0:
                    messages = self._inbox.take(min(waiting, self._settings.batch_messages))
                    waiting -= len(messages)
                    await self._append_batch(messages)
                if due.is_stale(self._clock.monotonic()):
                    continue
            tick = Tick(filter=self._filter, owner=self._owner, term=self._term, time_ns=due.time_ns)
            if await self._writer.try_once(Topic.JOURNAL, [Record(tick.kind, encode(tick))]):
                self._account.ticked()
                return
