"""The contract of the bus: every bus passes this file. Another one joins by a line in places.py."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fenceline.bus import Bus, Cause, Position, Record, Snapshot, Stored, Topic, check_position, hash_of
from fenceline.bus.checks import LOG_TOPICS, MAX_RECORD_BYTES
from fenceline.errors import BusError, HeadCut, PositionMismatch
from fenceline.journal import Epoch
from fenceline.wire import decode
from tests.contract.places import PLACES, Place

PARK = "demo"
NUMBERS = count()


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Where a bus lives, emptied before and closed after the test."""
    found: Place = request.param(tmp_path / "data")
    yield found
    await found.close()


@pytest.fixture
async def bus(place: Place) -> Bus:
    """An empty bus."""
    return await place.open()


async def reopened(place: Place) -> Bus:
    await place.close()
    return await place.open()


def records(*payloads: str, kind: str = "action") -> list[Record]:
    return [Record(kind, payload.encode()) for payload in payloads]


async def payloads(bus: Bus, topic: Topic, start: int = 0, park: str = PARK) -> list[str]:
    return [stored.payload.decode() for stored in await bus.read(topic, park, start)]


async def test_a_new_journal_starts_with_its_epoch(bus: Bus) -> None:
    """The first record of a new park's journal is `Epoch`, with the number that `journal_id` gives."""
    journal = await bus.journal_id(PARK)

    (first,) = await bus.read(Topic.JOURNAL, PARK, 0)

    assert (0, "epoch") == (first.offset, first.kind)
    assert Epoch(journal=journal, park=PARK) == decode(first.kind, first.payload)


async def test_the_journal_keeps_its_number(place: Place) -> None:
    """Opening again starts no new journal, also where the epoch's record was cut away."""
    bus = await place.open()
    journal = await bus.journal_id(PARK)
    await bus.cut(Topic.JOURNAL, PARK, await bus.end(Topic.JOURNAL, PARK))

    bus = await reopened(place)

    assert journal == await bus.journal_id(PARK)
    assert [] == await bus.read(Topic.JOURNAL, PARK, await bus.head(Topic.JOURNAL, PARK))


@pytest.mark.parametrize("topic", LOG_TOPICS)
async def test_records_read_back_in_order(bus: Bus, topic: Topic) -> None:
    """What was appended is read as it was written, in order, at rising offsets; append gives the last."""
    start = await bus.end(topic, PARK)
    written = [Record("a", b"1", "k", Cause(1, 2, 3)), Record("b", b"\x00\xff", ""), Record("c", b"", "长")]

    last = await bus.append(topic, PARK, written)

    found = await bus.read(topic, PARK, start)
    assert written == [stored.record for stored in found]
    assert [hash_of(record) for record in written] == [stored.hash for stored in found]
    assert all(before.offset < after.offset for before, after in pairwise(found))
    assert last == found[-1].offset
    assert last + 1 == await bus.end(topic, PARK)


async def test_causes_come_back(bus: Bus) -> None:
    """A cause is kept with every number it may have, and having none is not the cause 0/0/0."""
    causes = [None, Cause(1, 0, 0), Cause(1, 0, 1), Cause(1, 2**53, 7), Cause(2, 0, 0)]

    await bus.append(Topic.ALERTS, PARK, [Record("alert", b"{}", cause=cause) for cause in causes])

    found = await bus.read(Topic.ALERTS, PARK, 0)
    assert causes == [stored.cause for stored in found]


async def test_an_empty_append_gives_the_last_offset(bus: Bus) -> None:
    """No records: the last offset there is, -1 where there is none."""
    assert -1 == await bus.append(Topic.ALERTS, PARK, [])

    last = await bus.append(Topic.ALERTS, PARK, records("a", "b"))

    assert last == await bus.append(Topic.ALERTS, PARK, [])


async def test_topics_and_parks_are_apart(bus: Bus) -> None:
    """A record is in its own topic of its own park and nowhere else."""
    parks = [f"park-{number}" for number in range(20)]

    await asyncio.gather(*(bus.append(Topic.FINDINGS, park, records(park)) for park in parks))

    for park in parks:
        assert [park] == await payloads(bus, Topic.FINDINGS, park=park)
        assert [] == await payloads(bus, Topic.ALERTS, park=park)


async def test_what_was_acknowledged_is_there_after_a_restart(place: Place) -> None:
    """Records, causes, keys and hashes are the same after closing and opening again."""
    bus = await place.open()
    written = [Record("finding", b"x" * 3000, "key", Cause(1, 2, 3)), Record("gap", b"y")]
    await bus.append(Topic.FINDINGS, PARK, written)
    before = await bus.read(Topic.FINDINGS, PARK, 0)

    bus = await reopened(place)

    assert before == await bus.read(Topic.FINDINGS, PARK, 0)
    assert before[-1].offset < await bus.append(Topic.FINDINGS, PARK, records("z"))


@pytest.mark.parametrize("topic", LOG_TOPICS)
async def test_offsets_are_never_used_again(place: Place, topic: Topic) -> None:
    """Also after everything was cut and the bus was opened again, twice."""
    bus = await place.open()
    used = await bus.append(topic, PARK, records("a", "b", "c"))

    for _ in range(2):
        await bus.cut(topic, PARK, used + 1)
        bus = await reopened(place)
        assert used + 1 == await bus.end(topic, PARK) == await bus.head(topic, PARK)
        after = await bus.append(topic, PARK, records("d"))

        assert used < after
        used = after


async def test_the_last_record(bus: Bus) -> None:
    """`last` is none in an empty topic, the newest record otherwise, none again when all was cut."""
    assert None is await bus.last(Topic.ALERTS, PARK)
    last = await bus.append(Topic.ALERTS, PARK, records("a", "b"))

    found = await bus.last(Topic.ALERTS, PARK)

    assert found is not None
    assert (last, b"b") == (found.offset, found.payload)
    await bus.cut(Topic.ALERTS, PARK, last + 1)
    assert None is await bus.last(Topic.ALERTS, PARK)


async def test_reading_before_the_head_is_said(place: Place) -> None:
    """After a cut, reading before the head raises `HeadCut` with both offsets, also after a restart."""
    bus = await place.open()
    last = await bus.append(Topic.FINDINGS, PARK, records("a", "b", "c", "d"))
    await bus.cut(Topic.FINDINGS, PARK, last - 1)

    for _ in range(2):
        with pytest.raises(HeadCut) as caught:
            await bus.read(Topic.FINDINGS, PARK, last - 2)

        assert (last - 2, last - 1) == (caught.value.asked, caught.value.head)
        assert last - 1 == await bus.head(Topic.FINDINGS, PARK)
        assert ["c", "d"] == await payloads(bus, Topic.FINDINGS, last - 1)
        bus = await reopened(place)


async def test_a_cut_never_gives_back(bus: Bus) -> None:
    """Cutting at or before the head does nothing; cutting beyond the end cuts to the end."""
    last = await bus.append(Topic.FINDINGS, PARK, records("a", "b", "c"))
    await bus.cut(Topic.FINDINGS, PARK, last)
    await bus.cut(Topic.FINDINGS, PARK, 0)

    assert last == await bus.head(Topic.FINDINGS, PARK)

    await bus.cut(Topic.FINDINGS, PARK, last + 1000)

    assert last + 1 == await bus.head(Topic.FINDINGS, PARK) == await bus.end(Topic.FINDINGS, PARK)


async def test_a_long_cut_leaves_the_rest(bus: Bus) -> None:
    """A cut of many records, small and large, leaves what follows readable and goes on taking in."""
    small = records(*(str(number) for number in range(1000)))
    large = [Record("batch", bytes(1024 * 1024)) for _ in range(10)]
    before = await bus.append(Topic.JOURNAL, PARK, [*small, *large])
    await bus.append(Topic.JOURNAL, PARK, records("kept"))

    _, last = await asyncio.gather(
        bus.cut(Topic.JOURNAL, PARK, before + 1), bus.append(Topic.JOURNAL, PARK, records("beside"))
    )

    assert ["kept", "beside"] == await payloads(bus, Topic.JOURNAL, before + 1)
    assert last + 1 == await bus.end(Topic.JOURNAL, PARK)


async def test_reading_within_bounds(bus: Bus) -> None:
    """A limit of 0 gives nothing, a start at or behind the end gives nothing, a limit is kept."""
    last = await bus.append(Topic.FINDINGS, PARK, records("a", "b", "c"))

    assert [] == await bus.read(Topic.FINDINGS, PARK, 0, limit=0)
    assert [] == await bus.read(Topic.FINDINGS, PARK, last + 1)
    assert [] == await bus.read(Topic.FINDINGS, PARK, last + 1000)
    two = await bus.read(Topic.FINDINGS, PARK, 0, limit=2)
    assert [b"a", b"b"] == [stored.payload for stored in two]


async def test_reading_by_kinds(bus: Bus) -> None:
    """Only the kinds asked for, `limit` counted over those; no kind asked for gives nothing."""
    kinds = ["claim", "tick", "batch", "tick", "claim", "tick"]
    await bus.append(Topic.FINDINGS, PARK, [Record(kind, b"") for kind in kinds])

    found = await bus.read(Topic.FINDINGS, PARK, 1, kinds=("claim", "tick"), limit=3)

    assert ["tick", "tick", "claim"] == [stored.kind for stored in found]
    assert [] == await bus.read(Topic.FINDINGS, PARK, 0, kinds=())
    assert [] == await bus.read(Topic.FINDINGS, PARK, 0, kinds=("'; DROP TABLE", "claim%"))


async def test_a_read_that_gives_less_than_the_limit_can_be_gone_on_with(bus: Bus) -> None:
    """Large records may come in several reads; reading on from each last offset gives all of them."""
    large = [Record("batch", bytes([number]) * (5 * 1024 * 1024)) for number in range(12)]
    for record in large:
        await bus.append(Topic.FINDINGS, PARK, [record])

    found: list[Stored] = []
    while part := await bus.read(Topic.FINDINGS, PARK, found[-1].offset + 1 if found else 0):
        found += part

    assert [hash_of(record) for record in large] == [stored.hash for stored in found]
    assert large == [stored.record for stored in found]


async def test_what_cannot_be_kept_is_refused(bus: Bus) -> None:
    """A record that is too large, a key that is not text, a park that cannot be a name: said, not written."""
    for refused in (Record("batch", bytes(MAX_RECORD_BYTES)), Record("action", b"", "\ud800")):
        with pytest.raises(BusError, match="hint"):
            await bus.append(Topic.FINDINGS, PARK, [Record("action", b"before"), refused])
    for park in ("", "..", "a/b", "a b", "x" * 65, "-a"):
        with pytest.raises(BusError, match="cannot be a park's id"):
            await bus.append(Topic.FINDINGS, park, records("a"))

    assert 0 == await bus.end(Topic.FINDINGS, PARK)


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


def any_records() -> st.SearchStrategy[list[Record]]:
    text = st.text(max_size=8)
    causes = st.none() | st.builds(Cause, *[st.integers(0, 2**62)] * 3)
    return st.lists(st.builds(Record, text, st.binary(max_size=40), text, causes), max_size=12)


@given(written=any_records(), cuts=st.lists(st.integers(0, 12), max_size=4), limit=st.integers(1, 5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_split_of_appends_reads_back_the_same(
    bus: Bus, written: list[Record], cuts: list[int], limit: int
) -> None:
    """However the records are split into appends and reads, the topic holds the same."""
    park = f"split-{next(NUMBERS)}"
    bounds = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]

    for first, after in pairwise(bounds):
        await bus.append(Topic.FINDINGS, park, written[first:after])

    found: list[Stored] = []
    while part := await bus.read(Topic.FINDINGS, park, found[-1].offset + 1 if found else 0, limit=limit):
        found += part
    assert written == [stored.record for stored in found]
    assert list(range(len(written))) == [stored.offset for stored in found]
