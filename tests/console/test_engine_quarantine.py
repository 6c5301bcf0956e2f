"""The engine role and records that cannot be folded: undone, said, and the same again after every start."""

from dataclasses import replace

import pytest

from console.roles import engine as engine_role
from console.roles.engine import EngineSettings, EngineWorker
from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.finding import Quarantined
from fenceline.journal import InForce
from fenceline.wire import decode
from rules.kinds.threshold import ThresholdRule
from rules.rule import LimitValue
from tests.console.worlds import PARK, derived, force, journal, write

pytestmark = pytest.mark.slow


def _worker(bus: MemoryBus, **settings_: int) -> EngineWorker:
    return EngineWorker(
        bus=bus, park=PARK, clock=ManualClock(), force=None, settings=EngineSettings(**settings_)
    )


@pytest.mark.parametrize("snapshot_records", [10, 1000])
async def test_poison_record_is_undone_and_said(snapshot_records: int) -> None:
    """A record that cannot be folded leaves nothing but its quarantine and an alert; the rest goes on."""
    records = journal(8)
    bus, clean = MemoryBus(clock=ManualClock()), MemoryBus(clock=ManualClock())
    await write(bus, records[:60])
    await bus.append(Topic.JOURNAL, PARK, [Record("batch", b"not arrow")])
    await write(bus, records[60:])
    await write(clean, records)

    await _worker(bus, read_limit=20, snapshot_records=snapshot_records).start()
    await _worker(clean).start()

    found = [decode(kind, payload) for _, kind, payload in (await derived(bus))[Topic.FINDINGS]]
    poisoned = [one for one in found if isinstance(one, Quarantined)]
    assert [61] == [one.offset for one in poisoned]
    about_system = b"record-quarantined"
    kept = [one for one in (await derived(bus))[Topic.ALERTS] if about_system not in one[2]]
    assert [one[1:] for one in (await derived(clean))[Topic.ALERTS]] == [one[1:] for one in kept]
    raised = [one for one in (await derived(bus))[Topic.ALERTS] if about_system in one[2]]
    assert raised
    before = await derived(bus)
    await _worker(bus).start()
    assert before == await derived(bus)


async def test_what_was_too_large_to_write_is_quarantined_again_after_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A record whose output is larger than the bus takes is undone in every run: all hold the same."""
    wordy = force()
    ladder = wordy.rules[0]
    assert isinstance(ladder, ThresholdRule)
    limit = LimitValue(value=20, unit="mg/m3", source="x" * 3_000)
    levels = (ladder.levels[0], ladder.levels[1].model_copy(update={"limit": limit}))
    rules = (ladder.model_copy(update={"levels": levels}), wordy.rules[1])
    bus = MemoryBus(clock=ManualClock())
    first = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=replace(wordy, rules=rules))
    await first.start()
    monkeypatch.setattr(engine_role, "MAX_RECORD_BYTES", 3_000)
    await write(bus, [one for one in journal(8) if not isinstance(one, InForce)])
    while await first._step():
        pass
    assert first._quarantined
    before = await derived(bus)

    again = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=None)
    await again.start()

    assert first._quarantined == again._quarantined
    assert first.fold.dump() == again.fold.dump()
    assert before == await derived(bus)
