"""The contract of the bus: every bus passes this file and its neighbours, joined by a line in places.py.

Here: what is appended is read, in order, as long as it is not cut.
"""

import asyncio
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fenceline.bus import Bus, Cause, Record, Stored, Topic, hash_of
from fenceline.bus.checks import LOG_TOPICS, MAX_RECORD_BYTES
from fenceline.errors import BusError, HeadCut
from fenceline.journal import Epoch
from fenceline.wire import decode
from tests.contract.places import PARK, Place, payloads, records, reopened

NUMBERS = count()


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
