"""The bus on a real Kafka, as a place of the contract: topics of its own for each test."""

import secrets
from pathlib import Path

from deploy.services.servers import Kafka
from fenceline.bus import Bus, Position, Record, Topic
from fenceline.bus.kafka.bus import KafkaBus
from fenceline.bus.kafka.messages import CHUNK_KIND, MANIFEST_KIND
from fenceline.bus.kafka.settings import KafkaSettings


class Table(dict[str, int]):
    """Gives each park that is asked for the next partition."""

    def __missing__(self, park: str) -> int:
        self[park] = len(self)
        return self[park]


def settings_for(server: Kafka, **others: object) -> KafkaSettings:
    """A cluster of one node, topics that nobody else has."""
    alone = {"replication_factor": 1, "min_in_sync": 1}
    return KafkaSettings.model_validate(
        {"servers": (server.address,), "prefix": f"t{secrets.token_hex(6)}", **alone, **others}
    )


class KafkaPlace:
    """The bus on a server of our own."""

    name = "kafka"
    server: str | None = "kafka_server"

    def __init__(self, _folder: Path, server: Kafka) -> None:
        self._settings = settings_for(server)
        self._table = Table()
        self._bus: KafkaBus | None = None

    async def open(self) -> Bus:
        self._bus = self._new()
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None

    async def pass_time(self, seconds: float) -> None:
        """Kafka lives in real time: who waits waits."""

    async def damage_snapshot(self, park: str, position: Position) -> None:
        await self._write_again(park, position, b"damaged")

    async def lose_chunk(self, park: str, position: Position) -> None:
        await self._write_again(park, position, None)

    async def lose_manifest(self, park: str, position: Position) -> None:
        await self._append(park, Record(MANIFEST_KIND, b"", f"{park}/{position}"), tombstone=True)

    async def _write_again(self, park: str, position: Position, chunk: bytes | None) -> None:
        """The first chunk otherwise or gone, then the manifest: what compaction would leave of it."""
        bus = self._new()
        manifests = {one.key: one for one in await bus.read(Topic.STATE, park, 0)}
        await bus.close()
        key = f"{park}/{position}"
        await self._append(park, Record(CHUNK_KIND, chunk or b"", f"{key}/0"), tombstone=chunk is None)
        await self._append(park, manifests[key].record)

    async def _append(self, park: str, record: Record, *, tombstone: bool = False) -> None:
        bus = self._new()
        await bus.journal_id(park)
        await bus._appender.append(bus._place(Topic.STATE, park), [record], tombstones=tombstone)
        await bus.close()

    def _new(self) -> KafkaBus:
        return KafkaBus(self._settings, table=self._table)
