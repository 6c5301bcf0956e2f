"""The oracle's part about one sensor: a reading or a tick in, the changes of its conditions out."""

import math
from dataclasses import dataclass, field, replace

from tests.simulation import park

NS = 1_000_000_000
HOLD = round(park.HOLD_SECONDS * NS)
QUALITY_OVER_RANGE, QUALITY_FIRST_BAD = 19, 16
# level, limit, on-delay, off-delay
RUNGS = (
    ("blue", park.BLUE, round(park.BLUE_ON_SECONDS * NS), round(park.OFF_SECONDS * NS)),
    ("red", park.RED, 0, round(park.OFF_SECONDS * NS)),
)
NEXT_TICK = -1
Change = tuple[str, str, str, str, int]  # rule, level, sensor, condition, since (0 where unknown)


@dataclass(frozen=True, slots=True)
class Wait:
    """A duration that runs."""

    since: int
    tick: int = NEXT_TICK  # log time of the first tick after it began


@dataclass(frozen=True, slots=True)
class State:
    """What is decided; the wait is for the end of the on-delay, or of the off-delay where it is active."""

    known: bool = False
    active: bool = False
    onset: int = 0
    wait: Wait | None = None


@dataclass(slots=True)
class Rung:
    """A level of the threshold on one sensor."""

    level: str
    limit: float
    on: int
    off: int
    said: str = "unknown"
    state: State = State()
    before: State | None = None  # before the newest time: another reading of it decides from there
    before_time: int = 0

    def forget(self) -> None:
        self.state, self.before = replace(self.state, wait=None), None

    def says(self, sensor: str, since: int) -> list[Change]:
        condition = "unknown" if not self.state.known else "true" if self.state.active else "false"
        if condition == self.said:
            return []
        self.said = condition
        return [("high", self.level, sensor, condition, since if self.state.known else 0)]


@dataclass(slots=True)
class Sensor:
    """A sensor as the journal left it."""

    name: str
    rungs: list[Rung] = field(default_factory=lambda: [Rung(*rung) for rung in RUNGS])
    newest: int | None = None
    values: list[float] = field(default_factory=list)  # of the newest time, lower bounds among them
    doubted: bool = False  # something of that time proves nothing, or is a lower bound only
    high: float = -math.inf
    low: float = math.inf
    heard: int | None = None  # log time of its last current reading; -1: at the next tick
    usable: int = NEXT_TICK
    silent: bool = False
    keys: dict[tuple[int, float, int, int], int] = field(default_factory=dict)

    def begin(self, time: int) -> None:
        self.newest, self.values, self.doubted = time, [], False
        self.high, self.low = -math.inf, math.inf

    def take(self, value: float, quality: int) -> None:
        over = quality == QUALITY_OVER_RANGE
        self.doubted = self.doubted or quality >= QUALITY_FIRST_BAD
        if quality < QUALITY_FIRST_BAD or over:
            self.values.append(value)
            self.high = max(self.high, value)
        if quality < QUALITY_FIRST_BAD:
            self.low = min(self.low, value)


def make_unknown(sensor: Sensor) -> list[Change]:
    """Nobody can tell: no duration goes on, nothing clears."""
    found: list[Change] = []
    for rung in sensor.rungs:
        rung.forget()
        rung.state = replace(rung.state, known=False)
        found += rung.says(sensor.name, 0)
    return found


def late(sensor: Sensor, time: int, value: float, quality: int) -> None:
    """It decides nothing; but a duration that it speaks against runs since the newest reading only."""
    if quality >= QUALITY_FIRST_BAD and quality != QUALITY_OVER_RANGE:
        return
    assert sensor.newest is not None
    for rung in sensor.rungs:
        back = value < rung.limit - park.DEADBAND
        for state in (rung.state, rung.before if rung.before_time == sensor.newest else None):
            if state is None or state.wait is None or state.wait.since > time:
                continue
            agrees = back if state.active else value >= rung.limit or quality == QUALITY_OVER_RANGE
            if agrees:
                continue
            if state is rung.state:
                rung.state = replace(state, wait=Wait(sensor.newest))
            else:
                rung.before = replace(state, wait=None)


def delayed(sensor: Sensor, time: int, value: float, quality: int) -> None:
    """It decides nothing, and nothing goes on across what might say the contrary."""
    for rung in sensor.rungs:
        rung.forget()
    if time != sensor.newest:
        sensor.begin(time)
    sensor.take(value, quality)


def current(sensor: Sensor, time: int, value: float, quality: int) -> list[Change]:
    """A reading that decides, with whatever else was said of its time."""
    if sensor.newest is not None and time - sensor.newest > HOLD:
        for rung in sensor.rungs:
            rung.forget()
    if time != sensor.newest:
        sensor.begin(time)
    sensor.take(value, quality)
    sensor.heard = NEXT_TICK
    found: list[Change] = []
    if quality < QUALITY_FIRST_BAD:
        sensor.usable = NEXT_TICK
        if sensor.silent:
            sensor.silent = False
            found.append(("silent", "attention", sensor.name, "false", time))
    for rung in sensor.rungs:
        found += _decide(sensor, rung, time)
    return found


def _decide(sensor: Sensor, rung: Rung, time: int) -> list[Change]:
    waited = rung.state.wait
    if rung.before is None or rung.before_time != time:
        rung.before, rung.before_time = rung.state, time
    state = rung.before
    value = max(sensor.values, default=-math.inf)
    if value < rung.limit and (sensor.doubted or not sensor.values):
        rung.state = replace(state, known=False, wait=None)
        return rung.says(sensor.name, 0)
    if not state.known and not state.active:
        state = replace(state, onset=time)
    wait = None
    if value < rung.limit - park.DEADBAND if state.active else value >= rung.limit:
        # It may have begun with another reading of this time, a tick ago.
        begun = waited if waited is not None and waited.since == time else Wait(time)
        wait = state.wait or begun
    state = replace(state, known=True, wait=wait)
    if wait is not None and time - wait.since >= (rung.off if state.active else rung.on):
        state = State(known=True, active=not state.active, onset=wait.since)
    rung.state = state
    return rung.says(sensor.name, state.onset)


def leap(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
    for rung in sensor.rungs:
        rung.forget()
    if sensor.heard is not None:
        sensor.heard = now
    sensor.usable = now
    return []


def _ticked(state: State, now: int) -> State:
    """Its wait counts from this tick; one of a later tick is over: a person has put log time back."""
    if state.wait is None:
        return state
    if state.wait.tick > now:
        return replace(state, wait=None)
    return replace(state, wait=Wait(state.wait.since, now)) if state.wait.tick == NEXT_TICK else state


def let_pass(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
    """A tick: silence and durations complete, what speaks no longer is unknown."""
    if sensor.heard is not None and not 0 <= sensor.heard <= now:
        sensor.heard = now
    if not 0 <= sensor.usable <= now:
        sensor.usable = now
    found: list[tuple[int, Change]] = []
    speaks_until = -1 if sensor.heard is None else sensor.heard + HOLD
    for rung in sensor.rungs:
        rung.state = _ticked(rung.state, now)
        rung.before = None if rung.before is None else _ticked(rung.before, now)
        wait, active = rung.state.wait, rung.state.active
        if wait is None or not rung.state.known:
            continue
        due = wait.tick + (rung.off if active else rung.on)
        if due <= now and due <= speaks_until:
            rung.state, rung.before = State(known=True, active=not active, onset=wait.since), None
            found += [(due, change) for change in rung.says(sensor.name, wait.since)]
    silent_at = sensor.usable + round(park.SILENT_SECONDS * NS)
    if not sensor.silent and silent_at <= now:
        sensor.silent = True
        found.append((silent_at, ("silent", "attention", sensor.name, "true", sensor.usable)))
    if sensor.heard is not None and now > speaks_until:
        found += [(speaks_until, change) for change in make_unknown(sensor)]
    return found
