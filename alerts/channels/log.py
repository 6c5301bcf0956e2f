"""The log as a channel: one warning per page, always delivered; the newest are kept for a terminal."""

from collections import deque

import structlog

from alerts.channels.channel import Message, Outcome

MOST_RECENT = 100

_log = structlog.get_logger()


class LogChannel:
    """Pages as lines of the program's own log. `recent` holds the newest, the last one at the end."""

    def __init__(self) -> None:
        self.recent: deque[Message] = deque(maxlen=MOST_RECENT)

    async def send(self, message: Message) -> Outcome:
        """Log the page."""
        self.recent.append(message)
        _log.warning(
            f"page: {message.title}",
            page=message.page,
            attempt=message.attempt,
            recipient=message.recipient,
            level=message.level.value,
            zh=message.zh[1:],
            en=message.en,
            link=message.link,
        )
        return Outcome(True, "written to the log")

    async def close(self) -> None:
        """Nothing to let go of."""
