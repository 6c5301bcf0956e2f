"""The engine role keeps the promise of design: same journal, same ledger, whatever happens to the worker."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.inforce import Build
from console.roles.engine import EngineSettings, EngineWorker
from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.errors import BusError, ConfigError, NotDurable, WireError
from fenceline.wire import decode
from tests.console.worlds import PARK, derived, force, journal, write

pytestmark = pytest.mark.slow

Derived = dict[Topic, list[tuple[str, str, bytes]]]


def _worker(bus: MemoryBus, **settings_: int) -> EngineWorker:
    return EngineWorker(
        bus=bus, park=PARK, clock=ManualClock(), force=None, settings=EngineSettings(**settings_)
    )


async def _folded(seed: int, **settings_: int) -> Derived:
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(seed))
    await _worker(bus, **settings_).start()
    return await derived(bus)


def _of_kind(result: Derived, kind: str) -> int:
    return sum(one[1] == kind for one in result[Topic.ALERTS])


async def test_journals_reach_the_interesting_places() -> None:
    """The seeded journals raise, page, acknowledge and refuse; otherwise the tests below prove little."""
    changes: set[str] = set()

    for seed in range(40):
        for _, kind, payload in (await _folded(seed))[Topic.ALERTS]:
            record = decode(kind, payload)
            changes.add(f"{kind}:{getattr(record, 'change', '')}")

    expected = {
        "alert:raised",
        "alert:level_risen",
        "alert:level_fallen",
        "alert:unknown",
        "alert:known",
        "alert:acknowledged",
        "alert:returned",
        "alert:realarmed",
        "alert:ended",
        "refused:",
        "page:due",
        "page:attempted",
        "page:receipt",
        "page:closed",
    }
    assert expected <= changes


@given(seed=st.integers(0, 10_000), limit=st.integers(1, 40))
@settings(max_examples=40)
async def test_batch_size_of_the_worker_does_not_show(seed: int, limit: int) -> None:
    """Folding one record at a time or many gives the same bytes under the same causes."""
    expected = await _folded(seed)

    found = await _folded(seed, read_limit=limit)

    assert expected == found


@given(
    seed=st.integers(0, 10_000),
    snapshot_records=st.integers(1, 60),
    crashes=st.lists(
        st.tuples(
            st.sampled_from([Topic.FINDINGS, Topic.ALERTS]),
            st.integers(1, 12),
            st.sampled_from([False, True]),
            st.sampled_from([None, 0, 1, 2]),
        ),
        max_size=5,
    ),
)
@settings(max_examples=80)
async def test_crashing_worker_gives_the_same_ledger(
    seed: int,
    snapshot_records: int,
    crashes: list[tuple[Topic, int, bool, int | None]],
) -> None:
    """A write that fails, recorded or not or in part, ends the worker; the next one makes it whole."""
    expected = await _folded(seed)
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(seed))
    limits = {"read_limit": 7, "snapshot_records": snapshot_records}

    for topic, number, recorded, prefix in crashes:
        bus.fail_next(topic, number, recorded=recorded, prefix=prefix)
        try:
            await _worker(bus, **limits).start()
        except NotDurable:
            continue
    while True:
        try:
            await _worker(bus, **limits).start()
            break
        except NotDurable:
            continue

    assert expected == await derived(bus)


async def test_derived_topics_fold_again_from_nothing() -> None:
    """Deleting what was derived and folding again gives the same bytes."""
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(3))
    await _worker(bus).start()
    expected = await derived(bus)
    again = MemoryBus(clock=ManualClock())
    stored = await bus.read(Topic.JOURNAL, PARK, 1, limit=100_000)

    await again.append(Topic.JOURNAL, PARK, [one.record for one in stored])
    await _worker(again, read_limit=3).start()

    assert expected == await derived(again)


async def test_head_is_cut_behind_two_snapshots_and_other_readers_only() -> None:
    """The journal keeps what the lower of two verified snapshots and every other reader still need."""
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(5))
    held = [10**9]
    worker = EngineWorker(
        bus=bus,
        park=PARK,
        clock=ManualClock(),
        force=None,
        settings=EngineSettings(read_limit=10, snapshot_records=30),
        needed=lambda: held,
    )

    await worker.start()

    positions = [one.position.offset for one in await bus.snapshots(PARK)]
    assert 2 == len(positions)
    assert min(positions) == await bus.head(Topic.JOURNAL, PARK)

    expected = await derived(bus)
    await _worker(bus).start()
    assert expected == await derived(bus)


async def test_head_is_not_cut_above_a_reader_that_is_behind() -> None:
    """A pager or a store that is behind holds the head."""
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(5))
    worker = EngineWorker(
        bus=bus,
        park=PARK,
        clock=ManualClock(),
        force=None,
        settings=EngineSettings(read_limit=10, snapshot_records=30),
        needed=lambda: [4],
    )

    await worker.start()

    assert 4 == await bus.head(Topic.JOURNAL, PARK)


async def test_configuration_is_put_in_force_once() -> None:
    """A start with the same configuration adds no record; a changed one adds what changed."""
    bus = MemoryBus(clock=ManualClock())
    first = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=force())
    await first.start()
    end = await bus.end(Topic.JOURNAL, PARK)

    second = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=force())
    await second.start()

    assert end == await bus.end(Topic.JOURNAL, PARK)


async def test_no_snapshot_is_taken_of_a_fold_that_is_ahead_of_its_output() -> None:
    """A worker whose write failed leaves no snapshot: what it folded and did not write would be lost."""
    expected = await _folded(3)
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(3))
    bus.fail_next(Topic.ALERTS, 1)
    worker = _worker(bus)
    with pytest.raises(NotDurable):
        await worker.start()

    await worker.stop()

    assert [] == await bus.snapshots(PARK)
    await _worker(bus).start()
    assert expected == await derived(bus)


async def test_configuration_that_cannot_be_folded_ends_the_start() -> None:
    """A configuration that passes the checks and makes the fold raise is said, not run without."""
    bus = MemoryBus(clock=ManualClock())
    good = force()
    endless = good.rules[1].model_copy(update={"after_seconds": 1e12})
    worker = EngineWorker(
        bus=bus, park=PARK, clock=ManualClock(), force=replace(good, rules=(good.rules[0], endless))
    )

    with pytest.raises(ConfigError, match="cannot be folded"):
        await worker.start()


async def test_another_build_refuses_a_tail_that_was_folded_already() -> None:
    """Behind a build's last snapshot its output stands; another build must not fold that again."""
    bus = MemoryBus(clock=ManualClock())
    old = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=force())
    await old.start()
    await old.stop()
    await write(bus, journal(4)[2:])
    await old._step()
    newer = replace(force(), build=Build(version="next", fingerprint="other"))

    with pytest.raises(BusError, match="build `test`"):
        await EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=newer).start()

    await old.stop()
    await EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=newer).start()


async def test_snapshot_of_another_layout_is_refused() -> None:
    """State words mean what this release's layout says: those of another are not taken for its own."""
    bus = MemoryBus(clock=ManualClock())
    await write(bus, journal(5))
    worker = _worker(bus)
    await worker.start()
    head, arrays = worker.fold.rules.dump()

    with pytest.raises(WireError, match="format"):
        worker.fold.rules.load({**head, "format": 0}, arrays)
    with pytest.raises(WireError, match="words"):
        worker.fold.rules.load(head, {"state": arrays["state"][:-1]})
