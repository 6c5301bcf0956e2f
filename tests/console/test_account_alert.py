"""What Fenceline says of itself is folded into alerts that page: roles' words, and the fold's own account."""

from typing import Any

from console.fold import Output, ParkFold
from console.selfwatch import SYSTEM
from console.speaker import AFTER_SECONDS, OVER_SECONDS, Seen, Speaker
from fenceline.alert import AlertRecord, PageRecord
from fenceline.bus import Record, Stored, Topic, hash_of
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.journal import Claim, JournalRecord, Said, Tick
from fenceline.vocabulary import Condition
from fenceline.wire import decode, encode, kind_of
from tests.console.worlds import PARK, SECOND, START_NS, force

CLAIM = Claim(filter="f", owner="o", term=1)


class Folded:
    """A fold that is given one record after the other."""

    def __init__(self) -> None:
        self.fold = ParkFold()
        self.offset = 0
        record = force().record({})
        assert record is not None
        for one in (record, CLAIM, tick(0)):
            self.take(one)

    def take(self, record: JournalRecord) -> Output:
        kept = Record(kind_of(record), encode(record))
        self.offset += 1
        return self.fold.apply(Stored(self.offset, kept.kind, kept.payload, "", None, hash_of(kept)))

    def changes(self, record: JournalRecord) -> list[str]:
        """`change:rule` of each alert that changed, and `page` for each page due."""
        found: list[str] = []
        for one in self.take(record).ledger:
            if isinstance(one, AlertRecord) and one.alert.subject == SYSTEM:
                found.append(f"{one.change}:{one.alert.rule}")
            elif isinstance(one, PageRecord):
                found.append(f"page {one.change}")
        return found


def tick(second: int) -> Tick:
    return Tick(filter="f", owner="o", term=1, time_ns=START_NS + second * SECOND)


def said(holds: Condition, second: int = 0, role: str = "station", condition: Any = "journal-full") -> Said:
    since = START_NS + second * SECOND
    return Said(role=role, owner="me", condition=condition, holds=holds, since_ns=since, detail="no room")


def test_what_a_role_says_raises_an_alert_that_pages() -> None:
    """Said once or twice it is one alert on `fenceline`, with the sentence and who said it."""
    bench = Folded()

    changes = bench.changes(said(Condition.TRUE))
    again = bench.changes(said(Condition.TRUE))

    assert ["raised:journal-full", "page due"] == changes
    assert [] == again
    alert = next(one for one in bench.fold.alerts.open if one.subject == SYSTEM)
    assert (SYSTEM, "no room", "station") == (
        alert.subject,
        alert.evidence["detail"],
        alert.evidence["said_by"],
    )


def test_it_is_over_when_every_role_says_so() -> None:
    """One role's word does not take back another's; a role takes back its own, also after a restart."""
    bench = Folded()
    bench.take(said(Condition.TRUE, role="station"))
    bench.take(said(Condition.TRUE, 1, role="ingest-2"))

    one = bench.changes(said(Condition.FALSE, 2, role="station"))
    both = bench.changes(said(Condition.FALSE, 3, role="ingest-2"))

    assert [[], ["returned:journal-full"]] == [one, both]


def test_the_first_word_that_nothing_is_wrong_is_no_news() -> None:
    """Every start says how it stands; where nothing stood, nothing is found."""
    bench = Folded()

    assert [] == bench.take(said(Condition.FALSE)).findings


def test_what_is_said_before_a_park_is_in_force_is_found_after() -> None:
    """Nothing can be named then, and nothing is forgotten."""
    bench = Folded()
    bench.fold = ParkFold()

    early = bench.changes(said(Condition.TRUE))
    record = force().record({})
    assert record is not None
    for one in (record, CLAIM):
        bench.take(one)

    assert [] == early
    assert "raised:journal-full" in bench.changes(tick(1))


def test_an_account_that_does_not_balance_for_half_a_minute() -> None:
    """The fold judges its own account at ticks, by log time; a snapshot in between changes nothing."""
    bench = Folded()
    bench.fold.counted += 1  # as if a reading had been lost on its way into the account

    quiet = [bench.changes(tick(second)) for second in range(1, 31)]
    bench.fold = ParkFold.restore(bench.fold.dump())
    raised = bench.changes(tick(31))
    alert = next(one for one in bench.fold.alerts.open if one.subject == SYSTEM)
    bench.fold.counted -= 1
    over = bench.changes(tick(32))

    assert [[]] * 30 == quiet
    assert ["raised:account-imbalance", "page due"] == raised
    assert {"received": 0, "columns": 0, "counted": 1} == {
        key: alert.evidence[key] for key in ("received", "columns", "counted")
    }
    assert ["returned:account-imbalance", "page updated"] == over


def test_no_duration_completes_across_a_gap() -> None:
    """A leap of log time starts the half minute anew."""
    bench = Folded()
    bench.fold.counted += 1
    bench.take(tick(1))

    leapt = bench.changes(tick(100))
    after = [bench.changes(tick(100 + second)) for second in (4, 8, 12, 16, 20, 24, 28)]
    due = bench.changes(tick(132)) + bench.changes(tick(133))

    assert [] == leapt
    assert [[]] * 7 == after
    assert "raised:account-imbalance" in due


class Speaking:
    """A speaker on the bus in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_NS)
        self.bus = MemoryBus(clock=self.clock)
        self.speaker = Speaker(self.bus, PARK, self.clock, role="station", owner="me")

    async def look(self, seconds: float, **holds: bool) -> None:
        await self.clock.advance(seconds)
        await self.speaker.look({name.replace("_", "-"): Seen(now) for name, now in holds.items()})  # type: ignore[misc]

    async def said(self) -> list[tuple[str, str, int]]:
        found = await self.bus.read(Topic.JOURNAL, PARK, 0, kinds=("said",))
        records: list[Said] = [decode(one.kind, one.payload) for one in found]
        return [(one.condition, str(one.holds), (one.since_ns - START_NS) // SECOND) for one in records]


async def test_said_after_its_time_and_taken_back_after_a_while() -> None:
    """Half a minute of contradiction is said, with the moment it began; a moment of it is not."""
    bench = Speaking()
    await bench.look(0, account_imbalance=False)
    await bench.look(OVER_SECONDS, account_imbalance=False)

    await bench.look(1, account_imbalance=True)
    await bench.look(AFTER_SECONDS["account-imbalance"] - 1, account_imbalance=True)
    await bench.look(0.5, account_imbalance=False)
    await bench.look(0.5, account_imbalance=True)
    early = await bench.said()
    await bench.look(AFTER_SECONDS["account-imbalance"], account_imbalance=True)
    await bench.look(1, account_imbalance=False)
    await bench.look(OVER_SECONDS, account_imbalance=False)

    assert [("account-imbalance", "false", 0)] == early
    assert [("account-imbalance", "true", 36), ("account-imbalance", "false", 67)] == (await bench.said())[1:]


async def test_a_full_journal_is_told_when_there_is_room() -> None:
    """While it is full nothing can be written; then it is told from when it was, and that it is over."""
    bench = Speaking()
    await bench.look(0, journal_full=False)
    await bench.look(OVER_SECONDS, journal_full=False)
    bench.bus.full = True

    for _ in range(3):  # it comes and goes, and nothing can be written in between
        await bench.look(1, journal_full=True)
        await bench.look(1, journal_full=False)
        await bench.look(OVER_SECONDS, journal_full=False)
    bench.bus.full = False
    await bench.look(1, journal_full=False)

    assert [("journal-full", "true", 6), ("journal-full", "false", 21)] == (await bench.said())[1:]
    assert [] == bench.speaker.unsaid


async def test_a_start_takes_back_what_the_one_before_said() -> None:
    """A role that died while something held says at its next start that it is over."""
    bench = Speaking()
    await bench.look(0, broker_lost=True)
    await bench.look(AFTER_SECONDS["broker-lost"], broker_lost=True)
    bench.speaker = Speaker(bench.bus, PARK, bench.clock, role="station", owner="next")

    await bench.look(1, broker_lost=False)
    await bench.look(OVER_SECONDS, broker_lost=False)

    assert ["true", "false"] == [holds for _, holds, _ in await bench.said()]
