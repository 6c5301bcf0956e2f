"""The simulated world: one loop, one chance, one history; processes that live, die and stand still.

A process is a role's real coroutine in a `Life`. Every way out of it (bus, clock, broker, channel) goes
through its life: a dead one does nothing more, a paused one goes on later.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.loop import VirtualLoop
from tests.simulation.park import SECOND, START_NS

Role = Callable[["Life"], Awaitable[None]]


@dataclass(slots=True)
class World:
    """Everything of one run that is not a role."""

    loop: VirtualLoop
    rng: random.Random
    history: list[tuple[Any, ...]] = field(default_factory=list)  # what an onlooker saw, in order
    crashes: list[tuple[float, str, str]] = field(default_factory=list)
    processes: dict[str, "Process"] = field(default_factory=dict)
    healed: bool = False
    slow_until: float = 0.0
    trace: bool = False

    def saw(self, *event: Any) -> None:
        """Write down what happened, with its time."""
        self.history.append((round(self.loop.time(), 6), *event))

    def say(self, *words: Any) -> None:
        """For `--trace` only."""
        if self.trace:
            self.history.append((round(self.loop.time(), 6), "said", *words))

    def latency(self) -> float:
        """How long something takes on the way to the disk or back."""
        if self.loop.time() < self.slow_until:
            return self.rng.uniform(0.05, 1.2)
        return self.rng.uniform(0.0005, 0.012)


@dataclass(slots=True)
class Trap:
    """What happens at the `countdown`-th use of an operation: see `tests/simulation/disk.py`."""

    operation: str
    countdown: int
    does: str
    seconds: float = 1.0


@dataclass(slots=True)
class ProcessClock:
    """A machine's clock: wrong by an offset and a rate, stepped by somebody."""

    offset_seconds: float = 0.0
    rate: float = 1.0
    turned_at: float = 0.0  # when it took this rate, and what it showed then
    turned_to: float = 0.0

    def monotonic(self, now: float) -> float:
        return self.turned_to + (now - self.turned_at) * self.rate

    def wall_ns(self, now: float) -> int:
        return START_NS + round((self.monotonic(now) + self.offset_seconds) * SECOND)

    def turn(self, now: float, rate: float) -> None:
        """From now on as fast as this; it goes on from where it is."""
        self.turned_to, self.turned_at, self.rate = self.monotonic(now), now, rate


@dataclass(slots=True)
class Process:
    """A role that is started again whenever it ends."""

    world: World
    name: str
    role: str
    make: Role
    clock: ProcessClock = field(default_factory=ProcessClock)
    lives: list["Life"] = field(default_factory=list)
    started: int = 0
    traps: list[Trap] = field(default_factory=list)
    fault: str = ""  # of its way to the disk: "" or "cut"
    fault_until: float = 0.0
    held: bool = False  # not started again
    used: dict[str, int] = field(default_factory=dict)  # how often each operation
    memory: dict[str, Any] = field(default_factory=dict)  # what outlives it, for whoever asks from outside

    def start(self) -> "Life":
        self.started += 1
        life = Life(self, f"{self.name}.{self.started}")
        self.lives.append(life)
        self.world.saw("start", self.name, life.uid)
        life.task = self.world.loop.create_task(self._live(life))
        return life

    def start_if_none(self) -> None:
        if not self.lives and not self.held:
            self.start()

    async def _live(self, life: "Life") -> None:
        world = self.world
        again = world.rng.uniform(0.2, 1.0)
        try:
            await self.make(life)
            world.say("ended", life.uid)
        except asyncio.CancelledError:
            if life.ending:
                return
            if life.alive:
                world.crashes.append((world.loop.time(), life.uid, "CancelledError: nobody cancelled it"))
        except Exception as error:
            world.say("ended", life.uid, repr(error))
            kind = type(error).__name__
            if life.alive:
                world.saw("ended", self.name, life.uid, kind)
                if kind == "Outranked":
                    again = -1.0
                elif kind in ("BusError", "HeadCut", "PositionMismatch") and not life.alone:
                    world.saw("overtaken", self.name, life.uid)  # loudly, as it should
                elif kind not in ("NotDurable", "JournalFull"):
                    world.crashes.append((world.loop.time(), life.uid, f"{kind}: {error}"))
        if life.alive:
            life.alive = False
            if life in self.lives:
                self.lives.remove(life)
            if again >= 0:
                world.loop.call_later(again, self.start_if_none)

    def kill(self, back_seconds: float) -> None:
        """kill -9 for every life of it, and a start later."""
        for life in list(self.lives):
            life.kill()
        if back_seconds >= 0:
            self.world.loop.call_later(back_seconds, self.start_if_none)

    def stop(self) -> None:
        """SIGTERM: each life may end as it likes, soon; then another begins."""
        for life in list(self.lives):
            end = life.soft_end
            if end is None:
                life.kill()
                self.world.loop.call_later(0.5, self.start_if_none)
            else:
                self.world.saw("stop", self.name, life.uid)
                self.world.loop.create_task(self._soft(life, end))

    async def _soft(self, life: "Life", end: Callable[[], Awaitable[None]]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await end()
        if life.alive:
            life.kill()
        self.world.loop.call_later(0.3, self.start_if_none)

    def pause(self, seconds: float) -> None:
        """SIGSTOP: its clock goes on, it does not."""
        for life in self.lives:
            life.paused_until = self.world.loop.time() + seconds
        self.world.saw("pause", self.name, seconds)

    def replace(self, pause_seconds: float) -> None:
        """Another life begins while the old one, which does not know it, goes on (perhaps later)."""
        if pause_seconds:
            self.pause(pause_seconds)
        self.start_beside()

    def start_beside(self) -> None:
        """On another machine, whose clock is not the same; two seconds apart they would not run."""
        self.start().clock_ahead_ns = round(self.world.rng.uniform(-1.8, 1.8) * SECOND)
        for life in self.lives:
            life.alone = False


class Life:
    """One start of a process: its identity towards bus, clock, broker and channels."""

    def __init__(self, process: Process, uid: str) -> None:
        self.process, self.uid = process, uid
        self.world = process.world
        self.alive = True
        self.alone = True  # no other life of its process ever ran beside it
        self.paused_until = 0.0
        self.clock_ahead_ns = 0  # of its process's clock
        self.task: asyncio.Task[None] | None = None
        self.clock = LifeClock(self)
        self.soft_end: Callable[[], Awaitable[None]] | None = None
        self.ending = False
        self.on_death: list[Callable[[], None]] = []

    def kill(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self.world.saw("kill", self.process.name, self.uid)
        if self in self.process.lives:
            self.process.lives.remove(self)
        for call in self.on_death:
            call()
        if self.task is not None:
            self.task.cancel()

    async def delay(self, seconds: float) -> None:
        """Let time pass for this life; a dead one comes back from nowhere."""
        if not self.alive:
            raise asyncio.CancelledError
        loop = self.world.loop
        future = loop.create_future()
        loop.call_later(seconds, self._wake, future)
        await future
        if not self.alive:
            raise asyncio.CancelledError

    def _wake(self, future: "asyncio.Future[None]") -> None:
        if future.done():
            return
        if self.paused_until > self.world.loop.time():
            self.world.loop.call_at(self.paused_until, self._wake, future)
            return
        future.set_result(None)


class LifeClock:
    """`fenceline.clock.Clock` of one life."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._process = life.process.clock
        self._loop = life.world.loop

    def now_ns(self) -> int:
        return self._process.wall_ns(self._loop.time()) + self._life.clock_ahead_ns

    def monotonic(self) -> float:
        return self._process.monotonic(self._loop.time())

    async def sleep(self, seconds: float) -> None:
        # A machine wakes a sleeper a little late, as a rule.
        late = self._life.world.rng.uniform(0.0, 0.004)
        await self._life.delay(max(0.0, seconds) / self._process.rate + late)
