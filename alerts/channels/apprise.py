"""Pages through the library Apprise: one address of its kind (`dingtalk://`, `mailtos://`, `wecombot://`).

Apprise blocks, so each notification runs in a thread of its own, with a bound on how many at once. A
thread cannot be stopped: one that overstays ends by itself, keeps its place meanwhile, and never keeps
the program up.
"""

import asyncio
import logging
import threading
import warnings
from typing import Any

import apprise

from alerts.channels.channel import Message, Outcome
from alerts.channels.secrets import scrubbed
from fenceline.errors import ConfigError

MOST_THREADS = 8


class AppriseChannel:
    """One Apprise address. Construction checks it and touches no network.

    Args:
        url: Apprise address; never shown.
        timeout_seconds: for the whole attempt.

    Raises:
        ConfigError: Apprise does not know the address.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self._url = url.strip()
        self._service = _service(self._url)
        self._timeout_seconds = timeout_seconds
        self._threads = asyncio.Semaphore(MOST_THREADS)

    async def send(self, message: Message) -> Outcome:
        """Notify once."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._threads.acquire()
                delivered, told = await self._in_thread(message.title, _body(message))
        except TimeoutError:
            return Outcome(False, f"no answer within {self._timeout_seconds:g} s")
        except Exception as error:
            return Outcome(False, scrubbed(f"{type(error).__name__}: {error}", self._url))
        if delivered:
            return Outcome(True, "accepted")
        return Outcome(False, scrubbed(told, self._url) or "refused, and Apprise does not say why")

    async def close(self) -> None:
        """Nothing to let go of: the threads end by themselves."""

    def _in_thread(self, title: str, body: str) -> "asyncio.Future[tuple[bool, str]]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[bool, str]] = loop.create_future()

        def settle(result: tuple[bool, str] | Exception) -> None:
            self._threads.release()
            if future.done():
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        def work() -> None:
            result: tuple[bool, str] | Exception
            try:
                result = _notify(self._service, title, body)
            except Exception as error:
                result = error
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:
                return  # the loop was closed meanwhile: nobody waits for the answer

        threading.Thread(target=work, name="apprise", daemon=True).start()
        return future


class _Said(logging.Handler):
    """What Apprise says in this thread while it notifies."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


def _service(url: str) -> Any:
    asset = apprise.AppriseAsset(
        app_id="Fenceline", app_desc="Fenceline", app_url="", async_mode=False, interpret_emojis=False
    )
    with warnings.catch_warnings():
        # Loading its services, Apprise imports `imghdr` where Python has it, which says that it will go.
        warnings.simplefilter("ignore", DeprecationWarning)
        service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        raise ConfigError(
            "Apprise does not know the address, or a part of it is missing",
            hint="docs/guides/channels.md shows the form of each service",
        )
    return service


def _notify(service: Any, title: str, body: str) -> tuple[bool, str]:
    logger = logging.getLogger("apprise")
    said = _Said()
    logger.addHandler(said)
    try:
        delivered = service.notify(
            body=body,
            title=title,
            notify_type=apprise.NotifyType.WARNING,
            body_format=apprise.NotifyFormat.TEXT,
        )
    finally:
        logger.removeHandler(said)
    return bool(delivered), " ".join(said.lines)


def _body(message: Message) -> str:
    return "\n".join([*message.zh, "", *message.en, "", message.link])
