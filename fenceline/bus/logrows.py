"""The rows of a park's four logs: a record to its row and back, compared with its hash at every reading.

Offsets are ours, from 0 on; AUTOINCREMENT keeps the highest one ever used, so that none comes again
after everything was cut.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import orjson

from fenceline.bus import Cause, Record, Stored, Topic, hash_of
from fenceline.bus.checks import LOG_TOPICS
from fenceline.bus.faults import damage_error
from fenceline.errors import HeadCut

READ_BYTES = 32 * 1024 * 1024  # one `read` holds this much and one record more at most
CUT_ROWS = 256
CUT_BYTES = 4 * 1024 * 1024

Row = tuple[int, str, str, int | None, int | None, int | None, bytes, bytes]

# The payload stands last: what is asked of the columns before it does not read its pages.
_LOG = """
    CREATE TABLE a_log (
        offset INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        cause_journal INTEGER,
        cause_offset INTEGER,
        cause_index INTEGER,
        hash BLOB NOT NULL,
        payload BLOB NOT NULL
    );
"""


def _sql(text: str) -> dict[Topic, str]:
    """A statement for each log; the only names put into SQL are those of our own enum."""
    return {topic: text.replace("a_log", topic.value) for topic in LOG_TOPICS}


CREATE = _sql(_LOG)
_INSERT = _sql("INSERT INTO a_log VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
_SELECT = _sql("SELECT * FROM a_log WHERE offset >= ? ORDER BY offset LIMIT ?")
_SELECT_KINDS = _sql(
    "SELECT * FROM a_log WHERE offset >= ? AND kind IN (SELECT value FROM json_each(?))"
    " ORDER BY offset LIMIT ?"
)
_LAST = _sql("SELECT * FROM a_log WHERE offset >= ? ORDER BY offset DESC LIMIT 1")
_END = _sql(
    "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'a_log'), -1),"
    " coalesce((SELECT max(offset) FROM a_log), -1)) + 1"
)
_LENGTHS = _sql("SELECT offset, length(payload) FROM a_log WHERE offset < ? ORDER BY offset LIMIT ?")
_DELETE = _sql("DELETE FROM a_log WHERE offset <= ?")


def row_of(offset: int, record: Record) -> Row:
    """A record as a row of its log."""
    cause = record.cause
    return (
        offset,
        record.kind,
        record.key,
        None if cause is None else cause.journal,
        None if cause is None else cause.offset,
        None if cause is None else cause.index,
        bytes.fromhex(hash_of(record)),
        record.payload,
    )


def written_of(row: Row, record: Record) -> Stored:
    """A record as it is read once its row has been written."""
    return Stored(row[0], record.kind, record.payload, record.key, record.cause, row[6].hex())


def insert(connection: sqlite3.Connection, topic: Topic, rows: Sequence[Row]) -> None:
    """Add rows, in the transaction that stands open or each in its own."""
    connection.executemany(_INSERT[topic], rows)


def ends(connection: sqlite3.Connection) -> dict[Topic, int]:
    """The offset after the last one ever used, of each log."""
    return {topic: end(connection, topic) for topic in LOG_TOPICS}


def end(connection: sqlite3.Connection, topic: Topic) -> int:
    """The offset after the last one ever used, of one log."""
    return int(connection.execute(_END[topic]).fetchone()[0])


def heads(connection: sqlite3.Connection) -> dict[Topic, int]:
    """The first offset that can be read, of each log."""
    return {Topic(topic): start for topic, start in connection.execute("SELECT topic, start FROM head")}


def set_head(connection: sqlite3.Connection, topic: Topic, start: int) -> None:
    """Remember where a log begins; rows before it are then no longer read."""
    connection.execute("UPDATE head SET start = ? WHERE topic = ?", (start, topic.value))


def delete_piece(connection: sqlite3.Connection, topic: Topic, before: int) -> bool:
    """Delete a bounded piece of the rows before an offset; whether any may be left."""
    rows = connection.execute(_LENGTHS[topic], (before, CUT_ROWS)).fetchall()
    if not rows:
        return False
    through, size = rows[0][0], 0
    for offset, length in rows:
        size += length
        if size > CUT_BYTES:
            break
        through = offset
    connection.execute(_DELETE[topic], (through,))
    return True


def select(
    connection: sqlite3.Connection,
    path: Path,
    topic: Topic,
    start: int,
    limit: int,
    kinds: Sequence[str] | None,
) -> list[Stored]:
    """Records from `start` on, each compared with its hash; fewer than `limit` when they are large.

    Raises:
        HeadCut: `start` lies before the head; BusError: a record is damaged.
    """
    limit = max(limit, 0)
    connection.execute("BEGIN")  # the head and the rows are seen at one moment
    try:
        head = heads(connection)[topic]
        if start < head:
            raise HeadCut(topic, start, head)
        if kinds is None:
            rows = connection.execute(_SELECT[topic], (start, limit))
        else:
            rows = connection.execute(
                _SELECT_KINDS[topic], (start, orjson.dumps(list(kinds)).decode(), limit)
            )
        found: list[Stored] = []
        size = 0
        for row in rows:
            found.append(stored_of(row, path, topic))
            size += len(row[7])
            if size > READ_BYTES:
                rows.close()
                break
        return found
    finally:
        connection.execute("COMMIT")


def last(connection: sqlite3.Connection, path: Path, topic: Topic) -> Stored | None:
    """The last record at or behind the head.

    Raises:
        BusError: it is damaged.
    """
    row = connection.execute(_LAST[topic], (heads(connection)[topic],)).fetchone()
    return None if row is None else stored_of(row, path, topic)


def stored_of(row: Row, path: Path, topic: Topic) -> Stored:
    """A row as a record.

    Raises:
        BusError: it differs from what was written.
    """
    offset, kind, key, journal, cause_offset, index, digest, payload = row
    cause = None
    if journal is not None and cause_offset is not None and index is not None:
        cause = Cause(journal, cause_offset, index)
    if not is_whole(row):
        raise damage_error(path, f"the record at offset {offset} of `{topic}` differs from its hash")
    return Stored(offset, kind, payload, key, cause, digest.hex())


def is_whole(row: Row) -> bool:
    """Whether a row agrees with its own hash."""
    _, kind, key, _, _, _, digest, payload = row
    try:
        return digest == bytes.fromhex(hash_of(Record(kind, payload, key)))
    except (TypeError, AttributeError):  # another type than was written, which SQLite allows
        return False
