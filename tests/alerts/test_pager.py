"""The pager on a memory bus, in time moved by hand: what is due is sent, counted, and sent once where all goes well."""

from collections.abc import AsyncIterator

import pytest

from alerts.channels.channel import Outcome
from alerts.channels.scripted import HANG, ScriptedChannel
from fenceline.alert import AttemptMade
from fenceline.bus import Cause, Position, Record, Snapshot, Topic
from fenceline.clock import NANOSECONDS
from fenceline.errors import BusError, WireError
from fenceline.journal import Attempt, Receipt, Tick
from fenceline.vocabulary import Level
from tests.alerts.pager_world import (
    FILTER,
    PARK,
    START_NS,
    WitnessChannel,
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


async def test_due_page_is_sent_once(world: World) -> None:
    """An attempt stands in the journal, the message goes out, and the receipt follows."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())

    pager = world.pager({"first": channel})
    await settle()
    await world.pass_time(60)

    assert [PAGE] == [message.page for message in channel.sent]
    assert [(PAGE, 1, "first")] == await world.attempts()
    assert [(PAGE, 1, "delivered")] == await world.receipts()
    assert "http://127.0.0.1:8080/#/alerts/a1" == channel.sent[0].link
    assert pager.state.delivered == 1
    assert pager.state.last_sent_ns == START_NS
    assert pager.state.pages_due == 0


async def test_page_that_becomes_due_later_is_sent_without_waiting(world: World) -> None:
    """The pager waits on the ledger, so that a page goes out before any time passes."""
    channel = ScriptedChannel()
    world.pager({"first": channel})
    await settle()

    await world.ledger("due", page_named())
    await settle()

    assert [PAGE] == [message.page for message in channel.sent]


async def test_attempt_is_durable_before_it_is_sent(world: World) -> None:
    """When a channel is asked, the attempt can already be read."""
    channel = WitnessChannel(world)
    await world.ledger("due", page_named())

    world.pager({"first": channel})
    await settle()

    assert [PAGE] == [message.page for message in channel.sent]
    assert [] == channel.without_attempt


async def test_channels_are_taken_in_turn_and_then_no_more(world: World) -> None:
    """Three attempts for each channel, a pause between those over the same one; then the page is spent."""
    first, second = ScriptedChannel(then=REFUSED), ScriptedChannel(then=OSError("unplugged"))
    await world.ledger("due", page_named())

    pager = world.pager({"first": first, "second": second})
    await settle()
    at_once = len(first.sent)
    await world.pass_time(60)

    assert 1 == at_once
    expected = [(PAGE, n, "first") for n in (1, 2, 3)] + [(PAGE, n, "second") for n in (4, 5, 6)]
    assert expected == await world.attempts()
    assert [(PAGE, n, "failed") for n in range(1, 7)] == await world.receipts()
    assert {"first": "refused", "second": "OSError: unplugged"} == pager.state.failing


async def test_channel_that_is_not_configured_is_a_failed_attempt(world: World) -> None:
    """A recipient whose channel does not exist is still reached by the next one."""
    second = ScriptedChannel()
    await world.ledger("due", page_named())

    world.pager({"second": second})
    await settle()
    await world.pass_time(10)

    assert [4] == [message.attempt for message in second.sent]
    details = [one.detail for one in await world.records("receipt")]
    assert "channel `first` is not configured" == details[0]


async def test_most_urgent_page_goes_first(world: World) -> None:
    """Where only one message can be in flight, red goes before blue, whatever came first."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named("a1~1.1", level=Level.BLUE))
    await world.ledger("due", page_named("a2~1.1", level=Level.RED))

    world.pager({"first": channel}, in_flight=1)
    await settle()

    assert ["a2~1.1", "a1~1.1"] == [message.page for message in channel.sent]


async def test_expired_page_is_not_sent(world: World) -> None:
    """A page that is too old gets the receipt `expired`, once, and nothing goes out."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.tick(301)

    world.pager({"first": channel})
    await settle()
    await world.pass_time(5)

    assert [] == channel.sent
    assert [(PAGE, 0, "expired")] == await world.receipts()


async def test_page_does_not_expire_while_an_attempt_may_still_be_answered(world: World) -> None:
    """An attempt of another pager is given its time, then the page is expired."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.tick(299)
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="other/1"))
    await world.tick()

    world.pager({"first": channel})
    await settle()
    await world.pass_time(20)
    before = await world.receipts()
    await world.pass_time(2)

    assert [] == before
    assert [(PAGE, 0, "expired")] == await world.receipts()
    assert [] == channel.sent


async def test_attempt_without_a_receipt_counts(world: World) -> None:
    """What a pager left behind is waited for in log time, from the first tick after it; then the next number goes."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="other/1"))

    world.pager({"first": channel})
    await settle()
    await world.pass_time(21)
    before = len(channel.sent)
    await world.pass_time(1)

    assert 0 == before
    assert [2] == [message.attempt for message in channel.sent]


async def test_gap_in_log_time_counts_in_no_wait(world: World) -> None:
    """A leap of the ticks does not make an attempt one without a receipt."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="other/1"))
    await world.tick()

    world.pager({"first": channel})
    await world.tick(60)
    await settle()
    await world.pass_time(5)

    assert [] == channel.sent


async def test_late_receipt_of_another_pager_ends_the_page(world: World) -> None:
    """A delivery that is only now known leaves nothing to send."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named())
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="other/1"))
    world.pager({"first": channel})
    await settle()

    await world.journal(Receipt(page=PAGE, number=1, result="delivered"))
    await world.pass_time(60)

    assert [] == channel.sent


async def test_newest_text_goes_out(world: World) -> None:
    """A page that was updated before it could be sent is sent as it stands now, in each attempt."""
    channel = ScriptedChannel([REFUSED])
    page = page_named()
    newer = page.model_copy(update={"revision": 2, "text": {"zh": ("新",), "en": ("new",)}})
    newest = page.model_copy(update={"revision": 3, "text": {"zh": ("更新",), "en": ("newer",)}})
    await world.ledger("due", page)
    await world.ledger("updated", newer)
    world.pager({"first": channel})
    await settle()

    await world.ledger("updated", newest)
    await world.pass_time(5)

    assert [(1, 2, "新"), (2, 3, "更新")] == [(one.attempt, one.revision, one.title) for one in channel.sent]


async def test_update_after_delivery_sends_nothing(world: World) -> None:
    """A delivered page may be updated on the screens; it does not page again."""
    channel = ScriptedChannel()
    page = page_named()
    await world.ledger("due", page)
    world.pager({"first": channel})
    await settle()

    await world.ledger("updated", page.model_copy(update={"revision": 2}))
    delivered = page.model_copy(update={"state": "delivered"})
    await world.ledger("closed", delivered)
    await world.ledger("updated", delivered.model_copy(update={"revision": 3}))
    await world.pass_time(60)

    assert 1 == len(channel.sent)


async def test_cancelled_page_is_not_sent(world: World) -> None:
    """A page that somebody answered while its first attempt failed goes out no more."""
    channel = ScriptedChannel([REFUSED])
    await world.ledger("due", page_named())
    world.pager({"first": channel})
    await settle()

    await world.ledger("closed", page_named(state="cancelled"))
    await world.pass_time(10)

    assert 1 == len(channel.sent)


async def test_slow_channel_holds_up_no_other_page(world: World) -> None:
    """While one channel hangs with all its places taken, another page goes out over another channel."""
    slow, quick = ScriptedChannel(then=HANG), ScriptedChannel()
    for n in range(5):
        await world.ledger("due", page_named(f"s{n}~1.1", channels=("slow",), level=Level.RED))
    await world.ledger("due", page_named("q~1.1", channels=("quick",)))

    pager = world.pager({"slow": slow, "quick": quick}, in_flight=3)
    await settle()

    assert 3 == len(slow.sent)
    assert ["q~1.1"] == [message.page for message in quick.answered]
    assert 3 == pager.state.in_flight


async def test_channel_without_an_answer_has_failed(world: World) -> None:
    """A channel that never answers costs its attempt the time of a receipt, and the page goes on."""
    channel = ScriptedChannel([HANG])
    await world.ledger("due", page_named())

    world.pager({"first": channel})
    await settle()
    await world.pass_time(30)

    assert [1, 2] == [message.attempt for message in channel.sent]
    assert [(PAGE, 1, "failed"), (PAGE, 2, "delivered")] == await world.receipts()


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
    """Records whose cause is not above what was applied are dropped, as an engine writes them after a crash."""
    channel = ScriptedChannel()
    await world.ledger("due", page_named(), Cause(1, 2, 0))
    await world.ledger("closed", page_named(state="cancelled"), Cause(1, 3, 0))
    await world.ledger("due", page_named(), Cause(1, 2, 0))

    world.pager({"first": channel})
    await settle()

    assert [] == channel.sent


async def test_ledger_folded_anew_pages_nobody_again(world: World) -> None:
    """Derived topics that are deleted and folded again tell of old pages whose attempts the journal still has."""
    channel = ScriptedChannel()
    await world.journal(Attempt(page=PAGE, number=1, channel="first", nonce="old/1"))
    await world.journal(Receipt(page=PAGE, number=1, result="delivered"))
    world.pager({"first": channel})
    await settle()

    await world.ledger("due", page_named(), Cause(1, 2, 0))
    await settle()
    made = AttemptMade(n=1, channel="first", nonce="old/1")
    await world.ledger("attempted", with_attempts(page_named(), made), Cause(1, 3, 0))
    await world.pass_time(30)

    assert [] == channel.sent


async def test_journal_whose_head_was_cut_is_made_up_for_by_the_ledger(world: World) -> None:
    """Attempts that were cut away stand in the page; terms come from the snapshot; waits and expiry go on."""
    channel = ScriptedChannel()
    made = [
        AttemptMade(n=1, channel="first", nonce="old/1", at_ns=START_NS, result="failed"),
        AttemptMade(n=2, channel="first", nonce="old/2"),
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


async def test_simulated_page_says_so_first(world: World) -> None:
    """The mark stands before the title and before the first line of each language, once."""
    channel = ScriptedChannel()
    text = {"zh": ("【演练】橙色Ⅱ级",), "en": ("[SIMULATED] Orange II",)}
    await world.ledger("due", page_named(simulated=True, text=text))

    world.pager({"first": channel})
    await settle()

    message = channel.sent[0]
    assert "【演练】SIMULATED 橙色Ⅱ级" == message.title
    assert ("【演练】橙色Ⅱ级",) == message.zh
    assert ("[SIMULATED] Orange II",) == message.en


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
