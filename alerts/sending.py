"""Messages being sent: each in a task of its own with a time bound, until its receipt is kept.

Whatever a channel raises is a failed attempt with its sentence; only cancellation goes through.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Literal

import structlog

from alerts.channels.channel import Channel, Message, Outcome
from fenceline.clock import Clock
from fenceline.journal import Receipt

MOST_DETAIL = 300  # characters of a channel's sentence that go into the journal

_log = structlog.get_logger()


class Sending:
    """The messages in flight, and how the channels did.

    Args:
        channels: by name.
        clock: measures the time bound and the pauses.
        send_seconds: a channel that has not answered by then has failed.
        keep: makes a receipt durable.
        wake: set whenever a page is free again.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        send_seconds: float,
        keep: Callable[[Receipt], Awaitable[None]],
        wake: asyncio.Event,
    ) -> None:
        self.pages: dict[str, str] = {}  # page in flight → channel
        self.delivered = 0
        self.failed = 0
        self.last_sent_ns: int | None = None
        self.failing: dict[str, str] = {}
        self._channels = channels
        self._clock = clock
        self._send_seconds = send_seconds
        self._keep = keep
        self._wake = wake
        self._tasks: set[asyncio.Task[None]] = set()
        self._left_behind: set[asyncio.Future[Outcome]] = set()
        self._not_before: dict[str, float] = {}
        self._failure: BaseException | None = None

    def room(self, most: int) -> dict[str, int]:
        """How many more messages each channel in use may be sent."""
        return {name: most - count for name, count in Counter(self.pages.values()).items()}

    def may_begin(self, page: str) -> bool:
        """False during a page's pause."""
        return self._clock.monotonic() >= self._not_before.get(page, 0.0)

    def next_pause(self, most: float) -> float:
        """Seconds until the next pause is over, at most `most`."""
        now = self._clock.monotonic()
        left = [until - now for page, until in self._not_before.items() if page not in self.pages]
        return min([most, *(seconds for seconds in left if seconds > 0)])

    def forget_pauses(self, open_pages: Collection[str]) -> None:
        """Pages that are closed pause no more."""
        for page in [page for page in self._not_before if page not in open_pages]:
            del self._not_before[page]

    def begin(self, message: Message, channel: str, pause_seconds: float) -> None:
        """Send in a task of its own; a failed attempt is followed by a pause."""
        self.pages[message.page] = channel
        task = asyncio.create_task(self._deliver(message, channel, pause_seconds))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(message.page, done))

    def raise_failure(self) -> None:
        """Raise what ended a task: the bus, never a channel."""
        if self._failure is not None:
            raise self._failure

    async def finish(self) -> None:
        """Wait until nothing is in flight."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.raise_failure()

    async def abandon(self) -> None:
        """Cancel what is in flight; its attempts stay without a receipt, and so are not lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, message: Message, channel: str, pause_seconds: float) -> None:
        outcome = await self._outcome(message, channel)
        detail = " ".join(outcome.detail.split())[:MOST_DETAIL]
        said = {"page": message.page, "attempt": message.attempt, "channel": channel}
        if outcome.delivered:
            self.delivered += 1
            self.last_sent_ns = self._clock.now_ns()
            self.failing.pop(channel, None)
            _log.info("page delivered", **said)
        else:
            self.failed += 1
            self.failing[channel] = detail
            self._not_before[message.page] = self._clock.monotonic() + pause_seconds
            _log.warning("page not delivered", **said, detail=detail)
        result: Literal["delivered", "failed"] = "delivered" if outcome.delivered else "failed"
        await self._keep(Receipt(page=message.page, number=message.attempt, result=result, detail=detail))

    async def _outcome(self, message: Message, name: str) -> Outcome:
        channel = self._channels.get(name)
        if channel is None:
            return Outcome(False, f"channel `{name}` is not configured")
        sending = asyncio.ensure_future(channel.send(message))
        bound = asyncio.ensure_future(self._clock.sleep(self._send_seconds))
        try:
            await asyncio.wait({sending, bound}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                return Outcome(False, f"no answer within {self._send_seconds:g} s")
            if sending.cancelled():
                return Outcome(False, "the channel gave up")
            return sending.result()
        except Exception as error:
            return Outcome(False, f"{type(error).__name__}: {error}")
        finally:
            bound.cancel()
            if not sending.done():
                # Not waited for: a channel that does not let itself be cancelled must hold up nothing.
                sending.cancel()
                self._left_behind.add(sending)
                sending.add_done_callback(self._drop)

    def _drop(self, sending: asyncio.Future[Outcome]) -> None:
        self._left_behind.discard(sending)
        if not sending.cancelled() and sending.exception() is not None:
            _log.warning("a channel failed after its time", error=str(sending.exception()))

    def _finished(self, page: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.pages.pop(page, None)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        self._wake.set()
