"""The fold of the rules in plain Python: rules as dicts and readings as tuples in, findings as dicts out.

Written from docs/reference/rules.md and not from the kernel. Slow, plain, and the judge of the fast one: what
differs from it is wrong in one of the two.
"""

import math
import struct
from collections import Counter, deque
from typing import Any

from tests.rules.reference_account import count_sequence
from tests.rules.reference_plan import rules_of
from tests.rules.reference_rung import (
    MEANS,
    Found,
    cannot_tell,
    contradict,
    decide,
    finding_of,
    forget,
    rung_at_tick,
)

SECOND = 1_000_000_000
LEAP_NS = 5 * SECOND
QUALITIES = {
    **{0: "good", 1: "uncertain", 2: "conflict", 3: "manual", 4: "historical", 16: "bad", 17: "calibration"},
    **{18: "maintenance", 19: "over_range", 20: "fault", 21: "no_communication"},
}
COLUMN = {"late": "late", "duplicate": "duplicate", "time_ahead": "rejected", "not_in_force": "rejected"}


class Reference:
    """
    Args:
        sensors: dicts of `id`, `hold`, `interval` (seconds).
        rules: dicts as in config/rules, limits as values in the sensors' unit, each watches all.
        timing: `delayed`, `duplicate`, `ahead` (seconds).
    """

    def __init__(self, sensors: list[dict[str, Any]], rules: list[dict[str, Any]], timing: dict[str, float]):
        self.timing = {name: round(seconds * SECOND) for name, seconds in timing.items()}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.letters: dict[str, int] = {}
        self.sensors: dict[str, dict[str, Any]] = {}
        for sensor in sorted(sensors, key=lambda one: one["id"]):
            remembered = min(1024, int(timing["duplicate"] / sensor["interval"]) + 16)
            planned = [
                planned
                for rule in sorted(rules, key=lambda rule: rule["name"])
                for planned in rules_of(rule, sensor)
            ]
            self.sensors[sensor["id"]] = {
                "id": sensor["id"],
                "hold": round(sensor["hold"] * SECOND),
                "newest": None,  # event time
                "said": [],  # usable values at that time, as (value, is only a lower bound)
                "bad": [],  # qualities at that time that prove nothing
                "bound": False,  # a value of that time is only a lower bound
                "spoke": None,  # log time of the newest current reading; "next": at the next tick
                "usable": "next",
                "why": "never_seen",
                "counted": None,  # newest sequence number
                "missing": 0,  # readings that its numbers say were lost
                "remembered": deque(maxlen=remembered),
                "rules": planned,
                "rungs": [rung for _, rungs in planned for rung in rungs],
                "kept": 0,  # readings that went into its history
                "room": max((signal.history for signal, _ in planned), default=0) + 2,
            }

    def batch(
        self,
        rows: list[tuple[str, int, float, int, int]],
        received: int,
        log: int,
        letters: tuple[tuple[str, str], ...] = (),
    ) -> list[Found]:
        """Readings as (sensor, time, value, quality, sequence), the ingestor's clock, log time."""
        found: list[Found] = []
        now = max(log, received)
        for key, reason in letters:
            again = self.letters.pop(key, None) is not None
            self.counts[("duplicate", "dead_letter_again") if again else ("rejected", reason)] += 1
            self.letters[key] = now
        for name, *reading in rows:
            sensor = self.sensors.get(name)
            kind = "not_in_force" if sensor is None else self._classify(sensor, reading, received, now)
            if sensor is not None:
                count_sequence(sensor, kind, reading[3])
                said = self._reading(sensor, kind, reading, now)
                for finding in said:
                    value, aux = finding.pop("by", reading[1]), finding.pop("aux", {})
                    quality = "conflict" if kind == "conflict" else QUALITIES[reading[2]]
                    evidence = {"decided_by": "reading", "log_ns": log, "quality": quality}
                    found.append(
                        finding
                        | {
                            "at_ns": reading[0],
                            "value": value,
                            "evidence": finding["evidence"] | evidence | aux,
                        }
                    )
            self.counts[COLUMN.get(kind, "out"), kind] += 1
        return found

    def tick(self, before: int, now: int) -> list[Found]:
        """Log time moves from `before` (0: there was none) to `now`."""
        found: list[Found] = []
        leap = before != 0 and now - before > LEAP_NS
        if leap:
            found.append({"kind": "gap", "from_ns": before, "to_ns": now})
        timers: list[tuple[int, str, str, int, Found]] = []
        for sensor in self.sensors.values():
            timers += self._leap(sensor, now) if leap else self._time(sensor, now)
        for key, at in list(self.letters.items()):
            if at >= now - self.timing["duplicate"]:
                break
            del self.letters[key]
        evidence = {"decided_by": "tick", "log_ns": now}
        for *_, finding in sorted(timers, key=lambda timer: timer[:4]):
            if finding["kind"] == "extreme":
                found.append(finding | {"at_ns": now})
                continue
            value, aux = finding.get("value"), finding.pop("aux", {})
            ready = finding | {"at_ns": now, "value": value}
            found.append(ready | {"evidence": finding["evidence"] | evidence | aux})
        watching = sum(sensor["why"] is None for sensor in self.sensors.values())
        return [
            *found,
            {
                "kind": "folded",
                "to_ns": now,
                "sensors": len(self.sensors),
                "watching": watching,
                "account": self.account(),
            },
        ]

    def account(self) -> dict[str, Any]:
        """Each reading and each dead letter in exactly one column."""
        columns: dict[str, Any] = {"out": 0, "rejected": 0, "late": 0, "duplicate": 0}
        reasons: dict[str, dict[str, int]] = {}
        for (column, reason), count in self.counts.items():
            columns[column] += count
            reasons.setdefault(column, {})[reason] = count
        lost = sum(sensor["missing"] for sensor in self.sensors.values())
        return {"received": self.counts.total(), **columns, "lost_before_us": lost, "reasons": reasons}

    def _classify(self, sensor: dict[str, Any], reading: list[Any], received: int, now: int) -> str:
        time, value, quality, sequence = reading
        if time > received + self.timing["ahead"]:
            return "time_ahead"
        key = (time, struct.pack("<d", value + 0.0), sequence, quality if quality >= 16 else 0)
        second, window = now // SECOND, self.timing["duplicate"] // SECOND
        newest = sensor["newest"]
        if newest is not None and time <= newest:
            for known, since in sensor["remembered"]:
                if known == key and second - since <= window:
                    return "duplicate"
        sensor["remembered"].append((key, second))
        if newest is not None and time < newest:
            return "late"
        if time < now - self.timing["delayed"]:
            return "delayed"
        if quality >= 16 or not math.isfinite(value):
            return "unusable"
        # The same again is no conflict: the highest so far, and the lowest that is more than a lower bound.
        most = max((one for one, _ in sensor["said"]), default=None)
        least = min((one for one, bound in sensor["said"] if not bound), default=None)
        return "conflict" if time == newest and not (most == value == least) else "current"

    def _reading(self, sensor: dict[str, Any], kind: str, reading: list[Any], now: int) -> list[Found]:
        time, value, quality, _ = reading
        bound = quality == 19 and math.isfinite(value)
        usable = quality < 16 and math.isfinite(value)
        if kind == "time_ahead":
            return cannot_tell(sensor, now, "time_ahead")
        if kind == "late":
            sensor["why"] = "late" if sensor["why"] == "silent" else sensor["why"]
            if usable or bound:
                contradict(sensor, time, value, bound)
        if kind not in ("current", "conflict", "unusable", "delayed"):
            return []
        new_time = time != sensor["newest"]
        gap = new_time and sensor["newest"] is not None and time - sensor["newest"] > sensor["hold"]
        if gap or kind == "delayed":
            _break_off(sensor)
        if new_time:
            _begin_time(sensor, time, gap)
        if usable or bound:
            sensor["said"].append((value, bound))
            sensor["bound"] = sensor["bound"] or bound
        if bound:
            for signal, rungs in sensor["rules"]:
                if rungs[0]["kind"] in MEANS:
                    signal.bound_until = time + signal.window
        if kind == "delayed":
            if sensor["why"] in ("silent", "late", "never_seen"):
                sensor["why"] = "delayed"
            return []
        if not usable and not bound:
            sensor["bad"].append(quality if quality >= 16 else 16)
        return self._current(sensor, time, usable)

    @staticmethod
    def _current(sensor: dict[str, Any], time: int, usable: bool) -> list[Found]:
        found: list[Found] = []
        sensor["spoke"] = "next"
        if usable:
            sensor["usable"] = "next"
            for rung in sensor["rungs"]:
                if rung["kind"] == "silence" and rung["true"]:
                    rung["true"] = False
                    found.append(finding_of(sensor, rung, "false", time))
        why = QUALITIES[max(sensor["bad"])] if sensor["bad"] else "over_range" if sensor["bound"] else None
        sensor["why"] = why
        value = max((one for one, _ in sensor["said"]), default=math.nan)
        for signal, rungs in sensor["rules"]:
            if rungs[0]["kind"] == "silence":
                continue
            said = signal.signal(time, value, sensor["hold"])
            reason = why
            if rungs[0]["kind"] in MEANS:
                if not sensor["said"] and math.isfinite(said):
                    # A bad reading is data that is missing: the mean stands, and no duration goes on.
                    for rung in rungs:
                        forget(rung)
                    continue
                reason = "over_range" if time < signal.bound_until else None
            for rung in rungs:
                found += decide(sensor, rung, said, time, reason)
        return found

    @staticmethod
    def _leap(sensor: dict[str, Any], now: int) -> list[tuple[int, str, str, int, Found]]:
        _break_off(sensor)
        if sensor["spoke"] is not None:
            sensor["spoke"] = now
        sensor["usable"] = now
        return []

    @staticmethod
    def _time(sensor: dict[str, Any], now: int) -> list[tuple[int, str, str, int, Found]]:
        timers: list[tuple[int, str, str, int, Found]] = []
        for name in ("spoke", "usable"):
            if sensor[name] == "next" or (sensor[name] is not None and sensor[name] > now):
                sensor[name] = now
        ends = None if sensor["spoke"] is None else sensor["spoke"] + sensor["hold"]
        for number, rung in enumerate(sensor["rungs"]):
            if rung["kind"] == "silence":
                due = sensor["usable"] + rung["on"]
                if not rung["true"] and due <= now:
                    rung["true"] = True
                    said = finding_of(sensor, rung, "true", sensor["usable"], sensor["why"] or "silent")
                    timers.append((due, rung["rule"], sensor["id"], number, said))
                continue
            for due, said in rung_at_tick(sensor, rung, now, ends):
                timers.append((due, rung["rule"], sensor["id"], number, said))
        if ends is not None and now > ends:
            said_of = {id(rung): number for number, rung in enumerate(sensor["rungs"])}
            for rung in sensor["rungs"]:
                if rung["kind"] != "silence":
                    forget(rung)
                    rung["known"] = False
                    if rung["told"] in ("true", "false"):
                        said = finding_of(sensor, rung, "unknown", ends, sensor["why"] or "silent")
                        timers.append((ends, rung["rule"], sensor["id"], said_of[id(rung)], said))
            sensor["why"] = sensor["why"] or "silent"
        return timers


def _begin_time(sensor: dict[str, Any], time: int, gap: bool) -> None:
    """A newer time: what was said of the one before is history now."""
    before = None
    if sensor["said"]:
        before = (sensor["newest"], max(one for one, _ in sensor["said"]))
        sensor["kept"] += 1
    come_round = before is not None and sensor["room"] > 2 and sensor["kept"] % sensor["room"] == 0
    for signal, _ in sensor["rules"]:
        signal.begin(before, come_round, time, gap)
    sensor["newest"], sensor["said"], sensor["bad"], sensor["bound"] = time, [], [], False


def _break_off(sensor: dict[str, Any]) -> None:
    """No duration goes on."""
    for rung in sensor["rungs"]:
        forget(rung)
