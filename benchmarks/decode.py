"""How long decoding takes a reading, by shape of message; prints a table and, last, one JSON line.

Best of several rounds over batches as the ingestor forms them; each result is checked. One core.
"""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from ingest.checks import Directory, KnownSensor
from ingest.decode.json import decode
from ingest.decode.rows import Bounds

ROUNDS = 15
SENSORS = 1000
PER_DEVICE = 100
NOW_MS = 1_782_907_200_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the benchmark makes it."""

    topic: str
    payload: bytes


def directory() -> Directory:
    factors = {"mg/m3": (0.7176, 0.0)}
    return Directory(
        "demo",
        [
            KnownSensor(f"e01-u1-h2s-{n}", f"gds-{n // PER_DEVICE}", "e01", "ppm", factors.__getitem__)
            for n in range(SENSORS)
        ],
    )


def reading(n: int, *, long: bool, text_time: bool) -> dict[str, object]:
    sensor = n % SENSORS
    item: dict[str, object] = {
        "sensor": f"e01-u1-h2s-{sensor}",
        "time": f"2026-07-01T12:00:{n % 60:02d}.250Z" if text_time else NOW_MS + n,
        "value": n % 500 * 0.1,
    }
    return item | ({"unit": "ppm", "quality": "good", "sequence": n} if long else {})


def topic(sensor: int) -> str:
    return f"fenceline/demo/e01/gds-{sensor % SENSORS // PER_DEVICE}/readings"


def singles(*, long: bool, text_time: bool) -> list[Sent]:
    return [
        Sent(topic(n), json.dumps(reading(n, long=long, text_time=text_time)).encode()) for n in range(1000)
    ]


def arrays() -> list[Sent]:
    return [
        Sent(
            topic(m * 100),
            json.dumps([reading(m * 100 + n, long=False, text_time=False) for n in range(100)]).encode(),
        )
        for m in range(10)
    ]


def columns() -> list[Sent]:
    return [
        Sent(
            topic(m * 100),
            json.dumps(
                {
                    "time": NOW_MS + m,
                    "sensors": [f"e01-u1-h2s-{m * 100 + n}" for n in range(100)],
                    "values": [n * 0.1 for n in range(100)],
                    "sequence": m,
                }
            ).encode(),
        )
        for m in range(10)
    ]


def spoiled() -> list[Sent]:
    """Arrays in each of which one value is a text."""
    sent = []
    for m in range(10):
        items = [reading(m * 100 + n, long=False, text_time=False) for n in range(100)]
        items[50]["value"] = "--"
        sent.append(Sent(topic(m * 100), json.dumps(items).encode()))
    return sent


CASES: dict[str, tuple[Callable[[], list[Sent]], int]] = {
    "1000 messages of one reading, short": (lambda: singles(long=False, text_time=False), 0),
    "1000 messages of one reading, all keys": (lambda: singles(long=True, text_time=False), 0),
    "1000 messages of one reading, RFC 3339": (lambda: singles(long=False, text_time=True), 0),
    "10 arrays of 100": (arrays, 0),
    "10 gateway columns of 100": (columns, 0),
    "10 arrays of 100, one bad reading in each": (spoiled, 10),
}


def main() -> None:
    bounds = Bounds((NOW_MS + 3_600_000) * 1_000_000, 1_000_000, 10_000)
    known = directory()
    figures: dict[str, float] = {}
    machine = platform.processor() or platform.machine()
    table = Table("batch", "µs a message", "µs a reading", title=f"decode, best of {ROUNDS}, {machine}")
    for name, (make, rejected) in CASES.items():
        messages = make()
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.perf_counter()
            decoded = decode(messages, known, bounds)
            best = min(best, time.perf_counter() - start)
        assert (1000 - rejected, rejected) == (len(decoded.readings), len(decoded.rejections)), name
        figures[name] = round(best * 1e6 / 1000, 3)
        table.add_row(name, f"{best * 1e6 / len(messages):.2f}", f"{figures[name]:.3f}")
    Console(width=110).print(table)
    print(json.dumps({"microseconds_per_reading": figures}))


if __name__ == "__main__":
    main()
