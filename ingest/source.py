"""The broker, connected to again and again: keeps one `Connection` up and says in the account how it stands.

It connects only while this ingestor holds its filter, and only once everything that an earlier connection
brought is durable, so that what is held in memory stays within one window.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from fenceline.clock import Clock
from fenceline.errors import ServiceError
from ingest import events
from ingest.account import Account
from ingest.inbox import Inbox
from ingest.mqtt import Connection
from ingest.settings import IngestSettings

_STOOD_SECONDS = 10.0  # a connection that stood this long starts the waits anew


class Link(Protocol):
    """One connection, used once: `ingest.mqtt.Connection`, or what stands in for it in a trial."""

    session_present: bool

    async def open(self) -> None: ...

    async def until_lost(self) -> tuple[str, str]: ...

    def ask_for_word(self) -> None: ...

    async def close(self) -> None: ...


# Settings, client id, topic filter, inbox, account and clock in, a connection that is not open yet out.
Connect = Callable[[IngestSettings, str, str, Inbox, Account, Clock], Link]


class Source:
    """Feeds the inbox from the broker.

    Args:
        may_connect: raises where this ingestor must not connect; awaited before each attempt.
        connect: makes a connection.
    """

    def __init__(
        self,
        settings: IngestSettings,
        park: str,
        inbox: Inbox,
        account: Account,
        clock: Clock,
        may_connect: Callable[[], Awaitable[None]],
        connect: Connect = Connection,
    ) -> None:
        self._settings = settings
        self._client_id = settings.client_id_for(park)
        self._filter = settings.filter_for(park)
        self._inbox = inbox
        self._account = account
        self._clock = clock
        self._may_connect = may_connect
        self._connect = connect
        self._connection: Link | None = None
        self._known = False

    def has_word(self) -> bool:
        """Whether the broker has said something lately: else no mark and no tick may be written."""
        word_at = self._account.word_at
        if self._connection is None or word_at is None:
            return False
        return self._clock.monotonic() - word_at <= self._settings.silent_broker_seconds

    def ask_for_word(self) -> None:
        """Have the broker answer something, whether or not devices publish."""
        if self._connection is not None:
            self._connection.ask_for_word()

    async def run(self) -> None:
        """Until cancelled."""
        least = self._settings.reconnect_least_seconds
        wait_seconds = least
        while True:
            await self._inbox.emptied()
            await self._may_connect()
            connected_at = self._clock.monotonic()
            stood = await self._connect_once(wait_seconds)
            if stood and self._clock.monotonic() - connected_at > _STOOD_SECONDS:
                wait_seconds = least
            await self._clock.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, self._settings.reconnect_most_seconds)

    async def _connect_once(self, wait_seconds: float) -> bool:
        """Connect and stay until the connection is gone; whether there was one."""
        settings, account = self._settings, self._account
        connection = self._connect(settings, self._client_id, self._filter, self._inbox, account, self._clock)
        try:
            try:
                await connection.open()
            except ServiceError as error:
                account.connection("refused", error.message, error.hint)
                events.refused(settings.broker, error.message, error.hint, wait_seconds)
                return False
            self._say_connected(connection)
            self._connection = connection
            reason, hint = await connection.until_lost()
            account.connection("lost", reason, hint)
            events.lost(settings.broker, reason, hint)
            return True
        finally:
            self._connection = None
            await asyncio.shield(connection.close())

    def _say_connected(self, connection: Link) -> None:
        settings = self._settings
        present = connection.session_present
        self._account.connection("connected", session_present=present)
        events.connected(
            settings.broker, self._client_id, session_present=present, protocol=settings.protocol
        )
        if self._known and not present:
            events.session_lost(settings.broker, self._client_id)
        self._known = True
