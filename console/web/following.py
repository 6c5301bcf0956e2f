"""Feeds a view and its live stream from the bus: three topics in, the picture and its frames out.

A restart begins with what the store holds where it can answer, else with the topics' heads.
"""

import asyncio

import structlog

from console.web.live import Live
from console.web.view import View
from fenceline.bus import Bus, Stored, Topic
from fenceline.clock import Clock
from fenceline.errors import HeadCut, ServiceError, WireError
from fenceline.wire import decode
from sinks.follow import Follower
from sinks.query import AppliedTo, Queries

_log = structlog.get_logger()

READ_LIMIT = 500
WAIT_SECONDS = 1.0
JOURNAL_BACK = 5_000  # records read again for the newest values
JOURNAL_SKIP = 50_000  # further behind than this, only the newest values are read


class Following:
    """Keeps a view up to date until it is cancelled."""

    def __init__(
        self, *, bus: Bus, park: str, view: View, live: Live, clock: Clock, history: Queries | None
    ) -> None:
        self._bus = bus
        self._park = park
        self._view = view
        self._live = live
        self._clock = clock
        self._history = history
        self._ledger = Follower(bus, Topic.ALERTS, park)
        self._findings = Follower(bus, Topic.FINDINGS, park)
        self.started = asyncio.Event()  # set when the picture stood complete for the first time

    async def run(self) -> None:
        """Follow findings, ledger and journal, and pulse once a second."""
        await self._seed()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_ledger())
                tasks.create_task(self._follow_findings())
                tasks.create_task(self._follow_journal())
                tasks.create_task(self._live.run())
        except BaseExceptionGroup as group:
            # The first to fail ended the others; its sentence is the one to read.
            raise group.exceptions[0] from group

    async def _seed(self) -> None:
        applied: dict[Topic, AppliedTo] = {}
        if self._history is not None:
            try:
                ledger = await self._history.open_ledger()
            except ServiceError as error:
                _log.warning(
                    "the store cannot be asked; the picture is folded from the ledger's head",
                    problem=error.message,
                )
            else:
                applied = ledger.applied
                self._view.seed(ledger)
        await self._ledger.start(applied.get(Topic.ALERTS))
        await self._findings.start(applied.get(Topic.FINDINGS))
        self._view.begin_at(self._ledger.next - 1)
        self._live.begin()

    async def _follow_ledger(self) -> None:
        follower = self._ledger
        while True:
            restarts = follower.restarts
            found = await follower.read(READ_LIMIT)
            if follower.restarts != restarts:
                self._view.begin_at(found[0].offset - 1 if found else follower.next - 1)
                self._live.begin()
            for stored in found:
                self._take_ledger(stored)
            self._view.position = follower.next - 1
            if len(found) < READ_LIMIT:
                self.started.set()
                await self._bus.wait(Topic.ALERTS, self._park, follower.next, seconds=WAIT_SECONDS)

    def _take_ledger(self, stored: Stored) -> None:
        if stored.cause is None:
            return
        record = decode(stored.kind, stored.payload)
        if self._view.take_ledger(stored.offset, stored.cause, record):
            self._live.publish_ledger(stored.offset, record)

    async def _follow_findings(self) -> None:
        follower = self._findings
        while True:
            found = await follower.read(READ_LIMIT)
            for stored in found:
                if stored.cause is not None:
                    self._view.take_finding(stored.cause, decode(stored.kind, stored.payload))
            if len(found) < READ_LIMIT:
                await self._bus.wait(Topic.FINDINGS, self._park, follower.next, seconds=WAIT_SECONDS)

    async def _follow_journal(self) -> None:
        head = await self._bus.head(Topic.JOURNAL, self._park)
        at = max(head, await self._bus.end(Topic.JOURNAL, self._park) - JOURNAL_BACK)
        while True:
            end = await self._bus.end(Topic.JOURNAL, self._park)
            if end - at > JOURNAL_SKIP:
                at = end - JOURNAL_BACK
            try:
                found = await self._bus.read(
                    Topic.JOURNAL, self._park, at, limit=READ_LIMIT, kinds=("batch",)
                )
            except HeadCut as cut:
                at = cut.head
                continue
            for stored in found:
                self._take_batch(stored)
            at = max(at, found[-1].offset + 1 if found else at)
            if not found:
                at = max(at, end)  # nothing of this kind stands between here and that end
                await self._bus.wait(Topic.JOURNAL, self._park, at, seconds=WAIT_SECONDS)

    def _take_batch(self, stored: Stored) -> None:
        try:
            self._view.newest.take(decode(stored.kind, stored.payload).readings)
        except WireError as error:
            # The engine quarantines it and says so; beside a sensor's name nothing is missed.
            _log.warning("a batch does not read back", offset=stored.offset, problem=error.message)
