"""A channel that loses, delays, doubles and refuses as it is told; what a person receives is written down."""

import asyncio
from dataclasses import dataclass

from alerts.channels.channel import Message, Outcome
from tests.simulation.world import Life, World


@dataclass(slots=True)
class ChannelFault:
    """What a way to reach people does until when.

    `does`: fail, raise, late (arrives, answered too late), no_answer (arrives, never answered), never
    (does not arrive, never answered), twice.
    """

    does: str = ""
    until: float = 0.0


class Ways:
    """The ways by name; shared by all pagers."""

    def __init__(self, world: World, names: tuple[str, ...]) -> None:
        self.world = world
        self.faults = {name: ChannelFault() for name in names}


class SimChannel:
    """One way as one pager's life uses it."""

    def __init__(self, life: Life, ways: Ways, name: str) -> None:
        self._life, self._ways, self._name = life, ways, name
        self._world = life.world

    async def send(self, message: Message) -> Outcome:
        life, world, loop = self._life, self._world, self._world.loop
        if not life.alive:
            raise asyncio.CancelledError
        fault = self._ways.faults[self._name]
        does = fault.does if loop.time() < fault.until else ""
        world.saw("send", message.page, message.attempt, self._name, life.uid, does, message.alerts)
        if does == "fail":
            await life.delay(world.rng.uniform(0.01, 0.3))
            return Outcome(False, "the simulated way refuses")
        if does == "raise":
            raise ConnectionError("the simulated way broke")
        if does != "never":
            # On its way whatever becomes of the sender from here on.
            for _ in range(2 if does == "twice" else 1):
                loop.call_later(world.rng.uniform(0.01, 0.4), self._receive, message)
        if does in ("no_answer", "never"):
            await life.delay(3600.0)
        await life.delay(world.rng.uniform(4.0, 9.0) if does == "late" else world.rng.uniform(0.02, 0.6))
        return Outcome(True, "simulated")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _receive(self, message: Message) -> None:
        self._world.saw("received", message.page, message.attempt, self._name, message.alerts)
