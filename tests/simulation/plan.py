"""The faults of one run, from its chance: what breaks, when, for how long; in the end all is whole again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fenceline.bus import Record, Topic
from fenceline.journal import TimeSet
from fenceline.wire import encode
from tests.simulation.disk import at_once
from tests.simulation.park import CHANNELS, PARK
from tests.simulation.roles import House
from tests.simulation.world import Process, Trap

OPERATIONS = {
    "engine": (
        "append:findings",
        "append:findings",
        "append:alerts",
        "append:alerts",
        "append:alerts",
        "append:alerts",
        "read:journal",
        "put",
        "put",
        "snapshots",
        "drop",
        "cut",
        "last",
    ),
    "pager": ("append:journal:attempt", "append:journal:receipt", "read:alerts", "read:journal"),
    "sink": ("read:journal", "read:findings", "read:alerts"),
    "ingest": (
        "append:journal:batch",
        "append:journal:tick",
        "append:journal:claim",
        "append:deadletter",
        "read:journal",
    ),
    "operator": ("append:journal",),
}
DOES = (
    "kill_before",
    "kill_after",
    "kill_prefix",
    "fail",
    "fail_recorded",
    "fail_prefix",
    "late",
    "pause_before",
    "pause_after",
    "overtake",
    "overtake",
    "stop_before",
    "stop_after",
)
KINDS = (
    ("trap", 10),
    ("kill", 4),
    ("pause", 3),
    ("replace", 3),
    ("cut_off", 2),
    ("full", 1),
    ("slow", 1),
    ("broker_crash", 2),
    ("broker_silent", 1),
    ("connection", 2),
    ("clock", 2),
    ("channel", 4),
    ("store", 2),
    ("rot", 1),
    ("station", 2),
    ("poison", 1),
    ("upgrade", 1),
    ("stop", 2),
    ("wipe", 1),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: a word, its time, and its numbers."""

    at: float
    kind: str
    details: tuple[Any, ...]


def faults(rng: random.Random, until: float) -> list[Fault]:
    """The plan of a run."""
    words, weights = zip(*KINDS, strict=True)
    count = rng.choice((0, 1, 2, 3, 4, 5, 7, 9))
    plan = []
    once: set[str] = set()
    for _ in range(count):
        kind = rng.choices(words, weights)[0]
        if kind in ("rot", "clock", "poison") and kind in once:
            continue
        once.add(kind)
        plan.append(Fault(rng.uniform(1.2, until), kind, _details(rng, kind)))
    return sorted(plan, key=lambda fault: fault.at)


def _details(rng: random.Random, kind: str) -> tuple[Any, ...]:
    roles = ("engine", "engine", "engine", "pager", "pager", "ingest", "ingest", "sink", "operator")
    role, seconds = rng.choice(roles), rng.choice((0.3, 0.8, 2.0, 4.5, 6.0))
    match kind:
        case "trap":
            operation, does = rng.choice(OPERATIONS[role]), rng.choice(DOES)
            if role in ("sink", "operator") and does == "overtake":
                does = "pause_before"
            if not operation.startswith(("append", "put")) and does.startswith(("fail", "late")):
                does = rng.choice(DOES[:2])
            return role, operation, rng.choice((1, 1, 2, 3, 5, 9, 14)), does, seconds
        case "stop":
            return (role,)
        case "kill" | "pause" | "cut_off":
            return role, seconds
        case "replace":
            return rng.choice(("engine", "engine", "pager", "ingest")), rng.choice((0.0, 0.5, 2.0, 4.0))
        case "broker_crash":
            return seconds, rng.random() < 0.7
        case "clock":
            what = rng.choice(("step", "step", "rate", "set"))
            return what, rng.choice((-20.0, -4.0, -1.0, 1.5, 3.0, 7.0, 22.0)), rng.choice((0.97, 0.99, 1.02))
        case "channel":
            ways = rng.choice(((CHANNELS[0],), (CHANNELS[1],), CHANNELS))
            does = rng.choice(("fail", "raise", "late", "no_answer", "never", "twice"))
            return ways, does, rng.uniform(1.0, 9.0)
        case "poison":
            return (rng.choice(("batch", "batch", "tick", "claim", "attempt", "receipt", "action")),)
        case "store":
            return tuple(rng.choice(("before", "after")) for _ in range(rng.randint(1, 3)))
        case _:
            return (seconds,)


class Saboteur:
    """Carries the plan out."""

    def __init__(self, house: House, plan: list[Fault]) -> None:
        self._house, self._world = house, house.world
        for fault in plan:
            self._world.loop.call_at(fault.at, self._do, fault)

    def _do(self, fault: Fault) -> None:
        self._world.saw("fault", fault.kind, fault.details)
        act: Callable[..., None] = getattr(self, f"_{fault.kind}")
        act(*fault.details)

    def _of(self, role: str) -> Process:
        found = [one for one in self._world.processes.values() if one.role == role]
        return self._world.rng.choice(found)

    def _trap(self, role: str, operation: str, countdown: int, does: str, seconds: float) -> None:
        self._of(role).traps.append(Trap(operation, countdown, does, seconds))

    def _kill(self, role: str, seconds: float) -> None:
        self._of(role).kill(seconds)

    def _stop(self, role: str) -> None:
        self._of(role).stop()

    def _pause(self, role: str, seconds: float) -> None:
        self._of(role).pause(seconds)

    def _replace(self, role: str, seconds: float) -> None:
        self._of(role).replace(seconds)

    def _cut_off(self, role: str, seconds: float) -> None:
        process = self._of(role)
        process.fault, process.fault_until = "cut", self._world.loop.time() + seconds

    def _full(self, seconds: float) -> None:
        self._house.disk.full = True
        self._world.loop.call_later(seconds, setattr, self._house.disk, "full", False)

    def _slow(self, seconds: float) -> None:
        self._world.slow_until = self._world.loop.time() + seconds

    def _broker_crash(self, seconds: float, keep: bool) -> None:
        self._house.broker.crash(seconds, keep=keep)

    def _broker_silent(self, seconds: float) -> None:
        self._house.broker.silent_until = self._world.loop.time() + seconds

    def _connection(self, _seconds: float) -> None:
        for session in self._house.broker.sessions.values():
            if session.connection is not None:
                session.connection.lose("the simulated network broke")

    def _clock(self, what: str, seconds: float, rate: float) -> None:
        process, now = self._of("ingest"), self._world.loop.time()
        if what == "rate":
            # The monotonic time goes on from where it is.
            process.clock.turn(now, rate)
            return
        process.clock.offset_seconds += seconds
        if what == "set" and seconds > 0:
            # A person sees it, sets the clock right, says so in the journal, and starts ingest anew.
            self._world.loop.call_later(2.5, self._set_time, process, seconds)

    def _set_time(self, process: Process, seconds: float) -> None:
        if self._house.disk.full:
            return
        process.clock.offset_seconds -= seconds
        record = TimeSet(action="set", by="anna", time_ns=process.clock.wall_ns(self._world.loop.time()))
        self._house.disk.land(Topic.JOURNAL, [Record(record.kind, encode(record))], "anna")
        process.kill(0.3)

    def _channel(self, names: tuple[str, ...], does: str, seconds: float) -> None:
        for name in names:
            fault = self._house.ways.faults[name]
            fault.does, fault.until = does, self._world.loop.time() + seconds

    def _store(self, *does: str) -> None:
        self._house.rows.fail += does

    def _rot(self, _seconds: float) -> None:
        """The newest snapshot no longer reads back."""
        saved = self._house.disk.memory.store.parks[PARK].snapshots
        if saved:
            newest = saved[max(saved, key=lambda position: position.offset)]
            newest.manifest = newest.manifest[:-7]
            self._of("engine").kill(0.5)

    def _station(self, seconds: float) -> None:
        """Every role at once, as where they are one process."""
        for process in self._world.processes.values():
            process.kill(seconds + self._world.rng.uniform(0.0, 0.4))

    def _poison(self, kind: str) -> None:
        """A record that nobody can read."""
        if not self._house.disk.full:
            payload = b"nothing at all %d" % at_once(self._house.disk.memory.end(Topic.JOURNAL, PARK))
            self._house.disk.land(Topic.JOURNAL, [Record(kind, payload)], "poison")

    def _upgrade(self, seconds: float) -> None:
        """The next engine is of another build; what it puts in force changes nothing that decides."""
        self._house.build += 1
        self._of("engine").kill(seconds)

    def _wipe(self, seconds: float) -> None:
        """Somebody deletes what was derived; it is folded again, as long as the journal reaches back."""
        if self._house.disk.forget_derived():
            self._station(seconds)


def heal(house: House) -> None:
    """Everything works again; what does not know that it was replaced ends."""
    world, now = house.world, house.world.loop.time()
    world.healed = True
    world.slow_until = now
    house.disk.full = False
    house.broker.down_until = min(house.broker.down_until, now)
    house.broker.silent_until = min(house.broker.silent_until, now)
    house.rows.fail.clear()
    for fault in house.ways.faults.values():
        fault.until = now
    for process in world.processes.values():
        process.traps.clear()
        process.fault = ""
        for life in list(process.lives)[:-1]:
            life.kill()
        for life in process.lives:
            life.paused_until = min(life.paused_until, now)
        process.held = False
        world.loop.call_later(world.rng.uniform(0.0, 0.3), process.start_if_none)
    world.saw("healed")
