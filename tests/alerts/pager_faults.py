"""Faults for the pager's tests: a process that dies at its n-th step, an unsteady bus, and the judge."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Collection, Sequence
from typing import Any, Literal, TypeVar

from alerts.channels.channel import Channel, Message, Outcome
from fenceline.bus import Record, Stored, Topic
from fenceline.bus.memory import MemoryBus
from tests.alerts.pager_world import World

ResultT = TypeVar("ResultT")


class Death:
    """A process dies at its n-th step, before or after that has its effect; from then on it does nothing."""

    def __init__(self, at: int, when: Literal["before", "after"]) -> None:
        self.dead = False
        self.steps = 0
        self._at = at
        self._when = when

    async def step(self, doing: Awaitable[ResultT]) -> ResultT:
        """Do it, unless death comes before it; the result is seen only by the living."""
        self.steps += 1
        due = self.steps == self._at
        if self.dead or (due and self._when == "before"):
            if asyncio.iscoroutine(doing):
                doing.close()
            await self._nothing()
        result = await doing
        if self.dead or due:
            await self._nothing()
        return result

    async def _nothing(self) -> None:
        self.dead = True
        await asyncio.Event().wait()


class MortalBus:
    """A bus as a process sees it that dies at a step."""

    def __init__(self, bus: MemoryBus, death: Death) -> None:
        self._bus = bus
        self._death = death

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        return await self._death.step(self._bus.append(topic, park, records))

    async def read(self, topic: Topic, park: str, start: int, **choices: Any) -> list[Stored]:
        return await self._death.step(self._bus.read(topic, park, start, **choices))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)


class FailingBus:
    """A bus whose n-th append is not known to be recorded."""

    def __init__(self, bus: MemoryBus, nth: Collection[int], *, recorded: bool) -> None:
        self._bus = bus
        self._nth = nth
        self._recorded = recorded
        self._appends = 0

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        self._appends += 1
        if self._appends in self._nth:
            self._bus.fail_next(topic, recorded=self._recorded)
        return await self._bus.append(topic, park, records)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)


class MortalChannel:
    """A channel that a process uses until it dies: what was sent before is out."""

    def __init__(self, channel: Channel, death: Death) -> None:
        self._channel = channel
        self._death = death

    async def send(self, message: Message) -> Outcome:
        return await self._death.step(self._channel.send(message))

    async def close(self) -> None:
        """Nothing to let go of."""


class UnsteadyBus:
    """A bus whose calls take a seeded number of turns, before and after they have their effect."""

    def __init__(self, bus: MemoryBus, seed: int) -> None:
        self._bus = bus
        self._random = random.Random(seed)

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        await self._turns()
        offset = await self._bus.append(topic, park, records)
        await self._turns()
        return offset

    async def read(self, topic: Topic, park: str, start: int, **choices: Any) -> list[Stored]:
        await self._turns()
        found = await self._bus.read(topic, park, start, **choices)
        await self._turns()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def _turns(self) -> None:
        for _ in range(self._random.choice((0, 0, 1, 3, 10, 40))):
            await asyncio.sleep(0)


class JudgedChannel:
    """Answers in turn `refused` as often as told, then delivers; notes what would break the promise."""

    def __init__(self, world: World, name: str, refusals: int = 0) -> None:
        self.sent: list[Message] = []
        self.delivered: list[Message] = []
        self.without_attempt: list[Message] = []
        self._world = world
        self._name = name
        self._refusals = refusals

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        if (message.page, message.attempt, self._name) not in await self._world.attempts():
            self.without_attempt.append(message)
        if self._refusals > 0:
            self._refusals -= 1
            return Outcome(False, "refused")
        self.delivered.append(message)
        return Outcome(True, "seen")

    async def close(self) -> None:
        """Nothing to let go of."""


async def verdict(world: World, channels: Sequence[JudgedChannel], pages: Sequence[str]) -> list[str]:
    """Everything that breaks the pager's promise, as sentences; none where it is kept."""
    wrong = []
    sent = Counter((one.page, one.attempt) for channel in channels for one in channel.sent)
    wrong += [f"{key} was sent {times} times" for key, times in sent.items() if times > 1]
    wrong += [f"{one.key} was sent before its attempt" for ch in channels for one in ch.without_attempt]
    delivered = {one.page for channel in channels for one in channel.delivered}
    wrong += [f"{page} was lost" for page in pages if page not in delivered]
    wrong += [f"{page} was not due" for page, _ in sent if page not in pages]
    known = {page for page, _, result in await world.receipts() if result == "delivered"}
    wrong += [f"{page} has no receipt" for page in pages if page not in known]
    return wrong
