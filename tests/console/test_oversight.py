"""The station watching itself, whole: from a number that is wrong to the alert that pages, and back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.oversight import Oversight
from console.speaker import AFTER_SECONDS, OVER_SECONDS
from console.web.account import StageAccount
from tests.console.account_world import CLAIM, PARK, World, reading


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    one = World(tmp_path)
    await one.start()
    yield one
    await one.store.close()


def oversight(world: World) -> Oversight:
    return Oversight(
        bus=world.bus,
        park=PARK,
        clock=world.clock,
        owner=CLAIM.owner,
        start=0,
        view=world.view,
        sink=world.sink,
        ingest=lambda: replace(world.intake.snapshot(world.clock.monotonic()), broker="connected"),
        accounts={"store": lambda: world.stages()["store"]},
    )


async def looks(world: World, watch: Oversight, seconds: float) -> None:
    """One look a second, everything else going on."""
    for _ in range(round(seconds)):
        await world.clock.advance(1)
        while await watch.count.step():
            pass
        await watch.look()
    await world.run()


def alerts(world: World) -> dict[str, str]:
    """Rule → state of what stands open on the system."""
    return {one.rule: one.state.value for one in world.engine.fold.alerts.open if one.subject == "fenceline"}


async def test_quiet_while_everything_agrees(world: World) -> None:
    """Readings come, are refused, folded, stored; nothing is said but that nothing is wrong."""
    watch = oversight(world)
    for number in range(5):
        world.receive(reading(number, sequence=number))
        world.receive(b"bad" + bytes([65 + number]))
        await looks(world, watch, 2)
    await looks(world, watch, AFTER_SECONDS["account-imbalance"])

    assert {} == alerts(world)
    stage = watch.accounts["journal"]()
    assert (10, 10, True) == (stage.received, stage.out, stage.balanced)


async def test_a_store_that_lost_a_reading_pages(world: World) -> None:
    """Half a minute after the store has one less the alert is there; when it is mended the alert returns."""
    watch = oversight(world)
    world.receive(reading(1))
    await world.run()
    await looks(world, watch, OVER_SECONDS)
    account = world.sink.account
    world.sink.account = replace(account, received=account.received - 1, out=account.out - 1)

    await looks(world, watch, AFTER_SECONDS["account-imbalance"] - 2)
    early = alerts(world)
    await looks(world, watch, 4)
    raised = alerts(world)
    world.sink.account = replace(account)
    await looks(world, watch, OVER_SECONDS + 2)

    assert {} == early
    assert {"account-imbalance": "unacknowledged"} == raised
    assert {"account-imbalance": "returned"} == alerts(world)


async def test_a_stage_of_its_own_that_does_not_balance(world: World) -> None:
    """The sentence names the stage and the figures."""
    watch = oversight(world)
    watch._own["ingest"] = lambda: StageAccount(received=3, out=2)
    await looks(world, watch, AFTER_SECONDS["account-imbalance"] + 2)

    alert = next(one for one in world.engine.fold.alerts.open if one.subject == "fenceline")
    assert "ingest: 3 came in, and 2 stand in its columns" == alert.evidence["detail"]
