"""Messages on their way from paho's thread to the event loop: a queue that the receive maximum bounds.

At QoS 1 the broker stops sending when its window is full, so the queue cannot grow beyond it. At QoS 0
nothing holds a sender back: what comes while the queue is full is dropped, and counted.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ingest.account import Account


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it came, and how to acknowledge it on the connection that brought it."""

    topic: str
    payload: bytes
    acknowledge: Callable[[], object] | None


class Inbox:
    """Filled by paho's thread, emptied by the loop.

    Args:
        most_unacknowledged: messages at QoS 0 are dropped while this many wait.
    """

    def __init__(self, account: Account, most_unacknowledged: int) -> None:
        self._account = account
        self._most = most_unacknowledged
        self._messages: deque[Inbound] = deque()
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._armed = False
        self._open = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Inbound) -> bool:
        """From any thread. False where the message was dropped."""
        if message.acknowledge is None and len(self._messages) >= self._most:
            self._account.dropped()
            return False
        self._account.received()
        self._messages.append(message)
        if self._armed:
            self.wake()
        return True

    def wake(self) -> None:
        """From any thread: let `wait` return."""
        self._armed = False
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:
            return  # The loop has ended; the broker keeps what was not acknowledged.

    async def wait(self) -> None:
        """Until there is a message or somebody calls `wake`."""
        self._armed = True
        if not self._messages:
            await self._ready.wait()
        self._armed = False
        self._ready.clear()

    def take(self, most: int, most_bytes: int) -> list[Inbound]:
        """The oldest messages, at least one if there is any; they count as open until `done`."""
        messages = self._messages
        taken: list[Inbound] = []
        size = 0
        while messages and len(taken) < most and size < most_bytes:
            message = messages.popleft()
            taken.append(message)
            size += len(message.payload)
        self._open += len(taken)
        if taken:
            self._emptied.clear()
            self._account.opened(len(taken))
        return taken

    def done(self, messages: int) -> None:
        """These many taken messages are durable."""
        self._open -= messages
        if not self._open and not self._messages:
            self._emptied.set()

    async def emptied(self) -> None:
        """Until nothing waits and nothing is open: asked only while no connection fills the queue."""
        while self._messages or self._open:
            self._emptied.clear()
            await self._emptied.wait()
