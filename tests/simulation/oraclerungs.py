"""The oracle's part about one sensor: a reading or a tick in, the changes of its conditions out."""

import math
from dataclasses import dataclass, field

from tests.simulation import park

NS = 1_000_000_000
HOLD = round(park.HOLD_SECONDS * NS)
QUALITY_OVER_RANGE, QUALITY_FIRST_BAD = 19, 16
# level, limit, on-delay, off-delay
RUNGS = (
    ("blue", park.BLUE, round(park.BLUE_ON_SECONDS * NS), round(park.OFF_SECONDS * NS)),
    ("red", park.RED, 0, round(park.OFF_SECONDS * NS)),
)
Change = tuple[str, str, str, str, int]  # rule, level, sensor, condition, since (0 where unknown)


@dataclass(slots=True)
class Rung:
    """A level of the threshold on one sensor."""

    level: str
    limit: float
    on: int
    off: int
    said: str = "unknown"
    active: bool = False
    onset: int = 0
    waits: str = ""  # "on", "off", "broken" (an on-delay that a value at the newest time ended)
    waits_since: int = 0
    waits_from: int | None = None  # log time: the first tick after it began

    def forget(self) -> None:
        self.waits, self.waits_from = "", None


@dataclass(slots=True)
class Sensor:
    """A sensor as the journal left it."""

    name: str
    rungs: list[Rung] = field(default_factory=lambda: [Rung(*rung) for rung in RUNGS])
    newest: int | None = None
    high: float = -math.inf
    low: float = math.inf
    heard: int | None = None  # log time of its last current reading; -1: at the next tick
    usable: int = -1
    silent: bool = False
    keys: dict[tuple[int, float, int], int] = field(default_factory=dict)


def make_unknown(sensor: Sensor) -> list[Change]:
    """Nobody can tell: no duration goes on, nothing clears."""
    found: list[Change] = []
    for rung in sensor.rungs:
        rung.forget()
        if rung.said != "unknown":
            rung.said = "unknown"
            found.append(("high", rung.level, sensor.name, "unknown", 0))
    return found


def delayed(sensor: Sensor, time: int) -> None:
    """It decides nothing, and nothing goes on across what might say the contrary."""
    for rung in sensor.rungs:
        rung.forget()
    sensor.newest, sensor.high, sensor.low = time, -math.inf, math.inf


def current(sensor: Sensor, time: int, value: float, quality: int) -> list[Change]:
    same = time == sensor.newest
    gap = sensor.newest is not None and time - sensor.newest > HOLD
    if not same:
        sensor.newest, sensor.high, sensor.low = time, -math.inf, math.inf
    sensor.heard = -1
    over = quality == QUALITY_OVER_RANGE
    if quality >= QUALITY_FIRST_BAD and not over:
        return make_unknown(sensor)
    found: list[Change] = []
    sensor.high = max(sensor.high, value)
    if not over:
        sensor.low = min(sensor.low, value)
        sensor.usable = -1
        if sensor.silent:
            sensor.silent = False
            found.append(("silent", "attention", sensor.name, "false", time))
    for rung in sensor.rungs:
        if gap:
            rung.forget()
        if over and sensor.high < rung.limit:
            rung.forget()
            if rung.said != "unknown":
                rung.said = "unknown"
                found.append(("high", rung.level, sensor.name, "unknown", 0))
        else:
            found += value_on(sensor, rung, sensor.high, time, same)
    return found


def value_on(sensor: Sensor, rung: Rung, value: float, time: int, same: bool) -> list[Change]:
    """One usable value: the worst of its time."""
    if rung.waits == "broken":
        if not same:
            rung.forget()
        elif value >= rung.limit:
            rung.waits = "on"
    before = rung.said
    if rung.active:
        if value < rung.limit - park.DEADBAND:
            if rung.waits != "off":
                rung.waits, rung.waits_since, rung.waits_from = "off", time, -1
            if time - rung.waits_since >= rung.off:
                rung.active, rung.onset = False, rung.waits_since
                rung.forget()
        elif rung.waits == "off":
            rung.forget()
    elif value >= rung.limit:
        if rung.waits != "on":
            rung.waits, rung.waits_since, rung.waits_from = "on", time, -1
        if time - rung.waits_since >= rung.on:
            rung.active, rung.onset = True, rung.waits_since
            rung.forget()
    elif rung.waits == "on":
        rung.waits = "broken"
    rung.said = "true" if rung.active else "false"
    if rung.said == before:
        return []
    if before == "unknown" and not rung.active:
        rung.onset = time
    return [("high", rung.level, sensor.name, rung.said, rung.onset)]


def leap(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
    for rung in sensor.rungs:
        rung.forget()
    if sensor.heard is not None:
        sensor.heard = now
    sensor.usable = now
    return []


def let_pass(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
    """A tick: silence and durations complete, what speaks no longer is unknown."""
    if sensor.heard is not None and not 0 <= sensor.heard <= now:
        sensor.heard = now
    if not 0 <= sensor.usable <= now:
        sensor.usable = now
    found: list[tuple[int, Change]] = []
    speaks_until = -1 if sensor.heard is None else sensor.heard + HOLD
    for rung in sensor.rungs:
        if not rung.waits:
            continue
        if rung.waits_from is not None and rung.waits_from > now:
            rung.forget()  # a person has put log time back: nothing completes across that
            continue
        if rung.waits_from == -1:
            rung.waits_from = now
        assert rung.waits_from is not None
        due = rung.waits_from + (rung.on if rung.waits == "on" else rung.off)
        if rung.waits != "broken" and due <= now and due <= speaks_until and rung.said != "unknown":
            rung.active, rung.onset = rung.waits == "on", rung.waits_since
            rung.said = "true" if rung.active else "false"
            found.append((due, ("high", rung.level, sensor.name, rung.said, rung.onset)))
            rung.forget()
    silent_at = sensor.usable + round(park.SILENT_SECONDS * NS)
    if not sensor.silent and silent_at <= now:
        sensor.silent = True
        found.append((silent_at, ("silent", "attention", sensor.name, "true", sensor.usable)))
    if sensor.heard is not None and now > speaks_until:
        found += [(speaks_until, change) for change in make_unknown(sensor)]
    return found
