"""A simulated MQTT broker and the connection in the place of paho's: QoS 1, persistent sessions, a window.

In: what devices publish, and acknowledgements. Out: messages in the order of the session, each again after
a reconnect until it was acknowledged on the connection that brought it. A second client of the same id
pushes the first out without saying why.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from fenceline.errors import ServiceError
from ingest.account import Account
from ingest.inbox import Inbound, Inbox
from ingest.settings import IngestSettings
from tests.simulation.world import Life, World

CONNECT_BOUND_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Published:
    """One message as the broker took it over."""

    number: int
    topic: str
    payload: bytes


@dataclass(slots=True)
class Session:
    """What the broker keeps for one client id."""

    filter: str
    queue: deque[Published] = field(default_factory=deque)
    sent: OrderedDict[int, Published] = field(default_factory=OrderedDict)
    connection: "SimConnection | None" = None


class SimBroker:
    """Sessions by client id."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.down_until = 0.0
        self.silent_until = 0.0
        self.numbers = 0
        self.taken: dict[int, Published] = {}
        self.acknowledged: set[int] = set()
        self.lost: set[int] = set()  # by the broker itself: no session, or a session that it lost

    def publish(self, topic: str, payload: bytes) -> None:
        """A device publishes; while the broker is down the device tries again."""
        now = self.world.loop.time()
        if now < self.down_until:
            again = self.down_until - now + self.world.rng.uniform(0.05, 0.9)
            self.world.loop.call_later(again, self.publish, topic, payload)
            return
        self.numbers += 1
        message = Published(self.numbers, topic, payload)
        self.taken[message.number] = message
        keepers = [session for session in self.sessions.values() if _matches(session.filter, topic)]
        if not keepers:
            self.lost.add(message.number)
        for session in keepers:
            session.queue.append(message)
            self.pump(session)

    def subscribe(self, connection: "SimConnection", client_id: str, filter_: str) -> bool:
        """Take a client up; true where its session was there."""
        session = self.sessions.get(client_id)
        present = session is not None
        if session is None:
            session = self.sessions[client_id] = Session(filter_)
        if session.connection is not None:
            session.connection.lose("Unspecified error")
        session.connection = connection
        session.queue.extendleft(reversed(session.sent.values()))
        session.sent.clear()
        self.world.say("connect", connection.uid, present)
        return present

    def pump(self, session: Session) -> None:
        """Send on while the window has room."""
        now = self.world.loop.time()
        connection = session.connection
        if connection is None or now < self.down_until:
            return
        if now < self.silent_until:
            self.world.loop.call_at(self.silent_until, self.pump, session)
            return
        while session.queue and len(session.sent) < connection.window:
            message = session.queue.popleft()
            session.sent[message.number] = message
            connection.carry(message)

    def acknowledge(self, connection: "SimConnection", number: int) -> None:
        """A PUBACK arrives; it counts only on the connection that carried the message."""
        if self.world.loop.time() < self.down_until:
            return
        for session in self.sessions.values():
            if session.connection is connection and session.sent.pop(number, None) is not None:
                self.acknowledged.add(number)
                self.pump(session)

    def crash(self, down_seconds: float, *, keep: bool) -> None:
        """The broker ends and comes back, with its sessions or without."""
        self.world.saw("broker_crash", down_seconds, keep)
        self.down_until = self.world.loop.time() + down_seconds
        for session in self.sessions.values():
            if session.connection is not None:
                session.connection.lose("Unspecified error")
                session.connection = None
            session.queue.extendleft(reversed(session.sent.values()))
            session.sent.clear()
            if not keep:
                self.lost |= {message.number for message in session.queue}
        if not keep:
            self.sessions.clear()

    @property
    def waiting(self) -> set[int]:
        """The numbers of what the broker still holds for somebody."""
        held: set[int] = set()
        for session in self.sessions.values():
            held |= {message.number for message in session.queue} | set(session.sent)
        return held


class SimConnection:
    """What `ingest.mqtt.Connection` is to the ingestor, towards the simulated broker."""

    def __init__(
        self,
        life: Life,
        broker: SimBroker,
        settings: IngestSettings,
        client_id: str,
        filter_: str,
        inbox: Inbox,
        account: Account,
    ) -> None:
        self.session_present = False
        self.uid = life.uid
        self.window = settings.receive_maximum
        self._life, self._broker, self._world = life, broker, life.world
        self._client_id, self._filter = client_id, filter_
        self._inbox, self._account = inbox, account
        self._pipe: deque[Published] = deque()
        self._lost: asyncio.Future[tuple[str, str]] = life.world.loop.create_future()
        self._over = False
        life.on_death.append(self._die)

    async def open(self) -> None:
        await self._life.delay(self._world.rng.uniform(0.002, 0.06))
        if self._world.loop.time() < max(self._broker.down_until, self._broker.silent_until):
            await self._life.delay(CONNECT_BOUND_SECONDS)
            raise ServiceError("the simulated broker does not answer", hint="wait")
        self.session_present = self._broker.subscribe(self, self._client_id, self._filter)
        await self._life.delay(self._world.rng.uniform(0.002, 0.03))
        self._word()
        for session in self._broker.sessions.values():
            if session.connection is self:
                self._broker.pump(session)

    async def until_lost(self) -> tuple[str, str]:
        return await asyncio.shield(self._lost)

    def ask_for_word(self) -> None:
        now = self._world.loop.time()
        if not self._over and self._life.alive and now >= self._broker.silent_until:
            self._world.loop.call_later(self._world.rng.uniform(0.001, 0.02), self._hear, self._word)

    async def close(self) -> None:
        self._die()

    def carry(self, message: Published) -> None:
        """The broker sends a message; what is sent first arrives first."""
        self._pipe.append(message)
        self._world.loop.call_later(self._world.rng.uniform(0.001, 0.03), self._hear, self._arrive)

    def lose(self, reason: str) -> None:
        """The connection ends, seen from the client."""
        self._over = True
        if not self._lost.done():
            self._lost.set_result((reason, ""))

    def acknowledge(self, message: Published) -> None:
        """The ingestor says that it has it."""
        if not self._life.alive:
            return
        self._world.saw("puback", message.number, self.uid)
        if not self._over:
            self._world.loop.call_later(
                self._world.rng.uniform(0.001, 0.03), self._broker.acknowledge, self, message.number
            )

    def _hear(self, what: Callable[[], None]) -> None:
        """Something arrives at the client's side, later where its process stands still."""
        if self._life.paused_until > self._world.loop.time():
            self._world.loop.call_at(self._life.paused_until, self._hear, what)
        elif self._life.alive and not self._over:
            what()

    def _word(self) -> None:
        self._account.word(self._life.clock.monotonic())

    def _arrive(self) -> None:
        message = self._pipe.popleft()
        self._word()
        self._inbox.put(Inbound(message.topic, message.payload, partial(self.acknowledge, message)))

    def _die(self) -> None:
        """The socket is gone; the broker notices."""
        self._over = True
        for session in self._broker.sessions.values():
            if session.connection is self:
                session.connection = None


def _matches(filter_: str, topic: str) -> bool:
    return topic.startswith(filter_.removesuffix("#"))
