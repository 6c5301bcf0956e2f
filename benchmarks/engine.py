"""How many readings a second the rules take on one core, from decoded batches to findings.

Each sensor at 1 Hz has a threshold with two levels (deadband, on-delay, off-delay) and a silence rule; a tick
comes each second. Gaps, duplicates, bad qualities and alarms are in the stream. The plain fold of the tests
takes a part of the same stream and must find the same. Time is CPU time of this one thread, so that a busy
machine shows less; the first second, in which every sensor becomes known, is not timed. Prints a table; the
last line is one JSON object with the same figures.
"""

import argparse
import dataclasses
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fenceline.finding import Finding, FindingRecord
from fenceline.journal import Batch
from fenceline.logtime import Moved
from fenceline.park import PlacedSensor, example_park
from fenceline.reading import NO_SEQUENCE, Readings
from fenceline.substance import Substances, load_substances
from fenceline.vocabulary import Quality
from fenceline.wire import decode, encode
from rules.config import RuleFile, Timing
from rules.engine import RuleEngine
from tests.rules.reference import Reference

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
SEED = 20260101
RUNS = 5
SENSORS, SECONDS = 1_000, 600
MANY_SENSORS, MANY_SECONDS = 100_000, 12
PEER_SECONDS = 60
SLICES_OF_50_MS = 20
RULES: list[dict[str, Any]] = [
    {
        "name": "high",
        "kind": "threshold",
        "levels": [
            {"level": "blue", "limit": {"value": 10.0}, "on_delay_seconds": 10},
            {"level": "yellow", "limit": {"value": 20.0}, "on_delay_seconds": 3},
        ],
        "deadband": {"fraction": 0.1},
        "off_delay_seconds": 5,
    },
    {"name": "silent", "kind": "silence"},
]

Step = Batch | Moved


def stream(sensors: int, seconds: int, slices: int) -> list[Step]:
    """Batches, decoded from the wire as the engine gets them, and a tick after each second.

    A sensor has its own phase within the second. Rare and in stretches, as in a park: one in 7,200 readings
    begins 15 s above a limit, one in 28,800 a minute of calibration, one in 14,400 half a minute of nothing;
    one in 200 is sent twice.
    """
    random = np.random.default_rng(SEED)
    names = [f"e{n % 12:02d}-u{n % 7}-h2s-{n}" for n in range(sensors)]
    phase = np.arange(sensors) * SECOND // sensors
    high, calibrating, missing = (np.zeros(sensors, np.int64) for _ in range(3))
    steps: list[Step] = []
    for second in range(seconds):
        for left, one_in, lasts in ((high, 7200, 15), (calibrating, 28_800, 60), (missing, 14_400, 30)):
            left[:] = np.where(left > 0, left - 1, np.where(random.random(sensors) < 1 / one_in, lasts, 0))
        times = START_NS + second * SECOND + phase
        values = random.uniform(0, 5, sensors) + np.where(high > 0, 12 + 10 * (np.arange(sensors) % 2), 0)
        quality = np.where(calibrating > 0, Quality.CALIBRATION, Quality.GOOD)
        sent = np.flatnonzero(missing == 0)
        order = np.sort(np.concatenate([sent, random.choice(sent, len(sent) // 200, replace=False)]))
        for part in range(slices):
            chosen = order[order * slices // sensors == part]
            rows = [(names[n], int(times[n]), float(values[n]), int(quality[n]), NO_SEQUENCE) for n in chosen]
            received = START_NS + second * SECOND + (part + 1) * SECOND // slices
            batch = decode("batch", encode(Batch("bench", "bench", 1, received, Readings.from_rows(rows))))
            assert isinstance(batch, Batch)
            steps.append(batch)
        before = START_NS + second * SECOND if second else 0
        steps.append(Moved(before, START_NS + (second + 1) * SECOND))
    return steps


def placed(sensors: int) -> list[PlacedSensor]:
    one = example_park(interval_seconds=1, hold_seconds=5).sensors[0]
    return [dataclasses.replace(one, id=f"e{n % 12:02d}-u{n % 7}-h2s-{n}") for n in range(sensors)]


def engine_of(sensors: Sequence[PlacedSensor], substances: Substances) -> RuleEngine:
    words = {"zh": "示例", "en": "example"}
    rules = [{"title": words, **rule} for rule in RULES]
    source = {"unit": "mg/m3", "source": "bench"}
    rules[0]["levels"] = [{**rung, "limit": rung["limit"] | source} for rung in RULES[0]["levels"]]
    engine = RuleEngine()
    engine.put_in_force(sensors, substances, RuleFile.model_validate({"rules": rules}).rules, Timing())
    return engine


def fold(engine: RuleEngine, steps: Sequence[Step]) -> list[FindingRecord]:
    """What the engine role does with the rules, without the journal and the alerts."""
    found: list[FindingRecord] = []
    log_ns = 0
    for step in steps:
        if isinstance(step, Moved):
            log_ns = step.now_ns
            found += engine.tick(step)
        else:
            found += engine.batch(step, log_ns)
    return found


def plain_rows(step: Batch) -> list[tuple[str, int, float, int, int]]:
    readings = step.readings
    columns = (readings.time, readings.value, readings.quality, readings.sequence)
    names = [readings.sensors[code] for code in readings.code.tolist()]
    return list(zip(names, *(column.tolist() for column in columns), strict=True))


def fold_plainly(reference: Reference, steps: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    log_ns = 0
    for step in steps:
        if len(step) == 1:
            found += reference.tick(step[0].before_ns, step[0].now_ns)
            log_ns = step[0].now_ns
        else:
            found += reference.batch(step[0], step[1], log_ns)
    return found


def count(steps: Sequence[Step]) -> int:
    return sum(len(step.readings) for step in steps if isinstance(step, Batch))


def rate(steps: Sequence[Step], prepare: Callable[[], RuleEngine], runs: int) -> tuple[float, int]:
    """Median of readings a CPU second over several runs, each on a fresh engine, and how many findings."""
    first = next(place for place, step in enumerate(steps) if isinstance(step, Moved)) + 1
    rates, findings = [], 0
    for _ in range(runs):
        engine = prepare()
        fold(engine, steps[:first])
        began = time.process_time()
        found = fold(engine, steps[first:])
        rates.append(count(steps[first:]) / (time.process_time() - began))
        findings = sum(isinstance(record, Finding) for record in found)
        assert engine.account.balanced
    return statistics.median(rates), findings


def peer_rate(substances: Substances) -> float:
    """The plain fold on the first minute of the stream; its findings are compared with the engine's."""
    steps = stream(SENSORS, PEER_SECONDS, 1)
    sensors = [{"id": sensor.id, "hold": 5.0, "interval": 1.0} for sensor in placed(SENSORS)]
    timing = {"delayed": 30.0, "duplicate": 900.0, "ahead": 60.0}
    plain = [(plain_rows(s), s.received_ns) if isinstance(s, Batch) else (s,) for s in steps]
    began = time.process_time()
    found = fold_plainly(Reference(sensors, RULES, timing), plain)
    took = time.process_time() - began
    keys = ("rule", "level", "subject", "condition", "since_ns", "at_ns", "value", "reason")
    expected = [record.model_dump() for record in fold(engine_of(placed(SENSORS), substances), steps)]
    assert [[one.get(key) for key in keys] for one in expected] == [
        [one.get(key) for key in keys] for one in found
    ]
    return count(steps) / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    substances = load_substances(Path(__file__).resolve().parents[1] / "config" / "substances.yaml")
    fold(engine_of(placed(4), substances), stream(4, 20, 1))  # compiles
    table = Table("sensors", "batches of", "readings a batch", "readings/s", "findings in a million")
    figures: dict[str, Any] = {}
    for key, sensors, seconds, slices in (
        ("readings_per_s_50ms", SENSORS, SECONDS, SLICES_OF_50_MS),
        ("readings_per_s_1s", SENSORS, SECONDS, 1),
        ("readings_per_s_100k_sensors", MANY_SENSORS, MANY_SECONDS, SLICES_OF_50_MS),
    ):
        steps, known = stream(sensors, seconds, slices), placed(sensors)
        median, findings = rate(steps, lambda known=known: engine_of(known, substances), runs)  # type: ignore[misc]
        per_batch = count(steps) / (seconds * slices)
        millions = 1e6 * findings / count(steps)
        table.add_row(
            f"{sensors:,}", f"{1000 // slices} ms", f"{per_batch:.0f}", f"{median:,.0f}", f"{millions:.0f}"
        )
        figures[key] = round(median)
    _, arrays = engine_of(placed(SENSORS), substances).dump()
    figures["bytes_per_sensor"] = sum(array.nbytes for array in arrays.values()) // SENSORS
    plain = peer_rate(substances)
    table.add_row(f"{SENSORS:,}", "1000 ms", f"{SENSORS}", f"{plain:,.0f}", "plain Python, the same findings")
    figures["ratio_to_peer"] = round(figures["readings_per_s_1s"] / plain, 1)
    figures["peer"] = "plain Python (tests/rules/reference.py), 1 s batches"
    table.title = f"rules, one core, median of {runs} runs, {platform.processor() or platform.machine()}"
    table.caption = f"threshold with two levels, and silence; {figures['bytes_per_sensor']:,} bytes a sensor"
    Console(width=110).print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
