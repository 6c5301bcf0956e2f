"""The fold of the rules in plain Python: rules as dicts and readings as tuples in, findings as dicts out.

Written from docs/reference/rules.md and not from the kernel. Slow, plain, and the judge of the fast one: what
differs from it is wrong in one of the two.
"""

import math
import struct
from collections import Counter, deque
from typing import Any

from tests.rules.reference_rung import Found, cannot_tell, decide, finding_of, forget, rungs_of, worse

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
            self.sensors[sensor["id"]] = {
                "id": sensor["id"],
                "hold": round(sensor["hold"] * SECOND),
                "newest": None,  # event time
                "said": [],  # usable values at that time, as (value, is only a lower bound)
                "spoke": None,  # log time of the newest current reading; "next": at the next tick
                "usable": "next",
                "why": "never_seen",
                "counted": None,  # newest sequence number
                "missing": 0,  # readings that its numbers say were lost
                "remembered": deque(maxlen=remembered),
                "rungs": [
                    rung
                    for rule in sorted(rules, key=lambda rule: rule["name"])
                    for rung in rungs_of(rule, sensor)
                ],
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
                _count(sensor, kind, reading[3])
                said = self._reading(sensor, kind, reading, now)
                for finding in said:
                    value = finding.pop("by", reading[1])
                    quality = "conflict" if kind == "conflict" else QUALITIES[reading[2]]
                    evidence = {"decided_by": "reading", "log_ns": log, "quality": quality}
                    found.append(
                        finding
                        | {"at_ns": reading[0], "value": value, "evidence": finding["evidence"] | evidence}
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
            value = finding.get("value")
            ready = finding | {"at_ns": now, "value": value, "evidence": finding["evidence"] | evidence}
            found.append(ready)
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
        key = (time, struct.pack("<d", value + 0.0), sequence)
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
        if kind == "time_ahead":
            return cannot_tell(sensor, now, "time_ahead")
        if kind == "late" and sensor["why"] == "silent":
            sensor["why"] = "late"
        if kind == "delayed":
            _break_off(sensor)
            sensor["newest"], sensor["said"] = time, []
            if sensor["why"] in ("silent", "late", "never_seen"):
                sensor["why"] = "delayed"
        if kind not in ("current", "conflict", "unusable"):
            return []
        amends = time == sensor["newest"]
        if not amends:
            if sensor["newest"] is not None and time - sensor["newest"] > sensor["hold"]:
                _break_off(sensor)
            sensor["newest"], sensor["said"] = time, []
        sensor["spoke"] = "next"
        bound = quality == 19
        if not math.isfinite(value) or (quality >= 16 and not bound):
            return cannot_tell(sensor, time, QUALITIES[quality] if quality >= 16 else "bad")
        sensor["said"].append((value, bound))
        found: list[Found] = []
        sensor["why"] = "over_range" if bound else None
        if not bound:
            sensor["usable"] = "next"
            for rung in sensor["rungs"]:
                if rung["op"] == "silence" and rung["true"]:
                    rung["true"] = False
                    found.append(finding_of(sensor, rung, "false", time))
        for rung in sensor["rungs"]:
            if rung["op"] != "silence":
                found += decide(sensor, rung, time, bound, amends)
        return found

    @staticmethod
    def _leap(sensor: dict[str, Any], now: int) -> list[tuple[int, str, str, int, Found]]:
        for rung in sensor["rungs"]:
            rung["waits"] = rung["broken"] = None
        if sensor["spoke"] is not None:
            sensor["spoke"] = now
        sensor["usable"] = now
        return []

    @staticmethod
    def _time(sensor: dict[str, Any], now: int) -> list[tuple[int, str, str, int, Found]]:
        timers: list[tuple[int, str, str, int, Found]] = []

        def fire(due: int, number: int, rung: dict[str, Any], condition: str, since: int, why: str | None):
            finding = finding_of(sensor, rung, condition, since, why)
            timers.append((due, rung["rule"], sensor["id"], number, finding))

        for name in ("spoke", "usable"):
            if sensor[name] == "next" or (sensor[name] is not None and sensor[name] > now):
                sensor[name] = now
        ends = None if sensor["spoke"] is None else sensor["spoke"] + sensor["hold"]
        for number, rung in enumerate(sensor["rungs"]):
            if rung["op"] == "silence":
                due = sensor["usable"] + rung["on"]
                if not rung["true"] and due <= now:
                    rung["true"] = True
                    fire(due, number, rung, "true", sensor["usable"], sensor["why"] or "silent")
                continue
            for name in ("waits", "broken"):
                if rung[name] is not None:
                    rung[name]["tick"] = now if rung[name]["tick"] is None else rung[name]["tick"]
                    rung[name] = None if rung[name]["tick"] > now else rung[name]
            wait = rung["waits"]
            if wait is not None:
                due = wait["tick"] + (rung["on"] if wait["for"] == "true" else rung["off"])
                if due <= now and due <= ends:
                    rung["true"], rung["since"], rung["waits"] = wait["for"] == "true", wait["since"], None
                    fire(due, number, rung, wait["for"], wait["since"], None)
                    timers[-1][-1]["value"] = worse(rung, sensor["said"])
        if ends is not None and now > ends:
            sensor["why"] = sensor["why"] or "silent"
            for number, rung in enumerate(sensor["rungs"]):
                if forget(rung):
                    fire(ends, number, rung, "unknown", ends, sensor["why"])
        return timers


def _count(sensor: dict[str, Any], kind: str, number: int) -> None:
    """Sequence numbers that were stepped over are readings that were lost, until they come late."""
    if number < 0 or kind in ("time_ahead", "duplicate"):
        return
    before = sensor["counted"]
    if before is not None and kind == "late" and number < before:
        sensor["missing"] = max(0, sensor["missing"] - 1)
        return
    if before is not None and before + 1 < number <= before + 1_000_000:
        sensor["missing"] += number - before - 1
    sensor["counted"] = number


def _break_off(sensor: dict[str, Any]) -> None:
    """No duration goes on."""
    for rung in sensor["rungs"]:
        if rung["op"] != "silence":
            rung["waits"] = rung["broken"] = None
