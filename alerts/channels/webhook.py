"""Pages posted as JSON to an address: delivered where it answers 2xx, within a bounded time."""

import asyncio
from urllib.parse import quote

import httpx
import orjson

from alerts.channels.channel import Message, Outcome
from alerts.channels.payload import payload_of
from alerts.channels.secrets import scrubbed, shown
from fenceline.errors import ConfigError

_MOST_OF_ANSWER = 200  # bytes of a refusal that go into its detail


class WebhookChannel:
    """One address. Construction checks it and touches no network.

    Args:
        url: http or https; credentials in it are used and never shown.
        timeout_seconds: for the whole attempt, name lookup and connection included.

    Raises:
        ConfigError: not an address that can be posted to.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self._url = checked_url(url)
        self._timeout_seconds = timeout_seconds
        self._client = httpx.AsyncClient(timeout=timeout_seconds, follow_redirects=False)

    async def send(self, message: Message) -> Outcome:
        """Post the message once."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "fenceline",
            "Idempotency-Key": quote(message.key, safe="/~.:|#@+"),
        }
        body = orjson.dumps(payload_of(message))
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                if response.is_success:
                    return Outcome(True, f"answered {response.status_code}")
                return Outcome(False, scrubbed(await _refusal(response), self._url))
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(False, f"{shown(self._url)} did not answer within {self._timeout_seconds:g} s")
        except Exception as error:
            said = scrubbed(str(error), self._url) or type(error).__name__
            return Outcome(False, f"{shown(self._url)} could not be reached: {said}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def checked_url(url: str) -> str:
    """
    The address as it will be used.

    Raises:
        ConfigError: it cannot be posted to; the message shows no more of it than its scheme and host.
    """
    hint = "it must be like https://host/path"
    try:
        parts = httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise ConfigError("the webhook's address is not a URL", hint=hint) from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ConfigError(f"`{parts.scheme or 'the address'}` cannot be posted to", hint=hint)
    return str(parts)


async def _refusal(response: httpx.Response) -> str:
    if response.is_redirect:
        where = shown(str(response.headers["location"]))
        return (
            f"answered {response.status_code} to {where}: redirects are not followed, "
            "configure the address it leads to"
        )
    told = bytearray()
    async for part in response.aiter_bytes():
        told += part
        if len(told) >= _MOST_OF_ANSWER:
            break
    text = bytes(told[:_MOST_OF_ANSWER]).decode("utf-8", "replace").strip()
    return f"answered {response.status_code}" + (f": {text}" if text else "")
