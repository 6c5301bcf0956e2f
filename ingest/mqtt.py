"""One connection to the broker at a time, each with a paho client of its own, public API only.

A client is never used for a second connection. Message ids are numbered anew where a session was lost, so
an acknowledgement of the old connection could confirm a message of the new one that nobody has written
down; here it can only reach a client that has no socket any more.
"""

import asyncio
import ssl
from functools import partial
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from fenceline.clock import Clock
from fenceline.errors import ServiceError
from ingest.account import Account
from ingest.inbox import Inbound, Inbox
from ingest.settings import IngestSettings

_CLOSE_SECONDS = 5.0
_HINTS = {
    "Not authorized": "check `username`, `password` and the broker's access list",
    "Bad user name or password": "check `username` and `password`",
    "Client identifier not valid": "give `client_id` a value that the broker accepts",
    "Unsupported protocol version": "set `protocol` to the version that the broker speaks: 5 or 3.1.1",
    "Unspecified error": "was it stopped, or does another client use the same `client_id`?",
    "Session taken over": "another client uses the same `client_id`; is ingest running twice?",
    "Keep alive timeout": "the broker, or the way to it, stood still",
    "Server shutting down": "the broker is being stopped",
}


def hint_for(reason: str) -> str:
    """What to do about a broker's reason."""
    return _HINTS.get(reason, "see the broker's log")


class Connection:
    """One connection, from connect to disconnect.

    Args:
        filter_: what to subscribe to.
        inbox: where messages go, from paho's thread.
    """

    def __init__(
        self,
        settings: IngestSettings,
        client_id: str,
        filter_: str,
        inbox: Inbox,
        account: Account,
        clock: Clock,
    ) -> None:
        self.session_present = False
        self._settings = settings
        self._filter = filter_
        self._inbox = inbox
        self._account = account
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[tuple[str, str]] = self._loop.create_future()
        self._over = False
        self._client = _client(settings, client_id)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._word_topic = f"fenceline-word/{client_id}"

    async def open(self) -> None:
        """
        Connect and subscribe.

        Raises:
            ServiceError: there is no broker, it refuses, or it does not answer in time.
        """
        settings = self._settings
        options: dict[str, Any] = {"keepalive": settings.keepalive_seconds}
        if settings.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)
            properties.ReceiveMaximum = settings.receive_maximum
            properties.SessionExpiryInterval = settings.session_expiry_seconds
            options |= {"clean_start": False, "properties": properties}
        where = f"`{settings.broker}`"
        try:
            async with asyncio.timeout(settings.connect_seconds):
                await asyncio.to_thread(self._client.connect, settings.host, settings.port, **options)
                self._client.loop_start()
                await self._opened
        except TimeoutError as error:
            said = f"the broker at {where} did not answer within {settings.connect_seconds:g} s"
            raise ServiceError(said, hint="is it running, and is this the right port?") from error
        except ssl.SSLError as error:
            said = f"no TLS with {where}: {error.reason or error}"
            raise ServiceError(said, hint="check `tls_ca`, the certificate's name, and the port") from error
        except OSError as error:
            said = f"no broker at {where}: {error.strerror or error}"
            raise ServiceError(said, hint="start the broker, or set `host` and `port`") from error

    async def until_lost(self) -> tuple[str, str]:
        """The reason and a hint, once the connection is gone."""
        return await asyncio.shield(self._lost)

    def ask_for_word(self) -> None:
        """Have the broker say something: unsubscribing from what was never subscribed must be answered."""
        if not self._over:
            self._client.unsubscribe(self._word_topic)

    async def close(self) -> None:
        """Say goodbye; the session stays with the broker."""
        self._over = True
        self._client.disconnect()
        ending = asyncio.ensure_future(asyncio.to_thread(self._client.loop_stop))
        # A broker that stands still ends paho's thread only after its keep-alive; nobody waits for that.
        await asyncio.wait({ending}, timeout=_CLOSE_SECONDS)
        if not self._opened.done():
            self._opened.cancel()
        elif not self._opened.cancelled():
            self._opened.exception()

    # --- paho's thread -------------------------------------------------------------------------------------

    def _on_connect(
        self, client: Client, _data: object, flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._account.word(self._clock.monotonic())
        if reason.is_failure:
            self._fail(str(reason))
            return
        self.session_present = bool(flags.session_present)
        # Always, also in a session that was kept: it may have been made without this filter. Retained
        # messages come only with a new subscription.
        if self._settings.protocol == "5":
            client.subscribe(self._filter, options=SubscribeOptions(qos=1, retainHandling=1))
        else:
            client.subscribe(self._filter, qos=1)

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        self._account.word(self._clock.monotonic())
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._fail(f"the subscription to `{self._filter}` is refused: {refused[0]}", refused[0])
        elif any(reason.getName() == "Granted QoS 0" for reason in reasons):
            self._fail(f"the broker grants `{self._filter}` only QoS 0", "")
        else:
            self._in_loop(self._set_opened)

    def _on_unsubscribe(self, *_: object) -> None:
        self._account.word(self._clock.monotonic())

    def _on_message(self, client: Client, _data: object, message: MQTTMessage) -> None:
        self._account.word(self._clock.monotonic())
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"  # No broker should pass such a topic on; its message is kept.
        acknowledge = partial(client.ack, message.mid, 1) if message.qos else None
        self._inbox.put(Inbound(topic, bytes(message.payload), acknowledge))

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._over = True
        name = str(reason)
        # What paho says where the connection ended without a word.
        said = "the broker closed the connection" if name == "Unspecified error" else name
        self._in_loop(self._set_lost, said, hint_for(name))

    # --- back in the loop ----------------------------------------------------------------------------------

    def _fail(self, said: str, reason: str | None = None) -> None:
        hint = hint_for(said if reason is None else reason)
        self._in_loop(self._set_failed, ServiceError(f"`{self._settings.broker}`: {said}", hint=hint))

    def _in_loop(self, call: Any, *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # The loop has ended, and with it whoever wanted to know.

    def _set_opened(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _set_failed(self, error: ServiceError) -> None:
        if not self._opened.done():
            self._opened.set_exception(error)
        elif not self._lost.done():
            self._lost.set_result((error.message, error.hint))

    def _set_lost(self, reason: str, hint: str) -> None:
        if not self._opened.done():
            self._set_failed(ServiceError(f"`{self._settings.broker}`: {reason}", hint=hint))
        if not self._lost.done():
            self._lost.set_result((reason, hint))


def _client(settings: IngestSettings, client_id: str, *, manual_ack: bool = True) -> Client:
    five = settings.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        # A client without a name of its own can have no session to keep.
        clean_session=None if five else not client_id,
        protocol=MQTTv5 if five else MQTTv311,
        reconnect_on_failure=False,
        manual_ack=manual_ack,
    )
    client.connect_timeout = settings.connect_seconds / 2  # the rest is for the broker's answer
    if settings.username is not None:
        password = settings.password.get_secret_value() if settings.password is not None else None
        client.username_pw_set(settings.username, password)
    if settings.tls:
        client.tls_set(
            ca_certs=str(settings.tls_ca) if settings.tls_ca else None,
            certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
            keyfile=str(settings.tls_key) if settings.tls_key else None,
        )
    return client


def _set_once(future: "asyncio.Future[str]", result: str) -> None:
    if not future.done():
        future.set_result(result)


async def publish_once(settings: IngestSettings, topic: str, payload: bytes) -> None:
    """
    Publish one message at QoS 1 on a connection of its own; return once the broker has it.

    Raises:
        ServiceError: the broker does not have it, or that is not known.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def say(problem: str) -> None:
        loop.call_soon_threadsafe(_set_once, done, problem)

    def on_connect(client: Client, _data: object, _flags: object, reason: ReasonCode, _: object) -> None:
        if reason.is_failure:
            say(str(reason))
        elif client.publish(topic, payload, qos=1).rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            say("the message could not be sent")

    def on_publish(_client: Client, _data: object, _mid: int, reason: ReasonCode, _: object) -> None:
        say(str(reason) if reason.is_failure else "")

    client = _client(settings, "", manual_ack=False)
    client.on_connect = on_connect
    client.on_publish = on_publish
    client.on_disconnect = lambda *_: say("the connection was lost")
    problem = ""
    try:
        async with asyncio.timeout(settings.connect_seconds):
            await asyncio.to_thread(client.connect, settings.host, settings.port, 30)
            client.loop_start()
            problem = await done
    except (TimeoutError, OSError) as error:
        problem = str(error) or f"no answer within {settings.connect_seconds:g} s"
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)
    if problem:
        said = f"`{settings.broker}` did not take the message for `{topic}`: {problem}"
        raise ServiceError(said, hint=hint_for(problem))
