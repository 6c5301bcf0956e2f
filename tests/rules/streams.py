"""Hypothesis's streams for the rules: whatever a park's sensors and clocks may do, as a list of records."""

import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.rules.engines import SECOND, START, Row

NAMES = ("a", "b", "c")
ELSEWHERE = "z"  # not in force
TIMING = {"delayed": 8.0, "duplicate": 60.0, "ahead": 10.0}
SENSORS = [
    {"id": "a", "hold": 4.0, "interval": 1.0},
    {"id": "b", "hold": 12.0, "interval": 3.0},
    {"id": "c", "hold": 2.5, "interval": 60.0},  # 17 keys remembered: a ring that wraps
]
# Limits at values that occur, so that the edges are met.
VALUES = [0.0, -0.0, 1.0, 5.0, 7.9, 8.0, 8.5, 9.0, 10.0, 10.5, 12.0, 20.0, 21.0, -5.0, -1e308, 1e308, 5e-324]
STRANGE = [math.inf, -math.inf, math.nan]
RULES: list[dict[str, Any]] = [
    {
        "name": "high",
        "kind": "threshold",
        "levels": [
            {"level": "blue", "limit": {"value": 10}, "on_delay_seconds": 3},
            {"level": "red", "limit": {"value": 20}},
        ],
        "deadband": {"fraction": 0.2},
        "off_delay_seconds": 2,
    },
    {
        "name": "low",
        "kind": "threshold",
        "direction": "below",
        "levels": [{"level": "yellow", "limit": {"value": 1}, "on_delay_seconds": 1.5}],
        "deadband": {"value": 4},
    },
    {
        "name": "outside",
        "kind": "threshold",
        "direction": "outside",
        "levels": [{"level": "orange", "limit": {"lower": 0, "upper": 12}, "on_delay_seconds": 2}],
        "deadband": {"value": 1.5},
        "off_delay_seconds": 5,
    },
    {"name": "quiet", "kind": "silence", "after_seconds": 6},
    {"name": "at-once", "kind": "silence", "level": "blue", "after_seconds": 0},
]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Readings and dead letters that one ingestor received at one time."""

    received: int
    rows: list[Row]
    letters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """A tick. `before` is the log time it moves from, lower than the last tick's after a *time set*."""

    now: int
    before: int


Event = Arrival | Passed


@dataclass(slots=True)
class _World:
    """What the steps of a stream move."""

    wall: int = START
    log: int = 0
    sequence: int = 0
    newest: dict[str, int] = field(default_factory=dict)
    sent: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def send(self, name: str, time: int, value: float, quality: int, sequence: int) -> None:
        row = (name, time, value, quality, sequence)
        self.newest[name] = time
        self.sent.append(row)
        last = self.events[-1] if self.events else None
        if isinstance(last, Arrival) and last.received == self.wall:
            last.rows.append(row)
        else:
            self.events.append(Arrival(self.wall, [row]))

    def pass_time(self, milliseconds: int) -> None:
        """Time goes on, with a tick each second."""
        until = self.wall + milliseconds * 1_000_000
        while self.wall < until:
            self.wall = min(until, self.wall + SECOND)
            self.tick()

    def tick(self) -> None:
        if self.wall > self.log:
            self.events.append(Passed(self.wall, self.log))
            self.log = self.wall


QUALITY = st.sampled_from([0] * 12 + [1, 3, 4, 16, 17, 18, 19, 19, 19, 20, 21])
VALUE = st.sampled_from(VALUES * 4 + STRANGE) | st.floats(0, 25)
NAME = st.sampled_from(NAMES)
SHIFTS_MS = [0] * 8 + [-1, -100, -1000, -2500, -4000, -7999, -8000, -8001, -20_000, -7_200_000]
SHIFTS_MS += [500, 5000, 9999, 10_000, 10_001, 60_000]
STEP = st.one_of(
    st.tuples(st.just("read"), NAME, st.sampled_from(SHIFTS_MS), VALUE, QUALITY, st.integers(-1, 2)),
    st.tuples(st.just("same time"), NAME, VALUE, QUALITY, st.integers(-1, 2)),
    st.tuples(st.just("steady"), NAME, VALUE, st.integers(1, 8), st.booleans()),
    st.tuples(
        st.just("run"),
        NAME,
        st.lists(VALUE, min_size=1, max_size=5),
        st.integers(2, 30),
        st.sampled_from([500, 1000, 1000, 3000, 20_000]),
        st.floats(-1, 1),
    ),
    st.tuples(st.just("pairs"), NAME, VALUE, VALUE, st.integers(1, 6)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.sampled_from([1, 250, 999, 1000, 1500, 2500, 4000, 5000, 5001, 20_000])),
    st.tuples(st.just("ticks"), st.integers(1, 9)),
    st.tuples(st.just("back"), st.sampled_from([1000, 3000, 30_000])),
    st.tuples(st.just("elsewhere")),
    st.tuples(st.just("letter"), st.sampled_from(["k1", "k2"])),
)


def _take(world: _World, step: tuple[Any, ...]) -> None:  # noqa: PLR0912 - one branch a kind of step
    match step:
        case "read", name, shift_ms, value, quality, sequence:
            world.send(name, world.wall + shift_ms * 1_000_000, value, quality, sequence)
        case "same time", name, value, quality, sequence:
            world.send(name, world.newest.get(name, world.wall), value, quality, sequence)
        case "steady", name, value, seconds, ticking:
            for _ in range(seconds):
                world.send(name, world.wall, value, 0, -1)
                world.wall += SECOND
                if ticking:
                    world.tick()
        case "run", name, values, count, step_ms, rise:
            for number in range(count):
                world.send(name, world.wall, values[number % len(values)] + number * rise, 0, -1)
                world.pass_time(step_ms)
        case "pairs", name, first, second, seconds:
            for _ in range(seconds):
                world.send(name, world.wall, first, 0, 1)
                world.send(name, world.wall, second, 0, 2)
                world.wall += SECOND
                world.tick()
        case "again", index:
            if index < len(world.sent):
                world.send(*world.sent[-1 - index])
        case "wait", milliseconds:
            world.wall += milliseconds * 1_000_000
        case "ticks", count:
            for _ in range(count):
                world.wall += SECOND
                world.tick()
        case "back", milliseconds:
            if world.log:
                world.log = max(START, world.log - milliseconds * 1_000_000)
                world.wall = max(START, world.wall - milliseconds * 1_000_000)
        case ("elsewhere",):
            world.send(ELSEWHERE, world.wall, 99.0, 0, -1)
        case "letter", key:
            world.events.append(Arrival(world.wall, [], ((key, "not_json"),)))


@st.composite
def streams(draw: st.DrawFn, most: int = 40) -> list[Event]:
    """Readings of several sensors, dead letters and ticks, in the order of a journal."""
    world = _World()
    for step in draw(st.lists(STEP, max_size=most)):
        _take(world, step)
    world.tick()
    return world.events


@st.composite
def split(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """The same records in other batches: each part carries the receive time of the whole."""
    parts: list[Event] = []
    for event in events:
        if isinstance(event, Passed):
            parts.append(event)
            continue
        rest, letters = event.rows, event.letters
        while rest or letters:
            size = draw(st.integers(1, max(1, len(rest))))
            parts.append(Arrival(event.received, rest[:size], letters))
            rest, letters = rest[size:], ()
    return parts


@st.composite
def interleaved(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """The same records with the sensors between two ticks in another order, each in its own."""
    out: list[Event] = []
    queues: dict[str, list[Event]] = {}

    def flush() -> None:
        waiting = {name: list(queue) for name, queue in queues.items()}
        while waiting:
            name = draw(st.sampled_from(sorted(waiting)))
            out.append(waiting[name].pop(0))
            if not waiting[name]:
                del waiting[name]
        queues.clear()

    for event in events:
        if isinstance(event, Passed):
            flush()
            out.append(event)
            continue
        for row in event.rows:
            queues.setdefault(row[0], []).append(Arrival(event.received, [row]))
        if event.letters:
            queues.setdefault("letters", []).append(Arrival(event.received, [], event.letters))
    flush()
    return out
