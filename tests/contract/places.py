"""Where each bus of the contract test lives: how it is opened, opened again, and its snapshots harmed."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from fenceline.bus import Bus, Position, Record, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.memory import MemoryBus, MemoryStore
from fenceline.bus.snapshotfile import STATE_NAME
from fenceline.clock import ManualClock
from tests.contract.kafkaplace import KafkaPlace

PARK = "demo"


class Place(Protocol):
    """One bus under the contract."""

    name: str
    server: str | None
    """The fixture of the server that it needs; its value is given after the folder."""

    def __init__(self, folder: Path, *server: Any) -> None: ...

    async def open(self) -> Bus:
        """The bus, opened for the first time or again after `close`."""

    async def close(self) -> None:
        """Close the bus that is open, if one is."""

    async def pass_time(self, seconds: float) -> None:
        """Let this much time pass for those who wait; a bus on real time has nothing to do."""

    async def damage_snapshot(self, park: str, position: Position) -> None:
        """Change a byte of a chunk; the bus is closed."""

    async def lose_chunk(self, park: str, position: Position) -> None:
        """Take a chunk away; the bus is closed."""

    async def lose_manifest(self, park: str, position: Position) -> None:
        """Take the manifest away, as a crash before it does; the bus is closed."""


class MemoryPlace:
    """The bus in memory; its store is what a restart finds."""

    name = "memory"
    server: str | None = None

    def __init__(self, folder: Path) -> None:
        self._store = MemoryStore()
        self._clock = ManualClock()
        self._bus: MemoryBus | None = None

    async def open(self) -> Bus:
        self._bus = MemoryBus(clock=self._clock, store=self._store)
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None

    async def pass_time(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    async def damage_snapshot(self, park: str, position: Position) -> None:
        chunks = self._store.parks[park].snapshots[position].chunks
        chunks[0] = bytes([chunks[0][0] ^ 1]) + chunks[0][1:]

    async def lose_chunk(self, park: str, position: Position) -> None:
        del self._store.parks[park].snapshots[position].chunks[-1]

    async def lose_manifest(self, park: str, position: Position) -> None:
        self._store.parks[park].snapshots[position].manifest = b""


class EmbeddedPlace:
    """The bus on the disk."""

    name = "embedded"
    server: str | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = ManualClock()
        self._bus: EmbeddedBus | None = None

    async def open(self) -> Bus:
        self._bus = EmbeddedBus(self._folder, clock=self._clock)
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None

    async def pass_time(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    async def damage_snapshot(self, park: str, position: Position) -> None:
        self._change(
            park,
            "UPDATE chunk SET payload = CAST(x'00' || substr(payload, 2) AS BLOB) WHERE number = 0"
            " AND snapshot = (SELECT number FROM manifest WHERE key = ?)",
            position,
        )

    async def lose_chunk(self, park: str, position: Position) -> None:
        self._change(
            park,
            "DELETE FROM chunk WHERE number = 0 AND snapshot = (SELECT number FROM manifest WHERE key = ?)",
            position,
        )

    async def lose_manifest(self, park: str, position: Position) -> None:
        self._change(park, "DELETE FROM manifest WHERE key = ?", position)

    def _change(self, park: str, statement: str, position: Position) -> None:
        connection = sqlite3.connect(self._folder / park / STATE_NAME)
        with connection:
            assert 1 == connection.execute(statement, (str(position),)).rowcount
        connection.close()


PLACES: tuple[type[Place], ...] = (MemoryPlace, EmbeddedPlace, KafkaPlace)


async def reopened(place: Place) -> Bus:
    """What a restart finds."""
    await place.close()
    return await place.open()


def records(*payloads: str, kind: str = "action") -> list[Record]:
    """Records with these words as their bytes."""
    return [Record(kind, payload.encode()) for payload in payloads]


async def payloads(bus: Bus, topic: Topic, start: int = 0, park: str = PARK) -> list[str]:
    """The words that stand in a topic."""
    return [stored.payload.decode() for stored in await bus.read(topic, park, start)]
