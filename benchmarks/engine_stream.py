"""The stream and the six rules on which the rules are measured: decoded batches as the engine gets them.

Every sensor sends at 1 Hz with a phase of its own. Rare and in stretches, as in a park: one in 57,600
readings begins 15 s above a limit, one in 86,400 a minute of calibration, one in 86,400 half a minute of
nothing; one in 200 is sent twice. Values scatter around 3 by 0.3.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from fenceline.journal import Batch
from fenceline.logtime import Moved
from fenceline.park import PlacedSensor, example_park
from fenceline.reading import Readings
from fenceline.vocabulary import Quality

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
SEED = 20260101
RARE = (("high", 57_600, 15), ("calibration", 86_400, 60), ("missing", 86_400, 30))
SENT_TWICE = 200
HOLD_SECONDS = 5.0

_GIVEN = {"unit": "mg/m3", "source": "benchmark"}
RULES: list[dict[str, Any]] = [
    {
        "name": "high",
        "kind": "threshold",
        "levels": [{"level": "blue", "limit": {"value": 10.0, **_GIVEN}, "on_delay_seconds": 10}],
        "deadband": {"fraction": 0.1},
    },
    {
        "name": "high-high",
        "kind": "threshold",
        "levels": [{"level": "yellow", "limit": {"value": 20.0, **_GIVEN}}],
    },
    {
        "name": "slope",
        "kind": "trend",
        "over_seconds": 60,
        "levels": [{"level": "attention", "limit": {"value": 6.0, "per": "min", **_GIVEN}}],
    },
    {
        "name": "rate",
        "kind": "rate",
        "levels": [{"level": "attention", "limit": {"value": 12.0, "per": "s", **_GIVEN}}],
    },
    {
        "name": "unusual",
        "kind": "deviation",
        "readings": 300,
        "levels": [{"level": "attention", "times": 8.0}],
    },
    {"name": "flat", "kind": "stuck", "after_seconds": 120},
]

Step = Batch | Moved


def name_of(number: int) -> str:
    return f"e{number % 12:02d}-u{number % 7}-h2s-{number}"


def placed(sensors: int) -> list[PlacedSensor]:
    one = example_park(interval_seconds=1, hold_seconds=HOLD_SECONDS).sensors[0]
    return [dataclasses.replace(one, id=name_of(number)) for number in range(sensors)]


def stream(sensors: int, seconds: int, slices: int) -> Iterator[Step]:
    """`slices` batches a second, and a tick after each second; the same stream for the same arguments."""
    random = np.random.default_rng(SEED)
    edges = [sensors * part // slices for part in range(slices + 1)]
    names = [tuple(map(name_of, range(edges[part], edges[part + 1]))) for part in range(slices)]
    phase = np.arange(sensors) * SECOND // sensors
    left = {name: np.zeros(sensors, np.int64) for name, _, _ in RARE}
    above = 12 + 10 * (np.arange(sensors) % 2)
    for second in range(seconds):
        for name, one_in, lasts in RARE:
            begins = np.where(random.random(sensors) < 1 / one_in, lasts, 0)
            left[name] = np.where(left[name] > 0, left[name] - 1, begins)
        times = START_NS + second * SECOND + phase
        values = 3 + random.normal(0, 0.3, sensors) + np.where(left["high"] > 0, above, 0)
        quality = np.where(left["calibration"] > 0, Quality.CALIBRATION, Quality.GOOD).astype(np.uint8)
        sent = np.flatnonzero(left["missing"] == 0)
        twice = random.choice(sent, max(1, len(sent) // SENT_TWICE), replace=False)
        order = np.sort(np.concatenate([sent, twice]))
        for part in range(slices):
            chosen = order[np.searchsorted(order, edges[part]) : np.searchsorted(order, edges[part + 1])]
            readings = Readings(
                sensors=names[part],
                code=(chosen - edges[part]).astype(np.int32),
                time=times[chosen],
                value=values[chosen],
                quality=quality[chosen],
                sequence=np.full(len(chosen), second, np.int64),
            )
            received = START_NS + second * SECOND + (part + 1) * SECOND // slices
            yield Batch("bench", "bench", 1, received, readings)
        before = START_NS + second * SECOND if second else 0
        yield Moved(before, START_NS + (second + 1) * SECOND)


def rows_of(step: Batch) -> list[tuple[str, int, float, int, int]]:
    readings = step.readings
    columns = (readings.time, readings.value, readings.quality, readings.sequence)
    names = [readings.sensors[code] for code in readings.code.tolist()]
    return list(zip(names, *(column.tolist() for column in columns), strict=True))
