"""An ingestor between a real broker and the bus in memory, and ways to wait for what it does."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import SystemClock
from fenceline.journal import Batch
from fenceline.park import example_park
from fenceline.substance import load_substances
from fenceline.wire import decode
from ingest.service import Ingestor
from ingest.settings import IngestSettings
from tests.broker import Mosquitto

ROOT = Path(__file__).resolve().parent.parent.parent
PARK = "example"
TOPIC = "fenceline/example/e01/example/readings"
WAIT_SECONDS = 30.0
PROTOCOLS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


class WatchedClock(SystemClock):
    """The machine's clock; at each wait that begins, whoever waits for a condition looks again."""

    def __init__(self) -> None:
        self._waits = asyncio.Condition()

    async def sleep(self, seconds: float) -> None:
        async with self._waits:
            self._waits.notify_all()
        await super().sleep(seconds)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until the condition holds; not for ever."""
        async with asyncio.timeout(WAIT_SECONDS), self._waits:
            await self._waits.wait_for(condition)


class Service:
    """One ingestor that runs."""

    def __init__(self, bus: MemoryBus, port: int, owner: str, **settings: Any) -> None:
        self.bus = bus
        self.clock = WatchedClock()
        self.ingestor = Ingestor(
            bus=bus,
            park=example_park(unit="ppm"),
            substances=load_substances(ROOT / "config" / "substances.yaml"),
            settings=IngestSettings(port=port, **settings),
            clock=self.clock,
            owner=owner,
        )
        self.running = asyncio.ensure_future(self.ingestor.run())

    async def connected(self) -> None:
        await self.clock.until(lambda: self.ingestor.account.broker == "connected")

    async def crash(self) -> None:
        """End it in the middle of whatever it does."""
        self.running.cancel()
        await asyncio.wait({self.running})

    async def stop(self) -> None:
        await self.ingestor.stop()
        await self.running


async def publish(broker: Mosquitto, *payloads: bytes) -> None:
    """Each acknowledged by the broker before the next."""
    for payload in payloads:
        await asyncio.to_thread(broker.publish, TOPIC, payload)


def reading(sequence: int) -> bytes:
    """A good reading of the example park; the same each time it is asked for."""
    item = {"sensor": "example", "time": 1_782_907_200_000 + sequence, "value": 1.5, "sequence": sequence}
    return json.dumps(item).encode()


async def batches(bus: MemoryBus) -> list[Batch]:
    """All batches with messages."""
    stored = await bus.read(Topic.JOURNAL, PARK, 0, limit=100_000, kinds=("batch",))
    return [batch for one in stored if (batch := decode(one.kind, one.payload)).messages]


async def sequences(bus: MemoryBus) -> list[int]:
    """The sequence numbers in the journal, in its order."""
    return [int(number) for batch in await batches(bus) for number in batch.readings.sequence]


async def until_recorded(bus: MemoryBus, wanted: Callable[[list[int]], bool]) -> list[int]:
    """The sequence numbers, once they are as wanted."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not wanted(found := await sequences(bus)):
            end = await bus.end(Topic.JOURNAL, PARK)
            await bus.wait(Topic.JOURNAL, PARK, end, seconds=WAIT_SECONDS)
    return found
