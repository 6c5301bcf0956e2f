"""One process's way to the disk: the bus in memory behind latencies, faults and the process's own death.

In: the operations of `fenceline.bus.Bus`. Out: the same promises, and every failure they allow: not
recorded, recorded and not said, in part, later, never answered. What lands is written into the history.

A trap does at the n-th use of its operation (`append:journal:tick`, `read:alerts`, `put`, `drop`, `cut` ...):
    kill_before, kill_after   the process dies before its effect, or after it and before the answer
    kill_prefix               a part of the records lands, and the process dies
    fail, fail_recorded, fail_prefix   `NotDurable`; nothing, everything, a part stands
    late                      `NotDurable`; everything stands some seconds later
    pause_before, pause_after it stands still for a while before, or after, its effect
    stop_before, stop_after   it is asked to end in order, while its effect is still to come, or its answer
    overtake                  it stands still before its effect, and another life of it begins meanwhile
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from fenceline.bus import Record, Snapshot, Stored, Topic
from fenceline.bus.memory import Log, MemoryBus
from fenceline.errors import JournalFull, NotDurable
from tests.simulation.park import PARK
from tests.simulation.world import Life, World

T = TypeVar("T")
APPEND_BOUND_SECONDS = 2.0


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of the bus in memory, which only ever gives way to others, in one go."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class Disk:
    """What all processes share, and what an onlooker sees of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.memory = MemoryBus()
        self.full = False
        self.kept: dict[Topic, list[Stored]] = {topic: [] for topic in Topic}  # never cut
        self.cuts: list[tuple[int, int]] = []  # (history index, before)
        self._waiting: dict[Topic, list[tuple[Life, asyncio.Future[None]]]] = {topic: [] for topic in Topic}
        self._keep(Topic.JOURNAL, 0)

    def land(self, topic: Topic, records: Sequence[Record], who: str) -> int:
        """Record now."""
        start = at_once(self.memory.end(topic, PARK))
        last = at_once(self.memory.append(topic, PARK, records))
        self._keep(topic, start)
        self.world.saw("landed", str(topic), start, last + 1, who)
        self.ring(topic)
        return last

    def ring(self, topic: Topic) -> None:
        waiting, self._waiting[topic] = self._waiting[topic], []
        for life, future in waiting:
            self.world.loop.call_later(self.world.rng.uniform(0.0005, 0.02), life._wake, future)

    def wait(self, topic: Topic, life: Life, future: "asyncio.Future[None]") -> None:
        self._waiting[topic].append((life, future))

    def forget_derived(self) -> bool:
        """Empty the derived topics and the snapshots; false where the journal no longer reaches back."""
        stored = self.memory.store.parks[PARK]
        if stored.logs[Topic.JOURNAL].head > 0:
            return False
        for topic in (Topic.FINDINGS, Topic.ALERTS):
            stored.logs[topic] = Log()
        stored.snapshots.clear()
        self.world.saw("wiped")
        return True

    def _keep(self, topic: Topic, start: int) -> None:
        self.kept[topic] += at_once(self.memory.read(topic, PARK, start, limit=100_000))


class SimBus:
    """The bus as one life sees it."""

    def __init__(self, life: Life, disk: Disk) -> None:
        self._life, self._disk, self._world = life, disk, life.world
        self._memory = disk.memory

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        life, disk = self._life, self._disk
        does, seconds = self._trapped(f"append:{topic}:{records[0].kind if records else ''}")
        if not does and not self._world.healed and self._world.rng.random() < 0.001:
            does, seconds = self._world.rng.choice(("fail", "fail_recorded", "late")), 3.0
        if does:
            self._world.say(life.uid, f"append:{topic}", does, len(records))
        await self._before(does, seconds)
        await life.delay(self._world.latency())
        if life.process.fault and self._world.loop.time() < life.process.fault_until:
            does, seconds = self._world.rng.choice(("fail", "fail_recorded")), 1.0
            await life.delay(min(APPEND_BOUND_SECONDS, life.process.fault_until - self._world.loop.time()))
        if disk.full and records:
            raise JournalFull("the simulated disk is full", hint="wait")
        last = self._effect(does, seconds, topic, records)
        await life.delay(self._world.latency())
        await self._after(does, seconds)
        if does in ("fail", "fail_recorded", "fail_prefix", "late"):
            raise NotDurable(f"the simulated append to {topic}: {does}", hint="append again")
        return last

    def _effect(self, does: str, seconds: float, topic: Topic, records: Sequence[Record]) -> int:
        disk, life = self._disk, self._life
        if does == "fail":
            return -1
        if does == "late":
            self._world.loop.call_later(seconds, self._land_late, topic, list(records))
            return -1
        if does in ("kill_prefix", "fail_prefix"):
            records = records[: self._world.rng.randint(0, len(records))]
        if not records:
            return at_once(self._memory.end(topic, PARK)) - 1
        return disk.land(topic, records, life.uid)

    def _land_late(self, topic: Topic, records: list[Record]) -> None:
        if not self._disk.full:
            self._disk.land(topic, records, f"{self._life.uid} (late)")

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        does, seconds = self._trapped(f"read:{topic}")
        await self._before(does, seconds)
        await self._reach()
        found = await self._memory.read(topic, park, start, limit=limit, kinds=kinds)
        if self._world.rng.random() < 0.3:
            await self._life.delay(self._world.latency())
        await self._after(does, seconds)
        if not self._life.alive:
            raise asyncio.CancelledError
        return found

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        if at_once(self._memory.end(topic, park)) > start:
            await asyncio.sleep(0)
            return True
        loop, life = self._world.loop, self._life
        if not life.alive:
            raise asyncio.CancelledError
        future = loop.create_future()
        self._disk.wait(topic, life, future)
        timer = loop.call_later(seconds, life._wake, future)
        try:
            await future
        finally:
            timer.cancel()
        return at_once(self._memory.end(topic, park)) > start

    async def head(self, topic: Topic, park: str) -> int:
        await self._reach()
        return await self._memory.head(topic, park)

    async def end(self, topic: Topic, park: str) -> int:
        await self._reach()
        return await self._memory.end(topic, park)

    async def last(self, topic: Topic, park: str) -> Stored | None:
        does, seconds = self._trapped("last")
        await self._before(does, seconds)
        await self._reach()
        return await self._memory.last(topic, park)

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        does, seconds = self._trapped("cut")
        await self._before(does, seconds)
        await self._life.delay(self._world.latency())
        head = await self._memory.head(topic, park)
        await self._memory.cut(topic, park, before)
        if before > head:
            self._world.saw("cut", str(topic), before, self._life.uid)
        await self._after(does, seconds)

    async def journal_id(self, park: str) -> int:
        await self._reach()
        return await self._memory.journal_id(park)

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        does, seconds = self._trapped("put")
        await self._before(does, seconds)
        await self._life.delay(self._world.latency())
        if self._disk.full:
            raise JournalFull("the simulated disk is full", hint="wait")
        if does not in ("fail", "kill_prefix", "fail_prefix", "late"):
            await self._memory.put_snapshot(park, snapshot)
            self._world.saw("snapshot", snapshot.position.offset, self._life.uid)
        await self._after(does, seconds)
        if does in ("fail", "fail_recorded", "fail_prefix", "late"):
            raise NotDurable(f"the simulated snapshot: {does}", hint="try again")

    async def snapshots(self, park: str) -> list[Snapshot]:
        does, seconds = self._trapped("snapshots")
        await self._before(does, seconds)
        await self._life.delay(self._world.latency())
        found = await self._memory.snapshots(park)
        await self._after(does, seconds)
        return found

    async def drop_snapshots(self, park: str, below: int) -> None:
        does, seconds = self._trapped("drop")
        await self._before(does, seconds)
        await self._life.delay(self._world.latency())
        await self._memory.drop_snapshots(park, below)
        await self._after(does, seconds)

    async def close(self) -> None:
        """The disk stays."""

    # --- faults --------------------------------------------------------------------------------------------

    async def _reach(self) -> None:
        """Give way; where the way is cut, wait until it is whole again."""
        life = self._life
        if not life.alive:
            raise asyncio.CancelledError
        now = self._world.loop.time()
        if life.process.fault and now < life.process.fault_until:
            await life.delay(life.process.fault_until - now)
        elif life.paused_until > now:
            await life.delay(0.0)

    def _trapped(self, operation: str) -> tuple[str, float]:
        used, name = self._life.process.used, operation.partition(":")[0]
        used[name] = used.get(name, 0) + 1
        for trap in self._life.process.traps:
            if operation.startswith(trap.operation):
                trap.countdown -= 1
                if trap.countdown <= 0:
                    self._life.process.traps.remove(trap)
                    return trap.does, trap.seconds
        return "", 0.0

    async def _before(self, does: str, seconds: float) -> None:
        if not self._life.alive:
            raise asyncio.CancelledError
        if does == "kill_before":
            await self._die(seconds)
        elif does == "overtake":
            self._life.paused_until = self._world.loop.time() + seconds
            self._life.process.start_beside()
            await self._life.delay(0.0)
        elif does == "stop_before":
            self._life.process.stop()
        elif does == "pause_before":
            self._life.paused_until = self._world.loop.time() + seconds
            await self._life.delay(0.0)

    async def _after(self, does: str, seconds: float) -> None:
        if not self._life.alive:
            raise asyncio.CancelledError
        if does in ("kill_after", "kill_prefix"):
            await self._die(seconds)
        elif does == "stop_after":
            self._life.process.stop()
            await self._life.delay(self._world.latency())
        elif does == "pause_after":
            self._life.paused_until = self._world.loop.time() + seconds
            await self._life.delay(0.0)

    async def _die(self, back_seconds: float) -> None:
        self._life.kill()
        self._world.loop.call_later(back_seconds, self._life.process.start_if_none)
        await self._world.loop.create_future()  # nothing ever comes back to the dead
