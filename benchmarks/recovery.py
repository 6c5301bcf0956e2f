"""From kill -9 to the first finding again: a real station with many sensors, killed in mid-stream.

Each run: every sensor has reported, the station is killed, started again, and a reading that crosses
its limit is published as soon as the broker takes it. Measured: kill → process answers, → engine has
caught up and ingest is connected (/readyz), → the crossing's alert is in the ledger.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_park import SENSORS_EACH, write_park  # noqa: E402  (found through the line above)
from tests.acceptance.publishing import publish_raw  # noqa: E402
from tests.acceptance.station import Station  # noqa: E402
from tests.broker import Mosquitto  # noqa: E402
from tests.parts import need  # noqa: E402


def columns(sensors: list[str], value: float, sequence: int) -> bytes:
    """One gateway message with a value for each sensor, now."""
    names = ",".join(f'"{sensor}"' for sensor in sensors)
    values = ",".join([str(value)] * len(sensors))
    now_ms = time.time_ns() // 1_000_000
    return f'{{"time":{now_ms},"sensors":[{names}],"values":[{values}],"sequence":{sequence}}}'.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sensors", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    ready_s: list[float] = []
    finding_s: list[float] = []
    with tempfile.TemporaryDirectory(prefix="fenceline-bench-") as folder:
        broker_folder = Path(folder) / "mosquitto"
        broker_folder.mkdir()
        broker = Mosquitto(need("mosquitto"), broker_folder)
        broker.start()
        station = Station(Path(folder), mqtt_port=broker.port)
        devices = write_park(station.config, arguments.sensors // SENSORS_EACH)
        try:
            station.start()
            for topic, sensors in devices:
                publish_raw(station, topic, columns(sensors, 0.1, 0))
            watching = f'"watching":{arguments.sensors}'
            station.until(lambda: _watching(station) >= arguments.sensors, watching, within=120)
            for run in range(arguments.runs):
                before = {alert["id"] for alert in station.alerts()}
                topic, sensors = devices[run]
                begun = time.perf_counter()
                station.kill()
                # The broker keeps it; the station takes it as soon as it is back.
                publish_raw(station, topic, columns(sensors[:1], 9.0, run + 1))
                station.start()
                ready_s.append(time.perf_counter() - begun)
                station.until(
                    lambda seen=before: {alert["id"] for alert in station.alerts()} - seen,
                    "the alert",
                    within=60,
                )
                finding_s.append(time.perf_counter() - begun)
        finally:
            station.close()
            broker.stop()
    table = Table("from kill -9 to", "median s", "least", "most")
    for name, values in (("ready", ready_s), ("first finding", finding_s)):
        table.add_row(name, *(f"{one:.2f}" for one in (statistics.median(values), min(values), max(values))))
    Console(width=110).print(table)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {arguments.sensors} sensors, {arguments.runs} runs")
    figures = {
        "sensors": arguments.sensors,
        "ready_s": round(statistics.median(ready_s), 2),
        "first_finding_s": round(statistics.median(finding_s), 2),
        "worst_first_finding_s": round(max(finding_s), 2),
    }
    print(json.dumps(figures))


def _new(station: Station, seen: set[str]) -> set[str]:
    """The open alerts that were not there before."""
    return {alert["id"] for alert in station.alerts()} - seen


def _watching(station: Station) -> int:
    """How many sensors have a current reading."""
    sensors = station.get("/api/sensors")["sensors"]
    return sum(sensor["state"] == "current" for sensor in sensors)


if __name__ == "__main__":
    main()
