"""Claims: who holds a topic filter, from the journal and from snapshots, on the bus in memory."""

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.journal import Claim, Tick, TimeSet
from fenceline.wire import encode
from ingest.terms import Outranked, Terms

PARK = "demo"
FILTER = "fenceline/demo/#"


async def append(bus: MemoryBus, *records: Claim | Tick | TimeSet) -> int:
    return await bus.append(Topic.JOURNAL, PARK, [Record(one.kind, encode(one)) for one in records])


def terms(bus: MemoryBus, owner: str, filter_: str = FILTER) -> Terms:
    return Terms(bus, PARK, filter_, owner)


async def claim(bus: MemoryBus, owner: str, filter_: str = FILTER) -> Terms:
    """A claim that reads back as the holder."""
    mine = terms(bus, owner, filter_)

    async def durably(record: Record) -> None:
        await bus.append(Topic.JOURNAL, PARK, [record])

    await mine.claim(durably)
    return mine


async def test_the_first_claim_has_term_one() -> None:
    """In an empty journal a claim holds with term 1."""
    mine = await claim(MemoryBus(), "first")

    assert (1, "first") == mine.holder


async def test_a_later_claim_outranks() -> None:
    """The second claims one more, and the first learns it at its next look."""
    bus = MemoryBus()
    first = await claim(bus, "first")

    second = await claim(bus, "second")

    await second.check()
    assert 2 == second.term
    with pytest.raises(Outranked) as caught:
        await first.check()
    assert (2, "second") == caught.value.holder


async def test_of_equal_terms_the_first_holds() -> None:
    """Two that claim at once have equal terms; the one behind in the journal does not hold and says so."""
    bus = MemoryBus()
    mine = terms(bus, "slow")

    async def durably_but_second(record: Record) -> None:
        await append(bus, Claim(filter=FILTER, owner="quick", term=1))
        await bus.append(Topic.JOURNAL, PARK, [record])

    with pytest.raises(Outranked):
        await mine.claim(durably_but_second)


async def test_a_claim_recorded_twice_is_one() -> None:
    """An append that failed and was made again leaves two equal claims, and the owner holds."""
    bus = MemoryBus()
    mine = terms(bus, "me")

    async def twice(record: Record) -> None:
        await bus.append(Topic.JOURNAL, PARK, [record, record])

    await mine.claim(twice)
    await mine.check()

    assert (1, "me") == mine.holder


async def test_filters_are_apart() -> None:
    """A claim of another filter outranks nobody here."""
    bus = MemoryBus()
    mine = await claim(bus, "me")

    await claim(bus, "other", "fenceline/demo/e01/#")

    await mine.check()


async def test_terms_of_a_snapshot_count() -> None:
    """Where the claims were cut away, the newest snapshot's terms are the ones to outrank."""
    bus = MemoryBus()
    for term in range(1, 6):
        await append(bus, Claim(filter=FILTER, owner=f"owner-{term}", term=term))
    last = await bus.last(Topic.JOURNAL, PARK)
    assert last is not None
    position = Position(1, last.offset, last.hash)
    await bus.put_snapshot(PARK, Snapshot(position, b"state", {FILTER: (5, "owner-5")}))
    await bus.cut(Topic.JOURNAL, PARK, last.offset + 1)

    mine = await claim(bus, "me")

    assert 6 == mine.term


async def test_cut_while_it_runs() -> None:
    """One whose place was cut goes on from the snapshot and still sees that it was outranked."""
    bus = MemoryBus()
    mine = await claim(bus, "me")
    offset = await append(bus, Claim(filter=FILTER, owner="new", term=2))
    last = await bus.last(Topic.JOURNAL, PARK)
    assert last is not None
    await append(bus, Tick(filter=FILTER, owner="new", term=2, time_ns=1))
    await bus.put_snapshot(PARK, Snapshot(Position(1, offset, last.hash), b"state", {FILTER: (2, "new")}))
    await bus.cut(Topic.JOURNAL, PARK, offset + 1)

    with pytest.raises(Outranked):
        await mine.check()


async def test_log_time_is_the_last_tick() -> None:
    """A new ticker starts from the last tick of its filter, however far back it lies."""
    bus = MemoryBus()
    before = await claim(bus, "before")
    await append(bus, Tick(filter=FILTER, owner="before", term=before.term, time_ns=77))
    await append(bus, *(Tick(filter="other", owner="o", term=1, time_ns=n) for n in range(5000)))

    mine = await claim(bus, "me")

    assert 77 == await mine.log_time_ns()


async def test_log_time_without_ticks_is_none() -> None:
    """Where there was never a tick, there is no log time."""
    mine = await claim(MemoryBus(), "me")

    assert 0 == await mine.log_time_ns()


async def test_a_tick_of_one_that_was_outranked_does_not_count() -> None:
    """What an outranked ticker wrote behind its successor moves nothing."""
    bus = MemoryBus()
    await append(
        bus,
        Claim(filter=FILTER, owner="old", term=1),
        Claim(filter=FILTER, owner="new", term=2),
        Tick(filter=FILTER, owner="new", term=2, time_ns=50),
        Tick(filter=FILTER, owner="old", term=1, time_ns=9000),
    )

    mine = await claim(bus, "me")

    assert 50 == await mine.log_time_ns()


async def test_a_time_set_counts_after_the_newer_claim() -> None:
    """A person's correction is where this claim's ticks start; a later claim starts from the ticks again."""
    bus = MemoryBus()
    before = await claim(bus, "before")
    await append(
        bus,
        Tick(filter=FILTER, owner="before", term=before.term, time_ns=9000),
        TimeSet(action="a", by="张伟", time_ns=40),
        Tick(filter=FILTER, owner="before", term=before.term, time_ns=9001),
    )

    mine = await claim(bus, "me")
    set_ns = await mine.log_time_ns()
    await append(bus, Tick(filter=FILTER, owner="me", term=mine.term, time_ns=41))
    later = await claim(bus, "later")

    assert 40 == set_ns
    assert 41 == await later.log_time_ns()


async def test_claims_and_ticks_that_do_not_read_back_are_passed_over() -> None:
    """One damaged record keeps no ingestor out for ever; the fold quarantines it."""
    bus = MemoryBus()
    await claim(bus, "first")
    await append(bus, Tick(filter=FILTER, owner="first", term=1, time_ns=7))
    damaged = [Record(kind, b"nothing at all") for kind in ("claim", "tick", "time_set")]
    await bus.append(Topic.JOURNAL, PARK, damaged)

    second = await claim(bus, "second")

    assert (2, "second") == second.holder
    assert 7 == await second.log_time_ns()


class CutMeanwhile(MemoryBus):
    """A bus whose journal is cut right after somebody has asked where it begins."""

    before = 0

    async def head(self, topic: Topic, park: str) -> int:
        found = await super().head(topic, park)
        await self.cut(Topic.JOURNAL, PARK, self.before)
        return found


@pytest.mark.parametrize("before", [2, 3])
async def test_cut_between_head_and_read(before: int) -> None:
    """Log time is found in what is left: an ingestor that ended there would have to be started by hand."""
    bus = CutMeanwhile()
    mine = await claim(bus, "first")
    for second in range(1, 4):
        await append(bus, Tick(filter=FILTER, owner="first", term=1, time_ns=second * 1_000_000_000))
    bus.before = before

    assert 3_000_000_000 == await mine.log_time_ns()
