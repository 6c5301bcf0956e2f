"""The bus: five topics per park, and what every bus promises. Contract: tests/contract/test_bus.py.

Promises:
    order       a topic of a park has one order; offsets rise and are never used again.
    durable     `append` returns only when every record is durable; where it raises, a prefix of
                the records may or may not be recorded, and appending them again is right.
    whole       a record is read back as it was written or not at all.
    cut         what lies before the head is gone; reading there raises `HeadCut`.
    positions   (journal id, offset, hash of the record there); a mismatch is said, never skipped.
    snapshots   found whole, with the hash they were written with, or not found.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self

from fenceline.errors import PositionMismatch


class Topic(StrEnum):
    """The five topics of a park."""

    JOURNAL = "journal"
    DEADLETTER = "deadletter"
    FINDINGS = "findings"
    ALERTS = "alerts"
    STATE = "state"


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What a derived record was derived from; in rising order within a topic."""

    journal: int
    offset: int
    index: int

    def __str__(self) -> str:
        return f"{self.journal}/{self.offset}/{self.index}"

    @classmethod
    def parse(cls, text: str) -> Self:
        journal, offset, index = text.split("/")
        return cls(int(journal), int(offset), int(index))


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended: its kind, its bytes, and the cause where it is derived."""

    kind: str
    payload: bytes
    key: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it stands in a topic."""

    offset: int
    kind: str
    payload: bytes
    key: str
    cause: Cause | None
    hash: str

    @property
    def record(self) -> Record:
        return Record(self.kind, self.payload, self.key, self.cause)


def hash_of(record: Record) -> str:
    """32 hex digits over kind, key and bytes; the cause stands outside the compared bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (record.kind.encode(), record.key.encode(), record.payload):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to and with `offset` was applied; `hash` is of the record at `offset`.

    `offset` -1 with an empty hash is the position before the first record.
    """

    journal: int
    offset: int
    hash: str

    def __str__(self) -> str:
        return f"{self.journal}/{self.offset}/{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        journal, offset, digest = text.split("/")
        return cls(int(journal), int(offset), digest)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fold's state at a position, with the terms in force there: filter → (term, owner)."""

    position: Position
    state: bytes
    terms: dict[str, tuple[int, str]] = field(default_factory=dict)


class Bus(Protocol):
    """Topics and snapshots of one or more parks."""

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        """Append in order; return the offset of the last. No records: the last offset there is.

        Raises:
            NotDurable: not known to be recorded; JournalFull: there was no room.
            BusError: a record is larger than `fenceline.bus.checks.MAX_RECORD_BYTES`, or the
                topic is `state`, which `put_snapshot` writes and which reads as its manifests.
        """

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        """Records from offset `start` on, at most `limit`, only of `kinds` where given.

        Fewer than `limit` may come where records are large: the end is where none come.

        Raises:
            HeadCut: `start` lies before the head of a topic that was cut.
        """

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        """True as soon as a record at `start` or later can be read, false after `seconds`."""

    async def head(self, topic: Topic, park: str) -> int:
        """The first offset that can be read (0 for a topic that was never cut)."""

    async def end(self, topic: Topic, park: str) -> int:
        """The offset after the last record."""

    async def last(self, topic: Topic, park: str) -> Stored | None:
        """The last record, if there is one."""

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        """Delete the records before an offset."""

    async def journal_id(self, park: str) -> int:
        """The journal's epoch number; a new park's journal starts with an `Epoch` record."""

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        """Store durably, the manifest last. The caller has seen its output acknowledged."""

    async def snapshots(self, park: str) -> list[Snapshot]:
        """Every snapshot that reads back whole, the highest position first."""

    async def drop_snapshots(self, park: str, below: int) -> None:
        """Delete the snapshots at offsets lower than `below`."""

    async def close(self) -> None:
        """Write what was accepted, then let go of files and threads."""


async def check_position(bus: Bus, park: str, position: Position) -> None:
    """Stop loudly where a position was not taken in this journal.

    Raises:
        PositionMismatch: another journal, or another record at that offset.
        HeadCut: the record was cut away, so that it cannot be compared.
    """
    journal = await bus.journal_id(park)
    if position.journal != journal:
        raise PositionMismatch(
            f"position `{position}` is of journal {position.journal}; park `{park}` has {journal}",
            hint="restore the data folder this position belongs to, or delete what was derived",
        )
    if position.offset < 0:
        return
    found = await bus.read(Topic.JOURNAL, park, position.offset, limit=1)
    if not found or found[0].offset != position.offset or found[0].hash != position.hash:
        raise PositionMismatch(
            f"position `{position}` names a record that the journal of `{park}` does not hold",
            hint="the journal was replaced or damaged: run `fenceline journal verify`",
        )
