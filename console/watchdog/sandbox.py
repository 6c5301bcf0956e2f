"""The pager's channel to the watchdog: the canary's page goes to whichever the data folder names now."""

from pathlib import Path

from alerts.channels.channel import Message, Outcome
from alerts.channels.webhook import WebhookChannel
from console.watchdog.place import read_door

TIMEOUT_SECONDS = 5.0


class SandboxChannel:
    """Posts to the watchdog's door."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._address = ""
        self._webhook: WebhookChannel | None = None

    async def send(self, message: Message) -> Outcome:
        """Bring one page."""
        door = read_door(self._data)
        if door is None:
            return Outcome(False, "there is no watchdog")
        address = f"{door.address}/page/{door.token}"
        if self._webhook is None or address != self._address:
            await self.close()
            self._webhook, self._address = WebhookChannel(address, timeout_seconds=TIMEOUT_SECONDS), address
        return await self._webhook.send(message)

    async def close(self) -> None:
        """Close the connections."""
        webhook, self._webhook = self._webhook, None
        if webhook is not None:
            await webhook.close()
