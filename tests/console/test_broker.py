"""The broker of the embedded default: starts, stops; a left-over is stopped first; amqtt stands in."""

import asyncio
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from console.broker import Broker
from fenceline.errors import ServiceError
from tests.broker import free_port
from tests.parts import need

WITHIN_SECONDS = 10.0


async def _round_trip(port: int) -> bytes:
    """A message published at QoS 1 and received by another client."""
    loop = asyncio.get_running_loop()
    received: asyncio.Future[bytes] = loop.create_future()
    subscribed = asyncio.Event()

    def take(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        loop.call_soon_threadsafe(received.set_result, message.payload)

    listener = Client(CallbackAPIVersion.VERSION2, client_id="listener")
    listener.on_message = take
    listener.on_subscribe = lambda *_: loop.call_soon_threadsafe(subscribed.set)
    await asyncio.to_thread(listener.connect, "127.0.0.1", port)
    listener.loop_start()
    listener.subscribe("a/b", qos=1)
    try:
        await asyncio.wait_for(subscribed.wait(), WITHIN_SECONDS)
        listener.publish("a/b", b"4.2", qos=1)
        return await asyncio.wait_for(received, WITHIN_SECONDS)
    finally:
        listener.disconnect()
        await asyncio.to_thread(listener.loop_stop)


@pytest.mark.broker
async def test_mosquitto_carries_messages_and_stops(tmp_path: Path) -> None:
    """It accepts connections when `start` returns, and is gone when `stop` does."""
    need("mosquitto")
    broker = Broker(tmp_path / "broker", free_port())

    await broker.start()
    carried = await _round_trip(broker.port)
    await broker.stop()

    assert b"4.2" == carried
    assert "Mosquitto" == broker.name
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", broker.port)


@pytest.mark.broker
async def test_left_over_of_a_killed_run_is_stopped_first(tmp_path: Path) -> None:
    """A broker whose parent was killed holds the port; the next start takes over folder and port."""
    need("mosquitto")
    first = Broker(tmp_path / "broker", free_port())
    await first.start()
    second = Broker(tmp_path / "broker", first.port)

    await second.start()

    assert b"4.2" == await _round_trip(second.port)
    await second.stop()
    await first.stop()


async def test_taken_port_is_said_with_ways_out(tmp_path: Path) -> None:
    """A port that another program holds is named, with two ways out."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    broker = Broker(tmp_path / "broker", port)

    with pytest.raises(ServiceError, match=str(port)) as raised:
        await broker.start()

    assert "--mqtt-port" in raised.value.hint
    assert "--mqtt-host" in raised.value.hint
    server.close()
    await server.wait_closed()


async def test_amqtt_stands_in_where_mosquitto_is_not_to_be_had(tmp_path: Path) -> None:
    """The fallback carries messages, and says what it does not promise."""
    broker = Broker(tmp_path / "broker", free_port(), program=None)

    await broker.start()
    carried = await _round_trip(broker.port)
    await broker.stop()

    assert b"4.2" == carried
    assert "amqtt" == broker.name
    assert "demonstration only" in broker.durability
