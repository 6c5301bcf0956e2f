"""A channel that answers as it was told: for tests, trials and drills."""

import asyncio
from collections.abc import Sequence
from enum import Enum

from alerts.channels.channel import Message, Outcome


class Hang(Enum):
    """The one value that lets a sending hang until it is released."""

    HANG = "hang"


HANG = Hang.HANG
DELIVERED = Outcome(True, "scripted")
Answer = Outcome | Exception | Hang


class ScriptedChannel:
    """Answers in turn as the script says, and from then on as `then` says.

    `sent` holds every message it was given, `answered` those it has answered.
    """

    def __init__(self, script: Sequence[Answer] = (), *, then: Answer = DELIVERED) -> None:
        self.sent: list[Message] = []
        self.answered: list[Message] = []
        self._script = list(script)
        self._then = then
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let what hangs be delivered, now and from now on."""
        self._released.set()

    async def send(self, message: Message) -> Outcome:
        """Answer as the script says."""
        self.sent.append(message)
        answer = self._script.pop(0) if self._script else self._then
        await asyncio.sleep(0)  # a channel takes a turn of the loop at least
        if isinstance(answer, Hang):
            await self._released.wait()
            answer = Outcome(True, "released")
        if isinstance(answer, Exception):
            raise answer
        self.answered.append(message)
        return answer

    async def close(self) -> None:
        """Nothing to let go of."""
