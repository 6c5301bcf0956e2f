"""The core on the bus in memory and a clock moved by hand: order, failures, acknowledgements, ticks."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from fenceline.bus import Stored, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.journal import Batch, Claim, Tick
from fenceline.wire import decode
from ingest.account import Account
from ingest.core import IngestCore
from ingest.inbox import Inbound, Inbox
from ingest.settings import IngestSettings
from ingest.ticker import Ticker
from ingest.writer import Writer
from tests.ingest.known import NOW_MS, NOW_NS, TOPIC, known_directory

PARK = "demo"
GOOD = json.dumps({"sensor": "h2s-1", "time": NOW_MS, "value": 1}).encode()


class Bench:
    """A core with everything it stands on."""

    def __init__(self, *, ticks: bool = False, **settings: Any) -> None:
        self.clock = ManualClock(NOW_NS)
        self.bus = MemoryBus(clock=self.clock)
        self.account = Account()
        self.inbox = Inbox(self.account, 100)
        self.word = True
        self.acknowledged: list[str] = []
        self.core = IngestCore(
            settings=IngestSettings(**({"gather_seconds": 0} | settings)),
            directory=known_directory(),
            inbox=self.inbox,
            writer=Writer(self.bus, PARK, self.account, self.clock),
            clock=self.clock,
            claim=Claim(filter="fenceline/demo/#", owner="me", term=1),
            ticker=Ticker(0, NOW_NS, 0.0) if ticks else None,
            has_word=lambda: self.word,
        )

    def receive(self, name: str, payload: bytes = GOOD) -> None:
        self.inbox.put(Inbound(TOPIC, payload, lambda: self.acknowledged.append(name)))

    async def step(self, seconds: float = 0.0) -> None:
        """One step of the core, with this much time passing while it waits."""
        working = asyncio.ensure_future(self.core.step())
        await self.clock.advance(seconds)
        await working

    async def journal(self) -> list[Stored]:
        return [one for one in await self.bus.read(Topic.JOURNAL, PARK, 0) if one.kind != "epoch"]

    async def records(self) -> list[Batch | Tick]:
        return [decode(one.kind, one.payload) for one in await self.journal()]

    @property
    def balanced(self) -> bool:
        return self.account.snapshot(self.clock.monotonic()).balanced


async def test_acknowledged_once_durable() -> None:
    """What waits becomes one batch, and every message is acknowledged after it."""
    bench = Bench()
    bench.receive("a")
    bench.receive("b")

    await bench.step()

    batch = (await bench.records())[0]
    assert isinstance(batch, Batch)
    assert (2, 2, NOW_NS) == (batch.messages, len(batch.readings), batch.received_ns)
    assert ["a", "b"] == bench.acknowledged
    assert bench.balanced


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("topic", [Topic.JOURNAL, Topic.DEADLETTER])
async def test_a_failed_append_is_made_again_before_any_acknowledgement(
    topic: Topic, nth: int, recorded: bool
) -> None:
    """Whichever append fails, recorded or not, each message is in the journal before it is acknowledged."""
    bench = Bench(batch_messages=1)
    bench.bus.fail_next(topic, nth, recorded=recorded)
    for name in "abcd":
        bench.receive(name, b"bad" if name in "bd" else GOOD)

    for _ in range(4):
        before = len(bench.acknowledged)
        working = asyncio.ensure_future(bench.core.step())
        await bench.clock.advance(0.01)
        durable = sum(one.messages for one in await bench.records() if isinstance(one, Batch))
        assert len(bench.acknowledged) <= durable
        await bench.clock.advance(0.2)
        await working
        assert before + 1 == len(bench.acknowledged)

    assert ["a", "b", "c", "d"] == bench.acknowledged
    assert bench.balanced
    assert "ok" == bench.account.journal


async def test_every_append_failing_for_a_while() -> None:
    """While nothing is durable nothing is acknowledged; the pauses grow, and then it goes on."""
    bench = Bench()
    for n in range(1, 8):
        bench.bus.fail_next(Topic.JOURNAL, n)
    bench.receive("a")
    working = asyncio.ensure_future(bench.core.step())

    await bench.clock.advance(1.0)
    waiting = list(bench.acknowledged), bench.account.journal, bench.balanced
    await bench.clock.advance(10.0)
    await working

    assert ([], "not_durable", True) == waiting
    assert ["a"] == bench.acknowledged


async def test_a_full_journal_stops_taking_in() -> None:
    """While there is no room nothing is acknowledged and the state says so; with room it goes on."""
    bench = Bench()
    bench.bus.full = True
    bench.receive("a")
    working = asyncio.ensure_future(bench.core.step())

    await bench.clock.advance(60.0)
    snapshot = bench.account.snapshot(bench.clock.monotonic())
    bench.bus.full = False
    await bench.clock.advance(1.0)
    await working

    assert ("full", 1, True) == (snapshot.journal, snapshot.messages_in_flight, snapshot.balanced)
    assert ["a"] == bench.acknowledged
    assert "ok" == bench.account.journal


async def test_dead_letters_are_durable_before_the_batch_that_names_them() -> None:
    """A batch names the keys of its letters, and each of them can be read by then."""
    bench = Bench()
    bench.bus.fail_next(Topic.DEADLETTER, 1)
    bench.receive("a", b"nonsense")
    working = asyncio.ensure_future(bench.core.step())

    await bench.clock.advance(0.01)
    early = await bench.journal()
    await bench.clock.advance(1.0)
    await working

    assert [] == early
    batch = (await bench.records())[0]
    assert isinstance(batch, Batch)
    letters = await bench.bus.read(Topic.DEADLETTER, PARK, 0)
    assert [key for key, _ in batch.rejected] == [letter.key for letter in letters]
    assert Counter({"not_json": 1}) == bench.account.rejected


async def test_a_mark_at_least_once_a_second() -> None:
    """With nothing to write, an empty batch says that the ingestor lives; a batch of readings says it too."""
    bench = Bench()

    await bench.step()
    await bench.step()
    await bench.clock.advance(1.0)
    bench.receive("a")
    await bench.step()
    await bench.clock.advance(1.0)
    await bench.step()

    assert [0, 1, 0] == [one.messages for one in await bench.records() if isinstance(one, Batch)]


async def test_no_mark_and_no_tick_without_word_from_the_broker() -> None:
    """A silent broker is not a park in which nothing happens; readings are written nevertheless."""
    bench = Bench(ticks=True)
    bench.word = False

    await bench.step()
    bench.receive("a")
    await bench.step()

    assert ["batch"] == [one.kind for one in await bench.journal()]
    assert ["a"] == bench.acknowledged


async def test_everything_received_before_a_tick_stands_before_it() -> None:
    """A tick comes after every message that was there when its time was taken, in however many batches."""
    bench = Bench(ticks=True, batch_messages=2)
    for n in range(5):
        bench.receive(str(n))

    await bench.step()

    records = await bench.records()
    assert [2, 2, 1] == [one.messages for one in records if isinstance(one, Batch)]
    assert isinstance(records[-1], Tick)
    assert ("me", 1) == (records[-1].owner, records[-1].term)


async def test_a_tick_that_grew_old_is_replaced() -> None:
    """After a stall of the journal the tick says when it could be written, after what came since."""
    bench = Bench(ticks=True)
    bench.bus.full = True
    working = asyncio.ensure_future(bench.core.step())
    await bench.clock.advance(27.5)
    bench.receive("late")
    await bench.clock.advance(2.5)

    bench.bus.full = False
    await bench.clock.advance(3.0)
    await working

    records = await bench.records()
    batch, tick = records[0], records[1]
    assert isinstance(batch, Batch)
    assert isinstance(tick, Tick)
    assert 1 == batch.messages
    assert tick.time_ns >= NOW_NS + 30_000_000_000


async def test_a_tick_that_failed_quickly_is_the_same_tick() -> None:
    """Within a second the same tick is appended again, so that a recorded one is not followed by another."""
    bench = Bench(ticks=True)
    bench.bus.fail_next(Topic.JOURNAL, 1, recorded=True)

    await bench.step(0.2)

    ticks = [one for one in await bench.records() if isinstance(one, Tick)]
    assert 2 == len(ticks)
    assert ticks[0] == ticks[1]


async def test_a_small_batch_waits_for_company() -> None:
    """After a pause the first is committed at once; what follows within that time goes into one commit."""
    bench = Bench(gather_seconds=0.005)
    await bench.clock.advance(1)
    bench.receive("first")
    await bench.core.step()
    bench.receive("a")
    working = asyncio.ensure_future(bench.core.step())
    await bench.clock.advance(0.004)
    bench.receive("b")
    await bench.clock.advance(0.001)
    await working

    assert [1, 2] == [
        one.messages for one in await bench.records() if isinstance(one, Batch) and one.messages
    ]


async def test_messages_at_qos_0_are_dropped_and_counted_when_the_queue_is_full() -> None:
    """Nothing holds back a sender at QoS 0; what cannot be kept is counted, and the account balances."""
    bench = Bench()
    for _ in range(105):
        bench.inbox.put(Inbound(TOPIC, GOOD, None))

    await bench.step()

    snapshot = bench.account.snapshot(0.0)
    assert (105, 100, 5) == (
        snapshot.messages_received,
        snapshot.messages_journaled,
        snapshot.messages_dropped,
    )
    assert snapshot.balanced
