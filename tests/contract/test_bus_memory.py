"""The faults that the bus in memory puts on when asked."""

from typing import Any

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.errors import JournalFull, NotDurable

PARK = "demo"


async def kinds(bus: MemoryBus) -> list[str]:
    return [stored.kind for stored in await bus.read(Topic.ALERTS, PARK, 0)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"recorded": False}, ["1", "3"]),
        ({"recorded": True}, ["1", "2a", "2b", "3"]),
        ({"prefix": 1}, ["1", "2a", "3"]),
    ],
)
async def test_the_nth_append_fails(fault: dict[str, Any], expected: list[str]) -> None:
    """The append asked for raises, recorded whole, in part or not; those around it stand."""
    bus = MemoryBus()
    bus.fail_next(Topic.ALERTS, 2, **fault)
    await bus.append(Topic.FINDINGS, PARK, [Record("not counted", b"")])
    await bus.append(Topic.ALERTS, PARK, [Record("1", b"")])

    with pytest.raises(NotDurable):
        await bus.append(Topic.ALERTS, PARK, [Record("2a", b""), Record("2b", b"")])

    assert len(expected) - 1 == await bus.append(Topic.ALERTS, PARK, [Record("3", b"")])
    assert expected == await kinds(bus)


async def test_several_faults_each_come_once() -> None:
    """Faults asked for together come each at its own append."""
    bus = MemoryBus()
    bus.fail_next(Topic.ALERTS, 1)
    bus.fail_next(Topic.ALERTS, 3, recorded=True)
    outcomes = []

    for number in range(4):
        try:
            await bus.append(Topic.ALERTS, PARK, [Record(str(number), b"")])
            outcomes.append("ok")
        except NotDurable:
            outcomes.append("raised")

    assert ["raised", "ok", "raised", "ok"] == outcomes
    assert ["1", "2", "3"] == await kinds(bus)


async def test_full_until_there_is_room() -> None:
    """While `full` is set appends and snapshots raise `JournalFull` and record nothing; reading goes on."""
    bus = MemoryBus()
    await bus.append(Topic.ALERTS, PARK, [Record("1", b"")])
    bus.full = True

    with pytest.raises(JournalFull):
        await bus.append(Topic.ALERTS, PARK, [Record("2", b"")])
    with pytest.raises(JournalFull):
        await bus.put_snapshot(PARK, Snapshot(Position(1, 0, ""), b""))

    assert ["1"] == await kinds(bus)
    bus.full = False
    await bus.append(Topic.ALERTS, PARK, [Record("3", b"")])
    assert ["1", "3"] == await kinds(bus)
    assert [] == await bus.snapshots(PARK)
