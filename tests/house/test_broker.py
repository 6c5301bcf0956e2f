"""The configuration that sites and the demonstration start Mosquitto with, tried on a real one."""

import subprocess
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.broker import Mosquitto
from tests.parts import need

WAITING = 5000
WAIT_SECONDS = 30
SESSION_EXPIRY_NEVER = 0xFFFFFFFF


class Listener:
    """A v5 client with a persistent session that counts what comes."""

    def __init__(self, broker: Mosquitto, expected: int = 0) -> None:
        self.received: list[bytes] = []
        self.subscribed = threading.Event()
        self.complete = threading.Event()
        self._expected = expected
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=mqtt.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_NEVER
        self._client.connect(broker.host, broker.port, clean_start=False, properties=properties)
        self._client.loop_start()

    def subscribe(self) -> None:
        """Subscribes to everything."""
        self._client.subscribe("#", qos=1)
        assert self.subscribed.wait(WAIT_SECONDS)

    def leave(self) -> None:
        """Goes away; the session stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.received.append(bytes(message.payload))
        if len(self.received) == self._expected:
            self.complete.set()


def test_messages_wait_for_an_absent_session_over_a_restart(mosquitto: Mosquitto) -> None:
    """All that was acknowledged while the listener was away comes, in order, after the broker's restart."""
    listener = Listener(mosquitto)
    listener.subscribe()
    listener.leave()
    lines = [str(number).encode() for number in range(WAITING)]
    address = ["-h", mosquitto.host, "-p", str(mosquitto.port)]
    command = [need("mosquitto_pub"), *address, "-q", "1", "-t", "a/b", "-l"]

    subprocess.run(command, input=b"\n".join(lines) + b"\n", check=True, timeout=WAIT_SECONDS)
    mosquitto.restart()
    again = Listener(mosquitto, expected=WAITING)
    complete = again.complete.wait(WAIT_SECONDS)
    again.leave()

    assert complete, f"{len(again.received)} of {WAITING} came"
    assert lines == again.received


def test_broker_listens_on_the_loopback_only(mosquitto: Mosquitto) -> None:
    """There are no accounts, so nobody outside this machine reaches it."""
    listeners = [
        line
        for line in (mosquitto.folder / "mosquitto.conf").read_text("utf-8").splitlines()
        if line.startswith("listener ")
    ]

    assert [f"listener {mosquitto.port} 127.0.0.1"] == listeners


def test_broker_is_gone_and_comes_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A killed broker is down, and starts again on the same port with what it had kept."""
    port = mosquitto.port

    mosquitto.kill()
    was_running = mosquitto.is_running
    mosquitto.start()
    mosquitto.publish("a/b", "x")

    assert not was_running
    assert mosquitto.is_running
    assert port == mosquitto.port
    assert (tmp_path / "mosquitto" / "mosquitto.log").is_file()
