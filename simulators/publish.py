"""A simulated park in; its messages go out over real MQTT with QoS 1, each when its time has come.

While the broker is away up to `queue_limit` messages wait for it; then time stands still, and once it has
stood still for longer than `catch_up_seconds`, what lies before is not sent: a gap in the sequence numbers.
"""

import asyncio
from dataclasses import dataclass

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fenceline.clock import NANOSECONDS, Clock
from simulators.devices import Message
from simulators.park import SimulatedPark

IN_FLIGHT = 200
SLICE_SECONDS = 0.1
LONGEST_SLICE_NS = NANOSECONDS  # catching up goes in steps, so that the queue limit is looked at in between

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PublisherCounts:
    """What became of the messages: published = acknowledged + refused + waiting."""

    published: int
    acknowledged: int
    refused: int
    waiting: int
    skipped_seconds: float


class Publisher:
    """
    Publishes what a simulated park sends.

    Args:
        park: what is sent, and from when on.
        host, port: the broker.
        clock: paces the messages; a message goes out once its time is not later than the clock's.
        client_id: names this client to the broker; made from the park's id where missing.
        queue_limit: most messages that may be unacknowledged at a time.
        catch_up_seconds: how far behind the clock it may fall and still send everything.
        longest_back_off_seconds: between two tries to reach the broker, at most.
    """

    def __init__(
        self,
        park: SimulatedPark,
        host: str,
        port: int,
        clock: Clock,
        *,
        client_id: str | None = None,
        queue_limit: int = 10_000,
        catch_up_seconds: float = 60.0,
        longest_back_off_seconds: int = 8,
    ) -> None:
        self._park = park
        self._address = (host, port)
        self._clock = clock
        self._queue_limit = queue_limit
        self._catch_up_ns = round(catch_up_seconds * NANOSECONDS)
        self._published = 0
        self._acknowledged = 0
        self._refused = 0  # by the broker; counted by the network thread alone
        self._not_taken = 0  # by the client; counted by the event loop alone
        self._skipped_ns = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answered = asyncio.Event()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or f"fenceline-simulator-{park.park_id}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(0)  # this class keeps the limit, and waits instead of losing
        client.reconnect_delay_set(1, longest_back_off_seconds)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        self._client = client

    @property
    def connected(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._client.is_connected()

    @property
    def counts(self) -> PublisherCounts:
        """The account of this run."""
        acknowledged, published = self._acknowledged, self._published
        refused = self._refused + self._not_taken
        return PublisherCounts(
            published,
            acknowledged,
            refused,
            published - acknowledged - refused,
            self._skipped_ns / NANOSECONDS,
        )

    async def run(self, until_ns: int | None = None) -> None:
        """Publish until cancelled; or up to `until_ns`, then wait until all is acknowledged, and return."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(*self._address, keepalive=30)
        self._client.loop_start()
        try:
            await self._publish_all(until_ns)
            await self._wait_for_fewer_than(1)
        finally:
            # Joins the network thread; the loop must stay free to take its last calls.
            await asyncio.shield(asyncio.to_thread(self._close))

    async def _publish_all(self, until_ns: int | None) -> None:
        position_ns = self._park.start_ns
        while until_ns is None or position_ns < until_ns:
            now_ns = self._clock.now_ns()
            end_ns = now_ns if until_ns is None else min(now_ns, until_ns)
            if end_ns - position_ns > self._catch_up_ns:
                self._skip(end_ns - self._catch_up_ns - position_ns)
                position_ns = end_ns - self._catch_up_ns
            end_ns = min(end_ns, position_ns + LONGEST_SLICE_NS)
            if end_ns > position_ns:
                for message in self._park.messages(position_ns, end_ns):
                    await self._wait_for_fewer_than(self._queue_limit)
                    self._publish(message)
                position_ns = end_ns
            if position_ns != until_ns and self._clock.now_ns() - position_ns < LONGEST_SLICE_NS:
                await self._clock.sleep(SLICE_SECONDS)

    def _publish(self, message: Message) -> None:
        info = self._client.publish(message.topic, message.payload, qos=1)
        self._published += 1
        # Without a connection the client keeps the message and sends it once there is one.
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            self._not_taken += 1
            log.warning("the MQTT client refused a message", topic=message.topic, code=info.rc.name)

    async def _wait_for_fewer_than(self, limit: int) -> None:
        while self.counts.waiting >= limit:
            self._answered.clear()
            if self.counts.waiting >= limit:
                await self._answered.wait()

    def _skip(self, nanoseconds: int) -> None:
        self._skipped_ns += nanoseconds
        log.warning(
            "the simulation fell behind and skipped time", seconds=round(nanoseconds / NANOSECONDS, 1)
        )

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    # The client's network thread calls these.

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        host, port = self._address
        if code.is_failure:
            log.error("the broker refused the simulated park", host=host, port=port, code=str(code))
        else:
            log.info("the simulated park is connected", host=host, port=port, park=self._park.park_id)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            log.warning("the simulated park lost the broker and tries again", code=str(code))

    def _on_publish(
        self, _client: Client, _userdata: object, _mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._refused += 1
        else:
            self._acknowledged += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._answered.set)
