"""Snapshots in the topic `state`: chunks by key, the manifest last; what has no manifest is nothing.

Read from the partition's head to its end, which holds little more than the snapshots that are kept: what lies
before the lowest of them is cut when others are dropped, and keys that were written again are compacted.
"""

from dataclasses import dataclass

import structlog
from aiokafka import TopicPartition

from fenceline.bus import Position, Record, Snapshot, Stored
from fenceline.bus.chunks import assemble, chunk_count, manifest_of, split
from fenceline.bus.kafka.appender import Appender
from fenceline.bus.kafka.cluster import Cluster
from fenceline.bus.kafka.log import KafkaLog
from fenceline.bus.kafka.messages import CHUNK_KIND, MANIFEST_KIND

log = structlog.get_logger()


@dataclass(slots=True)
class _Found:
    """A manifest as it stands, with the chunks that stood before it."""

    manifest: Stored
    chunks: list[bytes]
    first_offset: int


class SnapshotLog:
    """The snapshots of one park."""

    def __init__(self, cluster: Cluster, appender: Appender, state: KafkaLog, place: TopicPartition) -> None:
        self._cluster = cluster
        self._appender = appender
        self._state = state
        self._place = place

    async def put(self, park: str, snapshot: Snapshot) -> None:
        """Append the chunks, one by one so that other appends come in between, and the manifest last."""
        key = f"{park}/{snapshot.position}"
        for number, chunk in enumerate(split(snapshot.state)):
            await self._append(Record(CHUNK_KIND, chunk, f"{key}/{number}"))
        await self._append(Record(MANIFEST_KIND, manifest_of(snapshot), key))
        self._state.bell.ring()

    async def read(self) -> list[Snapshot]:
        """Every snapshot that reads back whole, the highest position first."""
        whole: list[Snapshot] = []
        for found in (await self._found()).values():
            snapshot = assemble(found.manifest.payload, found.chunks)
            if snapshot is None:
                log.error("a snapshot does not read back and is left out", key=found.manifest.key)
            else:
                whole.append(snapshot)
        return sorted(whole, key=lambda one: (one.position.journal, one.position.offset), reverse=True)

    async def manifests(self) -> list[Stored]:
        """The manifests as records, in the order in which they were written."""
        return sorted(
            (found.manifest for found in (await self._found()).values()), key=lambda one: one.offset
        )

    async def drop(self, park: str, below: int) -> None:
        """Take away the snapshots at offsets lower than `below`, and what lies before those that stay."""
        kept: list[int] = [await self._state.end()]
        gone: list[Record] = []
        for key, found in (await self._found()).items():
            if Position.parse(key.removeprefix(f"{park}/")).offset >= below:
                kept.append(found.first_offset)
                continue
            gone.append(Record(MANIFEST_KIND, b"", key))
            gone += [Record(CHUNK_KIND, b"", f"{key}/{number}") for number in range(len(found.chunks))]
        if not gone:
            return
        await self._appender.append(self._place, gone, tombstones=True)
        if min(kept) > await self._state.head():
            await self._cluster.delete_before(self._place, min(kept))

    async def _append(self, record: Record) -> None:
        last = await self._appender.append(self._place, [record])
        self._state.reached(last + 1)

    async def _found(self) -> dict[str, _Found]:
        """By key, the newest manifest of each position that was not dropped."""
        end, at = await self._state.end(), await self._state.head()
        chunks: dict[str, tuple[int, bytes]] = {}
        found: dict[str, _Found] = {}
        while at < end:
            for stored in await self._state.fetch(at, None, tombstones=True):
                if stored.kind == CHUNK_KIND:
                    chunks[stored.key] = (stored.offset, stored.payload)
                elif not stored.payload:
                    found.pop(stored.key, None)
                else:
                    found[stored.key] = _assembled(stored, chunks)
            at = self._state.fetched_to
        return found


def _assembled(manifest: Stored, chunks: dict[str, tuple[int, bytes]]) -> _Found:
    keys = [f"{manifest.key}/{number}" for number in range(chunk_count(manifest.payload))]
    there = [chunks[key] for key in keys if key in chunks]
    first = min((offset for offset, _ in there), default=manifest.offset)
    return _Found(manifest, [payload for _, payload in there if payload], first)
