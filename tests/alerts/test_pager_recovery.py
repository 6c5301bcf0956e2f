"""The pager started again, stopped, without its bus; over a ledger folded anew and a journal that was cut."""

from collections.abc import AsyncIterator

import pytest

from alerts.channels.channel import Outcome
from alerts.channels.scripted import HANG, ScriptedChannel
from fenceline.alert import AttemptMade
from fenceline.bus import Cause, Position, Record, Snapshot, Topic
from fenceline.clock import NANOSECONDS
from fenceline.errors import BusError, WireError
from fenceline.journal import Attempt, Receipt, Tick
from tests.alerts.pager_world import (
    FILTER,
    PARK,
    START_NS,
    World,
    page_named,
    settle,
    with_attempts,
)

PAGE = "a1~1.1"
REFUSED = Outcome(False, "refused")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.begin()
    yield world
    await world.end()


async def test_restart_sends_nothing_again(world: World) -> None:
    """A new pager reads the ledger and the journal from their beginnings and finds nothing to do."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    world.pager({"first": channel})
    await settle()
    await world.end()

    world.pager({"first": channel})
    await settle()
    await world.ledger("closed", page_named(state="delivered"))
    await world.pass_time(60)

    assert 1 == len(channel.sent)


async def test_ledger_written_again_changes_nothing(world: World) -> None:
    """Records whose cause is not above what was applied, as an engine writes after a crash, are dropped."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named(), Cause(1, 2, 0))
    await world.ledger("closed", page_named(state="cancelled"), Cause(1, 3, 0))
    await world.ledger("due", page_named(), Cause(1, 2, 0))

    world.pager({"first": channel})
    await settle()

    assert [] == channel.sent


async def test_ledger_folded_anew_pages_nobody_again(world: World) -> None:
    """A ledger that is folded again tells of old pages; their attempts still stand in the journal."""
    channel = ScriptedChannel()
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="old/1"))
    await world.journal(Receipt(page=PAGE, number=1, result="delivered"))
    world.pager({"first": channel})
    await settle()

    await world.ledger("due", page_named(), Cause(1, 2, 0))
    await settle()
    made = AttemptMade(n=1, channel="first", nonce="old/1", made_ns=START_NS)
    await world.ledger("attempted", with_attempts(page_named(), made), Cause(1, 3, 0))
    await world.pass_time(30)

    assert [] == channel.sent


async def test_journal_whose_head_was_cut_is_made_up_for_by_the_ledger(world: World) -> None:
    """Attempts that were cut away stand in the page; terms come from the snapshot; waits and expiry go on."""
    channel = ScriptedChannel()
    made = [
        AttemptMade(n=1, channel="first", nonce="old/1", made_ns=START_NS, at_ns=START_NS, result="failed"),
        AttemptMade(n=2, channel="first", nonce="old/2", made_ns=START_NS),
    ]
    for one in made:
        await world.journal(Attempt(page=PAGE, number=one.n, channel="first", nonce=one.nonce))
    await world.ledger("attempted", with_attempts(page_named(), *made))
    end = await world.memory.end(Topic.JOURNAL, PARK)
    terms = {FILTER: (1, "ingest-1")}
    await world.memory.put_snapshot(PARK, Snapshot(Position(1, end - 1, "0" * 32), b"state", terms))
    await world.memory.cut(Topic.JOURNAL, PARK, end)

    pager = world.pager({"first": channel})
    await settle()
    await world.pass_time(21)
    before = len(channel.sent)
    await world.pass_time(1)

    assert 0 == before
    assert [3] == [message.attempt for message in channel.sent]
    assert pager.position > end


async def test_log_time_goes_on_where_the_claim_was_cut_and_no_snapshot_names_it(world: World) -> None:
    """A tick then speaks for its own term, so that nothing waits for ever."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.memory.cut(Topic.JOURNAL, PARK, await world.memory.end(Topic.JOURNAL, PARK))
    await world.journal(Tick(filter=FILTER, owner="ingest-2", term=7, time_ns=START_NS + 400 * NANOSECONDS))

    world.pager({"first": channel})
    await settle()

    assert [(PAGE, 0, "expired")] == await world.receipts()
    assert [] == channel.sent


async def test_pager_left_behind_by_the_cut_begins_anew(world: World) -> None:
    """Where the head was cut beyond what it read, it reads the ledger again and goes on."""
    channel = ScriptedChannel()
    world.pager({"first": channel})
    await settle()
    await world.journal(Receipt(page="gone", number=1, result="failed"))
    await world.memory.cut(Topic.JOURNAL, PARK, await world.memory.end(Topic.JOURNAL, PARK))

    await world.ledger("due", page_named())
    await settle()

    assert [PAGE] == [message.page for message in channel.sent]


async def test_stop_waits_for_the_receipt(world: World) -> None:
    """A pager that is asked to stop begins nothing new and leaves no attempt without a receipt."""
    channel = ScriptedChannel([HANG])
    await world.ledger("due", page_named())
    pager = world.pager({"first": channel})
    await settle()

    pager.stop()
    await world.ledger("due", page_named("a2~1.1"))
    await settle()
    ended_early = world.tasks[0].done()
    channel.release()
    await settle()

    assert not ended_early
    assert world.tasks[0].done()
    assert [(PAGE, 1, "delivered")] == await world.receipts()


async def test_bus_that_cannot_be_read_ends_the_pager(world: World) -> None:
    """A pager without its bus says so and ends; whoever runs it decides what then."""
    world.pager({})
    await settle()

    await world.memory.close()
    await world.clock.advance(2)
    task = world.tasks.pop()

    with pytest.raises(BusError):
        await task


async def test_ledger_record_without_a_cause_is_said(world: World) -> None:
    """What was not derived is not paged, and not passed over in silence."""
    await world.ledger("due", page_named())
    await world.memory.append(Topic.ALERTS, PARK, [Record("page", b"{}")])

    world.pager({})
    await settle()
    task = world.tasks.pop()

    with pytest.raises(WireError, match="has no cause"):
        await task


async def test_journal_record_that_does_not_read_back_stops_no_page(world: World) -> None:
    """One damaged record does not silence the pager for ever; the engine quarantines it and says so."""
    channel = ScriptedChannel()
    damaged = [
        Record(kind, b"nothing at all") for kind in ("attempt", "receipt", "tick", "claim", "time_set")
    ]
    await world.memory.append(Topic.JOURNAL, PARK, damaged)
    await world.ledger("due", page_named())

    world.pager({"first": channel})
    await settle()

    assert 1 == len(channel.sent)
