"""A device of the demonstration park that knows what the broker has taken from it."""

import threading

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.station import SENSOR, TOPIC


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
