"""What can be saved of a park's files: every record and snapshot that agrees with its own hash.

In goes a file that may be damaged in any way, out come a new file with the records at the offsets they
had, and what is known of those that are missing. The damaged file is only read, and not through SQLite.
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import orjson

from fenceline.bus import Position, Snapshot, Topic
from fenceline.bus.checks import LOG_TOPICS
from fenceline.bus.chunks import assemble
from fenceline.bus.kinds import TOPIC_OF
from fenceline.bus.logfile import create_tables
from fenceline.bus.logrows import Row, is_whole
from fenceline.bus.pagefile import PageFile
from fenceline.bus.pagerows import FoundRow, Value, rows_of
from fenceline.bus.sqlitefile import connect

STATE_PAGE_BYTES = 16384
_ROWS_AT_ONCE = 500
_COLUMNS = 8

Gap = tuple[int, int]


@dataclass(slots=True)
class Salvaged:
    """What was found in a log file.

    Args:
        park, journal: as its table of names says, where that can be read.
        heads: where each log begins.
        ends: after the last offset ever used, as far as that is known.
        counted: the topics whose last offset ever used was read, and is not only that of what is left.
        gaps: offsets between head and end that no record was found for, each first and last.
        known_gaps: those that an earlier repair left.
        origin: what was derived from offsets up to here is an original, which no fold gives again.
        heads_known: whether the heads were read; where not, each log is taken to begin with what is left.
        strange: sound records of kinds that this release does not know; not taken.
        behind: committed pages that SQLite would not read (`WalState.behind`).
    """

    park: str | None = None
    journal: int | None = None
    heads: dict[Topic, int] = field(default_factory=dict)
    ends: dict[Topic, int] = field(default_factory=dict)
    counted: frozenset[Topic] = frozenset()
    gaps: dict[Topic, list[Gap]] = field(default_factory=dict)
    known_gaps: dict[Topic, list[Gap]] = field(default_factory=dict)
    origin: int = -1
    heads_known: bool = False
    strange: int = 0
    behind: int = 0


def salvage_log(source: Path, target: Path) -> Salvaged:
    """Write every sound record of `source` into the new file `target`."""
    file = PageFile(source)
    connection = connect(target, mode="rwc")
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = OFF")  # synced whole once it is complete
        create_tables(connection)
        found = _Gathered(connection)
        connection.execute("BEGIN")
        for row in rows_of(file):
            found.take(row)
        found.flush()
        salvaged = found.salvaged()
        salvaged.behind = file.wal.behind
        for topic, head in salvaged.heads.items():
            connection.execute(f"DELETE FROM {topic.value} WHERE offset < ?", (head,))  # noqa: S608
            connection.execute("UPDATE head SET start = ? WHERE topic = ?", (head, topic.value))
            salvaged.gaps[topic] = gaps_of(connection, topic, head, salvaged.ends[topic])
        connection.execute("COMMIT")
        return salvaged
    finally:
        file.close()
        connection.close()


def salvage_snapshots(source: Path) -> list[Snapshot]:
    """Every snapshot that is whole, the highest position first; also such as were dropped and still stand."""
    if not source.exists():
        return []
    file = PageFile(source, page_bytes=STATE_PAGE_BYTES)
    manifests: dict[int, bytes] = {}
    chunks: dict[int, dict[int, bytes]] = {}
    try:
        for row in rows_of(file):
            match row.values:
                case (None, int(), int(), str(), bytes() as body) if row.number is not None:
                    manifests[row.number] = body
                case (int() as of, int() as number, bytes() as payload) if row.number is not None:
                    chunks.setdefault(of, {})[number] = payload
    finally:
        file.close()
    whole: dict[Position, Snapshot] = {}
    for number in sorted(manifests):
        pieces = chunks.get(number, {})
        snapshot = assemble(manifests[number], [pieces[n] for n in sorted(pieces)])
        if snapshot is not None:
            whole[snapshot.position] = snapshot
    return sorted(whole.values(), key=lambda one: (one.position.journal, one.position.offset), reverse=True)


def gaps_of(connection: sqlite3.Connection, topic: Topic, head: int, end: int) -> list[Gap]:
    """The offsets from head to end for which no record stands."""
    gaps: list[Gap] = []
    expected = head
    rows = connection.execute(
        f"SELECT offset FROM {topic.value} WHERE offset >= ? ORDER BY offset",  # noqa: S608
        (head,),
    )
    for (offset,) in rows:
        if offset > expected:
            gaps.append((expected, offset - 1))
        expected = offset + 1
    if expected < end:
        gaps.append((expected, end - 1))
    return gaps


def known_gaps(names: dict[str, str]) -> dict[Topic, list[Gap]]:
    """The gaps that an earlier repair wrote down."""
    try:
        said = orjson.loads(names.get("gaps", "{}"))
        return {Topic(topic): [(first, last) for first, last in gaps] for topic, gaps in said.items()}
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return {}


def known_origin(names: dict[str, str]) -> int:
    """The offset up to which what was derived is an original."""
    said = names.get("origin", "-1")
    return int(said) if said.isdecimal() else -1


class _Gathered:
    """Sorts what was found: records into their tables, the rest into what is known of the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[Topic, Row]] = []
        self._names: dict[str, str] = {}
        self._heads: dict[Topic, int] = {}
        self._sequences: dict[Topic, int] = {}
        self._strange = 0

    def take(self, row: FoundRow) -> None:
        values = row.values
        if row.number is not None and len(values) == _COLUMNS:
            self._record(row)
        elif len(values) == 2 and isinstance(values[0], str):
            self._said(row.number, values[0], values[1])

    def flush(self) -> None:
        """Write what waits. The same record may be found twice, in a page that was given up, too."""
        places = ", ".join("?" * _COLUMNS)
        for topic in LOG_TOPICS:
            self._connection.executemany(
                f"INSERT OR IGNORE INTO {topic.value} VALUES ({places})",  # noqa: S608
                [row for of, row in self._waiting if of is topic],
            )
        self._waiting.clear()

    def salvaged(self) -> Salvaged:
        journal = self._names.get("journal", "")
        found = Salvaged(
            park=self._names.get("park"),
            journal=int(journal) if journal.isdecimal() else None,
            known_gaps=known_gaps(self._names),
            origin=known_origin(self._names),
            heads_known=self._heads.keys() >= set(LOG_TOPICS),
            strange=self._strange,
            counted=frozenset(self._sequences),
        )
        for topic in LOG_TOPICS:
            lowest, highest = self._connection.execute(
                f"SELECT min(offset), max(offset) FROM {topic.value}"  # noqa: S608
            ).fetchone()
            last = max(-1 if highest is None else highest, self._sequences.get(topic, -1))
            found.ends[topic] = last + 1
            lowest = 0 if lowest is None or topic is Topic.ALERTS else lowest
            found.heads[topic] = min(self._heads.get(topic, lowest), last + 1)
        return found

    def _record(self, row: FoundRow) -> None:
        record = cast(Row, (row.number, *row.values[1:]))
        kind = record[1]
        if row.values[0] is not None or not isinstance(kind, str) or not is_whole(record):
            return
        topic = TOPIC_OF.get(kind)
        if topic is None:
            self._strange += 1
            return
        self._waiting.append((topic, record))
        if len(self._waiting) >= _ROWS_AT_ONCE:
            self.flush()

    def _said(self, number: int | None, name: str, value: Value) -> None:
        """A row of the tables of names, heads and highest offsets; of two the higher is the newer."""
        if name in LOG_TOPICS and isinstance(value, int):
            kept, topic = self._heads if number is None else self._sequences, Topic(name)
            kept[topic] = max(kept.get(topic, value), value)
        elif number is None and isinstance(value, str):
            self._names[name] = value
