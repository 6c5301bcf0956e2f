"""The publisher over a real Mosquitto: everything arrives in its time, also over an absence of the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fenceline.clock import ManualClock
from simulators.devices import Message
from simulators.park import SimulatedPark
from simulators.publish import Publisher
from tests.broker import Mosquitto
from tests.simulators.parks import SECOND_NS, START_NS, SUBSTANCES, scenario, small_park

SECONDS = 40
END_NS = START_NS + SECONDS * SECOND_NS


@pytest.fixture
def park() -> SimulatedPark:
    return SimulatedPark(small_park("cl2", "ppm"), SUBSTANCES, scenario(), seed=5, start_ns=START_NS)


@asynccontextmanager
async def listening(broker: Mosquitto) -> AsyncIterator["asyncio.Queue[tuple[str, bytes]]"]:
    """A subscriber whose session outlives the broker's absence; what it gets comes out of the queue."""
    loop = asyncio.get_running_loop()
    received: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    subscribed = asyncio.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTProtocolVersion.MQTTv5)

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        loop.call_soon_threadsafe(received.put_nowait, (message.topic, bytes(message.payload)))

    def on_connect(
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe("fenceline/#", qos=1)

    def on_subscribe(
        _client: Client, _userdata: object, _mid: int, _codes: list[ReasonCode], _properties: Properties
    ) -> None:
        loop.call_soon_threadsafe(subscribed.set)

    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.reconnect_delay_set(1, 1)
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 600
    client.connect(broker.host, broker.port, clean_start=False, properties=properties)
    client.loop_start()
    try:
        await asyncio.wait_for(subscribed.wait(), 20)
        yield received
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


async def pass_time(clock: ManualClock, seconds: float) -> None:
    """Move the clock in steps as short as the publisher's own, so that it meets each of them."""
    for _ in range(round(seconds * 10)):
        await clock.advance(0.1)


async def take(
    received: "asyncio.Queue[tuple[str, bytes]]", expected: list[Message]
) -> set[tuple[str, bytes]]:
    """Take messages until as many different ones have come as are expected (MQTT may repeat one)."""
    found: set[tuple[str, bytes]] = set()
    async with asyncio.timeout(30):
        while len(found) < len(expected):
            found.add(await received.get())
    return found


async def test_everything_arrives(mosquitto: Mosquitto, park: SimulatedPark) -> None:
    """Every message of the stretch arrives under its topic, not before its time, and is acknowledged."""
    clock = ManualClock(START_NS)
    publisher = Publisher(park, mosquitto.host, mosquitto.port, clock)
    expected = park.messages(START_NS, END_NS)

    async with listening(mosquitto) as received:
        running = asyncio.create_task(publisher.run(END_NS))
        await pass_time(clock, SECONDS / 2)
        half_way = publisher.counts.published
        await pass_time(clock, SECONDS / 2)
        await asyncio.wait_for(running, 30)
        found = await take(received, expected)

    counts = publisher.counts
    assert {(message.topic, message.payload) for message in expected} == found
    assert len(park.messages(START_NS, START_NS + SECONDS // 2 * SECOND_NS)) >= half_way
    assert (len(expected), len(expected), 0, 0) == (
        counts.published,
        counts.acknowledged,
        counts.refused,
        counts.waiting,
    )


async def test_the_broker_goes_away(mosquitto: Mosquitto, park: SimulatedPark) -> None:
    """What is sent while the broker is away is kept, and arrives once it is back."""
    clock = ManualClock(START_NS)
    publisher = Publisher(park, mosquitto.host, mosquitto.port, clock, longest_back_off_seconds=1)
    expected = park.messages(START_NS, END_NS)

    async with listening(mosquitto) as received:
        running = asyncio.create_task(publisher.run(END_NS))
        await pass_time(clock, SECONDS / 2)
        await asyncio.to_thread(mosquitto.stop)
        await pass_time(clock, SECONDS / 2)
        await asyncio.to_thread(mosquitto.start)
        await asyncio.wait_for(running, 30)
        found = await take(received, expected)

    assert {(message.topic, message.payload) for message in expected} == found
    assert publisher.counts.acknowledged == len(expected)


async def test_bounded_while_there_is_no_broker(mosquitto: Mosquitto, park: SimulatedPark) -> None:
    """Without a broker no more than the limit waits; afterwards it goes on near the present and says so."""
    mosquitto.stop()
    clock = ManualClock(START_NS)
    end_ns = START_NS + 120 * SECOND_NS
    publisher = Publisher(
        park,
        mosquitto.host,
        mosquitto.port,
        clock,
        queue_limit=7,
        catch_up_seconds=20,
        longest_back_off_seconds=1,
    )

    running = asyncio.create_task(publisher.run(end_ns))
    await pass_time(clock, 120)
    waiting = publisher.counts.waiting
    mosquitto.start()
    await asyncio.wait_for(running, 30)

    counts = publisher.counts
    expected = 7
    assert expected == waiting
    assert counts.acknowledged == counts.published < len(park.messages(START_NS, end_ns))
    assert 60 < counts.skipped_seconds <= 100


async def test_cancelled(mosquitto: Mosquitto, park: SimulatedPark) -> None:
    """Cancelling ends it at once, with the connection closed in order and no thread left behind."""
    clock = ManualClock(START_NS)
    publisher = Publisher(park, mosquitto.host, mosquitto.port, clock)
    running = asyncio.create_task(publisher.run())
    await pass_time(clock, 1)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)
    assert not publisher.connected
