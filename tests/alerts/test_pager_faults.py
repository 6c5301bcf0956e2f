"""The pager killed at each step, doubled, with appends that fail: no page lost, no number sent twice."""

from typing import Literal

import pytest

from alerts.channels.channel import Channel
from fenceline.bus import Topic
from tests.alerts.pager_faults import (
    Death,
    FailingBus,
    JudgedChannel,
    MortalBus,
    MortalChannel,
    UnsteadyBus,
    verdict,
)
from tests.alerts.pager_world import World, page_named, settle

pytestmark = pytest.mark.slow

PAGE = "a1~1.1"


async def _world_with(*pages: str) -> World:
    world = World()
    await world.begin()
    for name in pages:
        await world.ledger("due", page_named(name))
    return world


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_step(when: Literal["before", "after"]) -> None:
    """Whatever step it dies at, the next pager brings the page out; a number begun is not sent again."""
    steps_survived = 0
    for at in range(1, 1000):
        world = await _world_with(PAGE)
        channel = JudgedChannel(world, "first", refusals=1)
        death = Death(at, when)

        world.pager({"first": MortalChannel(channel, death)}, bus=MortalBus(world.memory, death))
        await settle()
        await world.pass_time(3)
        await world.end()
        world.pager({"first": channel}, owner="pager-2")
        await settle()
        await world.pass_time(60)
        await world.end()

        assert [] == await verdict(world, [channel], [PAGE]), f"died {when} step {at}"
        if not death.dead:
            break
        steps_survived = at
    assert steps_survived > 12


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_step_beside_another(when: Literal["before", "after"]) -> None:
    """A pager that dies beside a living one: the living one brings the page out."""
    for at in range(1, 40, 3):
        world = await _world_with(PAGE)
        channel = JudgedChannel(world, "first")
        death = Death(at, when)

        world.pager({"first": MortalChannel(channel, death)}, bus=MortalBus(world.memory, death))
        world.pager({"first": channel}, owner="pager-2", bus=UnsteadyBus(world.memory, at))
        await settle()
        await world.pass_time(60)
        await world.end()

        assert [] == await verdict(world, [channel], [PAGE]), f"died {when} step {at}"


@pytest.mark.parametrize("seed", range(20))
async def test_two_pagers_at_once(seed: int) -> None:
    """Each attempt number is sent by exactly one of two pagers, however their steps interleave."""
    pages = [f"a{n}~1.1" for n in range(6)]
    world = await _world_with(*pages[:3])
    first, second = JudgedChannel(world, "first", refusals=7), JudgedChannel(world, "second")
    channels: dict[str, Channel] = {"first": first, "second": second}

    for n in (1, 2):
        bus = UnsteadyBus(world.memory, 10 * seed + n)
        world.pager(channels, owner=f"pager-{n}", bus=bus, retry_seconds=0.5)
    await settle(seed * 3)
    for name in pages[3:]:
        await world.ledger("due", page_named(name))
    await world.pass_time(40)
    await world.end()

    assert [] == await verdict(world, [first, second], pages)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("nth", range(1, 7))
async def test_append_that_is_not_known_to_be_recorded(nth: int, recorded: bool) -> None:
    """The 1st, 2nd, ... append fails, recorded or not: each number is sent once, and kept."""
    world = await _world_with(PAGE, "a2~1.1")
    channel = JudgedChannel(world, "first", refusals=2)

    world.pager({"first": channel}, bus=FailingBus(world.memory, [nth], recorded=recorded))
    await settle()
    await world.pass_time(60)
    await world.end()

    assert [] == await verdict(world, [channel], [PAGE, "a2~1.1"])
    assert 4 == len(channel.sent)


async def test_append_that_records_a_part() -> None:
    """Of attempts appended together those that are recorded are sent, the others are appended again."""
    pages = ["a1~1.1", "a2~1.1", "a3~1.1"]
    world = await _world_with(*pages)
    channel = JudgedChannel(world, "first")
    world.memory.fail_next(Topic.JOURNAL, prefix=1)

    world.pager({"first": channel})
    await settle()
    await world.end()

    assert [(page, 1, "first") for page in pages] == await world.attempts()
    assert [] == await verdict(world, [channel], pages)


async def test_receipt_is_appended_until_it_is_kept() -> None:
    """A receipt that fails again and again is written in the end; the page is not sent again meanwhile."""
    world = await _world_with(PAGE)
    channel = JudgedChannel(world, "first")
    bus = FailingBus(world.memory, range(2, 30), recorded=False)

    pager = world.pager({"first": channel}, bus=bus)
    await settle()
    durable = pager.state.durable
    await world.pass_time(40)
    await world.end()

    assert not durable
    assert 1 == len(channel.sent)
    assert pager.state.durable
    assert [] == await verdict(world, [channel], [PAGE])


async def test_full_disk_sends_nothing_until_there_is_room() -> None:
    """Nothing goes out that is not recorded; as soon as there is room the page does."""
    world = await _world_with(PAGE)
    channel = JudgedChannel(world, "first")
    world.memory.full = True
    pager = world.pager({"first": channel})
    for _ in range(30):
        await world.clock.advance(1)
        await settle()
    while_full = len(channel.sent)
    durable = pager.state.durable

    world.memory.full = False
    await world.pass_time(3)
    await world.end()

    assert 0 == while_full
    assert not durable
    assert [] == await verdict(world, [channel], [PAGE])
    assert 1 == len(await world.attempts())


async def test_storm_of_pages() -> None:
    """Hundreds of pages at once all go out, each once, never more at once than a channel may have."""
    pages = [f"a{n}~1.1" for n in range(300)]
    world = await _world_with(*pages)
    channel = JudgedChannel(world, "first")

    world.pager({"first": channel}, in_flight=32)
    await settle(20_000)
    await world.end()

    assert [] == await verdict(world, [channel], pages)
    assert 300 == len(channel.sent)
