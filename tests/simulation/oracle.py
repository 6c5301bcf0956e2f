"""What must be found in a journal, worked out once more in the plainest way: one sensor, one rung, one record at a time.

In: journal records as bytes. Out: log time at each, the class of each reading, each change of a condition, and
the alerts that begin. It shares no code with the rules, and knows only thresholds from above and silence.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fenceline.bus import Stored
from tests.simulation import park
from tests.simulation.rawledger import batch_of

NS = 1_000_000_000
HOLD = round(park.HOLD_SECONDS * NS)
LEAP = 5 * NS
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


class Oracle:
    """Goes through a journal and remembers what must follow from each record."""

    def __init__(self) -> None:
        self.log = 0
        self.times: list[int] = []  # log time after each record
        self.leaps: list[int] = []  # and by how much it leapt there
        self.went_back = False
        self.changes: dict[int, list[Change]] = {}
        self.columns: Counter[tuple[str, str]] = Counter()
        self.accounts: dict[int, tuple[int, dict[tuple[str, str], int]]] = {}  # at each tick that holds
        self.poisoned: list[int] = []
        self.began: list[tuple[int, str]] = []  # (offset, id without ordinal) of each alert that begins
        self.open: dict[tuple[str, str], "Open"] = {}
        self._sensors: dict[str, Sensor] = {}
        self._terms: dict[str, tuple[int, str]] = {}
        self._ticker = ""
        self._set: int | None = None
        self._letters: dict[str, int] = {}

    def journal(self, records: list[Stored], acknowledged: dict[int, str]) -> None:
        """All of it; `acknowledged` says which alert is acknowledged by the action at an offset."""
        for stored in records:
            before = self.log
            found = self._record(stored)
            self.times.append(self.log)
            leap = self.log - before
            self.leaps.append(leap if before and leap > LEAP else 0)
            if found:
                self.changes[stored.offset] = found
            for change in found:
                self._alert(stored.offset, change)
            if stored.offset in acknowledged:
                self._acknowledge(acknowledged[stored.offset])

    def _record(self, stored: Stored) -> list[Change]:
        if stored.kind == "batch":
            batch = batch_of(stored.payload)
            if batch is None:
                return self._poison(stored.offset)
            return self._batch(*batch)
        try:
            record = json.loads(stored.payload)
        except ValueError:
            return self._poison(stored.offset)
        match stored.kind:
            case "tick":
                return self._tick(stored.offset, record)
            case "claim":
                self._claim(record)
            case "time_set":
                self._set = record["time_ns"]
            case "in_force" if not self._sensors:
                self._sensors = {name: Sensor(name) for name in park.TOPICS}
        return []

    def _claim(self, record: dict[str, Any]) -> None:
        name = record["filter"]
        if record["term"] <= self._terms.get(name, (0, ""))[0]:
            return
        self._terms[name] = (record["term"], record["owner"])
        if self._ticker in ("", name) and self._set is not None:
            self.went_back = self.went_back or self._set < self.log
            self.log, self._set = self._set, None

    def _poison(self, offset: int) -> list[Change]:
        self.poisoned.append(offset)
        if not self._sensors:
            return []
        return [("record-quarantined", "yellow", "fenceline", said, self.log) for said in ("true", "false")]

    # --- readings ------------------------------------------------------------------------------------------

    def _batch(self, header: dict[str, Any], rows: list[tuple[str, int, float, int, int]]) -> list[Change]:
        now = max(self.log, header["received_ns"])
        for key, reason in header["rejected"]:
            again = key in self._letters
            self._letters[key] = now
            self.columns["duplicate" if again else "rejected", "dead_letter_again" if again else reason] += 1
        found: list[Change] = []
        for name, time, value, quality, sequence in rows:
            sensor = self._sensors.get(name)
            if sensor is None:
                self.columns["rejected", "not_in_force"] += 1
                continue
            kind = self._kind(sensor, time, value, sequence, now, header["received_ns"])
            unusable = kind in ("current", "conflict") and quality >= QUALITY_FIRST_BAD
            self.columns[_column(kind), "unusable" if unusable else kind] += 1
            if kind == "time_ahead":
                found += _unknown(sensor)
            elif kind == "delayed":
                for rung in sensor.rungs:
                    rung.forget()  # nothing goes on across what might say the contrary
                sensor.newest, sensor.high, sensor.low = time, -math.inf, math.inf
            elif kind in ("current", "conflict"):
                found += _current(sensor, time, value, quality)
        return found

    def _kind(
        self, sensor: Sensor, time: int, value: float, sequence: int, now: int, received: int
    ) -> str:
        if time > received + park.AHEAD_SECONDS * NS:
            return "time_ahead"
        newest, key = sensor.newest, (time, value, sequence)
        seen = sensor.keys.get(key)
        window = round(park.DUPLICATE_SECONDS)
        if newest is not None and time <= newest and seen is not None and now // NS - seen <= window:
            return "duplicate"
        sensor.keys[key] = now // NS
        if newest is not None and time < newest:
            return "late"
        if time < now - park.DELAYED_SECONDS * NS:
            return "delayed"
        if time == newest and not value == sensor.high == sensor.low:
            return "conflict"
        return "current"

    # --- time ----------------------------------------------------------------------------------------------

    def _tick(self, offset: int, record: dict[str, Any]) -> list[Change]:
        holder = (record["term"], record["owner"])
        if self._ticker not in ("", record["filter"]) or self._terms.get(record["filter"]) != holder:
            return []
        self._ticker = record["filter"]
        before, now = self.log, record["time_ns"]
        if now <= before:
            return []
        self.log = now
        leapt = before > 0 and now - before > LEAP
        timed: list[tuple[int, Change]] = []
        for sensor in self._sensors.values():
            timed += _leap(sensor, now) if leapt else _pass(sensor, now)
        self.accounts[offset] = (now, dict(self.columns))
        # In the order (due, rule, subject); of one subject the lower level first.
        timed.sort(key=lambda one: (one[0], one[1][0], one[1][2], LEVELS.index(one[1][1])))
        return [change for _, change in timed]

    # --- alerts --------------------------------------------------------------------------------------------

    def _alert(self, offset: int, change: Change) -> None:
        rule, level, sensor, condition, since = change
        key = (rule, sensor)
        alert = self.open.get(key)
        if alert is None:
            if condition == "true":
                self.open[key] = Open(_id(rule, sensor, since), {level}, level)
                self.began.append((offset, self.open[key].id))
            return
        if condition == "true":
            alert.held.add(level)
        elif condition == "false":
            alert.held.discard(level)
        if not alert.held:
            if alert.acknowledged:
                del self.open[key]
            return
        top = max(alert.held, key=LEVELS.index)
        if LEVELS.index(top) > LEVELS.index(alert.level) and LEVELS.index(top) > alert.answered_rank:
            alert.acknowledged = False
        alert.level = top

    def _acknowledge(self, alert_id: str) -> None:
        for key, alert in list(self.open.items()):
            if alert_id == alert.id or alert_id.startswith(alert.id + "."):
                alert.acknowledged, alert.answered_rank = True, LEVELS.index(alert.level)
                if not alert.held:
                    del self.open[key]


LEVELS = ("attention", "blue", "yellow", "orange", "red")


@dataclass(slots=True)
class Open:
    """An alert that has not ended."""

    id: str
    held: set[str]
    level: str
    acknowledged: bool = False
    answered_rank: int = -1


def _id(rule: str, subject: str, since: int) -> str:
    stamp = datetime.fromtimestamp(since // NS, UTC).strftime("%Y%m%dt%H%M%S")
    return f"{rule}.{subject}.{stamp}.{since % NS // 1_000_000:03d}z"


def _column(kind: str) -> str:
    columns = {"late": "late", "duplicate": "duplicate", "time_ahead": "rejected"}
    return columns.get(kind, "out")


def _unknown(sensor: Sensor) -> list[Change]:
    """Nobody can tell: no duration goes on, nothing clears."""
    found: list[Change] = []
    for rung in sensor.rungs:
        rung.forget()
        if rung.said != "unknown":
            rung.said = "unknown"
            found.append(("high", rung.level, sensor.name, "unknown", 0))
    return found


def _current(sensor: Sensor, time: int, value: float, quality: int) -> list[Change]:
    same = time == sensor.newest
    gap = sensor.newest is not None and time - sensor.newest > HOLD
    if not same:
        sensor.newest, sensor.high, sensor.low = time, -math.inf, math.inf
    sensor.heard = -1
    over = quality == QUALITY_OVER_RANGE
    if quality >= QUALITY_FIRST_BAD and not over:
        return _unknown(sensor)
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
            found += _value(sensor, rung, sensor.high, time, same)
    return found


def _value(sensor: Sensor, rung: Rung, value: float, time: int, same: bool) -> list[Change]:
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


def _leap(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
    for rung in sensor.rungs:
        rung.forget()
    if sensor.heard is not None:
        sensor.heard = now
    sensor.usable = now
    return []


def _pass(sensor: Sensor, now: int) -> list[tuple[int, Change]]:
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
        found += [(speaks_until, change) for change in _unknown(sensor)]
    return found
