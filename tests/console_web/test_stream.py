"""The live stream: encoded once, and no screen misses a change, however it comes and goes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from tests.console_web.house import Browser, Console, console_over, new_clock
from tests.sinks.records import PARK, alert, append, batch, ended, folded, page, raised


@pytest.fixture
def clock() -> ManualClock:
    return new_clock()


@pytest.fixture
def bus(clock: ManualClock) -> MemoryBus:
    return MemoryBus(clock=clock)


@pytest.fixture
async def console(bus: MemoryBus, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_over(bus, clock, tmp_path) as console:
        yield console


async def test_hello_first_then_what_happens(console: Console, bus: MemoryBus) -> None:
    """A screen is greeted with the ledger position; an alert and its page follow as they happen."""
    await console.follow()
    browser = Browser(console.app)
    await console.settle()

    await append(bus, Topic.ALERTS, raised(alert()), page(alert()))
    await console.settle()

    assert ["hello", "alert", "page"] == [event.name for event in browser.events]
    assert (PARK, True, -1) == tuple(browser.events[0].data[key] for key in ("park", "simulated", "position"))
    assert ["0", "1"] == [event.id for event in browser.events[1:]]
    assert [alert().id] == browser.events[2].data["alerts"]
    await browser.close()


async def test_status_and_values_once_a_second(console: Console, bus: MemoryBus, clock: ManualClock) -> None:
    """Each second the status; new values only for sensors that changed, a zero among them."""
    await append(bus, Topic.FINDINGS, folded(0, received=10))
    await console.follow()
    browser = Browser(console.app)
    await append(bus, Topic.JOURNAL, batch(("s1", 1, 0.0)))
    await append(bus, Topic.FINDINGS, folded(1, received=60), first_cause=9)
    await console.settle()

    await clock.advance(1)
    await clock.advance(1)

    assert [{"s1": [1_700_000_001_000, 0.0, "good"]}] == [one.data for one in browser.named("values")]
    assert 2 == len(browser.named("status"))
    status = browser.named("status")[0].data
    assert {
        "server_time": "2023-11-14T22:13:21.000Z",
        "folded_to": "2023-11-14T22:13:21.000Z",
        "watching": 2,
        "cannot_tell": 1,
        "sensors": 3,
        "open": 0,
        "unacknowledged": 0,
        "engine": "live",
        "balanced": True,
        "received_per_second": 50.0,
        "journal": "ok",
    } == status
    await browser.close()


async def test_a_standing_engine_is_said(console: Console, bus: MemoryBus, clock: ManualClock) -> None:
    """While ticks are not folded the status goes on and says that the engine is behind."""
    await append(bus, Topic.FINDINGS, folded(0))
    await console.follow()
    browser = Browser(console.app)
    await console.settle()

    for _ in range(7):
        await clock.advance(1)

    assert ["live"] * 5 + ["behind"] * 2 == [one.data["engine"] for one in browser.named("status")]
    await browser.close()


async def test_one_encoding_for_many_screens(console: Console, bus: MemoryBus) -> None:
    """Fifty screens are sent the same bytes, which were made once."""
    await console.follow()
    browsers = [Browser(console.app) for _ in range(50)]
    await console.settle()
    before = console.live.encoded

    await append(bus, Topic.ALERTS, raised(alert()))
    await console.settle()

    assert 1 == console.live.encoded - before
    assert 1 == len({id(browser.chunks[-1]) for browser in browsers})
    for browser in browsers:
        await browser.close()


@pytest.mark.parametrize("ledger_kept", [2, 1000])
@pytest.mark.parametrize("way", ["header", "query"])
async def test_a_reconnecting_screen_misses_nothing(
    bus: MemoryBus, clock: ManualClock, tmp_path: Path, ledger_kept: int, way: str
) -> None:
    """Every change after the last event comes again, in order, from memory or from the ledger."""
    async with console_over(bus, clock, tmp_path, ledger_kept=ledger_kept) as console:
        await console.follow()
        browser = Browser(console.app)
        await append(bus, Topic.ALERTS, raised(alert(1)))
        await console.settle()
        await browser.close()
        last = browser.events[-1].id or ""
        for number in range(2, 12):
            await append(bus, Topic.ALERTS, raised(alert(number)), first_cause=number)
        await append(bus, Topic.ALERTS, ended(alert(1)), first_cause=20)
        await console.settle()

        given = {"Last-Event-ID": last} if way == "header" else {}
        again = Browser(console.app, f"last_event_id={last}" if way == "query" else "", given)
        await console.settle()
        await append(bus, Topic.ALERTS, raised(alert(30)), first_cause=30)
        await console.settle()

        assert [str(position) for position in range(1, 13)] == [one.id for one in again.named("alert")]
        subjects = [one.data["subject"] for one in again.named("alert")]
        assert [*[f"s{number}" for number in range(2, 12)], "s1", "s30"] == subjects
        await again.close()


async def test_the_header_is_newer_than_the_query(console: Console, bus: MemoryBus) -> None:
    """A browser that comes back to the same address is believed by its header."""
    await append(bus, Topic.ALERTS, *[raised(alert(number)) for number in range(1, 5)])
    await console.follow()

    browser = Browser(console.app, "last_event_id=0", {"Last-Event-ID": "2"})
    await console.settle()

    assert ["3"] == [one.id for one in browser.named("alert")]
    await browser.close()


async def test_a_console_that_started_again_resends_from_the_ledger(
    bus: MemoryBus, clock: ManualClock, tmp_path: Path
) -> None:
    """What happened while no console ran is sent to the screen that waited."""
    await append(bus, Topic.ALERTS, raised(alert(1)), raised(alert(2)))
    async with console_over(bus, clock, tmp_path) as console:
        await console.follow()
        browser = Browser(console.app, "last_event_id=0")
        await console.settle()

        assert ["s2"] == [one.data["subject"] for one in browser.named("alert")]
        await browser.close()


async def test_a_position_of_another_ledger_gets_what_is_open(console: Console, bus: MemoryBus) -> None:
    """A screen whose position lies beyond the ledger's end is sent every open alert."""
    await append(bus, Topic.ALERTS, raised(alert(1)), raised(alert(2)), ended(alert(1)))
    await console.follow()

    browser = Browser(console.app, "last_event_id=900")
    await console.settle()

    assert [("s2", "2")] == [(one.data["subject"], one.id) for one in browser.named("alert")]
    await browser.close()


async def test_a_slow_screen_is_disconnected_and_misses_nothing(
    bus: MemoryBus, clock: ManualClock, tmp_path: Path
) -> None:
    """One that falls out of what is kept is ended; it comes back and is sent the rest."""
    async with console_over(bus, clock, tmp_path, frames_kept=3) as console:
        await console.follow()
        slow, quick = Browser(console.app), Browser(console.app)
        await console.settle()
        slow.may_take.clear()
        for number in range(1, 9):
            await append(bus, Topic.ALERTS, raised(alert(number)), first_cause=number)
            await console.settle()
        slow.may_take.set()
        await console.settle()

        assert slow.ended
        assert 1 == console.live.disconnected_slow
        assert 8 == len(quick.named("alert"))
        seen = [one.id or "" for one in slow.named("alert")]
        again = Browser(console.app, f"last_event_id={seen[-1]}")
        await console.settle()
        seen += [one.id or "" for one in again.named("alert")]
        assert [str(position) for position in range(8)] == seen
        await again.close()
        await quick.close()


async def test_a_screen_that_takes_nothing_is_let_go(
    console: Console, clock: ManualClock, bus: MemoryBus
) -> None:
    """One that has not taken what it was sent for ten seconds holds nothing any more."""
    await console.follow()
    stuck = Browser(console.app)
    await console.settle()
    stuck.may_take.clear()

    for _ in range(13):
        await clock.advance(1)
    await console.settle()

    assert stuck.ended
    assert 0 == len(console.live.screens)
    await append(bus, Topic.ALERTS, raised(alert()))


async def test_a_page_of_two_alerts_names_both(console: Console, bus: MemoryBus) -> None:
    """One event names each alert that a page speaks of."""
    await console.follow()
    browser = Browser(console.app)
    await console.settle()

    await append(bus, Topic.ALERTS, page(alert(1), alert(2)))
    await console.settle()

    assert [[alert(1).id, alert(2).id]] == [one.data["alerts"] for one in browser.named("page")]
    assert ["0"] == [one.id for one in browser.named("page")]
    await browser.close()


async def test_closing_ends_every_stream(console: Console) -> None:
    """A server that stops does not wait for its screens."""
    await console.follow()
    browser = Browser(console.app)
    await console.settle()

    console.live.close()
    await console.settle()

    assert browser.ended


async def test_a_ledger_folded_again_is_not_shown_twice(console: Console, bus: MemoryBus) -> None:
    """Deleted and written anew, known changes are passed over and the new one is shown."""
    await append(bus, Topic.ALERTS, raised(alert(1)), raised(alert(2)))
    await console.follow()
    browser = Browser(console.app)
    await console.settle()
    bus.store.parks[PARK].logs[Topic.ALERTS].records.clear()

    await append(bus, Topic.ALERTS, raised(alert(1)))
    await console.settle()
    await console.clock.advance(1)
    await append(bus, Topic.ALERTS, raised(alert(2)), raised(alert(3)), first_cause=2)
    await console.settle()

    assert ["s3"] == [one.data["subject"] for one in browser.named("alert")]
    assert 2 == len(browser.named("hello"))
    assert 2 == console.view.position
    await browser.close()
