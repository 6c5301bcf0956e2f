"""The ingestor with a real Mosquitto: nothing acknowledged is lost, nothing unacknowledged is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.journal import Claim
from fenceline.wire import encode
from ingest.terms import Outranked
from tests.broker import Mosquitto
from tests.ingest.service_bench import (
    PARK,
    PROTOCOLS,
    TOPIC,
    WAIT_SECONDS,
    Service,
    batches,
    publish,
    reading,
    until_recorded,
)


class Publisher:
    """A device's client that publishes at QoS 1 and counts what the broker has acknowledged."""

    def __init__(self, port: int) -> None:
        self.acknowledged = 0
        self._loop = asyncio.get_running_loop()
        self._counted = asyncio.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="device", protocol=MQTTv5)
        self.client.max_inflight_messages_set(100)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = lambda *_: self._loop.call_soon_threadsafe(self._count)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _count(self) -> None:
        self.acknowledged += 1
        self._counted.set()

    async def until(self, acknowledged: int) -> None:
        """Until the broker has acknowledged this many."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.acknowledged < acknowledged:
                self._counted.clear()
                await self._counted.wait()


@asynccontextmanager
async def publisher(port: int) -> AsyncIterator[Publisher]:
    device = Publisher(port)
    try:
        yield device
    finally:
        device.client.disconnect()
        await asyncio.to_thread(device.client.loop_stop)


@PROTOCOLS
async def test_published_recorded_acknowledged(mosquitto: Mosquitto, protocol: str) -> None:
    """A reading is in the journal once, and the broker does not send it to the next ingestor again."""
    bus = MemoryBus()
    first = Service(bus, mosquitto.port, "first", protocol=protocol)
    await first.connected()

    await publish(mosquitto, reading(1))
    await until_recorded(bus, lambda found: found == [1])
    await first.stop()
    second = Service(bus, mosquitto.port, "second", protocol=protocol)
    await second.connected()
    await publish(mosquitto, reading(2))
    found = await until_recorded(bus, lambda found: 2 in found)
    await second.stop()

    assert [1, 2] == found
    assert second.ingestor.snapshot().session_present
    assert [1, 2] == [batch.term for batch in await batches(bus)]
    assert first.ingestor.snapshot().balanced


@PROTOCOLS
async def test_what_was_not_durable_comes_again(mosquitto: Mosquitto, protocol: str) -> None:
    """An ingestor that ends before its append is durable has acknowledged nothing: all comes to the next."""
    bus = MemoryBus()
    first = Service(bus, mosquitto.port, "first", protocol=protocol)
    await first.connected()
    bus.full = True

    await publish(mosquitto, *(reading(n) for n in range(20)))
    await first.clock.until(lambda: first.ingestor.snapshot().messages_in_flight == 20)
    await first.crash()
    bus.full = False
    second = Service(bus, mosquitto.port, "second", protocol=protocol)
    found = await until_recorded(bus, lambda found: len(found) >= 20)
    await second.stop()

    assert list(range(20)) == found


async def test_a_full_journal_lets_the_broker_keep_what_comes(mosquitto: Mosquitto) -> None:
    """While nothing can be written, no more than the window is taken; with room everything arrives, once."""
    bus = MemoryBus()
    service = Service(bus, mosquitto.port, "me", receive_maximum=20)
    await service.connected()
    bus.full = True

    async with publisher(mosquitto.port) as device:
        for n in range(100):
            device.client.publish(TOPIC, reading(n), qos=1)
        await device.until(100)
    await service.clock.until(lambda: service.ingestor.account.journal == "full")
    held = service.ingestor.snapshot()
    bus.full = False
    found = await until_recorded(bus, lambda found: len(found) >= 100)
    await service.stop()

    assert held.messages_received <= 20
    assert held.balanced
    assert list(range(100)) == found


async def test_published_while_ingest_was_away(mosquitto: Mosquitto) -> None:
    """What devices publish while no ingestor runs waits in the session, whole and in order."""
    bus = MemoryBus()
    first = Service(bus, mosquitto.port, "first")
    await first.connected()
    await first.stop()

    await publish(mosquitto, *(reading(n) for n in range(30)))
    second = Service(bus, mosquitto.port, "second")
    found = await until_recorded(bus, lambda found: len(found) >= 30)
    await second.stop()

    assert list(range(30)) == found


@PROTOCOLS
async def test_the_broker_restarted_in_mid_stream(mosquitto: Mosquitto, protocol: str) -> None:
    """Every message that the broker acknowledged to the device is in the journal, over three restarts."""
    bus = MemoryBus()
    service = Service(bus, mosquitto.port, "me", protocol=protocol)
    await service.connected()

    async with publisher(mosquitto.port) as device:
        for part in range(4):
            for n in range(part * 500, part * 500 + 500):
                device.client.publish(TOPIC, reading(n), qos=1)
            await device.until(part * 500 + 100)
            if part < 3:
                await asyncio.to_thread(mosquitto.restart)
        await device.until(2000)
    found = await until_recorded(bus, lambda found: len(set(found)) == 2000)
    await service.clock.until(lambda: service.ingestor.snapshot().messages_in_flight == 0)
    snapshot = service.ingestor.snapshot()
    await service.stop()

    assert set(range(2000)) == set(found)
    assert snapshot.balanced
    assert snapshot.session_present


async def test_restarted_while_the_journal_fails(mosquitto: Mosquitto) -> None:
    """With appends that fail and a broker that restarts at once, nothing is lost and all is acknowledged."""
    bus = MemoryBus()
    service = Service(bus, mosquitto.port, "me")
    await service.connected()
    for n in range(1, 12, 2):
        bus.fail_next(Topic.JOURNAL, n, recorded=n % 4 == 1)

    await publish(mosquitto, *(reading(n) for n in range(5)))
    await asyncio.to_thread(mosquitto.restart)
    await publish(mosquitto, *(reading(n) for n in range(5, 10)))
    await until_recorded(bus, lambda found: set(found) == set(range(10)))
    await service.clock.until(lambda: service.ingestor.snapshot().messages_in_flight == 0)
    await service.stop()
    after = Service(MemoryBus(), mosquitto.port, "after")
    await after.connected()
    await publish(mosquitto, reading(99))
    found = await until_recorded(after.bus, lambda found: 99 in found)
    await after.stop()

    assert [99] == found


async def test_a_frozen_broker_stops_marks_and_ticks(mosquitto: Mosquitto) -> None:
    """After 3 s without word from the broker the journal's time stands still until the first word."""
    bus = MemoryBus()
    service = Service(bus, mosquitto.port, "me", keepalive_seconds=20)
    await service.connected()
    mosquitto.pause()

    async with asyncio.timeout(WAIT_SECONDS):
        while await bus.wait(Topic.JOURNAL, PARK, await bus.end(Topic.JOURNAL, PARK), seconds=2.5):
            pass
    age = service.ingestor.snapshot().word_age_seconds
    mosquitto.resume()
    goes_on = await bus.wait(Topic.JOURNAL, PARK, await bus.end(Topic.JOURNAL, PARK), seconds=10)
    await service.stop()

    assert age is not None
    assert age > 3.0
    assert goes_on


async def test_a_broker_that_is_not_there(mosquitto: Mosquitto) -> None:
    """Where nobody listens the state says so with a hint, and it is tried again until somebody does."""
    await asyncio.to_thread(mosquitto.stop)
    service = Service(MemoryBus(), mosquitto.port, "me")

    await service.clock.until(lambda: service.ingestor.account.broker == "refused")
    snapshot = service.ingestor.snapshot()
    await asyncio.to_thread(mosquitto.start)
    await service.connected()
    await service.stop()

    assert f"no broker at `mqtt://127.0.0.1:{mosquitto.port}`" in snapshot.broker_problem
    assert "start the broker" in snapshot.broker_hint
    assert "stopped" == service.ingestor.snapshot().broker


async def test_a_higher_claim_ends_it(mosquitto: Mosquitto) -> None:
    """An ingestor that is outranked lets go of the broker and says who holds the filter."""
    bus = MemoryBus()
    service = Service(bus, mosquitto.port, "me")
    await service.connected()

    claim = Claim(filter="fenceline/example/#", owner="another", term=2)
    await bus.append(Topic.JOURNAL, PARK, [Record(claim.kind, encode(claim))])

    with pytest.raises(Outranked) as caught:
        await asyncio.wait_for(service.running, WAIT_SECONDS)
    assert (2, "another") == caught.value.holder
