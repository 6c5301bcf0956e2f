"""The engine goes on where a snapshot cannot be written or a record is too large, and cuts old findings."""

import pytest

from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.bus import Record, Snapshot, Topic
from fenceline.bus.checks import MAX_RECORD_BYTES
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.errors import JournalFull
from fenceline.finding import Folded, Quarantined
from fenceline.journal import Said
from fenceline.vocabulary import Condition
from fenceline.wire import decode, encode
from tests.console.worlds import PARK, derived, journal, write

RETRY_SECONDS = 30.0


class FullDisk(MemoryBus):
    """A bus whose snapshots find no room while `full_for_snapshots`."""

    full_for_snapshots = True
    tried = 0

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        self.tried += 1
        if self.full_for_snapshots:
            raise JournalFull("no room in `state.sqlite`", hint="free space")
        await super().put_snapshot(park, snapshot)


def _worker(bus: MemoryBus, clock: ManualClock, **settings: float) -> EngineWorker:
    chosen = EngineSettings(read_limit=10, snapshot_retry_seconds=RETRY_SECONDS)
    for name, value in settings.items():
        setattr(chosen, name, value)
    return EngineWorker(bus=bus, park=PARK, clock=clock, force=None, settings=chosen, stored=lambda: 10_000)


async def test_a_snapshot_without_room_ends_nothing() -> None:
    """The fold goes on and gives the same, the head is not cut, and it is not tried at every record."""
    clock = ManualClock()
    bus, plain = FullDisk(clock=clock), MemoryBus(clock=clock)
    for one in (bus, plain):
        await write(one, journal(5))
    await _worker(plain, clock).start()
    worker = _worker(bus, clock, snapshot_records=30)

    await worker.start()
    await worker.stop()

    assert await derived(plain) == await derived(bus)
    assert 2 == bus.tried  # once when it was due, once at the end
    assert "no room" in (worker.snapshots.problem or "")
    assert 0 == await bus.head(Topic.JOURNAL, PARK)


async def test_a_snapshot_is_tried_again_later() -> None:
    """After its pause it is tried again; with room it is taken, and the head is cut behind the second."""
    clock = ManualClock()
    bus = FullDisk(clock=clock)
    records = journal(5)
    worker = _worker(bus, clock, snapshot_records=30)
    await write(bus, records[:100])
    await worker.start()
    bus.full_for_snapshots = False
    await write(bus, records[100:120])
    await worker.start()
    before = await bus.snapshots(PARK)

    await clock.advance(RETRY_SECONDS)
    await write(bus, records[120:])
    await worker.start()

    assert [] == before
    assert worker.snapshots.problem is None
    assert 2 == len(await bus.snapshots(PARK))
    assert 0 < await bus.head(Topic.JOURNAL, PARK)


async def test_what_is_too_large_to_be_written_is_quarantined() -> None:
    """A record from which more is derived than the bus takes ends no engine: it is set apart, as a poison."""
    clock = ManualClock()
    bus = MemoryBus(clock=clock)
    records = journal(5)
    await write(bus, records[:60])
    said = Said(role="r", owner="o", condition="journal-full", holds=Condition.TRUE, since_ns=1)
    room = MAX_RECORD_BYTES - len(encode(said)) - 8
    offset = await bus.append(
        Topic.JOURNAL, PARK, [Record(said.kind, encode(said.model_copy(update={"detail": "x" * room})))]
    )
    await write(bus, records[60:])

    await _worker(bus, clock).start()

    found = [decode(kind, payload) for _, kind, payload in (await derived(bus))[Topic.FINDINGS]]
    quarantined = [one for one in found if isinstance(one, Quarantined)]
    assert [offset] == [one.offset for one in quarantined]
    assert "is larger than" in quarantined[0].error
    assert "folded" == found[-1].kind


async def _heads(days: float | None, stored: int | None) -> tuple[int, list[Folded], int]:
    clock = ManualClock()
    bus = MemoryBus(clock=clock)
    await write(bus, journal(5))
    worker = EngineWorker(
        bus=bus,
        park=PARK,
        clock=clock,
        force=None,
        settings=EngineSettings(read_limit=10, snapshot_records=30, findings_days=days),
        stored=lambda: stored,
    )
    await worker.start()
    head = await bus.head(Topic.FINDINGS, PARK)
    left = await bus.read(Topic.FINDINGS, PARK, head, limit=10_000, kinds=("folded",))
    assert 0 == await bus.head(Topic.ALERTS, PARK)
    return head, [decode(one.kind, one.payload) for one in left], worker.fold.log.now_ns


async def test_old_findings_are_cut_and_the_ledger_never() -> None:
    """What the store has and is older than the days is cut; what is younger stays, and the newest always."""
    seconds = 40

    head, left, now_ns = await _heads(seconds / 86_400, 10_000)

    assert head > 10
    assert left
    oldest_seconds = (now_ns - left[0].to_ns) / 1e9
    assert oldest_seconds < seconds + 30  # it is done at snapshots only, the last a little before the end
    assert left[-1].to_ns == now_ns


@pytest.mark.parametrize(("days", "stored"), [(None, 10_000), (40 / 86_400, None), (7.0, 10_000)])
async def test_findings_that_are_needed_stay(days: float | None, stored: int | None) -> None:
    """Without a bound, without a word of the store, and within the bound nothing is cut."""
    head, _, _ = await _heads(days, stored)

    assert 0 == head


async def test_findings_that_the_store_has_not_stay() -> None:
    """The store's place bounds the cut."""
    head, _, _ = await _heads(40 / 86_400, 5)

    assert 6 == head
