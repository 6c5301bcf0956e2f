"""What must be found in a journal, worked out once more in the plainest way: record by record, rung by rung.

In: journal records as bytes. Out: log time at each, the class of each reading, each change of a condition,
and the alerts that begin. It shares no code with the rules, and knows only thresholds from above and silence.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from fenceline.bus import Stored
from tests.simulation import park
from tests.simulation.oraclerungs import (
    NS,
    QUALITY_FIRST_BAD,
    Change,
    Sensor,
    current,
    delayed,
    late,
    leap,
    let_pass,
    make_unknown,
)
from tests.simulation.rawledger import batch_of

LEAP = 5 * NS


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
        self.open: dict[tuple[str, str], Open] = {}
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
            record = orjson.loads(stored.payload)
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
            kind = self._kind(sensor, time, value, quality, sequence, now, header["received_ns"])
            unusable = kind in ("current", "conflict") and quality >= QUALITY_FIRST_BAD
            self.columns[_column(kind), "unusable" if unusable else kind] += 1
            if kind == "time_ahead":
                found += make_unknown(sensor)
            elif kind == "delayed":
                delayed(sensor, time, value, quality)
            elif kind == "late":
                late(sensor, time, value, quality)
            elif kind in ("current", "conflict"):
                found += current(sensor, time, value, quality)
        return found

    def _kind(
        self, sensor: Sensor, time: int, value: float, quality: int, sequence: int, now: int, received: int
    ) -> str:
        if time > received + park.AHEAD_SECONDS * NS:
            return "time_ahead"
        proof = quality if quality >= QUALITY_FIRST_BAD else 0
        newest, key = sensor.newest, (time, value, sequence, proof)
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
            timed += leap(sensor, now) if leapt else let_pass(sensor, now)
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
