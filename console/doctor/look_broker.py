"""Looks at the MQTT broker: connects under a client id of its own, asks its version, tries its window."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from console.broker import Broker
from console.doctor.facts import BrokerFacts
from ingest.mqtt import hint_for
from ingest.settings import IngestSettings

WINDOW = 100
CONNECT_SECONDS, WINDOW_SECONDS, VERSION_SECONDS = 5.0, 3.0, 1.0
_VERSION_TOPIC = "$SYS/broker/version"


async def broker(settings: IngestSettings, *, own: bool, data: Path, running: bool) -> BrokerFacts:
    """
    See how a broker is and what it grants.

    Args:
        own: whether a station here starts it.
        running: whether a station of this folder runs now.
    """
    program = _program(data, settings.port) if own else None
    common: dict[str, Any] = {
        "address": settings.broker,
        "expected": running or not own,
        "program": program,
        "settings": _settings(data / "broker" / "mosquitto.conf") if own and running else None,
    }
    if own and not running:
        return BrokerFacts(**common, problem="no station runs, and this broker starts with it")
    probe = _Probe(settings)
    try:
        await probe.connect()
        version = await probe.version()
        window = await probe.window()
    except _Refused as error:
        return BrokerFacts(**common, problem=str(error), hint=error.hint)
    finally:
        await probe.close()
    return BrokerFacts(
        **common,
        version=version,
        window_asked=WINDOW,
        window=window,
        session_seconds=probe.session_seconds,
        packet_bytes=probe.packet_bytes,
    )


def _program(data: Path, port: int) -> str:
    broker = Broker(data / "broker", port)
    return "amqtt" if broker.name == "amqtt" else str(broker.program)


def _settings(path: Path) -> dict[str, str] | None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return None
    pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return {pair[0]: pair[1].strip() if len(pair) > 1 else "" for pair in pairs}


class _Refused(Exception):
    def __init__(self, said: str, hint: str) -> None:
        super().__init__(said)
        self.hint = hint


class _Probe:
    """One connection that takes messages and acknowledges none of them until it is closed."""

    def __init__(self, settings: IngestSettings) -> None:
        self.session_seconds: int | None = None
        self.packet_bytes: int | None = None
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._subscribed = asyncio.Event()
        self._enough = asyncio.Event()
        self._version: asyncio.Future[str] = self._loop.create_future()
        self._came = 0
        self._refused = False
        self._topic = f"fenceline-doctor/{secrets.token_hex(8)}"
        five = settings.protocol == "5"
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"fenceline-doctor-{secrets.token_hex(4)}",
            clean_session=None if five else True,
            protocol=MQTTv5 if five else MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.max_inflight_messages_set(2 * WINDOW)
        self._client.connect_timeout = CONNECT_SECONDS
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password is not None else None
            self._client.username_pw_set(settings.username, password)
        if settings.tls:
            self._client.tls_set(
                ca_certs=str(settings.tls_ca) if settings.tls_ca else None,
                certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
                keyfile=str(settings.tls_key) if settings.tls_key else None,
            )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    async def connect(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {"keepalive": 30}
        if settings.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)
            properties.ReceiveMaximum = settings.receive_maximum
            options |= {"clean_start": True, "properties": properties}
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.to_thread(self._client.connect, settings.host, settings.port, **options)
                self._client.loop_start()
                reason = await self._connected
        except (TimeoutError, OSError) as error:
            said = str(error) or f"no answer within {CONNECT_SECONDS:g} s"
            raise _Refused(said, "start it, or name the right host and port") from error
        if reason.is_failure:
            raise _Refused(str(reason), hint_for(str(reason)))

    async def version(self) -> str | None:
        """By its own word; not every broker has one, or shows it."""
        self._client.subscribe(_VERSION_TOPIC, qos=0)
        try:
            async with asyncio.timeout(VERSION_SECONDS):
                return await self._version
        except TimeoutError:
            return None

    async def window(self) -> int | None:
        """How many of `WINDOW` messages come while none is acknowledged; none where that is not allowed."""
        self._subscribed.clear()
        self._client.subscribe(self._topic, qos=1)
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                await self._subscribed.wait()
                if self._refused:
                    return None
                for _ in range(WINDOW):
                    self._client.publish(self._topic, b"", qos=1)
                await self._enough.wait()
        except TimeoutError:
            return self._came or None
        return self._came

    async def close(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # paho's thread

    def _on_connect(self, _c: Client, _d: object, _f: object, reason: ReasonCode, properties: Any) -> None:
        self.session_seconds = getattr(properties, "SessionExpiryInterval", None)
        self.packet_bytes = getattr(properties, "MaximumPacketSize", None)
        self._loop.call_soon_threadsafe(self._set_connected, reason)

    def _set_connected(self, reason: ReasonCode) -> None:
        if not self._connected.done():
            self._connected.set_result(reason)

    def _on_subscribe(self, _c: Client, _d: object, _m: int, reasons: list[ReasonCode], _p: object) -> None:
        self._refused = any(reason.is_failure for reason in reasons)
        self._loop.call_soon_threadsafe(self._subscribed.set)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.topic == _VERSION_TOPIC:
            said = message.payload.decode("utf-8", "replace")
            self._loop.call_soon_threadsafe(self._set_version, said)
            return
        self._came += 1
        if self._came >= WINDOW:
            self._loop.call_soon_threadsafe(self._enough.set)

    def _set_version(self, said: str) -> None:
        if not self._version.done():
            self._version.set_result(said)
