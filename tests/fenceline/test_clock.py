"""The clocks: one that runs, one that moves only when told."""

import asyncio

from fenceline.clock import NANOSECONDS, ManualClock, SystemClock


async def test_a_manual_clock_stands_still() -> None:
    """Without `advance` no time passes, whatever the machine does."""
    clock = ManualClock(start_ns=5)

    await asyncio.sleep(0)

    assert 5 == clock.now_ns()
    assert 0.0 == clock.monotonic()


async def test_advance_moves_both_times() -> None:
    """Wall and monotonic time go on together."""
    clock = ManualClock(start_ns=10 * NANOSECONDS)

    await clock.advance(2.5)

    assert 12_500_000_000 == clock.now_ns()
    assert 2.5 == clock.monotonic()


async def test_step_moves_wall_time_alone() -> None:
    """As when somebody sets the clock, forward or back; sleepers do not notice."""
    clock = ManualClock(start_ns=10 * NANOSECONDS)
    sleeper = asyncio.ensure_future(clock.sleep(5))

    clock.step(3600)
    clock.step(-3601)
    await clock.advance(1)

    assert 10 * NANOSECONDS == clock.now_ns()
    assert 1.0 == clock.monotonic()
    assert not sleeper.done()
    await clock.advance(4)
    assert sleeper.done()


async def test_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    """Of equal deadlines the first to sleep wakes first; each sees its own deadline as the time."""
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [
        asyncio.ensure_future(sleeper(name, at)) for name, at in (("c", 3), ("a", 1), ("b", 3), ("d", 9))
    ]
    await clock.advance(5)

    assert [("a", 1.0), ("c", 3.0), ("b", 3.0)] == woken
    await clock.advance(4)
    await asyncio.gather(*tasks)


async def test_who_sleeps_again_is_woken_again_on_the_way() -> None:
    """One long advance lets a loop that sleeps a second run each second."""
    clock = ManualClock()
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(1)
            beats.append(clock.monotonic())

    task = asyncio.ensure_future(beat())
    await clock.advance(4)
    task.cancel()

    assert [1.0, 2.0, 3.0, 4.0] == beats


async def test_a_task_just_started_sleeps_from_now() -> None:
    """A sleeper that was started right before `advance` counts from the time before it."""
    clock = ManualClock()
    sleeper = asyncio.ensure_future(clock.sleep(5))

    await clock.advance(5)

    assert sleeper.done()


async def test_sleeping_no_time_gives_way_once() -> None:
    """Zero and negative seconds return without the clock moving."""
    clock = ManualClock()

    await clock.sleep(0)
    await clock.sleep(-1)

    assert 0.0 == clock.monotonic()


async def test_a_cancelled_sleeper_is_no_trouble() -> None:
    """Its deadline passes unnoticed."""
    clock = ManualClock()
    sleeper = asyncio.ensure_future(clock.sleep(1))
    await asyncio.sleep(0)
    sleeper.cancel()

    await clock.advance(2)

    assert sleeper.cancelled()


async def test_the_system_clock_runs() -> None:
    """Monotonic time never goes back, wall time is after this was written, sleeping takes its time."""
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0.001)

    assert 0.001 <= clock.monotonic() - before
    assert 1_767_225_600 * NANOSECONDS < clock.now_ns()
