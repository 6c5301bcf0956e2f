"""An event loop whose time is virtual: when nothing is ready it goes straight to the next timer.

Nothing in it depends on memory addresses or on the machine's clock, so that a run is a function of
its seed. A loop that has nothing to wait for, or that turns without end at one moment, raises.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

MOST_TURNS_AT_ONE_TIME = 20_000


class Stuck(Exception):
    """The run can say nothing: it would wait, or turn, for ever."""


class _Numbered:
    """Hashed by order of first use: sets of tasks and futures are walked in the same order in every run."""

    _loop: Any

    def __hash__(self) -> int:
        number: int | None = getattr(self, "_number", None)
        if number is None:
            loop = self._loop
            loop.numbered += 1
            number = self._number = int(loop.numbered)
        return number


class SimFuture(_Numbered, asyncio.Future[Any]):
    """A future with a repeatable hash."""


class SimTask(_Numbered, asyncio.Task[Any]):
    """A task with a repeatable hash."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Single-threaded; `time()` moves only when nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.numbered = 0
        self.steps = 0
        self._now = 0.0
        self._turns = 0
        self._order = 0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self.set_task_factory(_task)

    def time(self) -> float:
        return self._now

    def create_future(self) -> SimFuture:
        return SimFuture(loop=self)

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._order += 1
        heapq.heappush(self._timers, (when, self._order, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers stay in the heap until their time."""

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        self._turns += 1
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Stuck("nothing is ready and nothing is timed")
            if timers[0][0] > self._now:
                self._now, self._turns = timers[0][0], 0
        while timers and timers[0][0] <= self._now:
            handle = heapq.heappop(timers)[2]
            if not handle.cancelled():
                ready.append(handle)
        if self._turns > MOST_TURNS_AT_ONE_TIME:
            raise Stuck(f"the loop turns without end at {self._now:.6f} s")
        self.steps += len(ready)
        for _ in range(len(ready)):
            handle_ = ready.popleft()
            if not handle_.cancelled():
                handle_._run()


def _task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: Context | None = None
) -> SimTask:
    return SimTask(coroutine, loop=loop, context=context)
