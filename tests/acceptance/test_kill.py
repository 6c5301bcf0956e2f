"""Killed in mid-stream and started again: nothing acknowledged is lost, nothing doubled, no page missing."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from fenceline.bus import Topic
from tests.acceptance.judge import judge
from tests.acceptance.station import SENSOR, TOPIC, PageReceiver, Station
from tests.broker import Mosquitto

READINGS = 400
KILLED_AT = (100, 200, 300)
ALARM_FROM = 120
STEP_MS = 50
PATIENT = "delayed_after_seconds: 600\nduplicate_seconds: 900\nahead_seconds: 60\n"


class Device:
    """A device that publishes at QoS 1 and notes what the broker has acknowledged."""

    def __init__(self, port: int) -> None:
        self._number_of: dict[int, int] = {}
        self._acknowledged: set[int] = set()  # message ids
        self._news = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="device")
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def acknowledged(self) -> set[int]:
        """The numbers of the readings that the broker has acknowledged."""
        with self._news:
            return {self._number_of[mid] for mid in self._acknowledged if mid in self._number_of}

    def publish(self, number: int, time_ms: int, value: float) -> None:
        payload = (
            f'{{"sensor":"{SENSOR}","time":{time_ms},"value":{value},"unit":"mg/m3","sequence":{number}}}'
        )
        # Outside the lock: the client holds its own while it calls back.
        mid = self._client.publish(TOPIC, payload, qos=1).mid
        with self._news:
            self._number_of[mid] = number

    def wait_for(self, count: int) -> None:
        """Until so many publishes are acknowledged."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._acknowledged) >= count, timeout=20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, _client: object, _userdata: object, mid: int, *_: object) -> None:
        with self._news:
            self._acknowledged.add(mid)
            self._news.notify_all()


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
