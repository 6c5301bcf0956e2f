"""Memory of the fold over a simulated week: is it flat? In: seeded readings and ticks; out: a table.

The engine role's own fold runs a week of log time in one process, restored from its dump once a day.
Measured at each day's end: resident memory, size of the snapshot, open alerts.
"""

import argparse
import gc
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from console.canned import fingerprint  # noqa: E402  (found through the line above)
from console.fold import ParkFold  # noqa: E402
from console.inforce import Build, InForceSet  # noqa: E402
from console.site import load_site  # noqa: E402
from fenceline.bus import Record, Stored, hash_of  # noqa: E402
from fenceline.journal import Batch, Claim, JournalRecord, Tick  # noqa: E402
from fenceline.reading import Readings  # noqa: E402
from fenceline.wire import encode, kind_of  # noqa: E402

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
TICK_SECONDS = 5  # a tick each second changes nothing here but the time this takes


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--interval", type=int, default=15, help="seconds between two readings of a sensor")
    arguments = parser.parse_args()
    site = load_site(ROOT / "config", "demo", {})
    force = InForceSet(
        site.force.park,
        site.force.substances,
        site.force.rules,
        site.force.routes,
        site.force.timing,
        Build(version="bench", fingerprint=fingerprint(site.force.substances)),
    )
    first = force.record({})
    assert first is not None
    fold, offset = ParkFold(), 0

    def apply(record: JournalRecord | Batch) -> None:
        nonlocal offset
        kept = Record(kind_of(record), encode(record))
        fold.apply(Stored(offset, kept.kind, kept.payload, "", None, hash_of(kept)))
        offset += 1

    apply(first)
    apply(Claim(filter="f", owner="o", term=1))
    rng = np.random.default_rng(7)
    sensors = tuple(sensor.id for sensor in site.park.sensors)
    high = np.array([sensor.range[1] for sensor in site.park.sensors])
    code = np.arange(len(sensors), dtype=np.int32)
    table = Table("day", "resident MB", "snapshot kB", "open alerts", "readings folded", "seconds")
    rows: list[tuple[float, int]] = []
    for day in range(arguments.days):
        begun = time.perf_counter()
        for second in range(0, 86_400, TICK_SECONDS):
            now = START_NS + (day * 86_400 + second) * SECOND
            if second % arguments.interval == 0:
                # One sensor in two thousand is high: alarms come and go all week.
                value = np.where(rng.random(len(sensors)) < 0.0005, high * 0.9, high * 0.001)
                zero = np.zeros(len(sensors), np.uint8)
                sequence = np.full(len(sensors), day * 86_400 + second, np.int64)
                times = np.full(len(sensors), now, np.int64)
                readings = Readings(sensors, code, times, value, zero, sequence)
                apply(Batch("f", "o", 1, now, readings, (), 1))
            apply(Tick(filter="f", owner="o", term=1, time_ns=now + SECOND // 2))
        state = fold.dump()
        fold = ParkFold.restore(state)
        gc.collect()
        rows.append((resident_mb(), len(state)))
        account = fold.rules.account
        figures = (f"{rows[-1][0]:.0f}", f"{len(state) / 1000:.0f}", str(len(fold.alerts.open)))
        took = f"{time.perf_counter() - begun:.1f}"
        table.add_row(str(day + 1), *figures, f"{account.received:,}", took)
    console = Console(width=110)
    console.print(table)
    console.print(
        f"{platform.machine()}, Python {platform.python_version()}; {len(sensors)} sensors, a reading each "
        f"{arguments.interval} s, a tick each {TICK_SECONDS} s; the fold alone, without bus and store"
    )
    half = rows[len(rows) // 2 :]
    growth = {
        "days": arguments.days,
        "resident_mb": round(rows[-1][0], 1),
        "resident_growth_mb_second_half": round(half[-1][0] - half[0][0], 1),
        "snapshot_kb": round(rows[-1][1] / 1000, 1),
        "snapshot_growth_kb_second_half": round((half[-1][1] - half[0][1]) / 1000, 1),
    }
    print(json.dumps(growth))


if __name__ == "__main__":
    main()
