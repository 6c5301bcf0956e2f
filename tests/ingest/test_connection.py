"""Single connections to a real Mosquitto: late acknowledgements, a rival, one message out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fenceline.clock import SystemClock
from fenceline.errors import ServiceError
from ingest.account import Account
from ingest.inbox import Inbound, Inbox
from ingest.mqtt import Connection, publish_once
from ingest.settings import IngestSettings
from tests.broker import Mosquitto, free_port
from tests.ingest.service_bench import PROTOCOLS, TOPIC, WAIT_SECONDS, publish, reading


@asynccontextmanager
async def connection(
    port: int, protocol: str, *, forget: bool = False
) -> AsyncIterator[tuple[Connection, Inbox]]:
    """One connection that acknowledges nothing by itself."""
    account = Account()
    inbox = Inbox(account, 100)
    settings = IngestSettings(port=port, protocol="5" if protocol == "5" else "3.1.1")
    one = Connection(settings, "mid-reuse", "fenceline/#", inbox, account, SystemClock())
    await one.open()
    try:
        yield one, inbox
    finally:
        await one.close()


async def next_message(inbox: Inbox) -> Inbound:
    async with asyncio.timeout(WAIT_SECONDS):
        while not len(inbox):
            await inbox.wait()
    return inbox.take(1, 1)[0]


@PROTOCOLS
async def test_an_acknowledgement_of_an_old_connection_confirms_nothing(
    mosquitto: Mosquitto, protocol: str
) -> None:
    """Message ids start anew when a session is lost; a late acknowledgement confirms no other message."""
    async with connection(mosquitto.port, protocol) as (old, inbox):
        await publish(mosquitto, reading(1))
        late = await next_message(inbox)
        await asyncio.to_thread(mosquitto.stop)
        await old.until_lost()
    (mosquitto.folder / "mosquitto.db").unlink()
    await asyncio.to_thread(mosquitto.start)

    async with connection(mosquitto.port, protocol) as (new, inbox):
        await publish(mosquitto, reading(2))
        fresh = await next_message(inbox)
        assert late.acknowledge is not None
        late.acknowledge()
        session_was_new = not new.session_present
    async with connection(mosquitto.port, protocol) as (_, inbox):
        again = await next_message(inbox)

    assert session_was_new
    assert reading(2) == fresh.payload == again.payload


async def test_two_under_one_client_id_say_so(mosquitto: Mosquitto) -> None:
    """A client that is pushed out by another of its name is told what that may be."""
    async with connection(mosquitto.port, "5") as (old, _), connection(mosquitto.port, "5"):
        reason, hint = await asyncio.wait_for(old.until_lost(), WAIT_SECONDS)

    assert "the broker closed the connection" == reason
    assert "another client use the same `client_id`" in hint


async def test_published_once(mosquitto: Mosquitto) -> None:
    """The publisher of mended letters returns once the broker has the message, and says when it has not."""
    settings = IngestSettings(port=mosquitto.port)
    async with connection(mosquitto.port, "5") as (_, inbox):
        await publish_once(settings, TOPIC, b"mended")
        message = await next_message(inbox)

    assert (TOPIC, b"mended") == (message.topic, message.payload)
    with pytest.raises(ServiceError, match="did not take the message"):
        await publish_once(IngestSettings(port=free_port()), TOPIC, b"mended")
