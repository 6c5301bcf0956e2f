"""The SQLite file of one park's snapshots, apart from its logs so that a large one stalls no commit.

Chunks are made durable in pieces, the manifest last; what has no manifest is nothing and goes when
the file is next opened. Calls come from one thread.
"""

import sqlite3
from pathlib import Path

import structlog

from fenceline.bus import Record, Snapshot, Stored, hash_of
from fenceline.bus.chunks import assemble, manifest_of, split
from fenceline.bus.faults import damage_error, is_damage, read_error, write_error
from fenceline.bus.sqlitefile import connect, sync
from fenceline.errors import BusError

STATE_NAME = "state.sqlite"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x46656E73  # "Fens"
PIECE_CHUNKS = 4  # 2 MB between two syncs, which the log's commits beside it hardly feel

_SCHEMA = f"""
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = WAL;
    BEGIN;
    CREATE TABLE manifest (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        journal INTEGER NOT NULL,
        position INTEGER NOT NULL,
        key TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE chunk (
        snapshot INTEGER NOT NULL,
        number INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (snapshot, number)
    );
    PRAGMA user_version = {SCHEMA_VERSION};
    PRAGMA application_id = {APPLICATION_ID};
    COMMIT;
"""

log = structlog.get_logger()


class SnapshotFile:
    """Opened, and made where it is missing.

    Raises:
        BusError: the file is damaged or of another release.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self._path = path
        try:
            self._connection = connect(path, mode="ro" if readonly else "rwc")
            self._check(readonly=readonly)
        except sqlite3.Error as error:
            raise read_error(path, error) from error

    def put(self, park: str, snapshot: Snapshot) -> None:
        """Store durably; one at the same position is replaced once this one is whole.

        Raises:
            JournalFull: there was no room; NotDurable: not known to be stored.
        """
        number = self.end()
        try:
            self._put(number, park, snapshot)
        except (sqlite3.Error, OSError) as error:
            self._forget()
            raise write_error(self._path, error, nothing_recorded=True) from error

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot that reads back as it was written, the highest position first."""
        numbers = self._connection.execute(
            "SELECT number FROM manifest ORDER BY journal DESC, position DESC, number DESC"
        ).fetchall()
        found = [self._load(number) for (number,) in numbers]
        return [snapshot for snapshot in found if snapshot is not None]

    def drop(self, below: int) -> None:
        """Delete snapshots at offsets lower than `below`, each manifest first."""
        try:
            numbers = self._connection.execute(
                "SELECT number FROM manifest WHERE position < ?", (below,)
            ).fetchall()
            for (number,) in numbers:
                self._drop(number)
        except (sqlite3.Error, OSError) as error:
            raise write_error(self._path, error, nothing_recorded=False) from error

    def manifests(self, park: str) -> list[Stored]:
        """The manifests as records, in the order in which they were written."""
        rows = self._connection.execute("SELECT number, key, body FROM manifest ORDER BY number").fetchall()
        records = [(number, Record("manifest", body, f"{park}/{key}")) for number, key, body in rows]
        return [
            Stored(number, record.kind, record.payload, record.key, None, hash_of(record))
            for number, record in records
        ]

    def end(self) -> int:
        """The number that the next manifest gets."""
        return int(
            self._connection.execute(
                "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'manifest'), -1),"
                " coalesce((SELECT max(snapshot) FROM chunk), -1)) + 1"
            ).fetchone()[0]
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _check(self, *, readonly: bool) -> None:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if (version, application, tables) == (0, 0, 0) and not readonly:
            self._connection.executescript(_SCHEMA)
            sync(self._path.parent)
        elif application != APPLICATION_ID:
            raise damage_error(self._path, "it holds no snapshots of Fenceline")
        elif version != SCHEMA_VERSION:
            raise BusError(
                f"`{self._path}` has format {version}; this release reads {SCHEMA_VERSION}",
                hint="start the release that wrote it",
            )
        elif not readonly:
            self._drop_unfinished()

    def _drop_unfinished(self) -> None:
        self._connection.execute("DELETE FROM chunk WHERE snapshot NOT IN (SELECT number FROM manifest)")

    def _put(self, number: int, park: str, snapshot: Snapshot) -> None:
        connection = self._connection
        chunks = split(snapshot.state)
        for first in range(0, len(chunks), PIECE_CHUNKS):
            piece = chunks[first : first + PIECE_CHUNKS]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO chunk VALUES (?, ?, ?)",
                [(number, first + n, chunk) for n, chunk in enumerate(piece)],
            )
            connection.execute("COMMIT")
        position = snapshot.position
        connection.execute(
            "INSERT INTO manifest VALUES (?, ?, ?, ?, ?)",
            (number, position.journal, position.offset, str(position), manifest_of(snapshot)),
        )
        older = connection.execute(
            "SELECT number FROM manifest WHERE key = ? AND number < ?", (str(position), number)
        ).fetchall()
        for (replaced,) in older:
            self._drop(replaced)

    def _drop(self, number: int) -> None:
        self._connection.execute("DELETE FROM manifest WHERE number = ?", (number,))
        self._connection.execute("DELETE FROM chunk WHERE snapshot = ?", (number,))

    def _forget(self) -> None:
        """Take back an unfinished snapshot; where that fails too, the next opening does it."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._drop_unfinished()
        except sqlite3.Error as error:
            log.warning(
                "an unfinished snapshot stays until the next start", file=str(self._path), error=str(error)
            )

    def _load(self, number: int) -> Snapshot | None:
        try:
            (body,) = self._connection.execute(
                "SELECT body FROM manifest WHERE number = ?", (number,)
            ).fetchone()
            chunks = [
                payload
                for (payload,) in self._connection.execute(
                    "SELECT payload FROM chunk WHERE snapshot = ? ORDER BY number", (number,)
                )
            ]
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise read_error(self._path, error) from error
            body, chunks = b"", []
        snapshot = assemble(body, chunks)
        if snapshot is None:
            log.error("a snapshot does not read back and is left out", file=str(self._path), snapshot=number)
        return snapshot
