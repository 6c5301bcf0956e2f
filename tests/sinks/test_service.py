"""The store sink: nothing is applied less than once, and nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.errors import PositionMismatch, ServiceError
from sinks.changes import Changes
from sinks.embedded import EmbeddedStore
from sinks.service import Retention, StoreSink
from tests.sinks.records import PARK, SECOND, START, alert, append, batch, folded, page, raised, tick


class FailingStore(EmbeddedStore):
    """A store that cannot be written so many times."""

    failures = 0

    async def apply(self, changes: Changes) -> Changes:
        if self.failures > 0:
            self.failures -= 1
            raise ServiceError("no room", hint="make room")
        return await super().apply(changes)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def bus(clock: ManualClock) -> MemoryBus:
    return MemoryBus(clock=clock)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FailingStore]:
    store = FailingStore(tmp_path / "store.duckdb")
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def running(sink: StoreSink) -> AsyncIterator[None]:
    task = asyncio.ensure_future(sink.run())
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until_stored(sink: StoreSink, clock: ManualClock, count: int) -> None:
    """Let the sink work, in its own time, until it has stored so many readings."""
    async with asyncio.timeout(30):
        while sink.account.out < count:
            await clock.advance(0.1)


def sink_of(
    bus: MemoryBus, store: EmbeddedStore, clock: ManualClock, retention: Retention | None = None
) -> StoreSink:
    return StoreSink(bus=bus, park=PARK, store=store, clock=clock, retention=retention)


async def test_all_three_topics_are_stored(bus: MemoryBus, store: FailingStore, clock: ManualClock) -> None:
    """Readings, alerts and pages can be asked for, and the position is the journal's end."""
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0), ("s2", 0, 0.0)), tick(1))
    await append(bus, Topic.FINDINGS, folded(1))
    await append(bus, Topic.ALERTS, raised(alert()), page(alert()))
    sink = sink_of(bus, store, clock)

    async with running(sink):
        await until_stored(sink, clock, 2)

    assert alert() == await store.alert(alert().id)
    assert 1 == len(await store.pages(alert().id))
    assert sink.position is not None
    assert await bus.end(Topic.JOURNAL, PARK) - 1 == sink.position.offset
    assert sink.account.balanced
    assert (2, 2, 0) == (sink.account.received, sink.account.out, sink.account.in_flight)


async def test_a_sink_that_starts_again_goes_on(
    bus: MemoryBus, store: FailingStore, clock: ManualClock
) -> None:
    """A second sink over the same store reads from its positions; counts go on too."""
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0)))
    first = sink_of(bus, store, clock)
    async with running(first):
        await until_stored(first, clock, 1)
    await append(bus, Topic.JOURNAL, batch(("s1", 1, 2.0)))

    second = sink_of(bus, store, clock)
    async with running(second):
        await until_stored(second, clock, 2)

    series = await store.readings("s1", 0, 2 * START, points=10, gap_ns=10 * SECOND)
    assert [1.0, 2.0] == series.value.tolist()
    assert 2 == second.account.received


async def test_a_store_that_cannot_be_written_is_tried_again(
    bus: MemoryBus, store: FailingStore, clock: ManualClock
) -> None:
    """While it fails the position stands still and the problem is said; then nothing is missing."""
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0)))
    store.failures = 2
    sink = sink_of(bus, store, clock)

    async with running(sink), asyncio.timeout(30):
        while sink.problem != "no room":
            await clock.advance(0.1)
        assert sink.position is not None
        assert -1 == sink.position.offset
        assert sink.account.balanced
        await until_stored(sink, clock, 1)

    assert None is sink.problem
    assert {"readings": 1, "unreadable": 0} == await store.account()


async def test_a_derived_topic_folded_again_is_not_stored_twice(
    bus: MemoryBus, store: FailingStore, clock: ManualClock
) -> None:
    """Deleted and written anew it is read from its head; known causes are dropped, new ones stored."""
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0)))
    await append(bus, Topic.ALERTS, raised(alert(1)), page(alert(1)))
    first = sink_of(bus, store, clock)
    async with running(first):
        await until_stored(first, clock, 1)

    bus.store.parks[PARK].logs[Topic.ALERTS].records.clear()
    await append(bus, Topic.ALERTS, raised(alert(1)))
    await append(bus, Topic.ALERTS, raised(alert(2)), first_cause=9)
    await append(bus, Topic.JOURNAL, batch(("s1", 1, 1.0)))
    second = sink_of(bus, store, clock)
    async with running(second):
        await until_stored(second, clock, 2)

    assert 1 == len(await store.alert_history(alert(1).id))
    assert 1 == len(await store.alert_history(alert(2).id))


async def test_another_journal_stops_loudly(bus: MemoryBus, store: FailingStore, clock: ManualClock) -> None:
    """A store whose position names a record this journal does not hold is not written."""
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0)))
    first = sink_of(bus, store, clock)
    async with running(first):
        await until_stored(first, clock, 1)
    other = MemoryBus(clock=clock)
    await append(other, Topic.JOURNAL, batch(("s1", 0, 7.0)))

    with pytest.raises(PositionMismatch):
        await sink_of(other, store, clock).run()


async def test_a_record_that_does_not_read_back_is_counted(
    bus: MemoryBus, store: FailingStore, clock: ManualClock
) -> None:
    """Damage in one record is counted and does not keep the next from being stored."""
    await bus.append(Topic.JOURNAL, PARK, [Record("batch", b"damaged")])
    await append(bus, Topic.JOURNAL, batch(("s1", 0, 1.0)))
    sink = sink_of(bus, store, clock)

    async with running(sink):
        await until_stored(sink, clock, 1)

    assert (2, 1, 1) == (sink.account.received, sink.account.out, sink.account.rejected)
    assert sink.account.balanced


async def test_retention_by_log_time(bus: MemoryBus, store: FailingStore, clock: ManualClock) -> None:
    """Readings older than their days go; a tick far ahead of this machine's clock deletes nothing."""
    day = 86_400
    await append(bus, Topic.JOURNAL, batch(("s1", -2 * day, 1.0), ("s1", 0, 2.0)), tick(900 * day))
    sink = sink_of(bus, store, clock, retention=Retention(readings_days=1.0))

    async with running(sink):
        await until_stored(sink, clock, 2)
        await clock.advance(1)

    series = await store.readings("s1", 0, 2 * START, points=10, gap_ns=day * SECOND)
    assert [2.0] == series.value.tolist()
