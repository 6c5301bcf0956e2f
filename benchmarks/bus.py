"""How fast the embedded bus is: commits a second, append latency, what a follower waits, reading.

Run as `python benchmarks/bus.py [FOLDER]` (the folder's disk is what is measured; default: here).
Prints a table with its inputs and method; the last line is one JSON object with the same figures.
"""

import asyncio
import json
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus

PARK = "bench"
RUNS = 5
APPENDS = 2000
BATCH_BYTES = 20_000  # about 700 readings as an Arrow batch
SMALL_BYTES = 300  # a tick, an action
SNAPSHOT_BYTES = 40 * 1024 * 1024

Figures = dict[str, float]


def percentile(values: list[float], share: float) -> float:
    """The value at or below which this share of `values` lies, in ms."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def record_of(size: int) -> Record:
    """A record of incompressible bytes."""
    return Record("batch", os.urandom(size), "key")


async def _timed(bus: EmbeddedBus, record: Record, count: int) -> list[float]:
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        await bus.append(Topic.JOURNAL, PARK, [record])
        took.append(time.perf_counter() - begun)
    return took


async def appends(folder: Path, size: int, appenders: int) -> Figures:
    """`appenders` at once, each waiting for its acknowledgement before its next append."""
    bus = EmbeddedBus(folder)
    record = record_of(size)
    await _timed(bus, record, 50)
    begun = time.perf_counter()
    took = await asyncio.gather(*(_timed(bus, record, APPENDS // appenders) for _ in range(appenders)))
    seconds = time.perf_counter() - begun
    every = [one for each in took for one in each]
    assert await bus.end(Topic.JOURNAL, PARK) == 1 + 50 + len(every)
    await bus.close()
    return {
        "per_s": len(every) / seconds,
        "p50_ms": percentile(every, 0.5),
        "p99_ms": percentile(every, 0.99),
        "max_ms": max(every) * 1000,
    }


async def beside_a_snapshot(folder: Path) -> Figures:
    """One appender while a snapshot of 40 MB is stored, again and again until it has made its appends."""
    bus = EmbeddedBus(folder)
    state = os.urandom(SNAPSHOT_BYTES)
    ended = asyncio.Event()
    stored: list[float] = []

    async def keep() -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            await bus.put_snapshot(PARK, Snapshot(Position(1, len(stored), "0"), state))
            stored.append(time.perf_counter() - begun)
            await bus.drop_snapshots(PARK, len(stored) - 1)

    await bus.append(Topic.JOURNAL, PARK, [])
    keeping = asyncio.ensure_future(keep())
    took = await _timed(bus, record_of(BATCH_BYTES), APPENDS)
    ended.set()
    await keeping
    assert len(await bus.snapshots(PARK)) >= 1
    await bus.close()
    return {
        "p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
        "max_ms": max(took) * 1000,
        "snapshot_ms": statistics.median(stored) * 1000,
    }


async def follower(folder: Path) -> Figures:
    """From calling `append` to holding the record after `wait` and `read`, 500 appends a second."""
    bus = EmbeddedBus(folder)
    begun: dict[int, float] = {}
    took: list[float] = []
    count = 1000

    async def follow() -> None:
        at = 1
        while len(took) < count:
            assert await bus.wait(Topic.JOURNAL, PARK, at, seconds=60)
            for stored in await bus.read(Topic.JOURNAL, PARK, at):
                took.append(time.perf_counter() - begun[int(stored.key)])
                at = stored.offset + 1

    following = asyncio.ensure_future(follow())
    payload = os.urandom(BATCH_BYTES)
    for number in range(count):
        begun[number] = time.perf_counter()
        await bus.append(Topic.JOURNAL, PARK, [Record("batch", payload, str(number))])
        await asyncio.sleep(0.002)
    await following
    await bus.close()
    return {"p50_ms": percentile(took, 0.5), "p99_ms": percentile(took, 0.99)}


async def reading(folder: Path) -> Figures:
    """Everything from the head on, 1,000 records a read, each compared with its hash."""
    bus = EmbeddedBus(folder)
    figures: Figures = {}
    for name, size, count in (("small", SMALL_BYTES, 50_000), ("batch", BATCH_BYTES, 5_000)):
        topic = Topic.FINDINGS if name == "small" else Topic.ALERTS
        record = record_of(size)
        for _ in range(count // 500):
            await bus.append(topic, PARK, [record] * 500)
        begun, at = time.perf_counter(), 0
        while part := await bus.read(topic, PARK, at):
            at = part[-1].offset + 1
        seconds = time.perf_counter() - begun
        assert at == count
        figures[f"{name}_records_per_s"] = count / seconds
        figures[f"{name}_mb_per_s"] = count * size / seconds / 1e6
    await bus.close()
    return figures


async def plain_sqlite(folder: Path) -> Figures:
    """The same rows committed one by one with `sqlite3` alone: what the disk and SQLite allow."""
    connection = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE log (offset INTEGER PRIMARY KEY AUTOINCREMENT, kind, key, hash, payload)"
    )
    payload = os.urandom(BATCH_BYTES)
    took = []
    whole = time.perf_counter()
    for number in range(APPENDS):
        begun = time.perf_counter()
        connection.execute("INSERT INTO log VALUES (?, 'batch', 'key', ?, ?)", (number, b"0" * 16, payload))
        took.append(time.perf_counter() - begun)
    seconds = time.perf_counter() - whole
    connection.close()
    return {
        "per_s": APPENDS / seconds,
        "p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
        "max_ms": max(took) * 1000,
    }


SCENES: dict[str, Callable[[Path], Awaitable[Figures]]] = {
    "plain_sqlite_batch": plain_sqlite,
    "append_batch_1": lambda folder: appends(folder, BATCH_BYTES, 1),
    "append_batch_8": lambda folder: appends(folder, BATCH_BYTES, 8),
    "append_small_1": lambda folder: appends(folder, SMALL_BYTES, 1),
    "append_small_8": lambda folder: appends(folder, SMALL_BYTES, 8),
    "append_beside_snapshot": beside_a_snapshot,
    "follower": follower,
    "read": reading,
}


def measure(scene: Callable[[Path], Awaitable[Figures]], where: Path) -> Figures:
    """The median of each figure over the runs, each in a fresh folder."""
    runs = []
    for _ in range(RUNS):
        folder = Path(tempfile.mkdtemp(prefix="bench-bus-", dir=where))
        try:
            runs.append(asyncio.run(_awaited(scene, folder)))
        finally:
            shutil.rmtree(folder)
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


async def _awaited(scene: Callable[[Path], Awaitable[Figures]], folder: Path) -> Figures:
    return await scene(folder)


def main() -> None:
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    print(f"machine  {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    print(f"versions Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    print(
        f"inputs   batch {BATCH_BYTES} B, small {SMALL_BYTES} B (random bytes), {APPENDS} appends a run,"
        f" snapshot {SNAPSHOT_BYTES >> 20} MB"
    )
    print(f"method   median of {RUNS} runs, each in a fresh folder; every append waits until it is durable")
    figures: Figures = {}
    for name, scene in SCENES.items():
        found = measure(scene, where)
        print(f"{name:24}" + "".join(f"{key} {value:,.2f}   " for key, value in found.items()))
        figures |= {f"{name}_{key}": round(value, 3) for key, value in found.items()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
