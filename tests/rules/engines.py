"""The real engine fed from plain dicts, and its records as plain dicts: comparable with the reference."""

import dataclasses
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fenceline.finding import Extreme, Finding, FindingRecord
from fenceline.journal import Batch
from fenceline.logtime import Moved
from fenceline.packing import pack, unpack
from fenceline.park import PlacedSensor, example_park
from fenceline.reading import Readings
from fenceline.substance import Substances, load_substances
from rules.config import RuleFile, Timing
from rules.engine import RuleEngine
from rules.registry import Rule

ROOT = Path(__file__).resolve().parent.parent.parent
SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
UNIT = "mg/m3"
WORDS = {"zh": "示例", "en": "example"}

Row = tuple[str, int, float, int, int]


@cache
def substances() -> Substances:
    """The site's whole table."""
    return load_substances(ROOT / "config" / "substances.yaml")


def sensor(name: str, *, hold: float = 4, interval: float = 1, **changes: Any) -> PlacedSensor:
    """A sensor of hydrogen sulfide in mg/m3 at a process unit, unless said otherwise."""
    placed = example_park(sensor_id=name, hold_seconds=hold, interval_seconds=interval).sensors[0]
    return dataclasses.replace(placed, **changes)


def rules_of(given: Sequence[dict[str, Any]]) -> tuple[Rule, ...]:
    """Rules as in config/rules; title, unit and source may be left out."""
    return RuleFile.model_validate({"rules": [_whole(rule) for rule in given]}).rules


def _whole(rule: dict[str, Any]) -> dict[str, Any]:
    whole = {"title": WORDS, **rule}
    if "levels" in rule:
        whole["levels"] = [
            {**rung, "limit": _sourced(rung["limit"])} if isinstance(rung.get("limit"), dict) else rung
            for rung in rule["levels"]
        ]
    if "at_rest" in rule:
        whole["at_rest"] = {"unit": UNIT, **rule["at_rest"]}
    return whole


def _sourced(limit: dict[str, Any]) -> dict[str, Any]:
    return {"unit": UNIT, "source": "test", **limit}


class Engine:
    """A `RuleEngine` that speaks in dicts, remembers log time and can be put down and taken up again."""

    def __init__(
        self, sensors: Sequence[PlacedSensor], rules: Sequence[dict[str, Any]], timing: Timing | None = None
    ) -> None:
        self.sensors, self.rules, self.timing = sensors, rules_of(rules), timing or Timing()
        self.log = 0
        self.real = self._fresh()

    def _fresh(self) -> RuleEngine:
        engine = RuleEngine()
        engine.put_in_force(self.sensors, substances(), self.rules, self.timing)
        return engine

    def batch(
        self, rows: Sequence[Row], received: int, letters: tuple[tuple[str, str], ...] = ()
    ) -> list[dict[str, Any]]:
        batch = Batch("f", "o", 1, received, Readings.from_rows(rows), letters)
        return as_dicts(self.real.batch(batch, self.log))

    def tick(self, now: int, before: int | None = None) -> list[dict[str, Any]]:
        moved = Moved(self.log if before is None else before, now)
        self.log = now
        return as_dicts(self.real.tick(moved))

    def change(
        self, sensors: Sequence[PlacedSensor], rules: Sequence[dict[str, Any]]
    ) -> list[tuple[str, str, str]]:
        """Put other sensors and rules in force; the rungs that are no more, as (rule, level, sensor)."""
        self.sensors, self.rules = sensors, rules_of(rules)
        gone = self.real.put_in_force(sensors, substances(), self.rules, self.timing)
        return [(info.rule.name, str(info.level), info.sensor) for info in gone]

    def dump(self) -> bytes:
        return pack(*self.real.dump())

    def restart(self) -> None:
        """Through bytes and back, as a snapshot does it."""
        state = self.dump()
        self.real = self._fresh()
        self.real.load(*unpack(state))
        assert state == self.dump()


def as_dicts(records: Sequence[FindingRecord]) -> list[dict[str, Any]]:
    """Records as the reference writes them: without the rule's version and limit, which it does not know."""
    plain = []
    for record in records:
        fields = record.model_dump()
        if isinstance(record, Finding):
            del fields["version"], fields["limit"]
            fields["condition"], fields["level"] = str(record.condition), str(record.level)
        elif isinstance(record, Extreme):
            del fields["version"]
            fields["level"] = str(record.level)
        plain.append(fields)
    return plain


def exact(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Values bit for bit, so that NaN equals itself; the two zeros are one."""
    return [
        {**record, "value": (record["value"] + 0.0).hex()} if record.get("value") is not None else record
        for record in records
    ]
