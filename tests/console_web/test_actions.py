"""Acknowledging: recorded means durable, done means the ledger says so, one id is one action."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.journal import Action
from fenceline.wire import decode
from tests.console_web.house import Console, console_over, new_clock
from tests.sinks.records import PARK, acknowledged, alert, append, raised, refused

ID = "6f1d2c9e-0000-4000-8000-000000000001"


class HeldBus(MemoryBus):
    """A bus whose journal can be held back, as a disk that does not answer."""

    def __init__(self, *, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self.released = asyncio.Event()
        self.released.set()

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        if topic is Topic.JOURNAL:
            await self.released.wait()
        return await super().append(topic, park, records)


@pytest.fixture
def clock() -> ManualClock:
    return new_clock()


@pytest.fixture
def bus(clock: ManualClock) -> HeldBus:
    return HeldBus(clock=clock)


@pytest.fixture
async def console(bus: HeldBus, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_over(bus, clock, tmp_path) as console:
        await append(bus, Topic.ALERTS, raised(alert()))
        await console.follow()
        yield console


async def acknowledge(console: Console, **changed: Any) -> httpx.Response:
    body = {"name": "张伟", "revision": 1, "action_id": ID} | changed
    return await console.client.post(f"/api/alerts/{alert().id}/acknowledge", json=body)


async def actions_in(bus: MemoryBus) -> list[Action]:
    stored = await bus.read(Topic.JOURNAL, PARK, 0, kinds=("action",))
    return [decode(one.kind, one.payload) for one in stored]


async def test_recorded_once_durable(console: Console, bus: HeldBus) -> None:
    """The action is in the journal, with the name and the revision that the person saw."""
    answer = await acknowledge(console, name="  张伟 ")

    assert 202 == answer.status_code
    assert {"action_id": ID, "status": "recorded"} == answer.json()
    assert [
        Action(action=ID, verb="acknowledge", alert=alert().id, revision=1, by="张伟")
    ] == await actions_in(bus)
    assert "pending" == (await console.get(f"/api/actions/{ID}"))["status"]


async def test_done_only_from_the_ledger(console: Console, bus: HeldBus) -> None:
    """An action stands when the ledger says so, and not before."""
    await acknowledge(console)

    await append(bus, Topic.ALERTS, acknowledged(alert(), ID), first_cause=9)
    await console.settle()

    assert {"action_id": ID, "status": "stands", "reason": None} == await console.get(f"/api/actions/{ID}")


async def test_refused_with_the_ledgers_reason(console: Console, bus: HeldBus) -> None:
    """An action that does not stand says why, in the house's word."""
    await append(bus, Topic.ALERTS, refused(alert(), ID, "level_risen"), first_cause=9)
    await console.settle()

    answer = await console.get(f"/api/actions/{ID}")

    assert ("refused", "level_risen") == (answer["status"], answer["reason"])


async def test_the_same_id_again_is_one_action(console: Console, bus: HeldBus) -> None:
    """Pressed twice, or sent again by a screen, it is appended once and answered both times."""
    answers = await asyncio.gather(acknowledge(console), acknowledge(console))
    again = await acknowledge(console)

    assert [202, 202, 202] == [answer.status_code for answer in (*answers, again)]
    assert 1 == len(await actions_in(bus))


async def test_not_durable_in_two_seconds_is_not_known(
    console: Console, bus: HeldBus, clock: ManualClock
) -> None:
    """The screen is told that nobody knows; asked again under the same id it is one action."""
    bus.released.clear()
    asking = asyncio.ensure_future(acknowledge(console))
    await console.settle()
    await clock.advance(1.9)
    assert not asking.done()

    await clock.advance(0.2)
    answer = await asking
    bus.released.set()
    again = await acknowledge(console)

    assert 503 == answer.status_code
    assert (ID, "not known to be recorded") == (answer.json()["action_id"], answer.json()["status"])
    assert 202 == again.status_code
    assert 1 == len(await actions_in(bus))


async def test_a_journal_that_refuses_is_503_and_may_be_tried_again(console: Console, bus: HeldBus) -> None:
    """A full disk is said in the answer; with room again the same id is recorded."""
    bus.full = True
    answer = await acknowledge(console)
    bus.full = False

    again = await acknowledge(console)

    assert 503 == answer.status_code
    assert "no room" in answer.json()["error"]["message"]
    assert 202 == again.status_code


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "张\u0000伟", "Zhang\nWei", "a\u202eb", "\u200b"])
async def test_a_name_that_cannot_be_read_is_refused(console: Console, bus: HeldBus, name: str) -> None:
    """Nobody acknowledges without a name that others can read."""
    answer = await acknowledge(console, name=name)

    assert 422 == answer.status_code
    assert "`name`" in answer.json()["error"]["message"]
    assert [] == await actions_in(bus)


@pytest.mark.parametrize("changed", [{"action_id": "no spaces please"}, {"revision": 0}, {"revision": "x"}])
async def test_a_body_of_another_shape_is_refused(
    console: Console, bus: HeldBus, changed: dict[str, Any]
) -> None:
    """An id or a revision that cannot be one is refused before anything is recorded."""
    answer = await acknowledge(console, **changed)

    assert 422 == answer.status_code
    assert [] == await actions_in(bus)


async def test_an_alert_that_never_was_is_404(console: Console, bus: HeldBus) -> None:
    """Nothing is recorded for an alert that the ledger does not know."""
    answer = await console.client.post(
        "/api/alerts/nothing/acknowledge", json={"name": "张伟", "revision": 1, "action_id": ID}
    )

    assert 404 == answer.status_code
    assert [] == await actions_in(bus)
