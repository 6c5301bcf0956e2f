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


class SimHandle:
    """A callback that waits for its turn; all run in the same context, for nobody here uses another."""

    __slots__ = ("_args", "_callback", "_cancelled", "_when")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], when: float = 0.0) -> None:
        self._callback, self._args, self._when = callback, args, when
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def when(self) -> float:
        return self._when


class VirtualLoop(asyncio.BaseEventLoop):
    """Single-threaded; `time()` moves only when nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.numbered = 0
        self.steps = 0
        self._now = 0.0
        self._order = 0
        self._waiting: deque[SimHandle] = deque()
        self._timers: list[tuple[float, int, SimHandle]] = []
        self.set_task_factory(_task)  # type: ignore[arg-type]  # also the `context` of later versions

    def time(self) -> float:
        return self._now

    def create_future(self) -> SimFuture:
        return SimFuture(loop=self)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> SimHandle:
        handle = SimHandle(callback, args)
        self._waiting.append(handle)
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> SimHandle:
        return self.call_soon(callback, *args)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> SimHandle:
        handle = SimHandle(callback, args, when)
        self._order += 1
        heapq.heappush(self._timers, (when, self._order, handle))
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> SimHandle:
        return self.call_at(self._now + delay, callback, *args)

    def _run_once(self) -> None:
        """Everything until `stop` is called: `run_forever` looks for that after each turn."""
        waiting, timers, turns = self._waiting, self._timers, 0
        pop, later = waiting.popleft, heapq.heappop
        while not self._stopping:  # type: ignore[attr-defined]
            while waiting:
                handle = pop()
                turns += 1
                if not handle._cancelled:
                    handle._callback(*handle._args)
                if turns > MOST_TURNS_AT_ONE_TIME:
                    raise Stuck(f"the loop turns without end at {self._now:.6f} s")
            if self._stopping:  # type: ignore[attr-defined]
                break
            while timers and timers[0][2]._cancelled:
                later(timers)
            if not timers:
                raise Stuck("nothing is ready and nothing is timed")
            when = timers[0][0]
            if when > self._now:
                self._now, self.steps, turns = when, self.steps + turns, 0
            while timers and timers[0][0] <= self._now:
                waiting.append(later(timers)[2])


def _task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **more: Any) -> SimTask:
    return SimTask(coroutine, loop=loop, **more)
