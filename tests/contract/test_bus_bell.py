"""The bell that wakes those who wait on a bus: no ring is missed, no time overrun, nothing left behind."""

import asyncio
import threading

from fenceline.bus.bell import Bell
from fenceline.clock import ManualClock, SystemClock


async def test_a_ring_before_the_waiter_was_known_is_not_missed() -> None:
    """What comes between a waiter's first look and its registration wakes it all the same."""
    bell = Bell(ManualClock())
    looks: list[bool] = []

    def ready() -> bool:
        bell.ring()  # nobody is registered at the first look
        looks.append(len(looks) > 0)
        return looks[-1]

    assert True is await bell.wait(ready, 60)
    assert [False, True] == looks


async def test_a_ring_for_another_lets_the_waiter_wait_on() -> None:
    """A waiter that looks and finds nothing sleeps again, for the rest of its time and no longer."""
    clock = ManualClock()
    bell = Bell(clock)
    waiting = asyncio.ensure_future(bell.wait(lambda: False, 3))

    for _ in range(2):
        await clock.advance(1)
        bell.ring()
    assert not waiting.done()
    await clock.advance(1)

    assert False is await waiting


async def test_rings_from_another_thread() -> None:
    """A ring from a thread without a loop wakes the waiter's loop."""
    bell = Bell(SystemClock())
    rung: list[bool] = []
    waiting = asyncio.ensure_future(bell.wait(lambda: bool(rung), 60))
    await asyncio.sleep(0)

    def ring() -> None:
        rung.append(True)
        bell.ring()

    threading.Thread(target=ring).start()

    assert True is await waiting


async def test_a_waiter_that_gave_up_is_forgotten() -> None:
    """Cancelling a wait leaves nothing behind, and later rings harm nobody."""
    clock = ManualClock()
    bell = Bell(clock)
    waiting = asyncio.ensure_future(bell.wait(lambda: False, 3))
    await clock.advance(1)

    waiting.cancel()
    await asyncio.wait({waiting})
    bell.ring()
    await clock.advance(5)

    assert waiting.cancelled()
