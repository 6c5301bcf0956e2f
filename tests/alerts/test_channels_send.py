"""Channels against a real server on the loopback: what counts as delivered, what is said when it does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from alerts.channels.apprise import MOST_THREADS, AppriseChannel
from alerts.channels.channel import Channel, Message, Outcome
from alerts.channels.log import MOST_RECENT, LogChannel
from alerts.channels.message import message_of
from alerts.channels.payload import payload_of
from alerts.channels.scripted import ScriptedChannel
from alerts.channels.webhook import WebhookChannel
from fenceline.errors import ConfigError
from tests.alerts.http_receiver import Answer, free_port, receiver
from tests.alerts.pager_world import page_named

SECRET = "s3cr3t-t0ken-value"


def _message(attempt: int = 1) -> Message:
    return message_of(page_named(), attempt, "http://127.0.0.1:8080")


@contextlib.asynccontextmanager
async def _closing(channel: Channel) -> AsyncIterator[Channel]:
    try:
        yield channel
    finally:
        await channel.close()


async def _webhook(url: str, *, timeout_seconds: float = 5.0) -> Outcome:
    async with _closing(WebhookChannel(url, timeout_seconds=timeout_seconds)) as channel:
        return await channel.send(_message())


async def test_webhook_delivers() -> None:
    """2xx is delivered; the body is the message, the key names page and attempt."""
    async with receiver() as server:
        outcome = await _webhook(f"http://127.0.0.1:{server.port}/pages")

    request = server.received[0]
    assert Outcome(True, "answered 204") == outcome
    assert "POST /pages HTTP/1.1" == request.line
    assert payload_of(_message()) == request.json
    assert "a1~1.1/1" == request.headers["idempotency-key"]
    assert "application/json; charset=utf-8" == request.headers["content-type"]


async def test_webhook_key_is_plain_text_whatever_the_page_is_called() -> None:
    """A header cannot hold Chinese; the key then is percent-encoded."""
    async with (
        receiver() as server,
        _closing(WebhookChannel(f"http://127.0.0.1:{server.port}/")) as channel,
    ):
        outcome = await channel.send(message_of(page_named("高~1.1"), 2, "http://127.0.0.1:8080"))

    assert outcome.delivered
    assert "%E9%AB%98~1.1/2" == server.received[0].headers["idempotency-key"]


async def test_webhook_refused_by_the_server() -> None:
    """500 is a failed attempt, with the beginning of what the server says."""
    async with receiver(Answer("500 Internal Server Error", body=b"queue is full\n" + b"x" * 5000)) as server:
        outcome = await _webhook(f"http://127.0.0.1:{server.port}/")

    assert not outcome.delivered
    assert outcome.detail.startswith("answered 500: queue is full")
    assert len(outcome.detail) < 300


async def test_webhook_timeout() -> None:
    """A server that does not answer is a failed attempt after the channel's time."""
    async with receiver(Answer(hang=True)) as server:
        outcome = await _webhook(f"http://127.0.0.1:{server.port}/", timeout_seconds=0.2)

    assert Outcome(False, f"http://127.0.0.1:{server.port} did not answer within 0.2 s") == outcome


async def test_webhook_connection_refused() -> None:
    """Nobody listening is a failed attempt that names the host and hides the rest."""
    port = await free_port()

    outcome = await _webhook(f"http://user:{SECRET}@127.0.0.1:{port}/{SECRET}?key={SECRET}")

    assert not outcome.delivered
    assert outcome.detail.startswith(f"http://127.0.0.1:{port}/*** could not be reached")
    assert SECRET not in outcome.detail


async def test_webhook_redirect_is_not_followed() -> None:
    """A page goes only to the address that was configured."""
    moved = Answer("302 Found", headers=("Location: http://example.org/login?next=1",))
    async with receiver(moved) as server:
        outcome = await _webhook(f"http://127.0.0.1:{server.port}/")

    assert not outcome.delivered
    assert outcome.detail.startswith("answered 302 to http://example.org/***: redirects are not followed")
    assert 1 == len(server.received)


async def test_webhook_hides_its_address_in_what_the_server_says() -> None:
    """A server that repeats the address does not bring it into the journal."""
    async with receiver(Answer("404 Not Found", body=f"no such hook {SECRET}".encode())) as server:
        outcome = await _webhook(f"http://127.0.0.1:{server.port}/{SECRET}")

    assert "answered 404: no such hook ***" == outcome.detail


async def test_webhook_that_is_not_http() -> None:
    """What answers something else than HTTP is a failed attempt."""

    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ready\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await _webhook(f"http://127.0.0.1:{port}/")

    assert not outcome.delivered
    assert "could not be reached" in outcome.detail


@pytest.mark.parametrize("url", ["", "ftp://host/x", "http:///x", "host.example/x", "http://[::1/x"])
def test_webhook_address_is_checked_when_built(url: str) -> None:
    """What can never be posted to is a mistake of the configuration."""
    with pytest.raises(ConfigError):
        WebhookChannel(url)


async def test_webhook_lets_itself_be_cancelled() -> None:
    """Cancellation goes through and is no outcome."""
    async with receiver(Answer(hang=True)) as server:
        task = asyncio.create_task(_webhook(f"http://127.0.0.1:{server.port}/"))
        await server.arrived.wait()

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_apprise_delivers() -> None:
    """Title, both languages and the link go through Apprise's own JSON notification to a real server."""
    async with receiver(Answer("200 OK")) as server:
        outcome = await AppriseChannel(f"json://127.0.0.1:{server.port}/hook").send(_message())

    told = server.received[0].json
    assert Outcome(True, "accepted") == outcome
    assert "橙色Ⅱ级 甲一化工" == told["title"]
    expected = (
        "橙色Ⅱ级 甲一化工\n2.3 ppm\n\nOrange II · Enterprise 1\n2.3 ppm\n\nhttp://127.0.0.1:8080/#/alerts/a1"
    )
    assert expected == told["message"]
    assert "warning" == told["type"]


async def test_apprise_refused_by_the_server() -> None:
    """A refusal carries what Apprise says about it, without the address."""
    async with receiver(Answer("500 Internal Server Error")) as server:
        channel = AppriseChannel(f"json://user:{SECRET}@127.0.0.1:{server.port}/{SECRET}")
        outcome = await channel.send(_message())

    assert not outcome.delivered
    assert "error=500" in outcome.detail
    assert SECRET not in outcome.detail


async def test_apprise_connection_refused() -> None:
    """Nobody listening is a failed attempt."""
    port = await free_port()

    outcome = await AppriseChannel(f"json://127.0.0.1:{port}/").send(_message())

    assert not outcome.delivered
    assert "" != outcome.detail


async def test_apprise_timeout_keeps_its_place_until_the_thread_ends() -> None:
    """An attempt ends in its time; threads that overstay are counted, so that they cannot pile up."""
    async with receiver(Answer(hang=True)) as server:
        url = f"json://127.0.0.1:{server.port}/?rto=30"
        channel = AppriseChannel(url, timeout_seconds=0.3)
        outcomes = await asyncio.gather(*(channel.send(_message(n)) for n in range(MOST_THREADS + 4)))
        begun = len(server.received)

    assert {Outcome(False, "no answer within 0.3 s")} == set(outcomes)
    assert begun <= MOST_THREADS


@pytest.mark.parametrize("url", ["", "nosuch://x", "dingtalk://", "https://example.org/x y"])
def test_apprise_address_is_checked_when_built(url: str) -> None:
    """What Apprise does not know is a mistake of the configuration, and is not repeated in the message."""
    with pytest.raises(ConfigError) as caught:
        AppriseChannel(url)

    assert url == "" or url not in str(caught.value)


async def test_log_channel_keeps_the_newest() -> None:
    """One warning per page, delivered, and a bounded list for a terminal."""
    channel = LogChannel()

    with capture_logs() as logs:
        outcomes = [await channel.send(_message(n)) for n in range(MOST_RECENT + 5)]

    assert all(outcome.delivered for outcome in outcomes)
    assert MOST_RECENT == len(channel.recent)
    assert MOST_RECENT + 4 == channel.recent[-1].attempt
    assert "warning" == logs[0]["log_level"]
    assert "page: 橙色Ⅱ级 甲一化工" == logs[0]["event"]


async def test_scripted_channel_follows_its_script() -> None:
    """Outcomes and errors in turn, then the last word again and again."""
    channel = ScriptedChannel([Outcome(False, "no"), OSError("gone")])

    first = await channel.send(_message(1))
    with pytest.raises(OSError, match="gone"):
        await channel.send(_message(2))
    third = await channel.send(_message(3))

    assert (False, True) == (first.delivered, third.delivered)
    assert [1, 2, 3] == [message.attempt for message in channel.sent]
    assert [1, 3] == [message.attempt for message in channel.answered]
