"""Killed in mid-stream and started again: nothing acknowledged is lost, nothing doubled, no page missing."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenceline.bus import Topic
from tests.acceptance.device import Device
from tests.acceptance.judge import judge
from tests.acceptance.station import ROOT, SENSOR, PageReceiver, Station
from tests.broker import Mosquitto, free_port

READINGS = 400
KILLED_AT = (100, 200, 300)
ALARM_FROM = 120
STEP_MS = 50
PATIENT = "delayed_after_seconds: 600\nduplicate_seconds: 900\nahead_seconds: 60\n"


@pytest.fixture
def device(mosquitto: Mosquitto) -> Iterator[Device]:
    one = Device(mosquitto.port)
    yield one
    one.close()


@pytest.fixture
def receiver() -> Iterator[PageReceiver]:
    place = PageReceiver()
    yield place
    place.close()


@pytest.fixture
def station(tmp_path: Path, mosquitto: Mosquitto, receiver: PageReceiver) -> Iterator[Station]:
    one = Station(tmp_path, receiver.url, mqtt_port=mosquitto.port)
    yield one
    one.close()


async def test_killed_three_times_in_mid_stream(
    station: Station, device: Device, receiver: PageReceiver
) -> None:
    """What the broker acknowledged is in the journal; the ledger is that of one undisturbed run."""
    (station.config / "timing.yaml").write_text(PATIENT, "utf-8")
    station.start()
    start_ms = time.time_ns() // 1_000_000 - READINGS * STEP_MS

    for number in range(READINGS):
        if number in KILLED_AT:
            device.wait_for(number - 50)
            station.kill()
        device.publish(number, start_ms + number * STEP_MS, 2.5 if number >= ALARM_FROM else 0.0)
        if number - 25 in KILLED_AT:
            station.start()
    device.wait_for(READINGS)

    def engine_has_all() -> bool:
        stages = {stage["stage"]: stage for stage in station.get("/api/accounting")["stages"]}
        return "engine" in stages and stages["engine"]["out"] >= READINGS

    station.until(engine_has_all, "every reading is folded", within=30)
    station.until(lambda: receiver.pages, "a page arrives", within=30)
    alerts = station.alerts()
    stages = {stage["stage"]: stage for stage in station.get("/api/accounting")["stages"]}
    station.until(
        lambda: len(station.get(f"/api/readings?sensor={SENSOR}&points=5000")["values"]) == READINGS,
        "the store has every reading once",
    )
    assert 0 == station.stop()

    verdict = await judge(station.data)
    in_journal = {number for sensor, number in verdict.readings if sensor == SENSOR}
    assert device.acknowledged <= in_journal
    assert verdict.folded[Topic.FINDINGS] == verdict.written[Topic.FINDINGS]
    assert verdict.folded[Topic.ALERTS] == verdict.written[Topic.ALERTS]
    assert [1] == list(verdict.raised.values())
    assert [SENSOR] == [alert["subject"] for alert in alerts]
    assert stages["engine"]["balanced"]
    paged = {page["page"] for page in receiver.pages}
    by_webhook = {page for page in verdict.pages_due if page.endswith(".1")}
    assert by_webhook <= paged


@pytest.mark.parametrize("after_seconds", [0.2, 0.5, 0.8, 1.1, 1.4, 1.7, 2.0])
def test_ctrl_c_while_it_starts_ends_it(tmp_path: Path, after_seconds: float) -> None:
    """Whatever library is being loaded at that moment: nobody waits for a station that heard nothing."""
    command = [sys.executable, "-m", "console", "up", "--watchdog", "none", "--data", str(tmp_path / "data")]
    command += ["--port", str(free_port()), "--mqtt-port", str(free_port())]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_seconds)
    process.send_signal(signal.SIGINT)

    try:
        code = process.wait(15)
    finally:
        process.kill()

    assert code in (0, 130, -signal.SIGINT)
