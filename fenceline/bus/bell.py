"""Wakes those who wait for something on the bus, from whatever thread and loop it happens in.

No polling: a waiter sleeps until it is rung for or its clock says that its time is over.
"""

import asyncio
import threading
from collections.abc import Callable

from fenceline.clock import Clock

Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]


class Bell:
    """One per thing that can be waited for; usable from several event loops at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiters: set[Waiter] = set()

    def ring(self) -> None:
        """Let every waiter look again; callable from any thread."""
        with self._lock:
            waiters = tuple(self._waiters)
            self._waiters.clear()
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for loop, future in waiters:
            if loop is here:
                _wake(future)
                continue
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:  # that loop was closed: nobody waits there any more
                continue

    async def wait(self, ready: Callable[[], bool], seconds: float) -> bool:
        """True as soon as `ready` says so at a ring, false after `seconds` of the clock."""
        if ready():
            return True
        if seconds <= 0:
            return False
        loop = asyncio.get_running_loop()
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while True:
                waiter = (loop, loop.create_future())
                with self._lock:
                    self._waiters.add(waiter)
                try:
                    # Asked again once registered: what happened in between rang for nobody.
                    if ready():
                        return True
                    await asyncio.wait({waiter[1], timer}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    with self._lock:
                        self._waiters.discard(waiter)
                if ready():
                    return True
                if timer.done():
                    return False
        finally:
            timer.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
