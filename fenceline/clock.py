"""Time as an argument: the system's clock for running, a manual one for tests and simulation."""

import asyncio
import heapq
import time
from collections.abc import Awaitable
from typing import Protocol

NANOSECONDS = 1_000_000_000


class Clock(Protocol):
    """Wall time, monotonic time and a way to wait; whoever needs one is given it."""

    def now_ns(self) -> int:
        """Wall time, ns since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Return after this many seconds of this clock."""


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told; sleepers wake in the order of their deadlines."""

    def __init__(self, start_ns: int = 0) -> None:
        self._start_ns = start_ns
        self._elapsed_ns = 0
        self._step_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = 0

    def now_ns(self) -> int:
        return self._start_ns + self._elapsed_ns + self._step_ns

    def monotonic(self) -> float:
        return self._elapsed_ns / NANOSECONDS

    def step(self, seconds: float) -> None:
        """Move wall time alone, as somebody setting the clock would."""
        self._step_ns += round(seconds * NANOSECONDS)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        due = self._elapsed_ns + round(seconds * NANOSECONDS)
        heapq.heappush(self._sleepers, (due, self._order, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move both times forward, waking sleepers on the way and letting each run."""
        await _settle()  # a task that was just started goes to sleep before time moves
        target = self._elapsed_ns + round(seconds * NANOSECONDS)
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._elapsed_ns = due
            if not future.done():
                future.set_result(None)
            await _settle()
        self._elapsed_ns = target
        await _settle()


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
