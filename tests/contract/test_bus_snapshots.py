"""The contract of the bus, third part: positions are compared, snapshots are found whole or not at all."""

import asyncio

import pytest

from fenceline.bus import Bus, Position, Snapshot, Topic, check_position
from fenceline.errors import BusError, HeadCut, PositionMismatch
from tests.contract.places import PARK, Place, records, reopened


async def test_positions_are_compared(place: Place) -> None:
    """A position of this journal passes; another hash, offset or journal stops loudly."""
    bus = await place.open()
    await bus.append(Topic.JOURNAL, PARK, records("a", "b"))
    stored = await bus.last(Topic.JOURNAL, PARK)
    assert stored is not None
    journal = await bus.journal_id(PARK)
    bus = await reopened(place)

    await check_position(bus, PARK, Position(journal, stored.offset, stored.hash))
    await check_position(bus, PARK, Position(journal, -1, ""))

    for wrong in (
        Position(journal, stored.offset - 1, stored.hash),
        Position(journal, stored.offset + 1, stored.hash),
        Position(journal, stored.offset, "0" * 32),
        Position(journal + 1, stored.offset, stored.hash),
        Position(journal + 1, -1, ""),
    ):
        with pytest.raises(PositionMismatch, match=str(wrong)):
            await check_position(bus, PARK, wrong)
    await bus.cut(Topic.JOURNAL, PARK, stored.offset + 1)
    with pytest.raises(HeadCut):
        await check_position(bus, PARK, Position(journal, stored.offset, stored.hash))


def snapshot(offset: int, size: int = 10, fill: bytes = b"s") -> Snapshot:
    terms = {"fenceline/demo/#": (3, "ingest-1"), "空": (0, "")}
    return Snapshot(Position(1, offset, f"{offset:032x}"), fill * size, terms)


async def test_snapshots_read_back_whole(place: Place) -> None:
    """Empty, small and of several chunks: each comes back with its terms, the highest position first."""
    bus = await place.open()
    kept = [snapshot(5, 1_500_000), snapshot(7, 0), snapshot(6, 512 * 1024)]
    for one in kept:
        await bus.put_snapshot(PARK, one)
    await bus.put_snapshot("other", snapshot(9))

    for found in (await bus.snapshots(PARK), await (await reopened(place)).snapshots(PARK)):
        assert [kept[1], kept[2], kept[0]] == found


async def test_a_snapshot_replaces_the_one_at_its_position(bus: Bus) -> None:
    """Of two at one position the newer stands."""
    await bus.put_snapshot(PARK, snapshot(5, 2_000_000))
    newer = snapshot(5, 700_000, b"n")

    await bus.put_snapshot(PARK, newer)

    assert [newer] == await bus.snapshots(PARK)


@pytest.mark.parametrize("harm", ["damage_snapshot", "lose_chunk", "lose_manifest"])
async def test_a_snapshot_that_is_not_whole_is_not_found(place: Place, harm: str) -> None:
    """Damaged or unfinished snapshots are left out; the next lower one is found."""
    bus = await place.open()
    lower, higher = snapshot(5, 1_500_000), snapshot(7, 1_500_000)
    await bus.put_snapshot(PARK, lower)
    await bus.put_snapshot(PARK, higher)
    await place.close()

    await getattr(place, harm)(PARK, higher.position)

    bus = await place.open()
    assert [lower] == await bus.snapshots(PARK)
    await bus.put_snapshot(PARK, higher)
    assert [higher, lower] == await bus.snapshots(PARK)


async def test_snapshots_below_are_dropped(bus: Bus) -> None:
    """`drop_snapshots` deletes those lower than the offset, and no other."""
    for offset in (5, 7, 9):
        await bus.put_snapshot(PARK, snapshot(offset))

    await bus.drop_snapshots(PARK, 7)

    assert [9, 7] == [one.position.offset for one in await bus.snapshots(PARK)]


async def test_the_state_topic_shows_manifests(bus: Bus) -> None:
    """`state` can be read and waited for like any topic, and is written by `put_snapshot` only."""
    assert (0, 0) == (await bus.head(Topic.STATE, PARK), await bus.end(Topic.STATE, PARK))
    assert None is await bus.last(Topic.STATE, PARK)
    waiting = asyncio.ensure_future(bus.wait(Topic.STATE, PARK, 0, seconds=60))
    await asyncio.sleep(0)

    await bus.put_snapshot(PARK, snapshot(5))

    assert True is await waiting
    found = await bus.read(Topic.STATE, PARK, 0, kinds=("manifest",))
    last = await bus.last(Topic.STATE, PARK)
    assert [last] == found
    assert f"{PARK}/{snapshot(5).position}" == found[0].key
    assert found[0].offset + 1 == await bus.end(Topic.STATE, PARK)
    with pytest.raises(BusError, match="state"):
        await bus.append(Topic.STATE, PARK, records("a"))
    with pytest.raises(BusError, match="state"):
        await bus.cut(Topic.STATE, PARK, 1)
