"""How fast the embedded store answers while readings come in, and how long its commits take.

Run as `python benchmarks/store.py [MINUTES_OF_HISTORY [SENSORS [FOLDER]]]` (60, 10,000, a temporary folder).
Prints a table with its inputs and method; the last line is one JSON object with the same figures.
"""

import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb
import numpy as np

from fenceline.bus import Position, Topic
from fenceline.journal import Batch
from fenceline.reading import Readings
from sinks.changes import Changes
from sinks.embedded import EmbeddedStore
from sinks.query import AppliedTo

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND
PER_SECOND = 50_000
COMMIT_SECONDS = 0.1
LIVE_SECONDS = 30
QUESTIONS_PER_SECOND = 5


def changes(
    sensors: tuple[str, ...], number: int, first: int, count: int, generator: np.random.Generator
) -> Changes:
    """`count` readings after the `first` ones: each sensor in turn, each reading a little later."""
    index = np.arange(first, first + count, dtype=np.int64)
    code = (index % len(sensors)).astype(np.int32)
    readings = Readings(
        sensors,
        code,
        START + index * (SECOND // PER_SECOND),
        np.round(generator.gamma(2.0, 1.5, count), 2),
        np.zeros(count, dtype=np.uint8),
        index // len(sensors),
    )
    batch = Batch("fenceline/demo/#", "bench", 1, START, readings)
    return Changes(batches=[(number, batch)], applied={Topic.JOURNAL: AppliedTo(Position(1, number, "h"))})


def figures(name: str, seconds: list[float]) -> dict[str, float]:
    """Percentiles in ms."""
    low, middle, high = (float(np.percentile(seconds, share)) * 1000 for share in (50, 95, 99))
    return {
        f"{name}_p50_ms": round(low, 2),
        f"{name}_p95_ms": round(middle, 2),
        f"{name}_p99_ms": round(high, 2),
        f"{name}_max_ms": round(max(seconds) * 1000, 2),
    }


async def measure(path: Path, minutes: int, sensors: tuple[str, ...]) -> dict[str, float]:
    generator = np.random.default_rng(7)
    store = EmbeddedStore(path)
    await store.open()
    rows, number = 0, 0
    begun = time.perf_counter()
    while rows < minutes * 60 * PER_SECOND:
        await store.apply(changes(sensors, number, rows, PER_SECOND, generator))
        rows, number = rows + PER_SECOND, number + 1
    filled = time.perf_counter() - begun
    history = rows
    commits: list[float] = []
    answers: list[float] = []
    points: list[int] = []
    ended = asyncio.Event()

    async def come_in() -> None:
        nonlocal rows, number
        count = round(PER_SECOND * COMMIT_SECONDS)
        due = time.perf_counter()
        for _ in range(round(LIVE_SECONDS / COMMIT_SECONDS)):
            change = changes(sensors, number, rows, count, generator)
            begun = time.perf_counter()
            await store.apply(change)
            commits.append(time.perf_counter() - begun)
            rows, number = rows + count, number + 1
            due += COMMIT_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        ended.set()

    async def ask() -> None:
        while not ended.is_set():
            sensor = sensors[int(generator.integers(len(sensors)))]
            end = START + rows * (SECOND // PER_SECOND)
            begun = time.perf_counter()
            series = await store.readings(sensor, end - HOUR, end, points=1000, gap_ns=5 * SECOND)
            answers.append(time.perf_counter() - begun)
            points.append(len(series))
            await asyncio.sleep(1 / QUESTIONS_PER_SECOND)

    begun = time.perf_counter()
    await asyncio.gather(come_in(), ask())
    live = time.perf_counter() - begun
    begun = time.perf_counter()
    means = await store.hourly_means(sensors, 0, 2 * START)
    means_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    stored = (await store.account())["readings"]
    assert stored == rows, "every reading is stored exactly once"
    assert max(points) <= 1000
    assert sum(mean.readings for mean in means) == rows
    await store.close()
    return {
        "history_minutes": minutes,
        "sensors": len(sensors),
        "load_average": round(os.getloadavg()[0], 1),
        "readings_stored": rows,
        "readings_asked_about": min(rows, 3600 * PER_SECOND) // len(sensors),
        "fill_readings_per_s": round(history / filled),
        "live_readings_per_s": round((rows - history) / live),
        **figures("last_hour", answers),
        **figures("commit", commits),
        "hourly_means_s": round(means_seconds, 2),
        "bytes_per_reading": round(os.stat(path).st_size / rows, 2),
    }


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    sensors = tuple(f"s{number:05d}" for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000))
    where = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    folder = Path(tempfile.mkdtemp(prefix="bench-store-", dir=where))
    print(
        f"machine: {platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"inputs:  {len(sensors)} sensors, {PER_SECOND} readings/s, {minutes} min of history\n"
        f"method:  for {LIVE_SECONDS} s a commit of {round(PER_SECOND * COMMIT_SECONDS)} readings every "
        f"{COMMIT_SECONDS} s, and {QUESTIONS_PER_SECOND} questions/s for the last hour of a sensor taken\n"
        "         at random, thinned to 1,000 points; times as the caller sees them, waits included"
    )
    try:
        found = asyncio.run(measure(folder / "store.duckdb", minutes, sensors))
    finally:
        shutil.rmtree(folder)
    for name, value in found.items():
        print(f"{name:>24} {value:>14,}")
    print(json.dumps({"benchmark": "store", **found}))


if __name__ == "__main__":
    main()
