"""The store sink: reads the park's three topics, applies them to a store, and says how far it is.

Nothing is applied less than once: positions are committed with the records. What is applied again
is dropped by the store. Where the store cannot be written, it waits and goes on; the journal keeps
what is missing, since its head is not cut above `position`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from fenceline.bus import Bus, Position, Stored, Topic, check_position
from fenceline.clock import Clock
from fenceline.errors import BusError, ServiceError, WireError
from fenceline.journal import Tick
from fenceline.wire import decode
from sinks.changes import Changes
from sinks.follow import Follower
from sinks.query import AppliedTo, Ledgered

DAY_NS = 86_400_000_000_000
HOUR_NS = 3_600_000_000_000
READ_LIMIT = 1_000
READINGS_AT_ONCE = 100_000
IDLE_SECONDS = 0.5

_log = structlog.get_logger()


class Store(Protocol):
    """What a sink needs of a store."""

    async def open(self) -> None: ...

    async def apply(self, changes: Changes) -> Changes: ...

    async def applied(self) -> dict[Topic, AppliedTo]: ...

    async def account(self) -> dict[str, int]: ...

    async def retain(self, readings_before_ns: int, history_before_ns: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept, by event time; none keeps it for good."""

    readings_days: float | None = 90.0
    history_days: float | None = None


@dataclass(slots=True)
class StoreAccount:
    """Readings since the store began: `received` = `out` + `rejected` + `in_flight`.

    `rejected` counts whole records, since what does not decode has no readings to count.
    """

    received: int = 0
    out: int = 0
    rejected: int = 0
    in_flight: int = 0

    @property
    def balanced(self) -> bool:
        return self.received == self.out + self.rejected + self.in_flight


class StoreSink:
    """Follows a park into a store until it is cancelled.

    Args:
        window_seconds: how long changes are gathered for one transaction.
        retry_seconds: the wait after a store that could not be written, doubled up to a minute.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        park: str,
        store: Store,
        clock: Clock,
        retention: Retention | None = None,
        window_seconds: float = 0.08,
        retry_seconds: float = 1.0,
    ) -> None:
        self._bus = bus
        self._park = park
        self._store = store
        self._clock = clock
        self._retention = Retention() if retention is None else retention
        self._window_seconds = window_seconds
        self._retry_seconds = retry_seconds
        self._followers: dict[Topic, Follower] = {}
        self._log_time_ns = 0
        self._retained_to_ns = 0
        # Of the journal, as committed; none before the start. The record there must not be cut.
        self.position: Position | None = None
        self.findings_offset: int | None = None  # of the last finding that is committed
        self.account = StoreAccount()
        self.problem: str | None = "the store has not been opened yet"
        self.committed_at = 0.0  # monotonic seconds of the last commit or of the last idle look

    async def run(self) -> None:
        """Store whatever comes.

        Raises:
            PositionMismatch, HeadCut: this store does not belong to this journal.
        """
        wait_seconds = self._retry_seconds
        while True:
            try:
                if self.problem is not None:
                    await self._start()
                while True:
                    await self._bus.wait(
                        Topic.JOURNAL,
                        self._park,
                        self._followers[Topic.JOURNAL].next,
                        seconds=IDLE_SECONDS,
                    )
                    full = await self.step()
                    wait_seconds = self._retry_seconds
                    if not full:
                        await self._clock.sleep(self._window_seconds)
            except ServiceError as error:
                self.problem = error.message
                _log.warning(
                    "the store cannot be written; its records wait in the journal",
                    park=self._park,
                    problem=error.message,
                    hint=error.hint,
                    again_in_seconds=wait_seconds,
                )
            await self._clock.sleep(wait_seconds)
            wait_seconds = min(60.0, wait_seconds * 2)

    async def step(self) -> bool:
        """One transaction of what there is; true where more is waiting."""
        changes = Changes()
        full = await self._gather_journal(changes)
        full = await self._gather(Topic.FINDINGS, changes) or full
        full = await self._gather(Topic.ALERTS, changes) or full
        if changes.applied:
            self.account.received += changes.readings + changes.unreadable
            self.account.in_flight += changes.readings + changes.unreadable
            stored = await self._store.apply(changes)
            self._committed(await self._store.applied())
            again = changes.readings - stored.readings
            self.account.received -= again
            self.account.in_flight -= changes.readings + changes.unreadable
            self.account.out += stored.readings
            self.account.rejected += stored.unreadable
        self.committed_at = self._clock.monotonic()
        await self._retain()
        return full

    async def _start(self) -> None:
        await self._store.open()
        applied = await self._store.applied()
        journal = applied.get(Topic.JOURNAL)
        if journal is None:
            head = await self._bus.head(Topic.JOURNAL, self._park)
            journal_id = await self._bus.journal_id(self._park)
            self.position = Position(journal_id, head - 1, "")
        else:
            await check_position(self._bus, self._park, journal.position)
        followers = {
            topic: Follower(self._bus, topic, self._park)
            for topic in (Topic.JOURNAL, Topic.FINDINGS, Topic.ALERTS)
        }
        for topic, follower in followers.items():
            await follower.start(applied.get(topic))
            if follower.restarts:
                _log.info("a derived topic is read anew from its head", topic=topic.value)
        self._followers = followers
        self._committed(applied)
        counts = await self._store.account()
        self.account = StoreAccount(
            received=counts["readings"] + counts["unreadable"],
            out=counts["readings"],
            rejected=counts["unreadable"],
        )
        self.problem = None

    def _committed(self, applied: dict[Topic, AppliedTo]) -> None:
        journal = applied.get(Topic.JOURNAL)
        if journal is not None:
            self.position = journal.position
        findings = applied.get(Topic.FINDINGS)
        self.findings_offset = None if findings is None else findings.position.offset

    async def _gather_journal(self, changes: Changes) -> bool:
        follower = self._followers[Topic.JOURNAL]
        while changes.readings < READINGS_AT_ONCE:
            found = await follower.read(READ_LIMIT)
            for stored in found:
                if stored.kind == "batch":
                    batch = self._decoded(stored, changes)
                    if batch is not None:
                        changes.batches.append((stored.offset, batch))
                elif stored.kind == "tick":
                    tick = self._decoded(stored, changes)
                    if isinstance(tick, Tick):
                        self._log_time_ns = max(self._log_time_ns, tick.time_ns)
            self._reached(follower, changes)
            if len(found) < READ_LIMIT:
                return False
        return True

    async def _gather(self, topic: Topic, changes: Changes) -> bool:
        follower = self._followers[topic]
        found = await follower.read(READ_LIMIT)
        into = changes.findings if topic is Topic.FINDINGS else changes.ledger
        for stored in found:
            if stored.kind == "folded":
                continue  # folded ticks are not kept: one a second, and the journal has them
            record = self._decoded(stored, changes)
            if record is None:
                continue
            if stored.cause is None:
                raise BusError(
                    f"the record at offset {stored.offset} of `{topic}` has no cause",
                    hint="delete the derived topics; the engine folds them again from the journal",
                )
            into.append(Ledgered(stored.cause, record))
        self._reached(follower, changes)
        return len(found) == READ_LIMIT

    def _reached(self, follower: Follower, changes: Changes) -> None:
        if follower.applied is not None:
            changes.applied[follower.topic] = follower.applied

    def _decoded(self, stored: Stored, changes: Changes) -> Any:
        try:
            return decode(stored.kind, stored.payload)
        except WireError as error:
            changes.unreadable += 1
            _log.error(
                "a record does not read back and is not stored",
                park=self._park,
                kind=stored.kind,
                offset=stored.offset,
                problem=error.message,
            )
            return None

    async def _retain(self) -> None:
        """Once an hour of log time; a clock that is ahead of this machine's deletes nothing."""
        now_ns = min(self._log_time_ns, self._clock.now_ns())
        if now_ns < self._retained_to_ns + HOUR_NS:
            return
        ages = (self._retention.readings_days, self._retention.history_days)
        if ages != (None, None):
            before = [0 if days is None else now_ns - round(days * DAY_NS) for days in ages]
            await self._store.retain(*before)
        self._retained_to_ns = now_ns
