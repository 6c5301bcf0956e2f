"""The contract of the bus, second part: waiting, appending at once, giving up, closing."""

import asyncio

import pytest

from fenceline.bus import Bus, Topic
from fenceline.errors import BusError
from tests.contract.places import PARK, Place, payloads, records


async def test_wait_sees_what_is_there(bus: Bus) -> None:
    """Where a record at `start` or later stands, `wait` is true at once; seconds of 0 only look."""
    last = await bus.append(Topic.FINDINGS, PARK, records("a", "b"))

    assert True is await bus.wait(Topic.FINDINGS, PARK, 0, seconds=0)
    assert True is await bus.wait(Topic.FINDINGS, PARK, last, seconds=60)
    assert False is await bus.wait(Topic.FINDINGS, PARK, last + 1, seconds=0)


async def test_wait_wakes_for_its_record_only(bus: Bus) -> None:
    """A waiter wakes when its offset is reached, not for other topics, parks or earlier offsets."""
    end = await bus.append(Topic.FINDINGS, PARK, records("a")) + 1
    await bus.append(Topic.FINDINGS, "other", records("a"))
    waiting = asyncio.ensure_future(bus.wait(Topic.FINDINGS, PARK, end + 1, seconds=60))

    await bus.append(Topic.ALERTS, PARK, records("x", "y", "z"))
    await bus.append(Topic.FINDINGS, "other", records("x", "y", "z"))
    await bus.append(Topic.FINDINGS, PARK, records("b"))
    assert not waiting.done()

    await bus.append(Topic.FINDINGS, PARK, records("c"))
    assert True is await waiting


async def test_wait_ends_with_its_time(bus: Bus, place: Place) -> None:
    """`wait` is false when the seconds are over and nothing came."""
    await bus.append(Topic.FINDINGS, PARK, records("a"))
    waiting = asyncio.ensure_future(bus.wait(Topic.FINDINGS, PARK, 1, seconds=0.5))

    await place.pass_time(0.5)

    assert False is await waiting


async def test_wait_does_not_count_what_was_cut(bus: Bus) -> None:
    """A record that was cut away cannot be read, so nobody need wake for it."""
    last = await bus.append(Topic.FINDINGS, PARK, records("a", "b"))
    await bus.cut(Topic.FINDINGS, PARK, last + 1)

    assert False is await bus.wait(Topic.FINDINGS, PARK, 0, seconds=0)

    await bus.append(Topic.FINDINGS, PARK, records("c"))
    assert True is await bus.wait(Topic.FINDINGS, PARK, 0, seconds=0)


async def test_many_wait_at_once(bus: Bus) -> None:
    """Everyone who waits is woken."""
    await bus.append(Topic.FINDINGS, PARK, records("a"))
    waiting = [asyncio.ensure_future(bus.wait(Topic.FINDINGS, PARK, 1, seconds=60)) for _ in range(50)]
    await asyncio.sleep(0)

    await bus.append(Topic.FINDINGS, PARK, records("b"))

    assert [True] * 50 == await asyncio.gather(*waiting)


async def test_each_appender_keeps_its_own_order(bus: Bus) -> None:
    """Of appends that run at once, each is whole, and those one appender began stay in the order he did."""

    async def appender(name: str) -> None:
        for number in range(20):
            await bus.append(Topic.FINDINGS, PARK, records(f"{name} {number} 0", f"{name} {number} 1"))

    await asyncio.gather(*(appender(str(name)) for name in range(10)))
    begun = [
        asyncio.ensure_future(bus.append(Topic.ALERTS, PARK, records(str(number)))) for number in range(100)
    ]
    lasts = await asyncio.gather(*begun)

    found = [payload.split() for payload in await payloads(bus, Topic.FINDINGS)]
    assert 400 == len(found)
    for name in range(10):
        own = [(int(number), int(part)) for owner, number, part in found if owner == str(name)]
        assert [(number, part) for number in range(20) for part in range(2)] == own
    assert sorted(lasts) == lasts
    assert [str(number) for number in range(100)] == await payloads(bus, Topic.ALERTS)


async def test_a_cancelled_append_is_whole_or_absent(bus: Bus) -> None:
    """Giving up on an append harms nobody else, and leaves all of its records or none."""
    kept = asyncio.ensure_future(bus.append(Topic.FINDINGS, PARK, records("a")))
    given_up = asyncio.ensure_future(bus.append(Topic.FINDINGS, PARK, records("b", "b")))
    await asyncio.sleep(0)
    given_up.cancel()

    await kept
    await bus.append(Topic.FINDINGS, PARK, records("c"))

    assert await payloads(bus, Topic.FINDINGS) in (["a", "c"], ["a", "b", "b", "c"])


async def test_a_closed_bus_says_so(bus: Bus) -> None:
    """After `close` nothing hangs and nothing is written; who waits is told; closing again is nothing."""
    await bus.append(Topic.FINDINGS, PARK, records("a"))
    accepted = asyncio.ensure_future(bus.append(Topic.FINDINGS, PARK, records("b")))
    waiting = asyncio.ensure_future(bus.wait(Topic.FINDINGS, PARK, 100, seconds=3600))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await bus.close()
    await bus.close()

    assert 1 == await accepted
    with pytest.raises(BusError, match="closed"):
        await waiting
    with pytest.raises(BusError, match="closed"):
        await bus.append(Topic.FINDINGS, PARK, records("c"))
    with pytest.raises(BusError, match="closed"):
        await bus.read(Topic.FINDINGS, PARK, 0)
    with pytest.raises(BusError, match="closed"):
        await bus.snapshots(PARK)
