"""Runs the examples inside the rule files on the real engine: a rule in, what differs out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fenceline.finding import Finding, FindingRecord
from fenceline.journal import Batch
from fenceline.logtime import LogTime, Moved
from fenceline.park import PlacedSensor, example_park
from fenceline.reading import NO_SEQUENCE, Readings
from fenceline.substance import Substances
from fenceline.vocabulary import Condition
from rules.config import Timing
from rules.engine import RuleEngine
from rules.memory import SECOND
from rules.registry import Rule
from rules.rule import Example
from rules.series import parse_series

START_NS = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z, a whole second like any other
SENSOR = "example"

Change = tuple[int, str, str]  # second, level, condition


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that did not show what it says."""

    rule: str
    example: str
    expected: tuple[Change, ...]
    found: tuple[Change, ...]

    def __str__(self) -> str:
        return (
            f"rule `{self.rule}`, example `{self.example}`:\n"
            f"    expected {_listed(self.expected)}\n    found    {_listed(self.found)}"
        )


def run_examples(rule: Rule, substances: Substances) -> list[Failure]:
    """Every example of the rule that fails.

    Raises:
        ConfigError: a series or a sensor that cannot be used.
    """
    failures = []
    for example in rule.examples:
        expected = tuple(
            (round(change.at_seconds), str(change.level), change.condition) for change in example.expect
        )
        found = tuple(_changes(rule, example, substances))
        if sorted(expected) != sorted(found):
            failures.append(Failure(rule.name, example.name, expected, found))
    return failures


def _placed(example: Example) -> tuple[PlacedSensor, ...]:
    sensor = example.sensor
    park = example_park(
        sensor_id=SENSOR,
        quantity=sensor.quantity,
        unit=sensor.unit,
        placement=sensor.placement,
        interval_seconds=sensor.interval_seconds,
        hold_seconds=sensor.hold_seconds,
    )
    return park.sensors


def _changes(rule: Rule, example: Example, substances: Substances) -> list[Change]:
    engine = RuleEngine()
    watched = rule.model_copy(update={"watches": rule.watches.model_copy(update={"sensor": (), "owner": ()})})
    engine.put_in_force(_placed(example), substances, [watched], Timing())
    samples = parse_series(example.readings)
    interval = example.sensor.interval_seconds
    last = math.ceil((len(samples) - 1) * interval + example.then_seconds)
    log = LogTime(now_ns=START_NS - SECOND)
    found: list[Change] = []
    sent = 0
    second = 0
    first_known: set[str] = set()
    while second <= last:
        # What was measured up to this second stands before its tick, as an ingestor would have it.
        while sent < len(samples) and sent * interval <= second:
            sample = samples[sent]
            at_ns = START_NS + round(sent * interval * SECOND)
            if sample is not None:
                row = (SENSOR, at_ns, sample.value, int(sample.quality), NO_SEQUENCE)
                batch = Batch("example", "example", 1, at_ns, Readings.from_rows([row]))
                found += _told(engine.batch(batch, log.now_ns), second, first_known)
            sent += 1
        now = START_NS + second * SECOND
        found += _told(engine.tick(Moved(log.now_ns, now)), second, first_known)
        log.now_ns = now
        second += 1
    return found


def _told(records: Sequence[FindingRecord], second: int, first_known: set[str]) -> list[Change]:
    """Changes as an example writes them; becoming known and normal for the first time is none."""
    changes: list[Change] = []
    for record in records:
        if not isinstance(record, Finding):
            continue
        if record.level not in first_known and record.condition is not Condition.UNKNOWN:
            first_known.add(record.level)
            if record.condition is Condition.FALSE:
                continue
        changes.append((second, str(record.level), str(record.condition)))
    return changes


def _listed(changes: tuple[Change, ...]) -> str:
    if not changes:
        return "nothing"
    return ", ".join(f"{second} s {level} {condition}" for second, level, condition in changes)
