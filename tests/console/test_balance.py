"""The journal's own count beside the stages: what agrees, what contradicts, where nothing can be said yet."""

import pytest

from console.balance import Appended, Balance, Mark
from console.journalcount import JournalCount
from console.web.account import StageAccount
from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.journal import Batch, Tick
from fenceline.reading import Readings
from fenceline.vocabulary import Quality
from fenceline.wire import encode

PARK = "p"


def batch(readings: int, rejected: int = 0, owner: str = "me") -> Record:
    rows = [("s", number, 0.0, int(Quality.GOOD), number) for number in range(readings)]
    refused = tuple((f"k{number}", "not_json") for number in range(rejected))
    return Record("batch", encode(Batch("f", owner, 1, 0, Readings.from_rows(rows), refused, 1)))


TICK = Record("tick", encode(Tick(filter="f", owner="me", term=1, time_ns=1)))


class Bench:
    """A journal, its count, and stages that say what a test lets them say."""

    def __init__(self) -> None:
        self.bus = MemoryBus(clock=ManualClock())
        self.count = JournalCount(self.bus, PARK, 0)
        self.engine: Mark | None = None
        self.store: Mark | None = None
        self.ingest: Appended | None = None
        self.stages: dict[str, StageAccount] = {}
        self.balance = Balance(
            self.count, lambda: self.engine, lambda: self.store, lambda: self.ingest, lambda: self.stages
        )

    async def append(self, *records: Record) -> int:
        return await self.bus.append(Topic.JOURNAL, PARK, records)

    async def look(self, *, counted: bool = True) -> list[str]:
        while counted and await self.count.step():
            pass
        return self.balance.look(await self.bus.end(Topic.JOURNAL, PARK))


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_counts_up_to_any_offset(bench: Bench) -> None:
    """Readings and refusals at or before an offset, also at ticks between; nothing where it was not read."""
    first = await bench.append(batch(3, 1), TICK)
    last = await bench.append(batch(0), batch(2))
    early = bench.count.at(last)

    await bench.look()

    assert early is None
    assert [0, 4, 4, 6, None] == [
        None if (total := bench.count.at(offset)) is None else total.all
        for offset in (0, first - 1, first, last, last + 1)
    ]


async def test_forgets_only_the_oldest(bench: Bench) -> None:
    """Memory is bounded: far back nothing is known, near the end everything."""
    bench.count = JournalCount(bench.bus, PARK, 0, entries_kept=10)
    last = await bench.append(*(batch(1) for _ in range(100)))
    while await bench.count.step():
        pass

    assert bench.count.at(1) is None
    assert 100 == getattr(bench.count.at(last), "all", None)


async def test_a_stage_that_is_behind_is_compared_where_it_is(bench: Bench) -> None:
    """Being behind is no contradiction: what stands after the stage's place is on its way to it."""
    first = await bench.append(batch(5, 1))
    last = await bench.append(batch(4))
    bench.engine, bench.store = Mark(first, 106), Mark(first, 55)  # they began long before

    said = await bench.look()
    bench.engine, bench.store = Mark(last, 110), Mark(last, 59)
    said += await bench.look()

    assert [] == said
    journal = bench.balance.journal_stage()
    assert (110, 110, 0, True) == (journal.received, journal.out, journal.in_flight, journal.balanced)


async def test_what_is_on_its_way_to_the_engine_is_in_flight(bench: Bench) -> None:
    """In the journal = received by the engine + in flight."""
    first = await bench.append(batch(5))
    await bench.append(batch(4, 2))
    bench.engine = Mark(first, 5)

    await bench.look()

    journal = bench.balance.journal_stage()
    assert (11, 5, 6, True) == (journal.received, journal.out, journal.in_flight, journal.balanced)


@pytest.mark.parametrize(("has", "said"), [(8, "2 readings fewer"), (11, "1 readings more")])
@pytest.mark.parametrize("stage", ["engine", "store"])
async def test_a_stage_that_lost_or_doubled_is_said(bench: Bench, stage: str, has: int, said: str) -> None:
    """Both have come to the same place, and have another number."""
    start = await bench.append(batch(0))
    last = await bench.append(batch(10))
    setattr(bench, stage, Mark(start, 0))
    await bench.look()
    setattr(bench, stage, Mark(last, has))

    found = await bench.look()

    assert [f"{stage}: it has {said} than the journal"] == found
    if stage == "engine":
        assert not bench.balance.journal_stage().balanced


async def test_what_ingest_acknowledged_must_stand_in_the_journal(bench: Bench) -> None:
    """Its word is checked once the count has passed the journal's end of then; more is no contradiction."""
    await bench.append(batch(3), batch(9, owner="another"))
    bench.ingest = Appended("me", 3)
    first = await bench.look()
    again = await bench.look()
    bench.ingest = Appended("me", 5)
    early = await bench.look()
    late = await bench.look()
    await bench.append(batch(2), batch(2))
    bench.ingest = Appended("me", 5)
    await bench.look()
    mended = await bench.look()

    assert [[], [], [], []] == [first, again, early, mended]
    assert ["ingest: 2 readings it appended do not stand in the journal"] == late


async def test_nothing_is_said_before_the_count_is_there(bench: Bench) -> None:
    """A count that lags compares nothing; it is no contradiction that it has not read yet."""
    last = await bench.append(batch(5))
    bench.engine, bench.ingest = Mark(last, 5), Appended("me", 5)

    assert [[], []] == [await bench.look(counted=False), await bench.look(counted=False)]


async def test_a_head_cut_before_it_was_counted_begins_anew(bench: Bench) -> None:
    """What was cut cannot be counted; comparisons begin after it instead of accusing somebody."""
    first = await bench.append(batch(5))
    bench.engine = Mark(first, 5)
    await bench.look()
    await bench.append(batch(7))
    last = await bench.append(batch(2))
    await bench.bus.cut(Topic.JOURNAL, PARK, last)
    bench.engine = Mark(last, 14)

    found = await bench.look()
    end = await bench.append(batch(4))
    bench.engine = Mark(end, 18)

    assert [[], []] == [found, await bench.look()]


async def test_a_stage_that_does_not_balance_by_itself_is_said(bench: Bench) -> None:
    """With the figures: what came in, and what its columns hold."""
    bench.stages = {"store": StageAccount(received=5, out=4), "ingest": StageAccount(received=2, out=2)}

    assert ["store: 5 came in, and 4 stand in its columns"] == await bench.look()
