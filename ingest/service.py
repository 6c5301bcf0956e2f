"""The ingestor as a service: MQTT in, journal out. It claims its topic filter, connects, runs until stopped.

Construction touches no network and no disk; `run` does. It ends by `stop`, or by raising: `Outranked` where
another ingestor holds the filter, a `BusError` where the journal cannot be read.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from fenceline.bus import Bus, Record, Topic
from fenceline.clock import Clock
from fenceline.park import Park
from fenceline.substance import Substances
from ingest import events
from ingest.account import Account, AccountSnapshot
from ingest.clocks import ClockCheck, never_compared
from ingest.core import IngestCore
from ingest.directory import directory_of
from ingest.inbox import Inbox
from ingest.mqtt import Connection
from ingest.settings import IngestSettings
from ingest.source import Connect, Source
from ingest.terms import Outranked, Terms
from ingest.ticker import Ticker
from ingest.writer import Writer

_BEAT_SECONDS = 0.25
_ASK_SECONDS = 1.0
_CHECK_SECONDS = 1.0
_FINISH_SECONDS = 2.0


class Ingestor:
    """One ingestor of a park.

    Args:
        owner: this start of this process, a name that no other start ever has: host, process id, random.
        connect: makes the connections to the broker.
        clock_check: compares this clock with another, before each batch and tick.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        park: Park,
        substances: Substances,
        settings: IngestSettings,
        clock: Clock,
        owner: str,
        connect: Connect = Connection,
        clock_check: ClockCheck = never_compared,
    ) -> None:
        self.account = Account()
        self._bus = bus
        self._park = park.id
        self._directory = directory_of(park, substances)
        self._settings = settings
        self._clock = clock
        self._owner = owner
        self._connect = connect
        self._clock_check = clock_check
        self._filter = settings.filter_for(park.id)
        self._writer = Writer(bus, park.id, self.account, clock)
        self._terms = Terms(bus, park.id, self._filter, owner)
        self._stepping = asyncio.Lock()
        self._stopping: asyncio.Event | None = None
        self._ended: asyncio.Event | None = None

    def snapshot(self) -> AccountSnapshot:
        """The account and the state of this moment; from any thread."""
        return self.account.snapshot(self._clock.monotonic())

    async def run(self) -> None:
        """
        Take in readings until `stop`.

        Raises:
            Outranked: another ingestor holds the filter.
            ClocksDisagree: until the clocks agree; it may be run again then.
            BusError: the journal cannot be read.
        """
        self._stopping, self._ended = asyncio.Event(), asyncio.Event()
        self._stepping = asyncio.Lock()
        try:
            await self._until_stopped(self._take_in())
        except Outranked as error:
            events.outranked(self._filter, self._owner, self._terms.term, error.holder[1], error.holder[0])
            raise
        finally:
            self.account.connection("stopped")
            self._ended.set()

    async def stop(self) -> None:
        """Let go of the broker; what was not acknowledged yet it will send again."""
        if self._stopping is not None and self._ended is not None:
            self._stopping.set()
            await self._ended.wait()

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._stopping is not None
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            else:
                await self._finish_step()
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _finish_step(self) -> None:
        """Let the batch that is being written become durable and acknowledged, if it can be soon."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._stepping.acquire()

    async def _take_in(self) -> None:
        claim = await self._terms.claim(self._append_claim)
        self.account.term = claim.term
        events.claimed(self._filter, self._owner, claim.term)
        ticker = await self._ticker() if self._settings.ticks else None
        inbox = Inbox(self.account, self._settings.receive_maximum)
        source = Source(
            self._settings,
            self._park,
            inbox,
            self.account,
            self._clock,
            may_connect=self._terms.check,
            connect=self._connect,
        )
        core = IngestCore(
            settings=self._settings,
            directory=self._directory,
            inbox=inbox,
            writer=self._writer,
            clock=self._clock,
            claim=claim,
            ticker=ticker,
            has_word=source.has_word,
            clock_check=self._clock_check,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(source.run())
                group.create_task(self._write(core, inbox))
                group.create_task(self._beat(inbox))
                group.create_task(self._ask_for_word(source))
                group.create_task(self._watch_claims())
        except BaseExceptionGroup as failures:
            # One failure ends the others; it is the one to be told.
            raise failures.exceptions[0] from None

    async def _append_claim(self, record: Record) -> None:
        await self._writer.append(Topic.JOURNAL, [record])

    async def _ticker(self) -> Ticker:
        log_ns = await self._terms.log_time_ns()
        ticker = Ticker(log_ns, self._clock.now_ns(), self._clock.monotonic())
        if ticker.behind_seconds > 1.0:
            events.clock_behind(ticker.behind_seconds)
        return ticker

    async def _write(self, core: IngestCore, inbox: Inbox) -> None:
        while True:
            await inbox.wait()
            async with self._stepping:
                await core.step()

    async def _beat(self, inbox: Inbox) -> None:
        """Wake the writer for ticks and marks when no message does."""
        while True:
            await self._clock.sleep(_BEAT_SECONDS)
            inbox.wake()

    async def _ask_for_word(self, source: Source) -> None:
        while True:
            await self._clock.sleep(_ASK_SECONDS)
            source.ask_for_word()

    async def _watch_claims(self) -> None:
        while True:
            await self._clock.sleep(_CHECK_SECONDS)
            await self._terms.check()
