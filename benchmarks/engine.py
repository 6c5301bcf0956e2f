"""How many readings a second the rules take on one core, from decoded batches to findings.

Six rules a sensor (high with deadband and on-delay, high-high, slope of a minute, rate, departure from 300
readings, flat line), one reading a second, a tick each second; gaps, duplicates, bad qualities and alarms
are in the stream (engine_stream.py). Until every rule is known nothing is timed. A snapshot is taken each
20,000 records, as the engine role does, and its share is in the figures. Time is CPU time of this one
thread, the best of several rounds from the same state: what else runs on the machine shows less.

In the same run: the plain fold of tests/rules on a part of the stream, whose findings must be the same; a
streaming library in an environment of its own with the same rules, leaner (peers/streaming.py); how the
cost grows; and the floors. The last line is one JSON object with the figures.
"""

import argparse
import json
import pickle
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.engine_stream import HOLD_SECONDS, RULES, START_NS, Step, placed, rows_of, stream
from benchmarks.peers.environment import python_with
from fenceline.finding import Finding, FindingRecord
from fenceline.journal import Batch
from fenceline.packing import pack
from fenceline.substance import Substances, load_substances
from fenceline.wire import decode, encode
from rules.config import RuleFile, Timing
from rules.engine import RuleEngine
from tests.rules.engines import as_dicts
from tests.rules.reference import Reference

HERE = Path(__file__).resolve().parent
RECORDS_A_SNAPSHOT = 20_000  # console/roles/snapshots.py
KNOWN_AFTER = 200  # seconds until all rules can tell
ROUNDS = 15
PEER = "bytewax==0.21.1"
PEER_SENSORS, PEER_SECONDS = 100, 400


class Measured(NamedTuple):
    """One shape of stream."""

    per_second: float
    findings_in_a_million: float
    snapshot_ns: float  # its share of each reading
    bytes_per_sensor: int


def engine_of(sensors: int, substances: Substances, rules: Sequence[dict[str, Any]] = RULES) -> RuleEngine:
    words = {"zh": "示例", "en": "example"}
    written = RuleFile.model_validate({"rules": [{"title": words, **rule} for rule in rules]}).rules
    engine = RuleEngine()
    engine.put_in_force(placed(sensors), substances, written, Timing())
    return engine


def fold(engine: RuleEngine, steps: Sequence[Step]) -> list[FindingRecord]:
    """What the engine role does with the rules, without the journal and the alerts."""
    found: list[FindingRecord] = []
    log_ns = 0
    for step in steps:
        if isinstance(step, Batch):
            found += engine.batch(step, log_ns)
        else:
            log_ns = step.now_ns
            found += engine.tick(step)
    return found


def readings_in(steps: Sequence[Step]) -> int:
    return sum(len(step.readings) for step in steps if isinstance(step, Batch))


def measure(
    substances: Substances, sensors: int, seconds: int, slices: int, rules: Sequence[dict[str, Any]] = RULES
) -> Measured:
    """The stream is made as it is folded until all is known; the rest is kept, and folded again and again."""
    engine = engine_of(sensors, substances, rules)
    steps: list[Step] = []
    for number, step in enumerate(stream(sensors, KNOWN_AFTER + seconds, slices)):
        if number < KNOWN_AFTER * (slices + 1):
            fold(engine, [step])
        else:
            steps.append(step)
    head, arrays = engine.dump()
    kept = {name: array.copy() for name, array in arrays.items()}
    readings = readings_in(steps)
    best, snapshot, findings = float("inf"), float("inf"), 0
    for _ in range(ROUNDS):
        engine.load(head, kept)
        began = time.thread_time_ns()
        found = fold(engine, steps)
        best = min(best, time.thread_time_ns() - began)
        began = time.thread_time_ns()
        pack(*engine.dump())
        snapshot = min(snapshot, time.thread_time_ns() - began)
        findings = sum(isinstance(record, Finding) for record in found)
    assert engine.account.balanced
    share = snapshot * (len(steps) / RECORDS_A_SNAPSHOT) / readings
    size = sum(array.nbytes for array in kept.values()) // sensors
    return Measured(1e9 / (best / readings + share), 1e6 * findings / readings, share, size)


def plain_rate(substances: Substances) -> float:
    """The plain fold of the tests; its findings are compared with the engine's."""
    steps = list(stream(PEER_SENSORS, PEER_SECONDS, 1))
    sensors = [{"id": one.id, "hold": HOLD_SECONDS, "interval": 1.0} for one in placed(PEER_SENSORS)]
    reference = Reference(sensors, RULES, {"delayed": 30.0, "duplicate": 900.0, "ahead": 60.0})
    plain = [(rows_of(step), step.received_ns) if isinstance(step, Batch) else (step,) for step in steps]
    found: list[dict[str, Any]] = []
    log_ns = 0
    began = time.process_time()
    for step in plain:
        if len(step) == 1:
            found += reference.tick(step[0].before_ns, step[0].now_ns)
            log_ns = step[0].now_ns
        else:
            found += reference.batch(step[0], step[1], log_ns)
    took = time.process_time() - began
    assert found == as_dicts(fold(engine_of(PEER_SENSORS, substances), steps))
    return readings_in(steps) / took


def streaming_rates() -> dict[str, float] | None:
    """The library's own figures; none where it cannot be installed."""
    python = python_with(PEER)
    if python is None:
        return None
    batches = [
        [
            (sensor, (at - START_NS) / 1e9, value, quality < 16)
            for sensor, at, value, quality, _ in rows_of(step)
        ]
        for step in stream(1_000, 60, 1)
        if isinstance(step, Batch)
    ]
    command = [str(python), str(HERE / "peers" / "streaming.py")]
    done = subprocess.run(command, input=pickle.dumps(batches), capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    assert figures["library_changes"] == figures["loop_changes"]
    return figures


def floors() -> dict[str, float]:
    """Nothing but decoding, and nothing but copying the columns, readings a second."""
    payloads = [encode(step) for step in stream(1_000, 60, 1) if isinstance(step, Batch)]
    batches = [decode("batch", bytes(bytearray(payload))) for payload in payloads]
    readings = readings_in(batches)
    best = {"decode only": float("inf"), "copy only": float("inf")}
    for _ in range(ROUNDS):
        began = time.thread_time_ns()
        for payload in payloads:
            decode(
                "batch", bytes(bytearray(payload))
            )  # other bytes each time: what was decoded is remembered
        best["decode only"] = min(best["decode only"], time.thread_time_ns() - began)
        began = time.thread_time_ns()
        for batch in batches:
            one = batch.readings
            for column in (one.code, one.time, one.value, one.quality, one.sequence):
                np.copy(column)
        best["copy only"] = min(best["copy only"], time.thread_time_ns() - began)
    return {name: 1e9 * readings / took for name, took in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the three figures and the plain peer only")
    quick = parser.parse_args().quick
    substances = load_substances(HERE.parent / "config" / "substances.yaml")
    fold(engine_of(4, substances), list(stream(4, 20, 1)))  # compiles
    table = Table(
        "what", "sensors", "rules", "batches of", "readings/s", "ns", "of it snapshot", "findings in 1e6"
    )
    figures: dict[str, Any] = {}
    shapes: list[tuple[str, str, int, int, int, Sequence[dict[str, Any]]]] = [
        ("readings_per_s_50ms", "the pack", 1_000, 100, 20, RULES),
        ("readings_per_s_1s", "the pack", 1_000, 100, 1, RULES),
        ("readings_per_s_100k_sensors", "the pack", 100_000, 3, 20, RULES),
    ]
    if not quick:
        shapes += [("", "fewer sensors", 100, 1_000, 1, RULES), ("", "more sensors", 10_000, 10, 1, RULES)]
        shapes += [("", f"only {rule['name']}", 1_000, 100, 1, [rule]) for rule in RULES]
        shapes += [("", "no rule", 1_000, 100, 1, []), ("", "larger batches", 10_000, 10, 4, RULES)]
    for key, what, sensors, seconds, slices, rules in shapes:
        found = measure(substances, sensors, seconds, slices, rules)
        table.add_row(
            *(what, f"{sensors:,}", str(len(rules)), f"{1000 // slices} ms", f"{found.per_second:,.0f}"),
            *(
                f"{1e9 / found.per_second:.1f}",
                f"{found.snapshot_ns:.1f}",
                f"{found.findings_in_a_million:.0f}",
            ),
        )
        if key:
            figures[key] = round(found.per_second)
            figures["bytes_per_sensor"] = found.bytes_per_sensor
    plain = plain_rate(substances)
    table.add_row("plain Python, the same findings", f"{PEER_SENSORS}", "6", "1000 ms", f"{plain:,.0f}")
    figures["plain_python"] = round(plain)
    figures["ratio_to_peer"], figures["peer"] = round(figures["readings_per_s_1s"] / plain, 1), "plain Python"
    if not quick:
        for name, rate in floors().items():
            table.add_row(name, "1,000", "0", "1000 ms", f"{rate:,.0f}", f"{1e9 / rate:.1f}")
        rates = streaming_rates()
        if rates is not None:
            for name in ("library", "loop"):
                said = PEER if name == "library" else "its rules in a plain loop"
                table.add_row(
                    said, "1,000", "6, leaner", "1000 ms", f"{rates[f'{name}_readings_per_s']:,.0f}"
                )
            library = rates["library_readings_per_s"]
            figures["ratio_to_plain_python"] = figures["ratio_to_peer"]
            figures["ratio_to_peer"], figures["peer"] = round(figures["readings_per_s_1s"] / library, 1), PEER
    table.title = f"rules, one core, best of {ROUNDS} rounds, {platform.processor() or platform.machine()}"
    table.caption = f"{figures['bytes_per_sensor']:,} bytes a sensor"
    Console(width=130).print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
