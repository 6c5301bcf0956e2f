"""Devices that publish at QoS 1 in persistent sessions and never give up.

Each message is written into the history before it goes out, and once more when the broker acknowledged it.
"""

import queue
import random
import threading

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.faults.history import History
from tests.faults.messages import Message, Writer
from tests.faults.site import DEVICES, DeviceSite

KEEPALIVE_SECONDS = 10
ANSWER_SECONDS = 0.02
NEVER_EXPIRES = 0xFFFFFFFF


class Device:
    """One client that never gives up: what is not acknowledged it sends again when the broker is back."""

    def __init__(self, site: DeviceSite, writer: Writer, history: History, port: int, version: int) -> None:
        self._site = site
        self._writer = writer
        self._history = history
        self._answers: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._of_mid: dict[int, int] = {}
        self.sent = 0
        self._within_seconds = 0.0
        self._port = port
        self._is_v5 = version == 5
        # MQTT 3.1.1 says it here, version 5 when it connects.
        clean = None if self._is_v5 else False
        protocol = MQTTProtocolVersion.MQTTv5 if self._is_v5 else MQTTProtocolVersion.MQTTv311
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=site.device, protocol=protocol, clean_session=clean
        )
        self._client.on_publish = self._on_publish
        self._client.reconnect_delay_set(1, 1)
        self._thread = threading.Thread(target=self._run, name=site.device, daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._connect()
        self._client.loop_start()
        self._thread.start()

    def stop(self, within_seconds: float) -> None:
        """Publish no more, and wait so long for what is not acknowledged yet."""
        self._within_seconds = within_seconds
        self._stop.set()

    def end(self) -> bool:
        """After `stop`: whether everything was acknowledged in time."""
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
        return not self._of_mid

    def _connect(self) -> None:
        if self._is_v5:
            session = Properties(PacketTypes.CONNECT)
            session.SessionExpiryInterval = NEVER_EXPIRES
            self._client.connect(
                "127.0.0.1", self._port, KEEPALIVE_SECONDS, clean_start=False, properties=session
            )
        else:
            self._client.connect("127.0.0.1", self._port, KEEPALIVE_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(self._writer.pause()):
            self._publish(self._writer.next(self._history.elapsed()))
            self._take_answers()
        until = self._history.now() + self._within_seconds
        while self._of_mid and self._history.now() < until:
            self._take_answers()
            threading.Event().wait(ANSWER_SECONDS)

    def _publish(self, message: Message) -> None:
        number = self.sent
        self._history.note(
            "sent", device=self._site.device, message=number, readings=message.readings, dead=message.dead
        )
        info = self._client.publish(self._site.topic, message.payload, qos=1)
        self._of_mid[info.mid] = number
        self.sent += 1

    def _take_answers(self) -> None:
        """Only here do message ids become messages: an answer may come before `publish` has returned."""
        while not self._answers.empty():
            mid, at = self._answers.get()
            number = self._of_mid.pop(mid)
            self._history.note("acknowledged", at=at, device=self._site.device, message=number)

    def _on_publish(self, _client: object, _userdata: object, mid: int, *_: object) -> None:
        # Without a lock: paho calls this while it holds one that `publish` wants.
        self._answers.put((mid, self._history.now()))


class Fleet:
    """All devices of a run."""

    def __init__(self, seed: int, history: History, port: int, seconds: float) -> None:
        quiet_from = seconds - 4.0  # what is over a limit comes back before the end
        self._devices = [
            Device(
                site,
                Writer(site, random.Random(f"{seed}/device/{site.device}"), quiet_from),
                history,
                port,
                5 if number % 2 else 4,
            )
            for number, site in enumerate(DEVICES)
        ]

    @property
    def sent(self) -> int:
        """Messages published so far."""
        return sum(one.sent for one in self._devices)

    def start(self) -> None:
        for one in self._devices:
            one.start()

    def end(self, within_seconds: float = 60.0) -> bool:
        """Whether the broker acknowledged all that was published."""
        for one in self._devices:
            one.stop(within_seconds)
        ended = [one.end() for one in self._devices]  # each of them, also after a failed one
        return all(ended)
