"""Messages out over all of the watchdog's channels at once, each tried again until delivered or outdated.

A channel that hangs or fails holds up neither the watch nor another channel.
"""

import asyncio
from collections.abc import Mapping

import structlog

from alerts.channels.channel import Channel, Message
from alerts.channels.registry import close_channels
from fenceline.clock import Clock

ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 1.0

_log = structlog.get_logger("watchdog")


class Notifier:
    """Sends messages."""

    def __init__(self, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._channels = dict(channels)
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest: dict[str, int] = {}  # subject → the number of its newest message
        self._count = 0

    def send(self, subject: str, message: Message) -> None:
        """Begin to send; what was still being tried on the same subject is given up."""
        self._count += 1
        self._newest[subject] = self._count
        for name, channel in self._channels.items():
            task = asyncio.create_task(self._deliver(subject, self._count, name, channel, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self, seconds: float) -> None:
        """Give what is being sent a little time, then let go."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await close_channels(self._channels.values())

    async def _deliver(self, subject: str, count: int, name: str, channel: Channel, message: Message) -> None:
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            detail = await _send_once(channel, message)
            if detail is None:
                _log.info("told", channel=name, message=message.page, attempt=attempt)
                return
            _log.warning("not told", channel=name, message=message.page, attempt=attempt, detail=detail)
            await self._clock.sleep(pause)
            pause *= 2
            if self._newest[subject] != count:
                return


async def _send_once(channel: Channel, message: Message) -> str | None:
    """None where it was delivered, else why not."""
    try:
        outcome = await channel.send(message)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None if outcome.delivered else outcome.detail
