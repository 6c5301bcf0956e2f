"""The pager on a memory bus, in time moved by hand: what is due is sent, counted, and sent once."""

from collections.abc import AsyncIterator

import pytest

from alerts.channels.channel import Outcome
from alerts.channels.scripted import HANG, ScriptedChannel
from fenceline.journal import Attempt, Receipt
from fenceline.vocabulary import Level
from tests.alerts.pager_faults import JudgedChannel
from tests.alerts.pager_world import (
    START_NS,
    World,
    page_named,
    settle,
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
    channel = JudgedChannel(world, "first")
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
    """What a pager left behind is waited for, from the first tick after it; then the next number goes."""
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
