"""Roles as processes of their own, killed, held, doubled: the ledger is that of one undisturbed run."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.services.servers import Kafka
from fenceline.bus import Topic
from fenceline.bus.kafka.bus import KafkaBus
from fenceline.bus.kafka.settings import KafkaSettings
from fenceline.configfile import load
from tests.acceptance.apart import StationApart
from tests.acceptance.device import Device
from tests.acceptance.judge import Verdict, judge_bus
from tests.acceptance.station import SENSOR, PageReceiver
from tests.acceptance.witness import Witness
from tests.broker import Mosquitto

READINGS = 400
ALARM_FROM = 120
STEP_MS = 50
PATIENT = "delayed_after_seconds: 600\nduplicate_seconds: 900\nahead_seconds: 60\n"
TAKEN_OVER_SECONDS = 30.0

Disturb = Callable[[int], None]


@pytest.fixture
def receiver() -> Iterator[PageReceiver]:
    place = PageReceiver()
    yield place
    place.close()


@pytest.fixture
def device(mosquitto: Mosquitto) -> Iterator[Device]:
    one = Device(mosquitto.port)
    yield one
    one.close()


@pytest.fixture
def station(
    tmp_path: Path, mosquitto: Mosquitto, receiver: PageReceiver, kafka_server: Kafka
) -> Iterator[StationApart]:
    one = StationApart(tmp_path, receiver.url, broker=mosquitto, kafka=kafka_server)
    (one.config / "timing.yaml").write_text(PATIENT, "utf-8")
    one.start()
    yield one
    one.close()


@pytest.fixture
def witness(station: StationApart) -> Iterator[Witness]:
    one = Witness(station.config)
    yield one
    one.end()


def stream(station: StationApart, device: Device, disturb: Disturb) -> None:
    """Publish readings that cross the limit, with something happening in between, until all are folded."""
    start_ms = time.time_ns() // 1_000_000 - READINGS * STEP_MS
    for number in range(READINGS):
        disturb(number)
        device.publish(number, start_ms + number * STEP_MS, 2.5 if number >= ALARM_FROM else 0.0)
    device.wait_for(READINGS)

    def engine_has_all() -> bool:
        stages = {stage["stage"]: stage for stage in station.get("/api/accounting")["stages"]}
        return "engine" in stages and stages["engine"]["out"] >= READINGS

    station.until(engine_has_all, "every reading is folded", within=60)


async def judged(station: StationApart, device: Device, receiver: PageReceiver, witness: Witness) -> Verdict:
    """Stop everything; nothing is lost, nothing doubled, no page missing, and a fresh fold gives the same."""
    station.until(lambda: receiver.pages, "a page arrives", within=30)
    assert [SENSOR] == [alert["subject"] for alert in station.alerts()]
    assert 0 == station.stop()
    bus = KafkaBus(load(station.config / "bus.yaml", KafkaSettings))
    try:
        verdict = await judge_bus(bus, await asyncio.to_thread(witness.end))
    finally:
        await bus.close()
    assert device.acknowledged <= {number for sensor, number in verdict.readings if sensor == SENSOR}
    assert verdict.folded[Topic.FINDINGS] == verdict.written[Topic.FINDINGS]
    assert verdict.folded[Topic.ALERTS] == verdict.written[Topic.ALERTS]
    assert [1] == list(verdict.raised.values())
    by_webhook = {page for page in verdict.pages_due if page.endswith(".1")}
    assert by_webhook <= {page["page"] for page in receiver.pages}
    return verdict


async def test_each_role_killed_in_mid_stream(
    station: StationApart, device: Device, receiver: PageReceiver, witness: Witness
) -> None:
    """Kill -9 of engine, ingest, pager and web in turn, each started again while readings flow."""
    killed_at = {80: "engine", 140: "ingest", 200: "pager", 260: "web", 320: "engine"}

    def disturb(number: int) -> None:
        if number in killed_at:
            station.end_role(killed_at[number], signal.SIGKILL)
        if number - 30 in killed_at:
            station.start_role(killed_at[number - 30])

    stream(station, device, disturb)

    await judged(station, device, receiver, witness)


async def test_standbys_take_over(
    station: StationApart, device: Device, receiver: PageReceiver, witness: Witness
) -> None:
    """A second ingest, engine and pager wait beside the first; those are killed and never come back."""
    station.start_second("ingest", "engine", "pager")

    def disturb(number: int) -> None:
        if number == 60:
            for role in ("ingest", "engine", "pager"):
                station.end_role(role, signal.SIGKILL)

    begun = time.monotonic()
    stream(station, device, disturb)

    assert time.monotonic() - begun < TAKEN_OVER_SECONDS
    await judged(station, device, receiver, witness)


async def test_a_role_that_was_held_and_replaced_harms_nothing(
    station: StationApart, device: Device, receiver: PageReceiver, witness: Witness
) -> None:
    """An engine and an ingest that stand still lose their places; let go, they write what nobody takes."""
    station.start_second("ingest", "engine")

    def disturb(number: int) -> None:
        if number == 60:
            station.hold("ingest", "engine")
        if number == 300:
            station.until(station.alerts, "the others have taken over", within=TAKEN_OVER_SECONDS)
            station.let_go("ingest", "engine")

    stream(station, device, disturb)

    await judged(station, device, receiver, witness)
