"""Readings per second and publish → ledger → page latency of the whole house on one machine, embedded.

A real Mosquitto, a real `fenceline up`, readings published by mosquitto_pub; each rate is held for some
seconds and counts as sustained when nothing is lost and nothing waits a second after the last publish.
Marked crossings (a rule without on-delay) are timed from before they are written to the publisher until
their change is read from the ledger, and until their page arrives at a local webhook.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_park import ENTERPRISES, PARK, SENSORS_EACH, write_park  # noqa: E402
from fenceline.alert import AlertRecord  # noqa: E402  (found through the line above)
from fenceline.bus import Topic  # noqa: E402
from fenceline.bus.readonly import ReadOnlyBus  # noqa: E402
from fenceline.wire import decode  # noqa: E402
from tests.acceptance.station import PageReceiver, Station  # noqa: E402
from tests.broker import Mosquitto  # noqa: E402

SLICE_SECONDS = 0.01
POLL_SECONDS = 0.002


@dataclass(slots=True)
class Load:
    """One rate held for some seconds, and what came of it."""

    name: str
    readings_per_message: int
    messages_per_s: int
    published: int = 0
    readings: int = 0
    seconds: float = 0.0
    backlog_after_s: float = 0.0
    lost: int = 0
    marked: dict[str, float] = field(default_factory=dict)  # sensor → when its crossing was written
    ledger_ms: list[float] = field(default_factory=list)
    page_ms: list[float] = field(default_factory=list)

    @property
    def sustained(self) -> bool:
        return self.lost == 0 and self.backlog_after_s <= 1.0

    @property
    def readings_per_s(self) -> float:
        return self.readings / self.seconds if self.seconds else 0.0


class Publishers:
    """mosquitto_pub processes, one a device, each fed one message a line."""

    def __init__(self, port: int, devices: list[tuple[str, list[str]]]) -> None:
        program = shutil.which("mosquitto_pub")
        assert program is not None, "mosquitto_pub is needed: make services"
        self._devices = devices
        self._processes = [
            subprocess.Popen(
                [program, "-p", str(port), "-q", "1", "-t", topic, "-l", "-V", "mqttv5"],
                stdin=subprocess.PIPE,
            )
            for topic, _ in devices
        ]
        self._sequence = 0

    def send(self, load: Load, messages: int, mark: int | None) -> None:
        """Write so many messages, spread over the devices; the sensor to mark crosses the limit."""
        lines: list[list[bytes]] = [[] for _ in self._devices]
        now_ms = time.time_ns() // 1_000_000
        for number in range(messages):
            device = (load.published + number) % len(self._devices)
            sensors = self._devices[device][1]
            self._sequence += 1
            lines[device].append(_message(load, sensors, now_ms, self._sequence))
        load.published += messages
        load.readings += messages * load.readings_per_message
        if mark is not None:
            device, place = mark % len(self._devices), mark // len(self._devices) % SENSORS_EACH
            sensor = self._devices[device][1][place]
            self._sequence += 1
            payload = f'{{"sensor":"{sensor}","time":{now_ms},"value":9.0,"sequence":{self._sequence}}}'
            lines[device].append(payload.encode())
            load.marked[sensor] = time.perf_counter()
            load.readings += 1
        for process, chunk in zip(self._processes, lines, strict=True):
            if chunk:
                assert process.stdin is not None
                process.stdin.write(b"\n".join(chunk) + b"\n")
                process.stdin.flush()

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            process.wait(30)


def _message(load: Load, sensors: list[str], now_ms: int, sequence: int) -> bytes:
    """Readings below the limit: one, or an array of many at distinct times."""
    many = load.readings_per_message
    if many == 1:
        sensor = sensors[sequence % SENSORS_EACH]
        return f'{{"sensor":"{sensor}","time":{now_ms - 1},"value":0.1,"sequence":{sequence}}}'.encode()
    each = many // SENSORS_EACH
    columns = ",".join(f'"{sensor}"' for sensor in sensors)
    times = ",".join(str(now_ms - each + place) for place in range(each))
    row = "[" + ",".join(["0.1"] * SENSORS_EACH) + "]"
    values = ",".join([row] * each)
    return f'{{"time":[{times}],"sensors":[{columns}],"values":[{values}],"sequence":{sequence}}}'.encode()


class LedgerWatch:
    """Reads the ledger as it grows and notes when each marked crossing stands in it."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "journal"
        self.seen: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        bus = ReadOnlyBus(self._folder)
        offset = await bus.end(Topic.ALERTS, PARK)
        while not self._stop.is_set():
            found = await bus.read(Topic.ALERTS, PARK, offset, limit=500, kinds=("alert",))
            now = time.perf_counter()
            for stored in found:
                record = decode(stored.kind, stored.payload)
                if isinstance(record, AlertRecord) and record.change in ("raised", "realarmed"):
                    self.seen.setdefault(record.alert.subject, now)
            if found:
                offset = found[-1].offset + 1
            await asyncio.sleep(POLL_SECONDS)
        await bus.close()


def run_load(load: Load, seconds: float, folder: Path, protocol: str) -> Load:
    """A fresh station for each rate, so that one does not carry what another left."""
    broker_folder = folder / "mosquitto"
    broker_folder.mkdir(parents=True)
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert program is not None, "Mosquitto is needed: make services"
    broker = Mosquitto(program, broker_folder)
    broker.start()
    receiver = PageReceiver()
    station = Station(folder, receiver.url, mqtt_port=broker.port)
    station.mqtt_protocol = protocol
    devices = write_park(station.config)
    station.start()
    watch = LedgerWatch(station.data)
    publishers = Publishers(broker.port, devices)
    try:
        _publish(load, publishers, seconds)
        load.backlog_after_s = _drain(load, station)
        time.sleep(0.5)
    finally:
        publishers.close()
        watch.close()
        station.close()
        broker.stop()
        receiver.close()
    load.ledger_ms = [
        (watch.seen[sensor] - written) * 1000
        for sensor, written in load.marked.items()
        if sensor in watch.seen
    ]
    load.lost += len(load.marked) - len(load.ledger_ms)
    arrived = {page["alerts"][0].split(".")[1]: at for page, at in receiver.arrived}
    load.page_ms = [
        (at - load.marked[sensor]) * 1000 for sensor, at in arrived.items() if sensor in load.marked
    ]
    return load


def _publish(load: Load, publishers: Publishers, seconds: float) -> None:
    """Hold the rate by the clock; every tenth of a second one crossing is marked."""
    begin = time.perf_counter()
    slices = int(seconds / SLICE_SECONDS)
    marks = 0
    for number in range(slices):
        due = round(load.messages_per_s * SLICE_SECONDS * (number + 1))
        mark = marks if number % 10 == 5 and number > slices // 5 else None
        marks += mark is not None
        publishers.send(load, max(0, due - load.published), mark)
        ahead = begin + (number + 1) * SLICE_SECONDS - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
    load.seconds = time.perf_counter() - begin


def _drain(load: Load, station: Station) -> float:
    """Seconds until the engine has folded everything, up to 30; what is missing then is lost."""
    begin = time.perf_counter()
    folded = 0
    while time.perf_counter() - begin < 30:
        stages: dict[str, Any] = {one["stage"]: one for one in station.get("/api/accounting")["stages"]}
        engine = stages.get("engine", {"in": 0, "duplicate": 0})
        folded = engine["in"] - engine["duplicate"]
        if folded >= load.readings:
            return time.perf_counter() - begin
        time.sleep(0.05)
    load.lost = load.readings - folded
    return time.perf_counter() - begin


def percentiles(values: list[float]) -> tuple[float, float, float]:
    """p50, p99, p99.9; NaN where nothing was measured."""
    if not values:
        return (float("nan"),) * 3
    return tuple(float(np.percentile(values, one)) for one in (50, 99, 99.9))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--single", type=int, nargs="*", default=[2_500, 5_000, 10_000])
    parser.add_argument("--batched", type=int, nargs="*", default=[50_000, 125_000, 250_000])
    parser.add_argument("--protocol", choices=("3.1.1", "5"), default="3.1.1")
    arguments = parser.parse_args()
    loads = [Load("single", 1, rate) for rate in arguments.single]
    loads += [Load("in hundreds", 100, rate // 100) for rate in arguments.batched]
    console = Console(width=140)
    table = Table("message", "readings/s asked", "readings/s", "drained after s", "lost")
    for column in ("ledger p50", "p99", "p99.9 ms", "page p50", "p99 ms"):
        table.add_column(column, justify="right")
    for load in loads:
        with tempfile.TemporaryDirectory(prefix="fenceline-bench-") as folder:
            run_load(load, arguments.seconds, Path(folder), arguments.protocol)
        ledger, page = percentiles(load.ledger_ms), percentiles(load.page_ms)
        asked = load.messages_per_s * load.readings_per_message
        figures = [f"{value:.1f}" for value in (*ledger, *page[:2])]
        row = (
            load.name,
            f"{asked:,}",
            f"{load.readings_per_s:,.0f}",
            f"{load.backlog_after_s:.2f}",
            str(load.lost),
        )
        table.add_row(*row, *figures)
        console.print(" ".join(row), *figures)
    console.print(table)
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"{ENTERPRISES * SENSORS_EACH} sensors, {arguments.seconds:g} s a rate, everything on this machine"
    )
    best_single = max(
        (load.readings_per_s for load in loads if load.name == "single" and load.sustained), default=0.0
    )
    best_many = max(
        (load.readings_per_s for load in loads if load.name != "single" and load.sustained), default=0.0
    )
    # Latency at half of the least that must be held: 5,000 single messages, 125,000 readings in hundreds.
    half = [load for load in loads if load.messages_per_s * load.readings_per_message in (5_000, 125_000)]
    timed = [value for load in half for value in load.ledger_ms]
    p50, p99, _ = percentiles(timed)
    print(
        json.dumps(
            {
                "single_messages_per_s": round(best_single),
                "batched_readings_per_s": round(best_many),
                "p50_ms": round(p50, 1),
                "p99_ms": round(p99, 1),
                "lost": sum(load.lost for load in loads),
                "page_p50_ms": round(percentiles([ms for load in half for ms in load.page_ms])[0], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
